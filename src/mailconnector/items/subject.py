"""A subject and its prefix, "Re: " and its kin ([MS-OXCMSG] 3.2.4.2)."""

from __future__ import annotations


def split_prefix(subject: str) -> tuple[str, str]:
    """Return (prefix with its colon and blank, rest) of a subject; the prefix is empty when there is none.

    A prefix is one to three characters, none of them a digit, before a colon and a blank.
    """
    colon = subject.find(":", 0, 4)
    if colon < 1 or subject[colon + 1 : colon + 2] != " ":
        return "", subject
    prefix = subject[:colon]
    if any(character.isdigit() for character in prefix):
        return "", subject
    return subject[: colon + 2], subject[colon + 2 :]


def normalized(subject: str) -> str:
    """Return a subject without its prefix."""
    return split_prefix(subject)[1]
