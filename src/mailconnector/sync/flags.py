r"""The user's marks on an item, as a set of names, and how two sides' changes to them merge.

A flag is a string: the system flags in IMAP's spelling (RFC 9051, 2.3.2: "\Seen" ...), "$Forwarded", and every other
name a keyword or category as the user wrote it. A side that can hold only some of them says which in a set; "\*"
in that set stands for any keyword (as in PERMANENTFLAGS, RFC 9051, 7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Self

from mailconnector.items import Flags

FlagSet = frozenset[str]


class BoundedFlags(frozenset[str]):
    r"""The flags that a side can hold, where "\*" does not stand for every keyword.

    Attributes:
        fits: Tells whether a keyword is among those that it stands for.
    """

    fits: Callable[[str], bool]

    def __new__(cls, flags: Iterable[str], fits: Callable[[str], bool]) -> Self:
        """Make such a set."""
        made = super().__new__(cls, flags)
        made.fits = fits
        return made


SEEN = "\\Seen"
ANSWERED = "\\Answered"
FLAGGED = "\\Flagged"
DRAFT = "\\Draft"
DELETED = "\\Deleted"
FORWARDED = "$Forwarded"
ANY_KEYWORD = "\\*"
ALL_FLAGS: FlagSet = frozenset((SEEN, ANSWERED, FLAGGED, DRAFT, DELETED, FORWARDED, ANY_KEYWORD))

_FIELDS = {
    SEEN: "seen",
    ANSWERED: "answered",
    FLAGGED: "flagged",
    DRAFT: "draft",
    DELETED: "deleted",
    FORWARDED: "forwarded",
}
_SEPARATOR = "\n"  # no flag can hold one, and categories do hold spaces


def flags_of(flags: Flags) -> FlagSet:
    """Return an item's flags as a set of names."""
    names = {name for name, field in _FIELDS.items() if getattr(flags, field)}
    names.update(flags.keywords)
    return frozenset(names)


def to_flags(names: FlagSet) -> Flags:
    """Return a set of names as an item's flags; keywords come in alphabetical order."""
    known = {field: True for name, field in _FIELDS.items() if name in names}
    return Flags(**known, keywords=tuple(sorted(name for name in names if name not in _FIELDS)))


@lru_cache(maxsize=4096)
def to_text(names: FlagSet) -> str:
    """Return a set as one string, equal for equal sets."""
    return _SEPARATOR.join(sorted(names)) if names else ""


@lru_cache(maxsize=4096)
def from_text(text: str) -> FlagSet:
    """Return the set that `to_text` made a string of."""
    return frozenset(text.split(_SEPARATOR)) if text else frozenset()


def kept(names: FlagSet, domain: FlagSet) -> FlagSet:
    """Return those of the names that a side can hold."""
    if names and isinstance(domain, BoundedFlags):
        names = frozenset(name for name in names if name in domain or domain.fits(name))
    if not names or ANY_KEYWORD in domain:
        return frozenset(name for name in names if name in domain or not name.startswith("\\"))
    return names & domain


def merge(
    local: FlagSet,
    local_base: FlagSet,
    remote: FlagSet,
    remote_base: FlagSet,
    local_domain: FlagSet,
    remote_domain: FlagSet,
) -> tuple[FlagSet, FlagSet]:
    """Merge two sides' changes since the last time.

    Each side has a base of its own, since one may be unable to hold what the other does: what it never had it cannot
    have lost. What one side set while the other cleared it, is set.

    Args:
        local: The local flags now.
        local_base: The local flags at the last synchronisation.
        remote: The remote flags now.
        remote_base: The remote flags at the last synchronisation.
        local_domain: What the local side can hold.
        remote_domain: What the remote side can hold.

    Returns:
        What the local and the remote side should have.
    """
    local_set, local_cleared = local - local_base, local_base - local
    remote_set, remote_cleared = remote - remote_base, remote_base - remote
    to_local = (local - kept(remote_cleared - local_set, local_domain)) | kept(remote_set, local_domain)
    to_remote = (remote - kept(local_cleared - remote_set, remote_domain)) | kept(local_set, remote_domain)
    return to_local, to_remote
