"""Reading the data of one response: atoms, numbers, strings, lists (RFC 9051 section 9). No I/O.

A `Cursor` walks over a frame (see `framing`). It is lenient where servers are known to be careless: doubled spaces,
bytes above 127 in atoms and quoted strings, any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from mailconnector.imap.errors import ImapProtocolError
from mailconnector.imap.framing import Frame

T = TypeVar("T")


class Atom(bytes):
    """A word that stood without quotes, numbers included; apart from NIL, which is None."""

    __slots__ = ()


Value = bytes | None | tuple["Value", ...]
"""What `Cursor.value` reads: a string (bytes), a word (`Atom`), NIL (None), or a list of values."""

_DEEPEST = 64  # lists within lists; a message of nested multiparts rarely has ten
_MOST_DIGITS = 20

_SPACE = re.compile(rb" *")
_ATOM = re.compile(rb'[^ ()"{\]\x00-\x1f\x7f]+')
_ASTRING_ATOM = re.compile(rb'[^ ()"{\x00-\x1f\x7f]+')
_NUMBER = re.compile(rb"[0-9]{1,%d}" % _MOST_DIGITS)
_QUOTED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_LITERAL = re.compile(rb"~?\{[0-9]+\+?\}\Z")
# The name of a FETCH attribute with its section and origin: BODY[HEADER.FIELDS (DATE)]<0>, X-GM-MSGID.
_ATTRIBUTE = re.compile(rb'([A-Za-z0-9.\-_]+(?:\[[^\]"{]*\])?(?:<[0-9]+>)?)')


class Cursor:
    """A place in a frame, and the grammar's words from there on.

    Every method raises `ImapProtocolError` when something else stands there than it reads.
    """

    __slots__ = ("_frame", "_line", "_position", "_segment")

    def __init__(self, frame: Frame, position: int = 0) -> None:
        self._frame = frame
        self._segment = 0
        self._line = frame[0]
        self._position = position

    def at_end(self) -> bool:
        """Whether nothing but spaces is left."""
        self.space()
        return self._position >= len(self._line) and self._segment + 1 >= len(self._frame)

    def peek(self) -> bytes:
        """The next byte, or nothing at the end of a line."""
        return self._line[self._position : self._position + 1]

    def space(self) -> None:
        """Pass over spaces, if any."""
        if match := _SPACE.match(self._line, self._position):
            self._position = match.end()

    def skip(self, mark: bytes) -> bool:
        """Pass over `mark` and say whether it was there."""
        if self._line.startswith(mark, self._position):
            self._position += len(mark)
            return True
        return False

    def expect(self, mark: bytes) -> None:
        """Pass over `mark`, which has to be there."""
        if not self.skip(mark):
            self.fail(f"{mark.decode()} was expected")

    def fail(self, what: str) -> NoReturn:
        """Raise the error for what stands at the cursor."""
        raise ImapProtocolError(
            f"the server's answer cannot be read, {what}", data=self._line[max(0, self._position - 40) :]
        )

    def atom(self) -> bytes:
        """Read a word, a flag with its backslash included."""
        return self._take(_ATOM, "a word was expected")

    def attribute(self) -> str:
        """Read the name of a FETCH attribute, its section included, in capitals."""
        return self._take(_ATTRIBUTE, "an attribute was expected").decode("ascii").upper()

    def number(self) -> int:
        """Read a number of at most 20 digits."""
        return int(self._take(_NUMBER, "a number was expected"))

    def string(self) -> bytes:
        """Read a quoted string or a literal."""
        value = self.nstring()
        if value is None:
            self.fail("a string was expected")
        return value

    def nstring(self) -> bytes | None:
        """Read a quoted string, a literal, or NIL as None. A bare word is taken as a string: servers send it."""
        self.space()
        first = self.peek()
        if first == b'"':
            return self._quoted()
        if first in (b"{", b"~") and _LITERAL.match(self._line, self._position):
            return self._literal()
        word = self._take(_ASTRING_ATOM, "a string was expected")
        return None if word.upper() == b"NIL" else word

    def astring(self) -> bytes:
        """Read a mailbox name or another astring: NIL without quotes is a word here."""
        self.space()
        first = self.peek()
        if first == b'"':
            return self._quoted()
        if first in (b"{", b"~") and _LITERAL.match(self._line, self._position):
            return self._literal()
        return self._take(_ASTRING_ATOM, "a name was expected")

    def items(self, read: Callable[[], T]) -> list[T]:
        """Read a list in parentheses, each item by `read`."""
        self.space()
        self.expect(b"(")
        out: list[T] = []
        while True:
            if self.closes():
                return out
            out.append(read())

    def only(self, read: Callable[[], T]) -> T:
        """Read one item by `read`, which may stand in parentheses or not."""
        self.space()
        if self.peek() != b"(":
            return read()
        items = self.items(read)
        if len(items) != 1:
            self.fail("one item was expected")
        return items[0]

    def closes(self) -> bool:
        """Pass over the end of a list and say whether it was there."""
        self.space()
        return self.skip(b")")

    def value(self, depth: int = 0) -> Value:
        """Read whatever stands here."""
        self.space()
        first = self.peek()
        if first == b"(":
            if depth >= _DEEPEST:
                self.fail("lists are nested too deep")
            return tuple(self.items(lambda: self.value(depth + 1)))
        if first == b'"':
            return self._quoted()
        if first in (b"{", b"~") and _LITERAL.match(self._line, self._position):
            return self._literal()
        word = self._take(_ASTRING_ATOM, "a value was expected")
        return None if word.upper() == b"NIL" else Atom(word)

    def values(self) -> tuple[Value, ...]:
        """Read all values up to the end."""
        out: list[Value] = []
        while not self.at_end():
            out.append(self.value())
        return tuple(out)

    def _take(self, pattern: re.Pattern[bytes], otherwise: str) -> bytes:
        self.space()
        match = pattern.match(self._line, self._position)
        if match is None:
            self.fail(otherwise)
        self._position = match.end()
        return match[0]

    def _quoted(self) -> bytes:
        match = _QUOTED.match(self._line, self._position)
        if match is None:
            self.fail("a quoted string has no end")
        self._position = match.end()
        text = match[1]
        return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text

    def _literal(self) -> bytes:
        if self._segment + 2 >= len(self._frame):
            self.fail("a literal is missing")
        value = self._frame[self._segment + 1]
        self._segment += 2
        self._line = self._frame[self._segment]
        self._position = 0
        return value
