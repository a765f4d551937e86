"""Bytes as they arrive, cut into responses: lines, and the literals between them. No I/O.

A response is a line that ends in CRLF; where it ends in ``{n}`` the next n bytes are a literal and the response goes
on with another line (RFC 9051 section 4.3). A frame is therefore an odd number of byte strings: line, literal, line
..., without the line ends and with the ``{n}`` still standing at the end of its line.

    data --feed--> [ (b"* 1 FETCH (UID 7 BODY[] {5}", b"Hello", b")"), (b"a1 OK done",) ]

Nothing is reserved for what a server only announces, every byte is copied at most twice, and all is bounded by
`Limits`. Bytes above 127 may stand anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailconnector.imap.errors import ImapLimitError

Frame = tuple[bytes, ...]

_LITERAL = re.compile(rb"\{([0-9]{1,20})\+?\}\Z")
# Status responses end in words for people, which may look like the announcement of a literal.
_STATUS = re.compile(rb"(?:\*|[!-)+-~]+) (?:OK|NO|BAD|BYE|PREAUTH) |\+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server may make us keep.

    Attributes:
        line: longest line in bytes; a SEARCH answer of a million UIDs takes 8 MB.
        literal: longest literal in bytes; a message is one.
        literals: greatest number of literals in one response.
    """

    line: int = 32 << 20
    literal: int = 1 << 30
    literals: int = 20_000


class Framer:
    """Cuts a stream of bytes into frames, wherever its pieces happen to end."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._segments: list[bytes] = []  # the finished lines and literals of the response under way
        self._pieces: list[bytes] = []  # what has arrived of the line or literal under way
        self._held = 0  # the bytes in it
        self._missing = 0  # what the literal under way still lacks
        self._in_literal = False

    @property
    def idle(self) -> bool:
        """Whether the last byte fed was the end of a response."""
        return not (self._segments or self._pieces or self._in_literal)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream and return the responses that they complete.

        Raises:
            ImapLimitError: a line or literal is longer than `Limits` allows.
        """
        frames: list[Frame] = []
        segments = self._segments
        limits = self._limits
        position, length = 0, len(data)
        while position < length:
            if self._in_literal:
                end = min(length, position + self._missing)
                self._missing -= end - position
                if self._missing:
                    self._pieces.append(data[position:end])
                    return frames
                segments.append(self._joined(data[position:end]))
                position = end
                self._in_literal = False
                continue
            end = data.find(b"\n", position)
            if end < 0:
                self._hold(data[position:])
                return frames
            line = data[position:end]
            position = end + 1
            if self._pieces:
                line = self._joined(line)
            if len(line) > limits.line:
                raise ImapLimitError(f"the server sent a line of {len(line)} bytes", limit=limits.line)
            if line[-1:] == b"\r":
                line = line[:-1]
            segments.append(line)
            if line[-1:] == b"}" and (match := _LITERAL.match(line, line.rfind(b"{", -24))) and self._announces():
                self._begin_literal(int(match[1]))
                continue
            frames.append(tuple(segments))
            segments.clear()
        return frames

    def _begin_literal(self, size: int) -> None:
        limits = self._limits
        if size > limits.literal:
            raise ImapLimitError(f"the server announced a literal of {size} bytes", limit=limits.literal)
        if len(self._segments) > 2 * limits.literals:
            raise ImapLimitError("the server sent too many literals in one response", limit=limits.literals)
        if size:
            self._in_literal = True
            self._missing = size
        else:
            self._segments.append(b"")

    def _announces(self) -> bool:
        """Whether the ``{n}`` at the end of the last line is more than a word of a status text."""
        line = self._segments[0]
        if not (match := _STATUS.match(line)):
            return True
        rest = b"".join(self._segments)[match.end() :]
        return rest.startswith(b"[") and b"]" not in rest

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > self._limits.line:
            raise ImapLimitError("the server sent a line without an end", limit=self._limits.line)

    def _joined(self, last: bytes) -> bytes:
        if not self._pieces:
            return last
        self._pieces.append(last)
        whole = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return whole
