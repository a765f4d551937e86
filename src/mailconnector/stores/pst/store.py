"""A PST file as a sync store: one transaction of the file between two barriers, and an index that goes with it.

What is done is done in the file and noted in the index, item by item; `barrier` commits the file's transaction and then
the index. A process that dies between the two loses nothing: the index is behind, and the next opening reads those
messages again. When anything fails that reaches beyond one item, both are rolled back to the last barrier.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from mailconnector.errors import MailConnectorError
from mailconnector.items import FolderKind, without_bodies
from mailconnector.pst import (
    PstDiskError,
    PstError,
    PstFullError,
    PstTooLargeError,
    Store,
    disk,
)
from mailconnector.stores.pst.errors import REPAIR, done, open_for_sync
from mailconnector.stores.pst.flags import KEPT_FLAGS
from mailconnector.stores.pst.index import IndexedFolder, IndexedItem, NodePlace, PstIndex, item_id, nid_of
from mailconnector.stores.pst.messages import MessageReader
from mailconnector.stores.pst.preparing import Preparation
from mailconnector.stores.pst.refresh import file_state, refresh
from mailconnector.stores.pst.specials import language_of
from mailconnector.stores.pst.tree import StoreFolders, rights_on
from mailconnector.sync.errors import (
    AccountError,
    FolderError,
    ItemError,
    StoreError,
    SyncError,
)
from mailconnector.sync.flags import kept
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
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
    SpecialUse,
    Status,
)

_CAPABILITIES = Capabilities(
    case_sensitive=False,
    stable_folder_ids=True,
    ids_survive_moves=True,
    moves=True,
    fetches_ahead=True,
    batch_items=500,
    batch_bytes=7 << 20,
)

_AskedT = TypeVar("_AskedT", Delivery, Replacement, FlagChange, Removal)


class _GivenUpError(Exception):
    """Tells a running transaction that it is to be rolled back."""


class PstStore:
    """An open PST file with its index; the whole of the `SyncStore` protocol. Use :meth:`open`.

    The file is locked as long as it is open. A store may be used by one thread at a time. Leaving a with statement
    keeps what was done, or with an exception what was done before the last barrier.

    Attributes:
        path: The PST file.
    """

    def __init__(self, path: Path, store: Store, index: PstIndex, own_addresses: frozenset[str]) -> None:
        self.path = path
        self._store = store
        self._index = index
        self._own_addresses = own_addresses
        self._reader = MessageReader(store, own_addresses)
        self._folders = StoreFolders(store, index)
        self._transaction = ExitStack()
        self._preparation: Preparation | None = None
        self._running = False
        self._looked = False
        self._changed = threading.Condition()

    @classmethod
    def open(cls, path: Path, index: Path, *, own_addresses: frozenset[str] = frozenset()) -> Self:
        """Open a PST file for synchronisation.

        Args:
            path: The PST file.
            index: The file of its index, which is made if it is missing.
            own_addresses: Lower-case addresses of the mailbox's owner: mail by them is marked as one's own.

        Raises:
            StoreError: The file is in use, or the system refuses.
            AccountError: There is no such file, or it is none that can be synchronised.
        """
        with ExitStack() as undo:
            store = open_for_sync(path)
            undo.callback(store.close)
            if not store.db.writable or store.db.header.wMagicClient == disk.MAGIC_CLIENT_OST:
                raise AccountError(
                    f"{path} is an OST file, which belongs to an account of Outlook's",
                    hint="Synchronise a PST file.",
                )
            try:
                index.parent.mkdir(parents=True, exist_ok=True)
                opened = PstIndex(index)
            except (OSError, sqlite3.Error) as error:
                raise StoreError(f"cannot open the index {index}: {error}") from error
            undo.callback(opened.close)
            try:
                made = cls(path, store, opened, own_addresses)
            except PstError as error:
                raise AccountError(f"{path} is damaged: {error}", hint=error.hint or REPAIR) from error
            undo.pop_all()
        return made

    def close(self) -> None:
        """Keep what was done, and close the file."""
        try:
            self.barrier()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file without what was done since the last barrier."""
        self._give_up()
        self._index.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        return _CAPABILITIES

    # -- reading -----------------------------------------------------------------------------------------------------

    def folders(self) -> Iterable[FolderState]:
        """List every folder."""
        with self._translated():
            self._look()
            return self._folders.listed()

    def changes(self, folder: str, cursor: str) -> Changes:
        """Tell what is different since a cursor."""
        with self._translated():
            found = self._folder(folder)
            index = self._index
            since = index.since(cursor)
            now, validity = index.cursor(found), index.validity
            rights = rights_on(found)
            if since is None:
                return Changes(self._listing(found.nid, 0), now, (), True, validity, rights, KEPT_FLAGS)
            gone = index.vanished(found.nid, since)
            return Changes(self._listing(found.nid, since), now, gone, False, validity, rights, KEPT_FLAGS)

    def _listing(self, nid: int, since: int) -> Iterator[ItemState]:
        with self._translated():
            for item in self._index.items(nid, since):
                yield item.state()

    def identify(self, folder: str, ids: Sequence[str]) -> Iterable[ItemState]:
        """Give the states of some items with their identities."""
        with self._translated():
            nid = self._folder(folder).nid
            found = (self._index.item(nid_of(id_), nid) for id_ in ids)
            return [item.state() for item in found if item is not None]

    def find(self, folder: str, names: Sequence[str]) -> Iterable[ItemState]:
        """Look for items by name."""
        with self._translated():
            return [item.state() for item in self._index.named(self._folder(folder).nid, names)]

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        """Read items."""
        with self._translated():
            nid = self._folder(folder).nid
        for id_ in ids:
            with self._translated():
                known = self._index.item(nid_of(id_), nid)
                got = None if known is None else self._fetch(folder, known, headers_only=headers_only)
            if got is not None:
                yield got

    def _fetch(self, folder: str, known: IndexedItem, *, headers_only: bool) -> Fetched | Failure:
        id_ = item_id(known.nid)
        try:
            item = self._reader.item(known.nid, whole=not headers_only)
        except PstDiskError:
            raise
        except MailConnectorError as error:
            return Failure(id_, ItemError(f"the message is damaged: {error}", folder=folder, item=id_, hint=REPAIR))
        own = identify(item)
        identity = Identity(known.name or own.name, known.digest or own.digest, known.title)
        return Fetched(replace(known.state(), identity=identity), without_bodies(item) if headers_only else item)

    @property
    def language(self) -> str:
        """The language that its Inbox or its drafts are named in, as "de"; "en" where that is none of Outlook's.

        It may be asked for in any thread.
        """
        folders = list(self._index.folders.values())
        return language_of({folder.special: folder.name for folder in folders if folder.special is not None})

    @property
    def preparation(self) -> Preparation | None:
        """What makes items ready for this file in other processes (`sync.store.MadeReady`); None for nothing yet.

        It may be asked for in any thread. As names of properties are defined, it changes.
        """
        return self._preparation

    # -- items -------------------------------------------------------------------------------------------------------

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Store new items."""
        with self._changing():
            found = self._folder(folder)
            target = self._store.folder(found.nid)
            written: list[IndexedItem] = []

            def add(delivery: Delivery) -> Outcome:
                ready = self._reader.ready(delivery)
                if ready is not None:
                    if ready is not delivery.ready:
                        self._preparation = self._reader.preparation  # it may know more names now
                    node = NodePlace._make(target.place(ready.message))
                    item = self._reader.placed(ready, delivery, node, self._index.next_mark())
                    written.append(item)
                    return Outcome(Status.DONE, item_id(item.nid), item.revision)
                message = self._reader.message_of(delivery)
                with target.compose() as draft:
                    self._reader.fill(draft, message)
                with done():
                    place = self._place(draft.node.nid)
                    item = self._reader.written(draft, message, delivery, place, self._index.next_mark())
                written.append(item)
                return Outcome(Status.DONE, item_id(item.nid), item.revision)

            outcomes = [self._attempt(folder, "", add, delivery) for delivery in deliveries]
            if written:
                self._index.put_items(written)
                self._index.touch(found.nid, written[-1].mark, len(written))
            return outcomes

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> Sequence[Outcome]:
        """Give items new content; each keeps its id."""
        with self._changing():
            parent = self._folder(folder).nid

            def put(change: Replacement) -> Outcome:
                known = self._index.item(nid_of(change.id), parent)
                if known is None or known.revision != change.revision:
                    return _refusal(known)
                message = self._reader.message_of(change.delivery)
                with self._store.message(known.nid).edit() as draft:
                    draft.clear()
                    self._reader.fill(draft, message)
                mark = self._index.next_mark()
                with done():
                    item = self._reader.written(draft, message, change.delivery, self._place(known.nid), mark)
                self._index.put_items([item])
                self._index.touch(parent, mark)
                return Outcome(Status.DONE, change.id, item.revision)

            return [self._attempt(folder, change.id, put, change) for change in replacements]

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> Sequence[Outcome]:
        """Set and clear flags."""
        with self._changing():
            parent = self._folder(folder).nid

            def mark(change: FlagChange) -> Outcome:
                known = self._index.item(nid_of(change.id), parent)
                if known is None or known.flag_set != change.expected:
                    return _refusal(known)
                wanted = kept((known.flag_set - change.remove) | change.add, KEPT_FLAGS)
                marked = self._reader.mark(self._store.message(known.nid), wanted)
                if marked is not None:
                    number = self._index.next_mark()
                    self._index.put_flags(known.nid, self._place(known.nid), *marked, number)
                    self._index.touch(parent, number)
                return Outcome(Status.DONE, change.id, known.revision)

            return [self._attempt(folder, change.id, mark, change) for change in changes]

    def delete(self, folder: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Delete items for good."""
        with self._changing():
            parent = self._folder(folder).nid

            def remove(removal: Removal) -> Outcome:
                known = self._index.item(nid_of(removal.id), parent)
                if known is None or known.revision != removal.revision:
                    return _refusal(known)
                self._store.message(known.nid).delete()
                number = self._index.next_mark()
                self._index.drop_item(known.nid, parent, number)
                self._index.touch(parent, number, -1)
                return Outcome(Status.DONE, removal.id)

            return [self._attempt(folder, removal.id, remove, removal) for removal in removals]

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Move items into another folder; each keeps its id."""
        with self._changing():
            parent, goal = self._folder(folder).nid, self._folder(target).nid
            into = self._store.folder(goal)

            def move(removal: Removal) -> Outcome:
                known = self._index.item(nid_of(removal.id), parent)
                if known is None or known.revision != removal.revision:
                    return _refusal(known)
                if goal != parent:
                    self._store.message(known.nid).move_to(into)
                    number = self._index.next_mark()
                    self._index.move_item(known.nid, parent, goal, number)
                    self._index.touch(parent, number, -1)
                    self._index.touch(goal, number, 1)
                return Outcome(Status.DONE, removal.id, known.revision)

            return [self._attempt(folder, removal.id, move, removal) for removal in removals]

    # -- folders -----------------------------------------------------------------------------------------------------

    def fit_name(self, parent: str, name: str, *, folder: str = "") -> str:
        """Return the name, or the nearest that a folder can have here."""
        with self._translated():
            self._look()
            return self._folders.fit_name(parent, name, folder)

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        """Create a folder, and have Outlook find it when it is one with a purpose."""
        with self._changing():
            return self._folders.create(parent, name, kind, special)

    def move_folder(self, folder: str, parent: str, name: str) -> FolderState:
        """Rename or move a folder."""
        with self._changing():
            return self._folders.move(folder, parent, name)

    def make_selectable(self, folder: str) -> FolderState:
        """Return a folder: every folder of a PST file can hold items."""
        for state in self.folders():
            if state.id == folder:
                return state
        raise FolderError("there is no such folder", folder=folder)

    def delete_folder(self, folder: str) -> None:
        """Delete an empty folder; what views and rules Outlook keeps in it goes with it."""
        with self._changing():
            self._folders.delete(folder)

    # -- the whole ---------------------------------------------------------------------------------------------------

    def barrier(self) -> None:
        """Make what was done durable."""
        with self._translated():
            if not self._running:
                return
            try:
                self._running = False
                self._transaction.close()
                self._index.note_file(file_state(self._store))
                self._index.commit()
            except BaseException:
                self._give_up()
                raise

    def refresh(self) -> bool:
        """Look at the file again after it was changed by other means while it was open here; tell whether it was."""
        self.barrier()
        with self._translated():
            self._looked = False
            return self._look()

    def wait(self, timeout: float) -> bool:
        """Wait for something to change.

        The file is locked while it is open, so only another thread that uses this object can change it; for a closed
        one, see `mailconnector.stores.pst.watch`.
        """
        with self._changed:
            return self._changed.wait(timeout)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _begin_to_prepare(self) -> None:
        self._reader.begin_to_prepare()
        self._preparation = self._reader.preparation

    def _look(self) -> bool:
        if self._looked:
            return False
        self._begin_to_prepare()
        try:
            changed = refresh(self._store, self._index, self._reader)
        except BaseException:
            self._index.rollback()
            raise
        self._looked = True
        return changed

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the errors of the engine and of the index into those of synchronisation."""
        try:
            yield
        except SyncError:
            raise
        except PstFullError as error:
            raise StoreError(
                f"{self.path.name} cannot take more: {error}", hint=error.hint or "Start another PST file."
            ) from error
        except PstDiskError as error:
            raise StoreError(f"{self.path.name}: {error}", hint=error.hint) from error
        except PstError as error:
            raise StoreError(f"{self.path.name} is damaged: {error}", hint=error.hint or REPAIR) from error
        except sqlite3.Error as error:
            self._index.note_error(error)
            hint = "It is made anew when the file is opened next." if self._index.is_damaged else ""
            raise StoreError(f"the index of {self.path.name}: {error}", hint=hint) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change the file and the index in the running transaction; beyond one item, errors end it."""
        with self._translated():
            self._look()
            if not self._running:
                self._transaction.enter_context(self._store.transaction())
                self._running = True
                self._index.begin()
                self._begin_to_prepare()
            try:
                yield
            except FolderError as error:
                if self._store.is_spoilt:
                    self._give_up()
                    raise StoreError(f"{self.path.name}: {error}", hint=error.hint or REPAIR) from error
                raise
            except BaseException:
                self._give_up()
                raise
        with self._changed:
            self._changed.notify_all()

    def _give_up(self) -> None:
        """Roll both the file and the index back to the last barrier."""
        self._running = False
        error = _GivenUpError()
        with suppress(_GivenUpError, PstError):
            self._transaction.__exit__(_GivenUpError, error, None)
        self._transaction = ExitStack()
        self._reader = MessageReader(self._store, self._own_addresses)
        self._preparation = None
        with suppress(sqlite3.Error):
            self._index.rollback()

    def _attempt(self, folder: str, id_: str, effect: Callable[[_AskedT], Outcome], asked: _AskedT) -> Outcome:
        """Do something about one item; what fails for it alone is its outcome."""
        try:
            return effect(asked)
        except (PstDiskError, SyncError):
            raise
        except MailConnectorError as error:
            full = isinstance(error, PstFullError) and not isinstance(error, PstTooLargeError)
            if full or self._store.is_spoilt:
                raise
            return Outcome(Status.FAILED, error=ItemError(str(error), folder=folder, item=id_, hint=error.hint))

    def _place(self, nid: int) -> NodePlace:
        return NodePlace._make(self._store.db.node(nid))

    def _folder(self, id_: str) -> IndexedFolder:
        self._look()
        return self._folders.folder(id_)


def _refusal(known: IndexedItem | None) -> Outcome:
    return Outcome(Status.MISSING if known is None else Status.CHANGED)
