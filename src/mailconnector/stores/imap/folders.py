"""The mailboxes of a server as a tree of folders: which are the user's own, where they stand, what they hold, and what
they are for.

A folder's id is its mailbox's name. Where the user's own mailboxes have a prefix ("INBOX." on servers of the older
kind), those directly below it stand at the top, beside the Inbox. Where others' stand is told in `spaces`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from mailconnector.imap import MailboxInfo, StatusItems
from mailconnector.imap import Rights as ImapRights
from mailconnector.imap.responses import Namespaces
from mailconnector.items import FolderKind
from mailconnector.stores.imap.kinds import Told
from mailconnector.stores.imap.spaces import ENGLISH, Space, Titles
from mailconnector.sync.store import ROOT, FolderState, Rights, SpecialUse

INBOX = "INBOX"

_BY_ATTRIBUTE = {
    "\\sent": SpecialUse.SENT,
    "\\drafts": SpecialUse.DRAFTS,
    "\\trash": SpecialUse.TRASH,
    "\\junk": SpecialUse.JUNK,
    "\\archive": SpecialUse.ARCHIVE,
}
_ATTRIBUTES = {use: attribute.title() for attribute, use in _BY_ATTRIBUTE.items()}
# Views of messages that are elsewhere as well: synchronised, each would come twice.
_VIRTUAL = frozenset({"\\all", "\\flagged", "\\important", "\\snoozed"})
# Folders that stand for the top as far as special folders are concerned.
_TOPS = frozenset({"", "inbox", "[gmail]", "[google mail]"})
_DEEPEST = 1000


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the user's own mailboxes stand.

    Attributes:
        prefix: What the names of their top ones begin with; empty, or ending in the separator.
        separator: Between the names of a mailbox and of one in it; empty where there are no mailboxes in others.
        own: Every prefix of the user's own.
        foreign: Where other users' and shared mailboxes stand.
    """

    prefix: str = ""
    separator: str = "/"
    own: tuple[str, ...] = ("",)
    foreign: tuple[Space, ...] = ()

    @classmethod
    def of(cls, namespaces: Namespaces, titles: Titles = ENGLISH) -> Layout:
        """Read it from the namespaces of a server, with names for the folders that are made up."""
        personal = namespaces.personal
        foreign = (
            *(Space(space.prefix, space.separator, True, titles) for space in namespaces.others),
            *(Space(space.prefix, space.separator, False, titles) for space in namespaces.shared),
        )
        if not personal:
            return cls(foreign=foreign)
        main = personal[0]
        return cls(main.prefix, main.separator, tuple(space.prefix for space in personal), foreign)

    def is_own(self, name: str) -> bool:
        """Tell whether a mailbox is the user's own: the longest prefix that fits decides."""
        return name == INBOX or (self._longest_own(name) >= 0 and self.space_of(name) is None)

    def space_of(self, name: str) -> Space | None:
        """Return the space that a mailbox, or a folder made up in it, stands in; None for one in none of them."""
        fitting = [space for space in self.foreign if self._is_under(name, space.prefix) or name == space.top]
        longest = max(fitting, key=lambda space: len(space.prefix), default=None)
        if name == INBOX or longest is None or len(longest.prefix) < self._longest_own(name):
            return None
        return longest

    def _longest_own(self, name: str) -> int:
        return max((len(prefix) for prefix in self.own if self._is_under(name, prefix)), default=-1)

    def split(self, name: str) -> tuple[str, str]:
        """Return the parent's id and the own name of a mailbox."""
        space = self.space_of(name)
        if space is not None:
            return space.split(name)
        if self.prefix and name.startswith(self.prefix) and name != self.prefix:
            above, _, own = name[len(self.prefix) :].rpartition(self.separator) if self.separator else ("", "", name)
            return (self.prefix + above if above else ROOT), own or name
        above, _, own = name.rpartition(self.separator) if self.separator else ("", "", name)
        return (above, own) if above and own else (ROOT, name)

    def join(self, parent: str, name: str) -> str:
        """Return the name of a mailbox in a folder."""
        space = self.space_of(parent) if parent != ROOT else None
        if space is not None:
            return space.join(parent, name)
        return self.prefix + name if parent == ROOT else f"{parent}{self.separator}{name}"

    def is_below(self, name: str, ancestor: str) -> bool:
        """Tell whether a mailbox is another one or somewhere in it."""
        start = ancestor if self.separator and ancestor.endswith(self.separator) else ancestor + self.separator
        return name == ancestor or bool(self.separator and name.startswith(start))

    def _is_under(self, name: str, prefix: str) -> bool:
        bare = prefix.removesuffix(self.separator) if self.separator else prefix
        return name.startswith(prefix) or (bool(bare) and name == bare)


