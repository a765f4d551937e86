"""Percent-encoding of texts in URIs ([RFC 3986] 2.1)."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNQUOTED = re.compile(r"[^A-Za-z0-9@._~!$'()*+=/-]")
_ALL_BUT_UNRESERVED = re.compile(r"[^A-Za-z0-9._~-]")


def quoted(text: str, *, unreserved_only: bool = False) -> str:
    """Return a text with what no URI may hold percent-encoded.

    Args:
        text: Any text.
        unreserved_only: Encode the reserved characters too.
    """
    pattern = _ALL_BUT_UNRESERVED if unreserved_only else _UNQUOTED
    return pattern.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), text)


def unquoted(text: str) -> str:
    """Return what a percent-encoded text means."""
    raw = _QUOTED.sub(lambda found: chr(int(found[1], 16)), "".join(map(chr, text.encode("utf-8", "replace"))))
    return raw.encode("latin-1").decode("utf-8", "replace")
