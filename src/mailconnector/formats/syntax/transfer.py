"""Content transfer encodings: base64, quoted-printable, uuencode ([RFC 2045] 6)."""

from __future__ import annotations

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_BASE64_LINE = 76
_CHUNK = 1 << 16
_LOOSE_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_MAYBE_LOOSE_BREAK = re.compile(rb"=[ \t]")
_UU_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]+[^\r\n]*\r?\n", re.MULTILINE)


def decode(data: bytes, encoding: bytes) -> bytes:
    """Return the content of a body, whatever its encoding is called and however damaged it is.

    Args:
        data: The body.
        encoding: Raw Content-Transfer-Encoding value; an unknown one means the body as it is.
    """
    name = encoding.strip(b" \t\r\n\"';").lower()
    if name == b"base64":
        return decode_base64(data)
    if name == b"quoted-printable":
        return decode_quoted_printable(data)
    if name in (b"x-uuencode", b"uuencode", b"x-uue", b"uue"):
        return decode_uu(data)
    return data


def decode_base64(data: bytes) -> bytes:
    """Return what base64 says: stray characters, missing or early padding and a cut end do no harm."""
    padding = data.find(b"=")
    if padding < 0 or not data[padding:].strip(b"= \t\r\n"):
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            pass
    out = bytearray()
    # Several encoded pieces may follow one another, each with its own padding.
    for piece in data.translate(None, _NOT_BASE64).split(b"="):
        whole = piece[:-1] if len(piece) % 4 == 1 else piece
        out += binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    return bytes(out)


def encode_base64(data: bytes) -> bytes:
    """Return base64 in lines of 76 characters, each ended by CRLF."""
    return encode_base64_lines(data, _BASE64_LINE) + b"\r\n" if data else b""


def encode_base64_lines(data: bytes, width: int) -> bytes:
    """Return base64 in lines of a width, with CRLF between them and none after the last."""
    chunk = _chunk(width)
    made = []
    for at in range(0, len(data), chunk):
        coded = binascii.b2a_base64(data[at : at + chunk], newline=False)
        made.append(b"\r\n".join([coded[start : start + width] for start in range(0, len(coded), width)]))
    return b"\r\n".join(made)


def base64_width(raw: bytes, end: int, data: bytes) -> int:
    """Return the width at which `encode_base64_lines` writes just these bytes; 0 when there is none.

    Args:
        raw: What may be base64.
        end: Where it ends there, before the line end after the last line.
        data: What it says.
    """
    width = raw.find(b"\r\n", 0, end)
    if width < 0:
        width = end
    if not width:
        return 0
    step = width + 2
    if not end % step:  # a line end after the last line
        return 0
    # Every line but the last is full; then only the characters have to be right.
    lines = (end + 2 + step - 1) // step
    if not raw.count(b"\n", 0, end) == raw[width + 1 : end : step].count(b"\n") == lines - 1:
        return 0
    if not raw.count(b"\r", 0, end) == raw[width:end:step].count(b"\r") == lines - 1:
        return 0
    chunk = _chunk(width)
    taken = chunk // 3 * 4 // width * step  # by the lines of a chunk
    at = 0
    for start in range(0, len(data), chunk):
        coded = binascii.b2a_base64(data[start : start + chunk], newline=False)
        if raw[at : min(at + taken, end)].translate(None, b"\r\n") != coded:
            return 0
        at += taken
    return width if at >= end else 0


def _chunk(width: int) -> int:
    """Return how many bytes make whole lines of a width: large content is encoded in pieces of so many."""
    return 3 * width * max(1, _CHUNK // (3 * width))


def decode_quoted_printable(data: bytes) -> bytes:
    """Return what quoted-printable says; what is not properly encoded stays as it is."""
    decoded = binascii.a2b_qp(data)
    # A soft break with blanks behind it is left standing; "=" is rare enough in what was decoded to look for it.
    if _MAYBE_LOOSE_BREAK.search(decoded):
        return binascii.a2b_qp(_LOOSE_BREAK.sub(b"=", data))
    return decoded


def encode_quoted_printable(data: bytes) -> bytes:
    """Return text with CRLF line ends as quoted-printable, in lines of at most 76 characters."""
    # With both kinds of line end the encoder's soft ones depend on which comes first.
    return binascii.b2a_qp(data.replace(b"\r\n", b"\n"), istext=True).replace(b"\n", b"\r\n")


def decode_uu(data: bytes) -> bytes:
    """Return the content of the first uuencoded file in a body; damaged lines give what they can."""
    begin = _UU_BEGIN.search(data)
    return _uu_lines(data[begin.end() :] if begin else data)


def _uu_lines(data: bytes) -> bytes:
    out = bytearray()
    for line in data.split(b"\n"):
        line = line.rstrip(b"\r")
        if line in (b"end", b"`", b" ", b""):
            if line == b"end":
                break
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Trailing characters, or cut blanks: the first one says how long the line is.
            length = (line[0] - 32) & 63
            try:
                out += binascii.a2b_uu(line[: 1 + (length + 2) // 3 * 4].ljust(1 + (length + 2) // 3 * 4))
            except binascii.Error:
                continue
    return bytes(out)


_UU_FILE = re.compile(
    r"^begin[ \t]+[0-7]{3,4}[ \t]+([^\n]+)\n((?:[ -`][ -~]*\n)*?)(?:[` ]?\n)?end[ \t]*(?:\n|\Z)", re.M
)


def uu_files(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a text without the uuencoded files in it, and those files as (name, content).

    Args:
        text: Plain text with "\\n" as its line end.
    """
    files: list[tuple[str, bytes]] = []

    def take(match: re.Match[str]) -> str:
        files.append((match[1].strip(), _uu_lines(match[2].encode("ascii", "replace"))))
        return ""

    return _UU_FILE.sub(take, text), files