def cursor_of(status: StatusItems | None) -> str:
    """Return the cursor that a status stands for; empty where the server does not tell enough of it."""
    if status is None:
        return ""
    parts = (status.uid_validity, status.highest_modseq, status.uid_next, status.messages)
    # Mod-sequences begin at 1; 0 is said by servers of mailboxes that keep none.
    return "" if None in parts or not status.highest_modseq else ":".join(str(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Sorts:
    """What is known of the sorts of items in mailboxes.

    Attributes:
        told: What annotations say, by the mailbox's name.
        look: Looks into a mailbox, or remembers an earlier look; None for one that is empty.
    """

    told: Mapping[str, Told] = field(default_factory=dict)
    look: Callable[[MailboxInfo], FolderKind | None] = lambda info: None

    def of(self, info: MailboxInfo) -> Told:
        """Return what the annotations of a mailbox say."""
        return self.told.get(info.name, _UNTOLD)

    def fits(self, info: MailboxInfo, use: SpecialUse) -> bool:
        """Tell whether nothing speaks against what a mailbox's name says that it is for."""
        if self.of(info).kind is not None:
            return self.of(info).kind is use.kind
        return use.kind is FolderKind.MAIL or self.look(info) in (None, use.kind)


_UNTOLD = Told()


def states(infos: Sequence[MailboxInfo], layout: Layout, sorts: Sorts | None = None) -> list[FolderState]:
    """Return the folders that a listing shows; parents that it lacks are made up."""
    sorts = sorts or Sorts()
    seen = {info.name: info for info in infos if not info.special_uses & _VIRTUAL and not sorts.of(info).machinery}
    own = {name: info for name, info in seen.items() if layout.is_own(name)}
    root = layout.prefix.removesuffix(layout.separator)
    if root != INBOX:
        own.pop(root, None)
    specials = _specials(own.values(), layout, sorts)
    found = {name: _state(info, layout, specials.get(name), sorts) for name, info in own.items()}
    for name, info in seen.items():
        if name not in own and _is_shown(info, layout, seen):
            found[name] = _foreign_state(info, layout, sorts)
    for name in list(found):
        parent = found[name].parent
        for _ in range(_DEEPEST):
            if parent == ROOT or parent in found:
                break
            above, bare = layout.split(parent)
            space = layout.space_of(parent)
            if space is None:
                found[parent] = FolderState(parent, above, bare, selectable=False)
            else:
                rights = Rights.CHILDREN if parent == space.top and not space.has_owners else Rights.NONE
                owner = space.owner(parent)
                found[parent] = FolderState(parent, above, bare, selectable=False, rights=rights, owner=owner)
            parent = above
    return list(found.values())


def _is_shown(info: MailboxInfo, layout: Layout, seen: Mapping[str, MailboxInfo]) -> bool:
    """Tell whether a mailbox that is not the user's own has a folder of its own.

    Names that only others stand in are made up where they are wanted; an Inbox that is there twice is shown once.
    """
    space = layout.space_of(info.name)
    if space is None or not info.selectable or layout.split(info.name)[0] == ROOT:
        return False
    if not space.is_inbox(info.name):
        return True
    longer = [name for name in seen if name.startswith(info.name + space.separator) and space.is_inbox(name)]
    return not longer


def _foreign_state(info: MailboxInfo, layout: Layout, sorts: Sorts) -> FolderState:
    """Return a folder of somebody else's as it is shown.

    What may only be seen, or added to without being read, cannot be kept in step: it holds no items here.
    """
    space = layout.space_of(info.name)
    state = _state(info, layout, None, sorts)
    return replace(
        state,
        selectable=state.selectable and (info.rights is None or "r" in info.rights),
        rights=state.rights & ~Rights.CHANGE,
        owner=space.owner(info.name) if space is not None else "",
    )


def special_attribute(use: SpecialUse) -> str:
    """Return the attribute that a mailbox of this use is created with; empty where there is none."""
    return _ATTRIBUTES.get(use, "")


def special_by_name(name: str) -> tuple[tuple[SpecialUse, int], ...]:
    """Return what a folder may be for by its name, each with how much that is to be believed: 0 most."""
    return _names().get(name.casefold(), ())


def rights_of(rights: ImapRights) -> Rights:
    """Return what the letters of an access control list allow (RFC 4314 section 4)."""
    allowed = Rights.NONE
    for needed, right in (("i", Rights.ADD), ("te", Rights.DELETE), ("k", Rights.CHILDREN), ("x", Rights.CHANGE)):
        if all(letter in rights for letter in needed):
            allowed |= right
    return allowed | Rights.FLAGS if "w" in rights or "s" in rights else allowed


def _state(info: MailboxInfo, layout: Layout, special: SpecialUse | None, sorts: Sorts) -> FolderState:
    parent, name = layout.split(info.name)
    status = info.status
    rights = Rights.ALL if info.rights is None else rights_of(info.rights)
    if "\\noinferiors" in info.attributes or not layout.separator:
        rights &= ~Rights.CHILDREN
    if info.name == INBOX:
        rights &= ~Rights.CHANGE  # RFC 9051 section 6.3.6: renaming it would move its messages
    return FolderState(
        info.name,
        parent,
        name,
        _kind(info, special, sorts),
        special,
        selectable=info.selectable,
        rights=rights,
        validity=str(status.uid_validity) if status and status.uid_validity else "",
        cursor=cursor_of(status),
        count=status.messages if status else None,
    )


def _kind(info: MailboxInfo, special: SpecialUse | None, sorts: Sorts) -> FolderKind:
    told = sorts.of(info).kind
    if special is not None:
        return special.kind
    if told is not None or not info.selectable:
        return told or FolderKind.MAIL
    return sorts.look(info) or FolderKind.MAIL


def _specials(infos: Iterable[MailboxInfo], layout: Layout, sorts: Sorts) -> dict[str, SpecialUse]:
    """Find the special folders: by what the server says, and for the uses it says nothing of, by name."""
    found: dict[SpecialUse, str] = {}
    noted: list[tuple[SpecialUse, str]] = []
    named: list[tuple[int, int, MailboxInfo, SpecialUse]] = []
    for info in sorted(infos, key=lambda info: (len(info.name), info.name)):
        if info.name == INBOX:
            found[SpecialUse.INBOX] = INBOX
            continue
        if not info.selectable:
            continue
        for attribute in sorted(info.special_uses):
            if use := _BY_ATTRIBUTE.get(attribute):
                found.setdefault(use, info.name)
        if (use := sorts.of(info).use) is not None:
            noted.append((use, info.name))
        parent, name = layout.split(info.name)
        if parent.casefold() in _TOPS:
            for use, rank in special_by_name(name):
                named.append((rank, 0 if parent == ROOT else 1, info, use))
    for use, mailbox in noted:
        if mailbox not in found.values():
            found.setdefault(use, mailbox)
    for _, _, info, use in sorted(named, key=lambda entry: (entry[0], entry[1], entry[2].name)):
        if info.name not in found.values() and use not in found and sorts.fits(info, use):
            found[use] = info.name
    return {mailbox: use for use, mailbox in found.items()}


@cache
def _names() -> dict[str, tuple[tuple[SpecialUse, int], ...]]:
    found: dict[str, tuple[tuple[SpecialUse, int], ...]] = {}
    text = resources.files("mailconnector.stores.imap").joinpath("specials.tsv").read_text("utf-8")
    for name, use in _rows(text):
        found[name] = (*found.get(name, ()), use)
    return found


def _rows(text: str) -> Iterator[tuple[str, tuple[SpecialUse, int]]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            use, *names = line.split("\t")
            for rank, name in enumerate(names):
                yield name.casefold(), (SpecialUse(use), rank)
