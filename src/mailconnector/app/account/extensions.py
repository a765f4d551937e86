"""What the extensions of IMAP and SMTP are to us: those that matter, and what it is like without each."""

from __future__ import annotations

from collections.abc import Container, Mapping

from mailconnector.app.account.steps import Missing

# In the order of their weight.
_IMAP: Mapping[str, str] = {
    "UIDPLUS": "messages that we upload have to be searched for to learn their numbers",
    "CONDSTORE": "each run reads the flags of all messages again",
    "QRESYNC": "each run lists all messages of a folder in which something was deleted",
    "IDLE": "news are not pushed: they come with the next run",
    "SPECIAL-USE": "the folders for sent, deleted and junk mail are found by their names",
    "MOVE": "a message is moved by copying and deleting it",
    "LIST-STATUS": "each run asks for the state of every folder by itself",
    "MULTIAPPEND": "messages are uploaded one at a time",
    "NAMESPACE": "the folders of others are not found by themselves",
}
_SMTP: Mapping[str, str] = {
    "8BITMIME": "letters other than English ones are sent in an encoding that makes mail larger",
    "SMTPUTF8": "mail to addresses with letters other than English ones cannot be sent",
    "SIZE": "mail that is too large is refused only after it was sent",
    "DSN": "delivery receipts cannot be asked for",
}


def missing_from_imap(capabilities: Container[str]) -> tuple[Missing, ...]:
    """Return what an IMAP server lacks of what matters."""
    lacks = [name for name in _IMAP if name not in capabilities]
    if "LITERAL+" not in capabilities and "LITERAL-" not in capabilities:
        lacks.append("LITERAL+")
    meanings = {**_IMAP, "LITERAL+": "each upload asks for leave first"}
    return tuple(Missing(name, meanings[name]) for name in lacks)


def missing_from_smtp(extensions: Container[str]) -> tuple[Missing, ...]:
    """Return what an SMTP server lacks of what matters; the names of its extensions in capitals."""
    return tuple(Missing(name, meaning) for name, meaning in _SMTP.items() if name not in extensions)


def known_from_imap(capabilities: Container[str]) -> tuple[str, ...]:
    """Return what an IMAP server has of what matters."""
    return tuple(name for name in _IMAP if name in capabilities)


def known_from_smtp(extensions: Container[str]) -> tuple[str, ...]:
    """Return what an SMTP server has of what matters."""
    return tuple(name for name in _SMTP if name in extensions)
