"""Modified UTF-7 ([RFC 3501] section 5.1.3): any text in printable ASCII, for names that travel in such."""

from __future__ import annotations

import binascii


def encode_utf7(name: str) -> bytes:
    """Encode a name in modified UTF-7. Every text can be encoded, lone surrogates and controls included."""
    out = bytearray()
    shifted: list[str] = []

    def flush() -> None:
        if shifted:
            units = "".join(shifted).encode("utf-16-be", "surrogatepass")
            out.extend(b"&" + binascii.b2a_base64(units, newline=False).rstrip(b"=").replace(b"/", b",") + b"-")
            shifted.clear()

    for character in name:
        if " " <= character <= "~":
            flush()
            out.extend(b"&-" if character == "&" else character.encode("ascii"))
        else:
            shifted.append(character)
    flush()
    return bytes(out)


def decode_utf7(raw: bytes) -> str:
    """Decode a name in modified UTF-7.

    Raises:
        ValueError: the bytes are no modified UTF-7.
    """
    out: list[str] = []
    position = 0
    while (start := raw.find(b"&", position)) >= 0:
        out.append(raw[position:start].decode("ascii"))
        end = raw.find(b"-", start)
        if end < 0:
            raise ValueError("unterminated shift in modified UTF-7")
        encoded = raw[start + 1 : end].replace(b",", b"/")
        if encoded:
            units = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
            out.append(units.decode("utf-16-be", "surrogatepass"))
        else:
            out.append("&")
        position = end + 1
    out.append(raw[position:].decode("ascii"))
    return "".join(out)
