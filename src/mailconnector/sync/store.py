"""The one joint of the program: what synchronisation asks of a store, be it a PST, an IMAP server or a dictionary.

A store holds a tree of folders, and items in them. Ids are opaque strings: a folder's id is unique in its store, an
item's id in its folder. Whatever a store cannot do is said in `Capabilities`, not found out by trying.

What every store promises (the contract tests hold it to this):

1. `changes` with the cursor of an earlier call names at least every item that is not as it was then. It may name more.
   A store that does not know the cursor answers with a complete listing.
2. An item whose content changed has another revision; an item whose flags alone changed has not. Two items of one name
   and one revision have the same content. An item that moved, or that was given a new id by a new validity, should keep
   its revision.
3. `Identity.name` is the same for the same item in every store. `Identity.digest` is given only where it can be
   compared between stores: two digests that differ mean two contents. `fetch` always gives it.
4. An `Outcome` of FAILED, CHANGED or MISSING means that nothing was done.
5. What was done before a `barrier` returned stays done. Without a barrier it may be undone by a crash, or stay.
6. A store that replaces in place answers, until the next edit, with the digest that was delivered.
7. An id is never used for another item while the folder's validity stays the same.
8. An error is an `ItemError`, `FolderError`, `StoreError` or `AccountError`, by how far it reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, Flag, auto
from typing import Protocol

from mailconnector.items import FolderKind, Item, Mail
from mailconnector.sync.errors import ItemError
from mailconnector.sync.flags import EVERY_FLAG, FlagDomain, FlagSet

ROOT = ""
"""Id of the folder that holds a store's top folders; it is in no listing and holds no items."""


class SpecialUse(Enum):
    """What a folder is for (RFC 6154), with the five that Outlook adds; paired between stores whatever their names."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"
    OUTBOX = "outbox"
    CALENDAR = "calendar"
    CONTACTS = "contacts"
    TASKS = "tasks"
    NOTES = "notes"
    JOURNAL = "journal"

    @property
    def kind(self) -> FolderKind:
        """What sort of items such a folder holds."""
        return FolderKind(self.value) if self.value in _KINDS else FolderKind.MAIL


_KINDS = frozenset(kind.value for kind in FolderKind)


class Rights(Flag):
    """What may be done in a folder.

    Attributes:
        ADD: Items may be added.
        DELETE: Items may be deleted; with ADD they may be replaced and moved away as well.
        FLAGS: Flags may be changed.
        CHILDREN: Folders may be created in it.
        CHANGE: The folder itself may be renamed, moved and deleted.
    """

    NONE = 0
    ADD = auto()
    DELETE = auto()
    FLAGS = auto()
    CHILDREN = auto()
    CHANGE = auto()
    ALL = ADD | DELETE | FLAGS | CHILDREN | CHANGE


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do, and how it behaves.

    Attributes:
        case_sensitive: Folder names that differ by case only are two names.
        stable_folder_ids: A folder keeps its id when it, or a folder above it, is renamed or moved.
        ids_survive_moves: An item keeps its id when it moves to another folder.
        moves: Items can be moved between folders without being sent again.
        pushes: `wait` returns early when something changed.
        fetches_ahead: `fetch` may be called in another thread than the caller's, while the items that it gave before
            are read: their contents do not lie in the store any more, or reading them is safe beside it. No other
            method of the store is called meanwhile.
        batch_items: Most items that one call of `add`, `replace`, `delete` ... should get.
        batch_bytes: Most bytes of content that one call of `add` or `replace` should get.
    """

    case_sensitive: bool = True
    stable_folder_ids: bool = True
    ids_survive_moves: bool = False
    moves: bool = True
    pushes: bool = False
    fetches_ahead: bool = False
    batch_items: int = 500
    batch_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as a listing shows it.

    Attributes:
        id: Stable id, unique in the store.
        parent: Id of the folder it is in; `ROOT` at the top. A store makes up the parents that it cannot see.
        name: Its own name, without its parents'.
        kind: What sort of items it is for.
        special: What it is for, if anything special.
        selectable: It can hold items, not only folders.
        rights: What may be done, as far as the listing tells; opening the folder may take some away.
        validity: Token that changes when all ids of its items became void (UIDVALIDITY).
        cursor: The cursor that `changes` would end with now, where it is known without opening the folder, else empty.
            A folder whose cursor is the one we have is not opened.
        count: Number of items; None when unknown.
        owner: Whose it is, where it is not the user's own: the same for all folders of one owner. What is missing from
            a listing of such was withdrawn, and nobody deleted it.
    """

    id: str
    parent: str
    name: str
    kind: FolderKind = FolderKind.MAIL
    special: SpecialUse | None = None
    selectable: bool = True
    rights: Rights = Rights.ALL
    validity: str = ""
    cursor: str = ""
    count: int | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """By what an item is known again in another store, or under another id.

    Attributes:
        name: Which item it is (Message-ID, event UID ...); empty when it cannot be told from others.
        digest: Which content it has; empty when unknown, or not to be had at a reasonable price.
        title: What a user calls it (its subject), for reports.
    """

    name: str
    digest: str = ""
    title: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item as a listing shows it.

    Attributes:
        id: Unique in its folder for as long as the folder's validity stays.
        flags: The user's marks.
        revision: Opaque token of the content.
        size: Bytes, as the store counts them.
        date: When it was received, aware; None when unknown.
        identity: None when the listing does not tell; `identify` does.
        arrived: The user's own mail program received it from a server by itself, as far as the store can tell from
            marks that such a program leaves and we do not (an Internet account's name and stamp). `identify` tells.
        partial: Its headers alone are here, as they were delivered. Its digest is unknown then.
    """

    id: str
    flags: FlagSet = frozenset()
    revision: str = ""
    size: int = 0
    date: datetime | None = None
    identity: Identity | None = None
    arrived: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """An answer of `changes`. The two streams are read once, items first.

    Attributes:
        items: Items that are new or changed; all of the folder's items when `complete`.
        vanished: Ids that are gone; empty when `complete`. Unknown ids among them do no harm.
        complete: What `items` does not name is gone.
        cursor: Where the next call goes on.
        validity: The folder's validity during this call.
        rights: What may be done with items here.
        kept_flags: The flags that last here.
    """

    items: Iterable[ItemState]
    cursor: str
    vanished: Iterable[str] = ()
    complete: bool = True
    validity: str = ""
    rights: Rights = Rights.ALL
    kept_flags: FlagDomain = EVERY_FLAG


