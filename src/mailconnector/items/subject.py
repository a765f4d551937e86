"""A subject and its prefix, "Re: " and its kin ([MS-OXCMSG] 3.2.4.2)."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"[^\s\d:]{1,3}: ")


def split_prefix(subject: str) -> tuple[str, str]:
    """Return (prefix with its colon and blank, rest) of a subject; the prefix is empty when there is none.

    A prefix is one to three characters, neither digits nor blanks, before a colon and a blank.
    """
    match = _PREFIX.match(subject)
    return (match[0], subject[match.end() :]) if match else ("", subject)


def normalized(subject: str) -> str:
    """Return a subject without its prefix."""
    return split_prefix(subject)[1]
