r"""Flags between a server and synchronisation: which there are, how they are spelt, and which last.

A category is any text, a keyword on a server an atom (RFC 9051 section 9, flag-keyword). What no atom may hold is
written as in modified UTF-7, which other programs use for keywords as well: "Red Category" is ``Red&ACA-Category``.
A keyword that only looks so stays as it is; each category has one keyword and the other way round.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

from mailconnector.imap.protocol import MailboxState
from mailconnector.sync.flags import (
    ALL_FLAGS,
    ANSWERED,
    ANY_KEYWORD,
    DELETED,
    DRAFT,
    FLAGGED,
    FORWARDED,
    SEEN,
    FlagDomain,
    FlagSet,
)

LONGEST_KEYWORD = 50
"""Characters that Dovecot allows a keyword."""
MOST_KEYWORDS = 100
"""Keywords that Cyrus allows a mailbox."""

_SYSTEM = {flag.lower(): flag for flag in (SEEN, ANSWERED, FLAGGED, DRAFT, DELETED, FORWARDED)}
_NO_ATOM = re.compile(r"[^!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_DASHES = re.compile(r"(?<=&)-*")


@lru_cache(maxsize=4096)
def from_server(flags: frozenset[str]) -> FlagSet:
    r"""Return a message's flags as synchronisation knows them, without \Recent and what only one server knows."""
    return frozenset(flag for raw in flags if (flag := flag_of(raw)))


def flag_of(raw: str) -> str:
    """Return one flag as synchronisation knows it; empty for one that it does not."""
    known = _SYSTEM.get(raw.lower())
    if known:
        return known
    return "" if raw.startswith("\\") else category_of(raw)


def to_server(flags: Iterable[str]) -> frozenset[str]:
    """Return flags as they are sent."""
    return frozenset(flag if flag in ALL_FLAGS else keyword_of(flag) for flag in flags if flag not in ("", ANY_KEYWORD))


def kept_flags(
    permanent: frozenset[str] | None,
    *,
    read_only: bool = False,
    short: bool = False,
    keywords: frozenset[str] | None = None,
) -> FlagDomain:
    r"""Return the flags that last in a mailbox.

    Args:
        permanent: PERMANENTFLAGS; None where the server did not tell, and then all of them last (RFC 9051 7.1).
        read_only: Nothing lasts.
        short: A keyword can be no longer than `LONGEST_KEYWORD`.
        keywords: The keywords of a mailbox that has as many as it can hold; None where there may be others.
    """
    flags: FlagSet = frozenset()
    if not read_only:
        flags = ALL_FLAGS if permanent is None else frozenset(map(flag_of, permanent - {ANY_KEYWORD})) - {""}
        if permanent is not None and ANY_KEYWORD in permanent:
            flags |= {ANY_KEYWORD, FORWARDED}
    return FlagDomain(flags, _is_short if short else None, None if keywords is None else from_server(keywords))


def new_keywords(flags: Iterable[str], mailbox: MailboxState) -> frozenset[str]:
    """Return those of some flags, as they are sent, that no message of a mailbox has had."""
    known = {flag.lower() for flag in (*mailbox.flags, *(mailbox.permanent_flags or ()))}
    return frozenset(flag for flag in flags if not flag.startswith("\\") and flag.lower() not in known)


def _is_short(flag: str) -> bool:
    return len(keyword_of(flag)) <= LONGEST_KEYWORD


@lru_cache(maxsize=4096)
def keyword_of(category: str) -> str:
    """Return the keyword that a category is on a server."""
    return _encoded(category) if _NO_ATOM.search(category) or _is_encoded(category) else category


@lru_cache(maxsize=4096)
def category_of(keyword: str) -> str:
    """Return the category that a keyword is to the user."""
    return _undone(keyword) if _is_encoded(keyword) else keyword


def _is_encoded(keyword: str) -> bool:
    """Tell whether a keyword is what some category is written as: one with what no atom holds, once or several times.

    Each time puts a "-" behind every "&" of the one before, so all but the first are undone at once.
    """
    if "&" not in keyword:
        return False
    times = min(len(run[0]) for run in _DASHES.finditer(keyword))
    first = keyword.replace("&" + "-" * times, "&")
    try:
        category = _undone(first)
    except ValueError:
        return False
    return _NO_ATOM.search(category) is not None and _encoded(category) == first


def _undone(keyword: str) -> str:
    return _SHIFTED.sub(_decoded, keyword)


def _encoded(category: str) -> str:
    def shifted(match: re.Match[str]) -> str:
        units = match[0].encode("utf-16-be", "surrogatepass")
        return f"&{binascii.b2a_base64(units, newline=False).rstrip(b'=').replace(b'/', b',').decode('ascii')}-"

    return _NO_ATOM.sub(shifted, category.replace("&", "&-"))


def _decoded(match: re.Match[str]) -> str:
    encoded = match[1].replace(",", "/")
    if not encoded:
        return "&"
    units = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    return units.decode("utf-16-be", "surrogatepass")
