"""Commands as bytes: words, strings, mailbox names, sets and literals, and how they are sent. No I/O.

A `Command` is made of parts: bytes that stand as they are, and `Literal`\\ s. Whether a literal is announced and waited
for is decided when the command is sent, because it depends on what the server can do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.names import NameCodec

_FLAG = re.compile(rb"\\?[^ (){%*\"\\\]\x00-\x20\x7f]+")
_WORD = re.compile(r"[A-Za-z0-9.\-_=+:*,/]+")
_QUOTABLE = 1000  # longer strings travel as literals


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that a command carries with their length before them.

    Attributes:
        data: the bytes.
        binary: whether it is a literal8, which may hold NUL (RFC 3516).
    """

    data: bytes = field(repr=False)
    binary: bool = False


Part = bytes | Literal


@dataclass(frozen=True, slots=True)
class Command:
    """One command, without its tag and its line end.

    Attributes:
        name: for errors and logs, as ``UID FETCH``; nothing secret.
        parts: what is sent; not shown, since it may hold a password.
        mailbox: the mailbox that it speaks of, for errors.
        continued: whether ``+`` is an answer to the command itself, as in AUTHENTICATE and IDLE.
    """

    name: str
    parts: tuple[Part, ...] = field(repr=False)
    mailbox: str = ""
    continued: bool = False


class CommandLine:
    """Puts a command together; each method adds an argument and returns the same line.

    >>> CommandLine("UID FETCH").raw(b"1:3").raw(b"(FLAGS)").command()
    Command(name='UID FETCH', mailbox='', continued=False)
    """

    def __init__(self, name: str, *, mailbox: str = "") -> None:
        self._name = name
        self._mailbox = mailbox
        self._text = bytearray(name.encode("ascii"))
        self._parts: list[Part] = []

    def raw(self, data: bytes) -> CommandLine:
        """Add bytes as they are."""
        self._gap()
        self._text += data
        return self

    def word(self, text: str) -> CommandLine:
        """Add a keyword, a number or a set.

        Raises:
            ImapUsageError: it is none.
        """
        if not _WORD.fullmatch(text):
            raise ImapUsageError(f"{text!r} cannot stand in a command")
        return self.raw(text.encode("ascii"))

    def string(self, data: bytes) -> CommandLine:
        """Add a string: quoted where it can be, else as a literal."""
        self._gap()
        self._string(data)
        return self

    def text(self, text: str) -> CommandLine:
        """Add a string of text as UTF-8."""
        return self.string(text.encode("utf-8", "surrogateescape"))

    def nstring(self, data: bytes | None) -> CommandLine:
        """Add a string, or NIL for None."""
        return self.raw(b"NIL") if data is None else self.string(data)

    def literal(self, data: bytes, *, binary: bool = False) -> CommandLine:
        """Add bytes as a literal."""
        self._gap()
        self._append(Literal(data, binary))
        return self

    def name(self, name: str, names: NameCodec) -> CommandLine:
        """Add a mailbox name."""
        self._gap()
        self._name_bytes(names.encode(name), utf8=names.utf8)
        return self

    def pattern(self, pattern: str, names: NameCodec) -> CommandLine:
        """Add a LIST reference or pattern."""
        self._gap()
        self._name_bytes(names.encode_pattern(pattern), utf8=names.utf8)
        return self

    def flags(self, flags: Iterable[str]) -> CommandLine:
        """Add a list of flags.

        Raises:
            ImapUsageError: one of them is no flag.
        """
        return self.raw(b"(" + b" ".join(sorted(flag_bytes(flag) for flag in flags)) + b")")

    def open(self) -> CommandLine:
        """Begin a list."""
        self._gap()
        self._text += b"("
        return self

    def close(self) -> CommandLine:
        """End a list."""
        self._text += b")"
        return self

    def command(self, *, continued: bool = False) -> Command:
        """Return the finished command."""
        parts = [*self._parts, bytes(self._text)] if self._text else self._parts
        return Command(self._name, tuple(parts), self._mailbox, continued)

    def _gap(self) -> None:
        if not self._text.endswith(b"("):
            self._text += b" "

    def _string(self, data: bytes) -> None:
        if len(data) <= _QUOTABLE and data.isascii() and not any(mark in data for mark in (b"\r", b"\n", b"\0")):
            self._text += quoted(data)
        else:
            self._append(Literal(data))

    def _name_bytes(self, data: bytes, *, utf8: bool) -> None:
        if utf8 and len(data) <= _QUOTABLE:  # RFC 6855 section 3: UTF-8 in quoted strings
            self._text += quoted(data)
        else:
            self._string(data)

    def _append(self, literal: Literal) -> None:
        self._parts.append(bytes(self._text))
        self._parts.append(literal)
        self._text = bytearray()


def quoted(data: bytes) -> bytes:
    """Write a quoted string; the bytes must hold neither CR, LF nor NUL."""
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def flag_bytes(flag: str) -> bytes:
    r"""Return a flag as it is sent: ``\Seen``, ``$Forwarded``, a keyword.

    Raises:
        ImapUsageError: it holds what a flag may not.
    """
    data = flag.encode("utf-8", "surrogateescape")
    if not _FLAG.fullmatch(data):
        raise ImapUsageError(f"{flag!r} cannot be a flag on an IMAP server")
    return data