class MadeReady:
    """An item that its source has made ready for the store that it goes to.

    A mail made ready is mostly not wanted itself any more, so it may be left to be read when it is.

    Args:
        ready: What was made of it, in that store's own way; opaque to synchronisation.
        content: The item, or what reads the mail anew.

    Attributes:
        ready: As it was given.
    """

    __slots__ = ("_content", "ready")

    def __init__(self, ready: object, content: Item | Callable[[], Mail]) -> None:
        self.ready = ready
        self._content = content

    @property
    def item(self) -> Item:
        """The item itself."""
        if callable(self._content):
            self._content = self._content()
        return self._content

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail; to tell it, none is read."""
        return callable(self._content) or isinstance(self._content, Mail)


class _Holder:
    """What holds an item's content."""

    __slots__ = ()
    content: Item | MadeReady

    @property
    def item(self) -> Item:
        """The item."""
        return self.content.item if isinstance(self.content, MadeReady) else self.content

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail."""
        return self.content.is_mail if isinstance(self.content, MadeReady) else isinstance(self.content, Mail)

    @property
    def ready(self) -> object:
        """What the source made of it for the store that it goes to; None where it made nothing."""
        return self.content.ready if isinstance(self.content, MadeReady) else None


@dataclass(frozen=True, slots=True)
class Fetched(_Holder):
    """One fetched item.

    Attributes:
        state: As it was when it was fetched, with its identity.
        content: The item, maybe made ready for the store that it goes to; opaque to synchronisation.
        notice: Why it could not be read as what its folder is made for, and is a plain item therefore; for reports.
    """

    state: ItemState
    content: Item | MadeReady
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be fetched.

    Attributes:
        id: Which one.
        error: Why.
    """

    id: str
    error: ItemError


