"""What an access control list means for one user: the rights that are left when all entries count, and why.

Servers answer this for the user who asks (MYRIGHTS) and for nobody else. Here it is worked out from the list, by the
rules of the server's dialect; who is in which group no server tells, so it has to be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mailconnector.app.share.identifiers import Combining, Dialect, Rank
from mailconnector.imap.rights import ALL_RIGHTS, Rights

_OWN = frozenset({Rank.USER, Rank.OWNER, Rank.GROUP_OVERRIDE})


@dataclass(frozen=True, slots=True)
class FolderAcl:
    """Who has which rights on a folder.

    Attributes:
        entries: the list, by identifier.
        owner: the owner's login; empty for a folder of nobody in particular.
        implicit: what the owner has whatever the list says.
        dialect: the server's.
    """

    entries: Mapping[str, Rights]
    owner: str
    implicit: Rights
    dialect: Dialect

    def is_owner(self, login: str) -> bool:
        """Tell whether a user is the owner."""
        return bool(self.owner) and self.dialect.same_login(self.owner, login)

    def with_entry(self, identifier: str, rights: Rights) -> FolderAcl:
        """Return the list as it is when an entry is set; without rights, when it is removed."""
        entries = {name: found for name, found in self.entries.items() if name != identifier}
        if rights:
            entries[identifier] = rights
        return FolderAcl(entries, self.owner, self.implicit, self.dialect)


class Effect(Enum):
    """What an entry does to somebody's rights.

    Attributes:
        GIVES: Its rights are among them.
        TAKES: Its rights are taken from them.
        OVERRIDDEN: Nothing, since a more special entry is there.
        IMPLIED: It is no entry: the owner has them anyway.
    """

    GIVES = "gives"
    TAKES = "takes"
    OVERRIDDEN = "overridden"
    IMPLIED = "implied"


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry that is about somebody.

    Attributes:
        identifier: whose entry; empty where it is none.
        rights: its rights.
        effect: what it does.
    """

    identifier: str
    rights: Rights
    effect: Effect


@dataclass(frozen=True, slots=True)
class Effective:
    """What somebody may do.

    Attributes:
        rights: all that is left.
        reasons: the entries that led to it.
        groups: groups in the list of which it was not said whether the user is in them.
    """

    rights: Rights
    reasons: tuple[Reason, ...]
    groups: tuple[str, ...] = ()


_Entry = tuple[Rank, str, Rights]


def effective(acl: FolderAcl, login: str, groups: frozenset[str] = frozenset(), *, at_worst: bool = False) -> Effective:
    """Work out somebody's rights.

    Args:
        acl: the list.
        login: the user.
        groups: the names of the groups that the user is in.
        at_worst: where the list does not tell enough, count less. Dovecot lists an entry for `owner` as one for the
            owner's login; what is denied to groups and to everybody concerns the owner only if it is the former.
    """
    dialect, is_owner = acl.dialect, acl.is_owner(login)
    about: list[_Entry] = []
    unknown: list[str] = []
    for identifier, rights in acl.entries.items():
        rank, name = dialect.rank(identifier)
        if rank in (Rank.GROUP, Rank.GROUP_OVERRIDE):
            if name not in groups:
                unknown.append(name)
                continue
        elif (rank is Rank.USER and not dialect.same_login(name, login)) or (rank is Rank.OWNER and not is_owner):
            continue
        about.append((rank, identifier, rights))
    giving = [entry for entry in about if not entry[1].startswith("-")]
    taking = [entry for entry in about if entry[1].startswith("-")]
    reasons: list[Reason] = []
    if dialect.combining is Combining.SPECIAL:
        if is_owner and not any(entry[0] in _OWN for entry in giving):
            # Without an entry the owner has everything, and what is said of others counts as less.
            giving.append((Rank.OWNER, "", ALL_RIGHTS))
        if is_owner and not at_worst:
            reasons += [Reason(name, rights, Effect.OVERRIDDEN) for rank, name, rights in taking if rank not in _OWN]
            taking = [entry for entry in taking if entry[0] in _OWN]
        reasons += [Reason(name, rights, Effect.OVERRIDDEN) for _, name, rights in _not_highest(giving)]
        reasons += [Reason(name, rights, Effect.OVERRIDDEN) for _, name, rights in _not_highest(taking)]
        used, taking = _highest(giving), _highest(taking)
    else:
        used = giving
    rights = Rights()
    for _, identifier, found in used:
        rights |= found
        reasons.append(Reason(identifier, found, Effect.GIVES if identifier else Effect.IMPLIED))
    for _, identifier, found in taking:
        rights -= found
        reasons.append(Reason(identifier, found, Effect.TAKES))
    if is_owner and dialect.combining is Combining.UNION and acl.implicit:
        rights |= acl.implicit
        reasons.append(Reason("", acl.implicit, Effect.IMPLIED))
    return Effective(rights, tuple(reasons), tuple(dict.fromkeys(unknown)))


def _highest(entries: list[_Entry]) -> list[_Entry]:
    top = max((entry[0] for entry in entries), default=None)
    return [entry for entry in entries if entry[0] is top]


def _not_highest(entries: list[_Entry]) -> list[_Entry]:
    top = max((entry[0] for entry in entries), default=None)
    return [entry for entry in entries if entry[0] is not top]
