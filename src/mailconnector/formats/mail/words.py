"""Text in header fields: encoded words ([RFC 2047]), 8-bit text, folding."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable

from mailconnector.formats.syntax import charsets, transfer
from mailconnector.items import headers

LINE = 76
"""Longest header line that is written, its CRLF not counted."""

# How a word begins; it ends at the next "?=". Its text may hold blanks and question marks, which is wrong but common.
_WORD_START = re.compile(r"=\?([^?*\s]{0,200})(?:\*[^?\s]{0,200})?\?([bBqQ])\?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_PRINTABLE = re.compile(r"[ -~]*")
_NEED_QUOTES = re.compile(r'[()<>\[\]:;@\\,."]')
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_TABLE = [chr(byte) if byte in _Q_SAFE else "_" if byte == 0x20 else f"={byte:02X}" for byte in range(256)]
_WORD_ROOM = 75 - len("=?utf-8?q??=")
# A word without a blank that does not fit a line of 998 characters cannot stand unencoded.
_LONGEST_TOKEN = 900


def text_of(raw: bytes, label: str = "") -> str:
    """Return the text of a raw field value: unfolded, and decoded but for its encoded words.

    8-bit text is UTF-8, or in the charset of `label`, or Windows-1252.
    """
    value = headers.unfolded(raw)
    if value.isascii():
        if b"\x1b$" in value:
            return charsets.decode(value, "iso-2022-jp")[0]
        return value.decode("ascii")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return charsets.decode(value, label)[0]


def cleaned(text: str) -> str:
    """Return a text without control characters and outer blanks."""
    if text.isprintable():
        return text.strip()
    return _CONTROLS.sub(_blank, text).strip()


def _blank(match: re.Match[str]) -> str:
    return "" if match[0].strip("\x00") == "" else " "


def unstructured(raw: bytes, label: str = "") -> str:
    """Return the text of a raw field value that is plain text, such as a subject.

    Outer blanks are no part of it, unless they are encoded.
    """
    text = decoded(text_of(raw, label).strip())
    return text if text.isprintable() else _CONTROLS.sub(_blank, text)


def decoded(text: str) -> str:
    """Return a text with its encoded words decoded; blanks between two of them are no part of the text.

    Words are joined before their charset is decoded, as common programs cut characters in two.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[str] = []
    run_kind = ("", "")
    position = 0
    while match := _WORD_START.search(text, position):
        end = text.find("?=", match.end())
        if end < 0:
            break
        between = text[position : match.start()]
        position = end + 2
        kind = (match[1].lower(), match[2].upper())
        if run and (between.strip() or kind != run_kind):
            out.append(_run_text(run, *run_kind))
            run = []
        if between and (between.strip() or not (out or run)):
            out.append(between)
        run.append(text[match.end() : end])
        run_kind = kind
    if run:
        out.append(_run_text(run, *run_kind))
    out.append(text[position:])
    return "".join(out)


def _run_text(run: list[str], label: str, encoding: str) -> str:
    if encoding == "Q":
        data = b"".join(binascii.a2b_qp(word.encode("utf-8", "replace"), header=True) for word in run)
    else:
        data = _base64_words(run)
    return charsets.decode(data, label)[0]


def _base64_words(run: list[str]) -> bytes:
    """Decode words that may each be whole, or be one stream that was cut anywhere."""
    out = bytearray()
    pending = ""
    for word in run:
        pending += word
        if pending.endswith("="):
            out += transfer.decode_base64(pending.encode("ascii", "ignore"))
            pending = ""
    return bytes(out + transfer.decode_base64(pending.encode("ascii", "ignore")))


def encoded(text: str, room: int = LINE, spare: int = 0) -> list[str]:
    """Return encoded words that together hold a text, in UTF-8, none over 75 characters.

    Args:
        text: Anything; lone surrogates become "?".
        room: Characters left on the line for the first word.
        spare: Characters to leave on each line for what is put around the words.
    """
    data = text.encode("utf-8", "replace")
    text = data.decode("utf-8")
    quoted = "".join([_Q_TABLE[byte] for byte in data])
    as_base64 = len(quoted) > (len(data) + 2) // 3 * 4
    limit = max(min(_WORD_ROOM - spare, room - len("=?utf-8?q??=") - spare), 24)
    words: list[str] = []
    piece = ""
    size = 0
    for character in text:
        raw = character.encode("utf-8")
        step = len(raw) if as_base64 else sum([len(_Q_TABLE[byte]) for byte in raw])
        full = (size + step + 2) // 3 * 4 > limit if as_base64 else size + step > limit
        if full:
            words.append(_word(piece, as_base64))
            piece, size, limit = "", 0, _WORD_ROOM - spare
        piece += character
        size += step
    words.append(_word(piece, as_base64))
    return words


def _word(piece: str, as_base64: bool) -> str:
    data = piece.encode("utf-8")
    if as_base64:
        return f"=?utf-8?b?{binascii.b2a_base64(data, newline=False).decode('ascii')}?="
    return "=?utf-8?q?" + "".join([_Q_TABLE[byte] for byte in data]) + "?="


def is_plain(text: str) -> bool:
    """Tell whether a text may stand in a header as it is: printable ASCII that looks like no encoded word."""
    return (
        _PRINTABLE.fullmatch(text) is not None
        and "=?" not in text
        and text == text.strip()
        and (len(text) < LINE or ("  " not in text and max(map(len, text.split(" "))) <= _LONGEST_TOKEN))
    )


def phrase(name: str, room: int = LINE) -> list[str]:
    """Return the pieces of a display name: bare, as a quoted string, or as encoded words."""
    if not is_plain(name):
        return encoded(name, room, spare=2)
    if _NEED_QUOTES.search(name) or "  " in name:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return name.split(" ")


def field(name: str, value: str) -> bytes:
    """Return a whole field of plain text, folded, with its CRLF."""
    if not is_plain(value):
        return folded(name, encoded(value, LINE - len(name) - 2))
    if len(name) + 2 + len(value) <= LINE:
        return f"{name}: {value}\r\n".encode("ascii")
    return folded(name, value.split(" "))


def folded(name: str, pieces: Iterable[str]) -> bytes:
    """Return a whole field whose pieces stand with one blank between them, folded, with its CRLF."""
    lines: list[str] = []
    line = name + ":"
    empty = True
    for piece in pieces:
        if not empty and len(line) + 1 + len(piece) > LINE:
            lines.append(line)
            line = ""
        line += " " + piece
        empty = False
    lines.append(line)
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"