@dataclass(frozen=True, slots=True)
class Delivery(_Holder):
    """An item to be stored.

    Attributes:
        content: The item, as it was fetched; its own flags do not count. What was made of it a store takes where it is
            its own and fits all else that is said here, and does nothing with it that it would not do without.
        flags: The flags it should have.
        date: When it was received.
        size: Bytes, as its source counts them; bounds a batch.
        identity: As its source names it.
        partial: Its headers alone.
        own_form: An item that came in another program's form is to be written in ours.
    """

    content: Item | MadeReady
    flags: FlagSet
    date: datetime | None
    size: int
    identity: Identity
    partial: bool = False
    own_form: bool = False


@dataclass(frozen=True, slots=True)
class Replacement:
    """New content for an item.

    Attributes:
        id: Which item.
        revision: The revision that it must still have.
        delivery: What it becomes.
    """

    id: str
    revision: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags to set and to clear.

    Attributes:
        id: Which item.
        add: Flags to set.
        remove: Flags to clear.
        expected: The flags it should still have. A store that can tell refuses when it has others.
    """

    id: str
    add: FlagSet
    remove: FlagSet
    expected: FlagSet


@dataclass(frozen=True, slots=True)
class Removal:
    """An item that should leave its folder.

    Attributes:
        id: Which item.
        revision: The revision that it must still have.
    """

    id: str
    revision: str


class Status(Enum):
    """How an effect on one item ended.

    Attributes:
        DONE: As asked.
        CHANGED: Not done: the item is no longer as expected.
        MISSING: Not done: the item is no longer there.
        FAILED: Not done: the outcome's error says why.
    """

    DONE = "done"
    CHANGED = "changed"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an effect on one item ended.

    Attributes:
        status: How.
        id: The item's id now; empty when the store was not told (a server without UIDPLUS).
        revision: Its revision now, where an id is given.
        flags: Its flags now, where they are not those that were asked for: it turned out that not all of them last.
        error: Why it failed.
    """

    status: Status
    id: str = ""
    revision: str = ""
    error: ItemError | None = None
    flags: FlagSet | None = None


class SyncStore(Protocol):
    """A store that can be kept in step with another. See the module's text for what it promises.

    Every method may raise `StoreError` and `AccountError`, those that name a folder `FolderError` too. Lists of
    outcomes have one for each element that was asked for, in that order.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do; the same as long as it is open."""
        ...

    def folders(self) -> Iterable[FolderState]:
        """List every folder, parents before or after their children."""
        ...

    def changes(self, folder: str, cursor: str) -> Changes:
        """Open a folder and tell what is different since a cursor; everything for an empty one."""
        ...

    def identify(self, folder: str, ids: Sequence[str]) -> Iterable[ItemState]:
        """Give the states of items with their identities; of mail no more than headers is read. Missing: left out."""
        ...

    def find(self, folder: str, names: Sequence[str]) -> Iterable[ItemState]:
        """Look for items by `Identity.name`, with identities in the answer."""
        ...

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        """Read items, in any order, one at a time. Missing ones are left out."""
        ...

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Store new items, in their order."""
        ...

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> Sequence[Outcome]:
        """Give items new content and flags; each keeps its id, or is added anew and then deleted."""
        ...

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> Sequence[Outcome]:
        """Set and clear flags."""
        ...

    def delete(self, folder: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Delete items for good."""
        ...

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Move items into another folder; the outcomes have their ids there."""
        ...

    def fit_name(self, parent: str, name: str, *, folder: str = "") -> str:
        """Return the name, or the nearest that a folder in `parent` can have: allowed, taken by none but `folder`."""
        ...

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        """Create a folder under a name that `fit_name` gave."""
        ...

    def move_folder(self, folder: str, parent: str, name: str) -> FolderState:
        """Rename or move a folder with all it holds, to a name that `fit_name` gave."""
        ...

    def make_selectable(self, folder: str) -> FolderState:
        """Let a folder hold items that could hold none.

        Raises:
            FolderError: It cannot be.
        """
        ...

    def delete_folder(self, folder: str) -> None:
        """Delete an empty folder.

        Raises:
            FolderNotEmptyError: It holds items or folders.
        """
        ...

    def barrier(self) -> None:
        """Return when everything done so far would survive a crash."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait for something to change, at most so many seconds; tell whether something did."""
        ...
