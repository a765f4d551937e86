"""The subject as a PST file stores it: with a mark of where its prefix ends ([MS-PST] 2.5.3.1.1).

A stored subject begins with the character 1, then a character that is the length of the prefix ("RE: ") plus one.
Without the mark, the prefix is one to three characters that are neither spaces nor digits, a colon, and the spaces
behind it.
"""

import re

_PREFIX = re.compile(r"[^\s\d:]{1,3}: *")
_MARK = "\x01"


def split_subject(stored: str) -> tuple[str, str]:
    """Return prefix and normalized subject of a subject as it is stored, or of a plain one."""
    if stored.startswith(_MARK) and len(stored) > 1:
        length = ord(stored[1]) - 1
        if length < 0 or length > len(stored) - 2:
            length = 0
        return stored[2 : 2 + length], stored[2 + length :]
    if stored.startswith(_MARK):
        return "", ""
    found = _PREFIX.match(stored)
    return (stored[: found.end()], stored[found.end() :]) if found else ("", stored)


def plain_subject(stored: str) -> str:
    """Return the subject that the user sees."""
    return stored[2:] if stored.startswith(_MARK) else stored


def mark_subject(subject: str) -> str:
    """Return a plain subject as it is to be stored; one that is marked already stays as it is."""
    if subject.startswith(_MARK):
        return subject
    prefix, normalized = split_subject(subject)
    return f"{_MARK}{chr(len(prefix) + 1)}{prefix}{normalized}"
