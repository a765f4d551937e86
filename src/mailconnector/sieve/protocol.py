"""What goes over the line: commands as bytes, and bytes as answers (RFC 5804 sections 1.2, 1.3 and 4). No I/O.

A response is lines of words - atoms, quoted strings, literals ``{n}`` - up to the line that begins with OK, NO or BYE,
which may have a code in parentheses and a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailconnector.sieve.errors import SieveProtocolError

MOST_LINE = 64 << 10  # bytes
MOST_LITERAL = 4 << 20  # bytes; servers allow scripts of some tens of kilobytes
MOST_LINES = 10_000

_WORD = re.compile(rb'[ \t]*(?:"((?:[^"\\\r\n]|\\.)*)"|\{(\d{1,9})\+?\}$|(\([^\r\n]*\))|([^\s"{(]+))')
_ESCAPE = re.compile(rb"\\(.)")
_ENDS = (b"OK", b"NO", b"BYE")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line.

    Attributes:
        value: its bytes, quotes and escapes taken away.
        is_text: it was a string; else an atom, or a code in parentheses with these.
    """

    value: bytes
    is_text: bool


@dataclass(frozen=True, slots=True)
class Response:
    """All that a server answers to a command.

    Attributes:
        status: "OK", "NO" or "BYE".
        code: the response code in capitals, without parentheses and its arguments; empty for none.
        text: what it says to people.
        lines: the lines before, as words.
    """

    status: str
    code: str
    text: str
    lines: tuple[tuple[Word, ...], ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is listed.

    Attributes:
        name: its name.
        active: the one that runs on new mail.
    """

    name: str
    active: bool


def read_response(line: Callable[[int], bytes], exactly: Callable[[int], bytes]) -> Response:
    """Read a response.

    Args:
        line: returns the next line without its end; is given how long it may be.
        exactly: returns so many bytes.

    Raises:
        SieveProtocolError: it is none.
    """
    lines: list[tuple[Word, ...]] = []
    for _ in range(MOST_LINES):
        words = _read_line(line, exactly)
        if words and not words[0].is_text and words[0].value.upper() in _ENDS:
            return _ended(words, tuple(lines))
        if words and not words[0].is_text:  # as "220", which is what other servers greet with
            raise SieveProtocolError(f"the server says {words[0].value[:60]!r}, which is not ManageSieve")
        lines.append(words)
    raise SieveProtocolError("the server's answer does not end")


def _read_line(line: Callable[[int], bytes], exactly: Callable[[int], bytes]) -> tuple[Word, ...]:
    words: list[Word] = []
    rest = line(MOST_LINE)
    while rest.strip():
        match = _WORD.match(rest)
        if match is None:
            raise SieveProtocolError(f"the server says {rest[:60]!r}, which is not ManageSieve")
        quoted, size, code, atom = match.groups()
        rest = rest[match.end() :]
        if size is not None:
            if int(size) > MOST_LITERAL:
                raise SieveProtocolError(f"the server wants to send {int(size):,} bytes")
            words.append(Word(exactly(int(size)), is_text=True))
            rest = line(MOST_LINE)
        elif quoted is not None:
            words.append(Word(_ESCAPE.sub(rb"\1", quoted), is_text=True))
        else:
            words.append(Word(code if code is not None else atom, is_text=False))
    return tuple(words)


def _ended(words: tuple[Word, ...], lines: tuple[tuple[Word, ...], ...]) -> Response:
    code, text = "", ""
    for word in words[1:]:
        if word.is_text:
            text = word.value.decode("utf-8", "replace")
        elif word.value.startswith(b"("):
            code = word.value.strip(b"()").split(b" ")[0].decode("ascii", "replace").upper()
    return Response(words[0].value.decode("ascii").upper(), code, text, lines)


def command(name: str, *arguments: str | bytes) -> bytes:
    """Return a command. Text goes as a string, bytes as a literal that needs no word from the server.

    Raises:
        SieveProtocolError: a string cannot be sent: it holds the end of a line, or NUL.
    """
    parts = [name.encode("ascii")]
    for argument in arguments:
        if isinstance(argument, bytes):
            parts.append(b"{%d+}\r\n%s" % (len(argument), argument))
        else:
            if re.search(r"[\r\n\0]", argument):
                raise SieveProtocolError(f"{argument!r} cannot be sent")
            parts.append(b'"' + re.sub(r'(["\\])', r"\\\1", argument).encode("utf-8") + b'"')
    return b" ".join(parts) + b"\r\n"


def capabilities_of(response: Response) -> dict[str, str]:
    """Return what a server can do: values by names in capitals (RFC 5804 section 1.7)."""
    found = {}
    for words in response.lines:
        if words:
            value = words[1].value.decode("utf-8", "replace") if len(words) > 1 else ""
            found[words[0].value.decode("utf-8", "replace").upper()] = value
    return found


def scripts_of(response: Response) -> tuple[Script, ...]:
    """Return the scripts that LISTSCRIPTS tells."""
    found = []
    for words in response.lines:
        if words and words[0].is_text:
            active = any(not word.is_text and word.value.upper() == b"ACTIVE" for word in words[1:])
            found.append(Script(words[0].value.decode("utf-8", "replace"), active))
    return tuple(found)
