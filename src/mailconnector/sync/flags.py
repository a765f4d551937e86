r"""The user's marks on an item, as a set of names, and how two sides' changes to them merge.

A flag is a string: the system flags in IMAP's spelling (RFC 9051, 2.3.2: "\Seen" ...), "$Forwarded", and every other
name a keyword or category as the user wrote it. A side may be unable to hold some of them: its `FlagDomain` says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from mailconnector.items import Flags

FlagSet = frozenset[str]

SEEN = "\\Seen"
ANSWERED = "\\Answered"
FLAGGED = "\\Flagged"
DRAFT = "\\Draft"
DELETED = "\\Deleted"
FORWARDED = "$Forwarded"
ANY_KEYWORD = "\\*"
ALL_FLAGS: FlagSet = frozenset((SEEN, ANSWERED, FLAGGED, DRAFT, DELETED, FORWARDED, ANY_KEYWORD))


@dataclass(frozen=True, slots=True)
class FlagDomain:
    r"""The flags that last on a side when they are set.

    Attributes:
        flags: Which, by name; "\*" in it stands for every keyword that `fits` (as in PERMANENTFLAGS, RFC 9051, 7.1).
        fits: Tells whether a keyword is among those that "\*" stands for; None for all of them.
        keywords: All keywords that an item there can have, whoever sets them; None for any. One that is none of them
            and is missing there was not cleared: it never was there.
    """

    flags: FlagSet = frozenset()
    fits: Callable[[str], bool] | None = None
    keywords: FlagSet | None = None

    def unchangeable(self) -> FlagDomain:
        """Return what is left where no flags may be set."""
        return replace(self, flags=frozenset())

    def can_lose(self, name: str) -> bool:
        """Tell whether a flag that is missing there may have been cleared there."""
        return self.keywords is None or name in self.keywords or name.startswith("\\") or name == FORWARDED


EVERY_FLAG = FlagDomain(ALL_FLAGS)

_FIELDS = {
    SEEN: "seen",
    ANSWERED: "answered",
    FLAGGED: "flagged",
    DRAFT: "draft",
    DELETED: "deleted",
    FORWARDED: "forwarded",
}
_SEPARATOR = "\n"  # few categories hold one, and many hold spaces
_ESCAPE = "\x1b"
_ESCAPED = ("\x1be", "\x1bn")


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
    if not names:
        return ""
    if any(_SEPARATOR in name or _ESCAPE in name for name in names):
        names = frozenset(name.replace(_ESCAPE, _ESCAPED[0]).replace(_SEPARATOR, _ESCAPED[1]) for name in names)
    return _SEPARATOR.join(sorted(names))


@lru_cache(maxsize=4096)
def from_text(text: str) -> FlagSet:
    """Return the set that `to_text` made a string of."""
    if not text:
        return frozenset()
    names = text.split(_SEPARATOR)
    if _ESCAPE in text:
        names = [name.replace(_ESCAPED[1], _SEPARATOR).replace(_ESCAPED[0], _ESCAPE) for name in names]
    return frozenset(names)


def kept(names: FlagSet, domain: FlagDomain) -> FlagSet:
    """Return those of the names that a side can hold."""
    if not names or ANY_KEYWORD not in domain.flags:
        return names & domain.flags
    return frozenset(
        name
        for name in names
        if name in domain.flags or (not name.startswith("\\") and (domain.fits is None or domain.fits(name)))
    )


def merge(
    local: FlagSet,
    local_base: FlagSet,
    remote: FlagSet,
    remote_base: FlagSet,
    local_domain: FlagDomain,
    remote_domain: FlagDomain,
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
    local_set, remote_set = local - local_base, remote - remote_base
    local_cleared = frozenset(name for name in local_base - local if local_domain.can_lose(name))
    remote_cleared = frozenset(name for name in remote_base - remote if remote_domain.can_lose(name))
    to_local = (local - kept(remote_cleared - local_set, local_domain)) | kept(remote_set, local_domain)
    to_remote = (remote - kept(local_cleared - remote_set, remote_domain)) | kept(local_set, remote_domain)
    return to_local, to_remote
