"""Names for files and directories made of what stands in a PST, which may be anything.

A name that comes out is one path component, on Windows too: no separators or control characters, no reserved name, no
leading or trailing dot or blank, of bounded length.
"""

import re
import unicodedata

MAX_BYTES = 120
"""Length of a name in UTF-8, with room for a number and a suffix: file systems take 255, Windows 260 for a path."""

_FORBIDDEN = frozenset('<>:"/\\|?*')
# Cc control, Cf format (bidirectional marks, which make a name look like another), Cs lone surrogate, Co private,
# Cn unassigned, Zl and Zp line separators.
_FORBIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:\.|$)", re.IGNORECASE
)


def safe_name(text: str, otherwise: str) -> str:
    """Return a file name that looks like a text.

    Args:
        text: anything.
        otherwise: the name where nothing of the text is left.
    """
    composed = unicodedata.normalize("NFC", text[: 4 * MAX_BYTES])
    kept = "".join(
        "_" if char in _FORBIDDEN else " " if char.isspace() else char
        for char in composed
        if char.isspace() or unicodedata.category(char) not in _FORBIDDEN_CATEGORIES
    )
    name = _shortened(" ".join(kept.split()), MAX_BYTES).rstrip(". ")
    if name.startswith("."):
        name = "_" + name[1:]
    if not name:
        return otherwise
    return "_" + name if _RESERVED.match(name) else name


def _shortened(name: str, limit: int) -> str:
    return name.encode("utf-8")[:limit].decode("utf-8", "ignore")


class NamesInUse:
    """The names that are taken in one directory; names that differ in case only are one, as on Windows and macOS."""

    def __init__(self, *reserved: str) -> None:
        self._taken = {_folded(name) for name in reserved}

    def take(self, name: str) -> str:
        """Take a name, with a number behind it when another has it."""
        chosen, number = name, 2
        while _folded(chosen) in self._taken:
            ending = f" ({number})"
            chosen = _shortened(name, MAX_BYTES).rstrip(". ") + ending
            number += 1
        self._taken.add(_folded(chosen))
        return chosen


def _folded(name: str) -> str:
    # macOS compares decomposed, and both without case.
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
