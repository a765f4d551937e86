"""Mailbox names: modified UTF-7 (RFC 3501 section 5.1.3) or UTF-8 (RFC 6855, RFC 9051) on the wire, text above.

Servers hand out names that are neither: raw 8-bit bytes, or base64 that is not in its shortest form. `NameCodec`
remembers the bytes of such a name, so that a mailbox can always be addressed by the text under which it was listed.
"""

from __future__ import annotations

from mailconnector.imap.errors import ImapUsageError
from mailconnector.utf7 import decode_utf7, encode_utf7

_MOST_SEEN = 100_000  # names remembered at most


class NameCodec:
    """Turns mailbox names into bytes and back, for one session.

    Attributes:
        utf8: whether names travel as UTF-8: after ENABLE UTF8=ACCEPT or IMAP4rev2.
    """

    def __init__(self) -> None:
        self.utf8 = False
        self._seen: dict[str, bytes] = {}  # but for plain ASCII names

    def decode(self, raw: bytes) -> str:
        """Return the text of a name. INBOX comes in capitals, whatever its case was; nothing else is folded."""
        if raw.upper() == b"INBOX":
            return "INBOX"
        if _is_plain(raw):
            return raw.decode("ascii")
        try:
            name = raw.decode("utf-8") if self.utf8 else decode_utf7(raw)
            known = self._regular(name) == raw or not _is_plain(self._regular(name))
        except (ValueError, ImapUsageError):
            name, known = raw.decode("utf-8", "surrogateescape"), True
        # Where two sets of bytes mean one text, the second is shown as its bytes.
        as_bytes = raw.decode("ascii", "surrogateescape")
        for text in (name, as_bytes) if known else (as_bytes,):
            if len(self._seen) >= _MOST_SEEN or self._seen.setdefault(text, raw) == raw:
                return text
        return name

    def decode_or_empty(self, raw: bytes) -> str:
        """Return the text of a namespace's prefix or a mailbox that may be empty: no mailbox, the server itself."""
        return self.decode(raw) if raw else ""

    def encode(self, name: str) -> bytes:
        """Return the bytes of a name.

        Raises:
            ImapUsageError: the name is empty, or holds what UTF-8 names may not.
        """
        if not name:
            raise ImapUsageError("a mailbox needs a name")
        return self._seen.get(name) or self._regular(name)

    def encode_pattern(self, pattern: str) -> bytes:
        """Return the bytes of a LIST reference or pattern, which may be empty and keeps its ``*`` and ``%``."""
        return self.encode(pattern) if pattern else b""

    def _regular(self, name: str) -> bytes:
        if not self.utf8:
            return encode_utf7(name)
        if any(character < " " or character == "\x7f" for character in name):
            raise ImapUsageError(
                f"the mailbox name {name!r} holds a control character", hint="Rename the folder without it."
            )
        try:
            return name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ImapUsageError(f"the mailbox name {name!r} cannot be sent", hint="Rename the folder.") from error


def _is_plain(raw: bytes) -> bool:
    return raw.isascii() and b"&" not in raw and raw.decode("ascii").isprintable()
