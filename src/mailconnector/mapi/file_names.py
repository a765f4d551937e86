"""File names of attachments: the short form that old programs need, and what an extension says."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

OCTET_STREAM = "application/octet-stream"
_MESSAGE = "message/rfc822"

_SHORT = re.compile(r"[A-Za-z0-9!#$%&'()@^_`{}~-]{1,8}(?:\.[A-Za-z0-9!#$%&'()@^_`{}~-]{1,3})?")
_NOT_SHORT = re.compile(r"[^A-Za-z0-9!#$%&'()@^_`{}~-]")


def extension_of(name: str) -> str:
    """Return the extension of a file name with its dot; "" when there is none."""
    stem, dot, extension = name.rpartition(".")
    return dot + extension if stem and dot else ""


def short_name(name: str) -> str:
    """Return a file name's 8.3 form: itself where it is one, else what Windows would first make of it."""
    if _SHORT.fullmatch(name):
        return name
    extension = extension_of(name)
    stem = _NOT_SHORT.sub("", name.removesuffix(extension).replace(" ", ""))[:6].upper()
    suffix = _NOT_SHORT.sub("", extension)[:3].upper()
    return f"{stem or 'ATT'}~1" + (f".{suffix}" if suffix else "")


@cache
def _types() -> tuple[dict[str, str], dict[str, str]]:
    """Return the table both ways: extension to content type, content type to its first extension."""
    table = (resources.files(__package__) / "content_types.tsv").read_text(encoding="ascii")
    by_extension: dict[str, str] = {}
    by_type: dict[str, str] = {"image/jpeg": "jpg", "text/plain": "txt", "text/html": "htm", "image/tiff": "tif"}
    for line in table.splitlines():
        extension, kind = line.split("\t")
        by_extension[extension] = kind
        by_type.setdefault(kind.lower(), extension)
    return by_extension, by_type


def type_of_name(name: str) -> str:
    """Return the lower-case content type that a file name's extension says; that of anything when it says none.

    A message as a file stays a file: it is attached as such, not as a message.
    """
    kind = _types()[0].get(extension_of(name)[1:].lower(), OCTET_STREAM).lower()
    return OCTET_STREAM if kind == _MESSAGE else kind


def made_name(number: int, content_type: str) -> str:
    """Return the name that an attachment without one gets, in the manner of Exchange: "ATT00001.txt".

    Args:
        number: Its place among the attachments, from 1.
        content_type: Lower-case type.
    """
    extension = _types()[1].get(content_type, "dat")
    return f"ATT{number:05d}.{extension}"
