"""A sync store in memory: what a store is, with nothing in the way.

It behaves like the kind of store that its traits describe (a mail server that cannot change an item, a file that
forgets in a crash what was not made durable ...), so that synchronisation can be tried against every kind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from mailconnector.items import FolderKind, Item, Mail, field_digests, mail_of, without_bodies
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.flags import EVERY_FLAG, FlagDomain, FlagSet, kept
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
    ROOT,
    Capabilities,
    Changes,
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    FolderState,
    Identity,
    ItemState,
    Outcome,
    Removal,
    Replacement,
    Rights,
    SpecialUse,
    Status,
)


@dataclass(frozen=True, slots=True)
class Traits:
    """What kind of store to be.

    Attributes:
        capabilities: What it says it can do. Without stable folder ids, a folder's id is its path.
        in_place: An item keeps its id when its content changes; else it is deleted and added anew.
        deltas: It knows what changed since a cursor; else it always lists everything.
        tells_cursors: A listing of the folders tells their cursors.
        tells_ids: It tells the ids of what was added and moved.
        digests: It knows digests without fetching.
        durable: What was done is durable at once; else only after a barrier.
        forbidden: Characters that no folder's name may have.
        kept_flags: The flags that last.
    """

    capabilities: Capabilities = field(default_factory=Capabilities)
    in_place: bool = True
    deltas: bool = True
    tells_cursors: bool = True
    tells_ids: bool = True
    digests: bool = True
    durable: bool = True
    forbidden: str = ""
    kept_flags: FlagDomain = EVERY_FLAG


@dataclass(slots=True)
class _Entry:
    item: Item
    flags: FlagSet
    revision: str
    size: int
    date: datetime | None
    identity: Identity
    mark: int  # the store's counter when it last changed
    arrived: bool = False
    partial: bool = False


@dataclass(slots=True)
class _Folder:
    state: FolderState
    entries: dict[str, _Entry] = field(default_factory=dict)
    vanished: dict[str, int] = field(default_factory=dict)
    mark: int = 0
    next_id: int = 1
    rights: Rights = Rights.ALL


_NUMBERS = count(1)
"""Numbers of the stores, so that no two of them know each other's validities and cursors."""


