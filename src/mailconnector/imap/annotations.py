"""Annotations of mailboxes and of the server: METADATA (RFC 5464), else its forerunner ANNOTATEMORE.

Entries are named as METADATA names them: ``/shared/vendor/kolab/folder-type``, ``/private/comment``. Their names are
compared in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mailconnector.imap.commands import Command, CommandLine
from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.responses import Metadata
from mailconnector.imap.session import Session


class Annotations:
    """The annotations of one session. Anyone who may read a mailbox can write some: never trust them for security."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def available(self) -> bool:
        """Whether mailboxes can have annotations."""
        return self._session.has("METADATA") or self._session.has("ANNOTATEMORE")

    def get(self, mailbox: str, entries: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those entries that are set.

        Args:
            mailbox: which; empty for the server itself.
            entries: their names.

        Raises:
            ImapUnsupportedError: the server has no annotations.
            ImapNoError: the server refuses it.
        """
        self._need(mailbox)
        found: dict[str, bytes] = {}
        for command in self._get_commands(mailbox, entries):
            for answer in self._session.connection.execute(command, Metadata).all(Metadata):
                if answer.name == mailbox:
                    _keep(found, answer, entries)
        return found

    def get_many(self, mailboxes: Iterable[str], entries: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """Return the values of many mailboxes, several at once; those that the server refuses are left out.

        Raises:
            ImapUnsupportedError: the server has no annotations.
        """
        self._need("*")
        found: dict[str, dict[str, bytes]] = {}
        commands = (command for mailbox in mailboxes for command in self._get_commands(mailbox, entries))
        for answer in self._session.pipeline(commands, Metadata, depth=16):
            if isinstance(answer, Metadata):
                _keep(found.setdefault(answer.name, {}), answer, entries)
        return found

    def set(self, mailbox: str, values: Mapping[str, bytes | None]) -> None:
        """Set entries; None removes one.

        Raises:
            ImapUnsupportedError: the server has no annotations.
            ImapNoError: the server refuses it, in whole.
        """
        self._need(mailbox)
        session = self._session
        if not values:
            return
        if session.has("METADATA") or (not mailbox and session.has("METADATA-SERVER")):
            line = self._line("SETMETADATA", mailbox).open()
            for entry, value in values.items():
                line.text(_checked(entry)).nstring(value)
            session.run(line.close())
            return
        for entry, value in values.items():
            name, attribute = _old_name(entry)
            line = self._line("SETANNOTATION", mailbox).text(name).open().text(attribute).nstring(value)
            session.run(line.close())

    def _need(self, mailbox: str) -> None:
        session = self._session
        if not (session.has("ANNOTATEMORE") or (not mailbox and session.has("METADATA-SERVER"))):
            session.need("METADATA", hint="Folders on this server are known by their names alone.")

    def _get_commands(self, mailbox: str, entries: Sequence[str]) -> Iterable[Command]:
        session = self._session
        if session.has("METADATA") or (not mailbox and session.has("METADATA-SERVER")):
            line = self._line("GETMETADATA", mailbox).open()
            for entry in entries:
                line.text(_checked(entry))
            yield line.close().command()
            return
        for entry in entries:
            name, attribute = _old_name(entry)
            yield self._line("GETANNOTATION", mailbox).text(name).text(attribute).command()

    def _line(self, name: str, mailbox: str) -> CommandLine:
        return self._session.line(name, mailbox) if mailbox else CommandLine(name).string(b"")


def _keep(found: dict[str, bytes], answer: Metadata, entries: Sequence[str]) -> None:
    for entry in entries:
        if (value := answer.entries.get(entry.lower())) is not None:
            found[entry] = value


def _checked(entry: str) -> str:
    if not entry.isascii() or not entry.lower().startswith(("/shared/", "/private/")) or set(entry) & set("*%"):
        raise ImapUsageError(f"{entry!r} is no name of an annotation")
    return entry


def _old_name(entry: str) -> tuple[str, str]:
    """Return the entry and the attribute of ANNOTATEMORE."""
    scope, _, rest = _checked(entry)[1:].partition("/")
    return "/" + rest, "value.shared" if scope.lower() == "shared" else "value.priv"
