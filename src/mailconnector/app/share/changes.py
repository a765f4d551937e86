"""Changes to access control lists: worked out first, with what would go wrong by them, then made and read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mailconnector.app.share.effective import FolderAcl, effective
from mailconnector.app.share.fitting import Fitted
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.identifiers import Rank
from mailconnector.imap.rights import ALL_RIGHTS, Rights


class Verb(Enum):
    """What is done to somebody's entry.

    Attributes:
        GRANT: Rights are added to it.
        SET: It becomes exactly the rights.
        TAKE: Rights are taken out of it.
        REVOKE: It is removed.
    """

    GRANT = "grant"
    SET = "set"
    TAKE = "take"
    REVOKE = "revoke"


class Danger(Enum):
    """What would come of a change that its author may not have thought of.

    Attributes:
        OWN_ADMINISTER: One could not change the list any more.
        OWN_RIGHTS: One would have fewer rights oneself.
        OWNER: The folder's owner would have fewer rights.
        STILL_TAKEN: Another entry takes away part of what is granted, or counts more.
        TIED: Rights come along that nobody asked for.
        MISSING: The server cannot grant some of them.
        EVERYBODY: Everybody on the server would see what is in the folder, or change it.
    """

    OWN_ADMINISTER = "own administer"
    OWN_RIGHTS = "own rights"
    OWNER = "owner"
    STILL_TAKEN = "still taken"
    TIED = "tied"
    MISSING = "missing"
    EVERYBODY = "everybody"


LOCKS_OUT = frozenset({Danger.OWN_ADMINISTER, Danger.OWNER})
"""What must be insisted on."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A danger of one change, and the rights that it is about."""

    danger: Danger
    rights: Rights


@dataclass(frozen=True, slots=True)
class AclChange:
    """One entry on one folder, before and after.

    Attributes:
        folder: the folder.
        identifier: whose entry.
        before: its rights; none where there is no entry.
        after: its rights then; none where it is to be removed.
        dangers: what to think of.
    """

    folder: Folder
    identifier: str
    before: Rights
    after: Rights
    dangers: tuple[Warned, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether it is another entry afterwards."""
        return self.before != self.after

    def has(self, *dangers: Danger) -> bool:
        """Tell whether one of some dangers is among its own."""
        return any(warned.danger in dangers for warned in self.dangers)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A folder whose list cannot be changed, and why."""

    folder: Folder
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that have been worked out.

    Attributes:
        changes: those to make, and those that are not needed.
        skipped: folders that are left out.
    """

    changes: tuple[AclChange, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def needed(self) -> list[AclChange]:
        """The changes to make."""
        return [change for change in self.changes if change.is_needed]

    @property
    def locks_out(self) -> bool:
        """Whether somebody who must not be locked out would be."""
        return any(change.is_needed and change.has(*LOCKS_OUT) for change in self.changes)


def plan_change(
    folder: Folder, acl: FolderAcl, identifier: str, verb: Verb, fit: Fitted, *, login: str, known: Iterable[str] = ()
) -> AclChange:
    """Work out one change.

    Args:
        folder: the folder.
        acl: its list as it is.
        identifier: whose entry.
        verb: what is to be done.
        fit: the rights given, as the server can grant them.
        login: who makes the change.
        known: the groups that this user is in, by name.
    """
    entry = next((name for name in acl.entries if _same(acl, name, identifier)), identifier)
    before = acl.entries.get(entry, Rights())
    if verb is Verb.GRANT:
        after = before | fit.rights
    elif verb is Verb.SET:
        after = fit.rights
    elif verb is Verb.TAKE:
        after = before - fit.rights
    else:
        after = Rights()
    then = acl.with_entry(entry, after)
    return AclChange(
        folder, entry, before, after, tuple(_dangers(acl, then, entry, verb, fit, login, frozenset(known)))
    )


def _same(acl: FolderAcl, one: str, other: str) -> bool:
    return one.startswith("-") == other.startswith("-") and (
        one == other or acl.dialect.same_login(one.removeprefix("-"), other.removeprefix("-"))
    )


def _dangers(
    acl: FolderAcl, then: FolderAcl, entry: str, verb: Verb, fit: Fitted, login: str, groups: frozenset[str]
) -> Iterable[Warned]:
    rank, name = acl.dialect.rank(entry)
    # Who is in a group no server tells: an entry for one is taken to be about oneself, and about the owner.
    maybe = groups | {name} if rank in (Rank.GROUP, Rank.GROUP_OVERRIDE) else groups
    mine = _lost(acl, then, login, maybe)
    if mine:
        yield Warned(Danger.OWN_ADMINISTER if "a" in mine else Danger.OWN_RIGHTS, mine)
    if acl.owner and not acl.is_owner(login):
        owners = _lost(acl, then, acl.owner, maybe)
        if owners:
            yield Warned(Danger.OWNER, owners)
    if verb in (Verb.GRANT, Verb.SET):
        if fit.tied:
            yield Warned(Danger.TIED, fit.tied)
        if fit.missing:
            yield Warned(Danger.MISSING, fit.missing)
        after = then.entries.get(entry, Rights())
        if not entry.startswith("-") and rank is Rank.USER:
            short = after - effective(then, name, groups).rights
            if short:
                yield Warned(Danger.STILL_TAKEN, short)
        if not entry.startswith("-") and rank is Rank.ANYONE and after.letters & frozenset("rwiptexka"):
            yield Warned(Danger.EVERYBODY, after)


def _lost(acl: FolderAcl, then: FolderAcl, login: str, groups: frozenset[str]) -> Rights:
    had, has = effective(acl, login, groups).rights, effective(then, login, groups, at_worst=True).rights
    return Rights((had - has).letters & ALL_RIGHTS.letters)