class MemoryStore:
    """A store in memory, with the whole of the `SyncStore` protocol.

    Args:
        traits: What kind of store to be.
    """

    def __init__(self, traits: Traits | None = None) -> None:
        self.traits = traits or Traits()
        self._folders: dict[str, _Folder] = {}
        self._number = next(_NUMBERS)
        self._mark = 0
        self._serial = 0
        self._undo: list[Callable[[], None]] = []
        self._changed = threading.Condition()

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        return self.traits.capabilities

    # -- reading -----------------------------------------------------------------------------------------------------

    def folders(self) -> Iterable[FolderState]:
        """List every folder."""
        return [self._shown(folder) for folder in list(self._folders.values())]

    def changes(self, folder: str, cursor: str) -> Changes:
        """Tell what is different since a cursor."""
        found = self._folder(folder)
        validity, _, mark = cursor.rpartition(":")
        now, flags = self._cursor(found), self.traits.kept_flags
        if self.traits.deltas and cursor and validity == found.state.validity:
            since = int(mark)
            newer = [self._state(id_, e) for id_, e in found.entries.items() if e.mark > since]
            gone = [id_ for id_, at in found.vanished.items() if at > since]
            return Changes(newer, now, gone, False, found.state.validity, found.rights, flags)
        everything = (self._state(id_, e) for id_, e in list(found.entries.items()))
        return Changes(everything, now, (), True, found.state.validity, found.rights, flags)

    def identify(self, folder: str, ids: Sequence[str]) -> Iterable[ItemState]:
        """Give the states of some items with their identities."""
        entries = self._folder(folder).entries
        return [self._state(id_, entries[id_], named=True) for id_ in ids if id_ in entries]

    def find(self, folder: str, names: Sequence[str]) -> Iterable[ItemState]:
        """Look for items by name."""
        wanted = set(names)
        return [
            self._state(id_, entry, named=True)
            for id_, entry in self._folder(folder).entries.items()
            if entry.identity.name in wanted
        ]

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        """Read items."""
        entries = self._folder(folder).entries
        for id_ in ids:
            if id_ in entries:
                entry = entries[id_]
                state = replace(self._state(id_, entry), identity=entry.identity)
                yield Fetched(state, without_bodies(entry.item) if headers_only else entry.item)

    # -- items -------------------------------------------------------------------------------------------------------

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Store new items."""
        found = self._folder(folder)
        if not found.state.selectable:
            raise FolderError("the folder cannot hold items", folder=folder)
        return [self._add(found, delivery) for delivery in deliveries]

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> Sequence[Outcome]:
        """Give items new content."""
        found = self._folder(folder)
        outcomes = []
        for change in replacements:
            refused = self._refused(found, change.id, change.revision)
            if refused:
                outcomes.append(refused)
            elif self.traits.in_place:
                entry = self._entry(change.delivery)
                self._put(found, change.id, entry)
                outcomes.append(Outcome(Status.DONE, change.id, entry.revision))
            else:
                outcomes.append(self._add(found, change.delivery))
                self._put(found, change.id, None)
        return outcomes

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> Sequence[Outcome]:
        """Set and clear flags."""
        found = self._folder(folder)
        outcomes = []
        for change in changes:
            entry = found.entries.get(change.id)
            if entry is None:
                outcomes.append(Outcome(Status.MISSING))
            elif entry.flags != change.expected:
                outcomes.append(Outcome(Status.CHANGED))
            else:
                flags = kept((entry.flags - change.remove) | change.add, self.traits.kept_flags)
                self._put(found, change.id, replace(entry, flags=flags))
                outcomes.append(Outcome(Status.DONE, change.id, entry.revision))
        return outcomes

    def delete(self, folder: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Delete items."""
        found = self._folder(folder)
        outcomes = []
        for removal in removals:
            refused = self._refused(found, removal.id, removal.revision)
            if not refused:
                self._put(found, removal.id, None)
            outcomes.append(refused or Outcome(Status.DONE, removal.id))
        return outcomes

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Move items into another folder."""
        found, goal = self._folder(folder), self._folder(target)
        outcomes = []
        for removal in removals:
            refused = self._refused(found, removal.id, removal.revision)
            if refused:
                outcomes.append(refused)
                continue
            entry = found.entries[removal.id]
            id_ = removal.id if self.capabilities.ids_survive_moves else self._next_id(goal)
            self._put(goal, id_, replace(entry))
            self._put(found, removal.id, None)
            outcomes.append(Outcome(Status.DONE, id_ if self.traits.tells_ids else "", entry.revision))
        return outcomes

    # -- folders -----------------------------------------------------------------------------------------------------

    def fit_name(self, parent: str, name: str, *, folder: str = "") -> str:
        """Return the name, or the nearest that a folder can have here."""
        fitted = "".join("_" if character in self.traits.forbidden else character for character in name) or "_"
        taken = {self._key(f.state.name) for f in self._folders.values() if f.state.parent == parent}
        if folder:
            own = self._folder(folder).state
            if own.parent == parent:
                taken.discard(self._key(own.name))
        candidate, number = fitted, 2
        while self._key(candidate) in taken:
            candidate, number = f"{fitted} ({number})", number + 1
        return candidate

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        """Create a folder."""
        self._check_place(parent, name, "")
        self._serial += 1
        id_ = f"f{self._serial}" if self.capabilities.stable_folder_ids else self._path_id(parent, name)
        state = FolderState(id_, parent, name, kind, special, validity=f"v{self._number}.{self._serial}")
        self._put_folder(id_, _Folder(state, mark=self._tick()))
        return self._shown(self._folders[id_])

    def move_folder(self, folder: str, parent: str, name: str) -> FolderState:
        """Rename or move a folder."""
        found = self._folder(folder)
        self._check_place(parent, name, folder)
        above = parent
        while above != ROOT:
            if above == folder:
                raise FolderError("a folder cannot be put into itself", folder=folder)
            above = self._folder(above).state.parent
        self._place(found, parent, name)
        return self._shown(found)

    def make_selectable(self, folder: str) -> FolderState:
        """Let a folder hold items."""
        found = self._folder(folder)
        found.state = replace(found.state, selectable=True)
        found.mark = self._tick()
        return self._shown(found)

    def delete_folder(self, folder: str) -> None:
        """Delete an empty folder."""
        found = self._folder(folder)
        if found.entries or any(other.state.parent == folder for other in self._folders.values()):
            raise FolderNotEmptyError("the folder is not empty", folder=folder)
        self._put_folder(folder, None)

    def barrier(self) -> None:
        """Make what was done durable."""
        self._undo.clear()

    def wait(self, timeout: float) -> bool:
        """Wait for something to change."""
        with self._changed:
            return self._changed.wait(timeout)

    # -- what happens to a store besides -----------------------------------------------------------------------------

    def edit(self, folder: str, id_: str, item: Item) -> str:
        """Give an item other content, as its user does, and return its id."""
        found = self._folder(folder)
        entry = found.entries[id_]
        new = self._entry(Delivery(item, entry.flags, entry.date, _size(item), identify(item), entry.partial))
        if self.traits.in_place:
            self._put(found, id_, new)
            return id_
        added = self._next_id(found)
        self._put(found, added, new)
        self._put(found, id_, None)
        return added

    def put(
        self,
        folder: str,
        item: Item,
        flags: FlagSet = frozenset(),
        date: datetime | None = None,
        *,
        arrived: bool = False,
    ) -> str:
        """Add an item, as its user or (arrived) the mail program's own account does, and return its id."""
        found = self._folder(folder)
        entry = self._entry(
            Delivery(item, flags, date or datetime(2026, 1, 1, tzinfo=UTC), _size(item), identify(item))
        )
        entry.arrived = arrived
        id_ = self._next_id(found)
        self._put(found, id_, entry)
        return id_

    def configure(self, folder: str, state: FolderState | None = None, rights: Rights | None = None) -> None:
        """Change what a folder is and allows."""
        found = self._folder(folder)
        if state is not None:
            found.state = state
        if rights is not None:
            found.rights = rights
        found.mark = self._tick()

    def renew(self, folder: str) -> None:
        """Make every id of a folder's items void."""
        found = self._folder(folder)
        self._serial += 1
        entries = list(found.entries.values())
        found.entries, found.vanished = {}, {}
        found.state = replace(found.state, validity=f"v{self._number}.{self._serial}")
        # The new ids are others than the old ones, and some of the same.
        found.next_id = max(1, len(entries) // 2)
        for entry in entries:
            found.entries[self._next_id(found)] = replace(entry, mark=self._tick())
        found.mark = self._mark

    def fork(self) -> MemoryStore:
        """Return a store that is as this one is now, and goes its own way from here; what was done here is durable."""
        other = MemoryStore(self.traits)
        other._number, other._mark, other._serial = self._number, self._mark, self._serial
        for id_, folder in self._folders.items():
            entries = {key: replace(entry) for key, entry in folder.entries.items()}
            other._folders[id_] = replace(folder, entries=entries, vanished=dict(folder.vanished))
        return other

    def crash(self) -> None:
        """Lose what was not made durable."""
        if not self.traits.durable:
            for undo in reversed(self._undo):
                undo()
        self._undo.clear()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _folder(self, id_: str) -> _Folder:
        if id_ not in self._folders:
            raise FolderError("there is no such folder", folder=id_)
        return self._folders[id_]

    def _shown(self, folder: _Folder) -> FolderState:
        cursor = self._cursor(folder) if self.traits.tells_cursors else ""
        return replace(folder.state, cursor=cursor, count=len(folder.entries), rights=folder.rights)

    def _cursor(self, folder: _Folder) -> str:
        return f"{folder.state.validity}:{folder.mark}"

    def _state(self, id_: str, entry: _Entry, *, named: bool = False) -> ItemState:
        named_as = None
        if named:
            tells = self.traits.digests and not entry.partial
            named_as = entry.identity if tells else replace(entry.identity, digest="")
        return ItemState(
            id_, entry.flags, entry.revision, entry.size, entry.date, named_as, named and entry.arrived, entry.partial
        )

    def _entry(self, delivery: Delivery) -> _Entry:
        own = identify(delivery.item)
        identity = replace(own, digest=delivery.identity.digest or own.digest)
        revision = identity.digest if isinstance(delivery.item, Mail) else _content(delivery.item)
        if self.traits.in_place:
            self._serial += 1
            revision = f"r{self._serial}"
        flags = kept(delivery.flags, self.traits.kept_flags)
        return _Entry(
            delivery.item, flags, revision, delivery.size, delivery.date, identity, 0, partial=delivery.partial
        )

    def _add(self, folder: _Folder, delivery: Delivery) -> Outcome:
        entry = self._entry(delivery)
        id_ = self._next_id(folder)
        self._put(folder, id_, entry)
        return Outcome(Status.DONE, id_, entry.revision) if self.traits.tells_ids else Outcome(Status.DONE)

    def _refused(self, folder: _Folder, id_: str, revision: str) -> Outcome | None:
        entry = folder.entries.get(id_)
        if entry is None:
            return Outcome(Status.MISSING)
        return None if entry.revision == revision else Outcome(Status.CHANGED)

    def _next_id(self, folder: _Folder) -> str:
        if self.capabilities.ids_survive_moves:
            self._serial += 1
            return f"n{self._serial}"
        folder.next_id += 1
        return str(folder.next_id)

    def _tick(self) -> int:
        self._mark += 1
        return self._mark

    def _put(self, folder: _Folder, id_: str, entry: _Entry | None) -> None:
        old = folder.entries.get(id_)
        self._set(folder, id_, entry)
        if not self.traits.durable:
            self._undo.append(lambda: self._set(folder, id_, old))
        with self._changed:
            self._changed.notify_all()

    def _set(self, folder: _Folder, id_: str, entry: _Entry | None) -> None:
        folder.mark = self._tick()
        if entry is None:
            folder.entries.pop(id_, None)
            folder.vanished[id_] = folder.mark
        else:
            entry.mark = folder.mark
            folder.entries[id_] = entry
            folder.vanished.pop(id_, None)

    def _put_folder(self, id_: str, folder: _Folder | None) -> None:
        old = self._folders.pop(id_, None)
        if folder is not None:
            self._folders[id_] = folder
        if not self.traits.durable:
            self._undo.append(lambda: self._restore_folder(id_, old))

    def _restore_folder(self, id_: str, folder: _Folder | None) -> None:
        self._folders.pop(id_, None)
        if folder is not None:
            self._folders[id_] = folder

    def _place(self, folder: _Folder, parent: str, name: str) -> None:
        before = folder.state
        self._set_place(folder, parent, name)
        if not self.traits.durable:
            self._undo.append(lambda: self._set_place(folder, before.parent, before.name))

    def _set_place(self, folder: _Folder, parent: str, name: str) -> None:
        old = folder.state.id
        new = old if self.capabilities.stable_folder_ids else self._path_id(parent, name)
        del self._folders[old]
        folder.state = replace(folder.state, id=new, parent=parent, name=name)
        self._folders[new] = folder
        if new != old:
            for child in [f for f in self._folders.values() if f.state.parent == old]:
                self._set_place(child, new, child.state.name)

    def _path_id(self, parent: str, name: str) -> str:
        return f"{parent}/{name}" if parent else name

    def _check_place(self, parent: str, name: str, folder: str) -> None:
        if parent != ROOT:
            self._folder(parent)
        if self.fit_name(parent, name, folder=folder) != name:
            raise FolderError(f"no folder can have the name {name!r} there", folder=parent)

    def _key(self, name: str) -> str:
        return name if self.capabilities.case_sensitive else name.casefold()


def _content(item: Item) -> str:
    """Return a digest of all that an item is; its identity's is of what people see."""
    return str(sorted((path, digest.hex()) for path, digest in field_digests(item).items()))


def _size(item: Item) -> int:
    mail = mail_of(item)
    return len(mail.subject) + len(mail.text or "") + len(mail.html or "") + sum(a.size() for a in mail.attachments)
