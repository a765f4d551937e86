"""A mailbox on an IMAP server as a sync store.

    ImapStore
      folders   mailboxes -> folders: the tree, special folders (names: what a mailbox can be called)
      kinds     what sort of items a mailbox holds
      changes   what has changed since a cursor
      reading   names, headers, whole messages -> items (parsing: in other processes, each a worker)
      writing   items -> messages; flags, deletions, moves
      private   shared folders whose private items lie in mailboxes of their own (companions, private_order, hiding)
      watching  waiting for changes
      line      the connection
    flags, errors   flags and errors between the two worlds

How the promises of `SyncStore` are kept: an item's id is its UID, whose content never changes; its revision is its size
and its date, which a copy has as well. A folder's id is its mailbox's name, its validity the UIDVALIDITY, and no
command is given to a mailbox whose UIDVALIDITY is not the one that its ids were told under. What the server has
answered with OK is done; a client can ask for no more, so `barrier` has nothing to do.

Other users' and shared mailboxes stand beside the user's own ones, as `spaces` tells; they are not renamed or deleted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from mailconnector.imap import (
    ImapClient,
    ImapCommandError,
    ImapExistsError,
    ImapNoError,
    ImapNotFoundError,
    MailboxInfo,
)
from mailconnector.imap import Rights as ImapRights
from mailconnector.items import FolderKind
from mailconnector.stores.imap import folders as tree
from mailconnector.stores.imap.changes import ChangeReader
from mailconnector.stores.imap.companions import MARK, name_for, reunite, subject_in
from mailconnector.stores.imap.companions import Found as Companions
from mailconnector.stores.imap.companions import find as companions_in
from mailconnector.stores.imap.folders import INBOX, Layout, Sorts
from mailconnector.stores.imap.kinds import KindBook, Told, annotated, content_kind, key_of, listed_entries, note_kind
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.names import cut, fitting
from mailconnector.stores.imap.parsing import Parsers, Prepare
from mailconnector.stores.imap.private import PrivateItems
from mailconnector.stores.imap.private_views import Views
from mailconnector.stores.imap.reading import Reader
from mailconnector.stores.imap.spaces import ENGLISH, TITLES
from mailconnector.stores.imap.watching import Watch
from mailconnector.stores.imap.writing import Writer
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.store import (
    ROOT,
    Capabilities,
    Changes,
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    FolderState,
    ItemState,
    Outcome,
    Removal,
    Replacement,
    Rights,
    SpecialUse,
)

_ASIDE = " (being deleted)"  # what a mailbox is called for a moment, where there is no trash for it


class ImapStore:
    """A mailbox on an IMAP server, with the whole of the `SyncStore` protocol.

    It connects when it is first asked for something. It is for one thread, but for `interrupt`.

    Args:
        connect: Makes a connection that is logged in. It is called again when a connection was lost, and for a second
            one that waits.
        parsers: How many processes parse messages; 0 parses them here.
        book: The file in which to remember what sort of items mailboxes hold; None to find it out each time.
        preparation: Returns what makes something of an item in these processes for the store that it goes to
            (`sync.store.MadeReady`), as it is now; None for nothing.
        views: The file in which to remember what was found where private items are hidden; None to look anew.
        login: The user, to see that nobody else can look into what is private; empty not to look.
        language: Returns the language of the folders that are made up here for what others share; None for English.
    """

    def __init__(
        self,
        connect: Callable[[], ImapClient],
        *,
        parsers: int = 0,
        book: Path | None = None,
        preparation: Callable[[], Prepare | None] | None = None,
        views: Path | None = None,
        login: str = "",
        language: Callable[[], str] | None = None,
    ) -> None:
        self._line = Line(connect)
        self._watch = Watch(connect)
        self._parsers = Parsers(parsers, preparation) if parsers > 0 else None
        self._reader = Reader(self._line, self._parsers)
        self._changes = ChangeReader(self._line)
        self._writer = Writer(self._line)
        self._layout: Layout | None = None
        self._language = language
        self._book = KindBook(book)
        self._private = PrivateItems(self._line, self._reader, self._changes, self._writer, Views(views), login)
        self._kinds: dict[str, FolderKind] = {}
        self._capabilities: Capabilities | None = None

    def close(self) -> None:
        """Say good-bye to the server, and end the processes that parse. A second time does nothing."""
        self._line.close()
        self._watch.close()
        if self._parsers is not None:
            self._parsers.close()

    def __enter__(self) -> ImapStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        if self._capabilities is None:
            client = self._line.client
            # Gmail's labels and Exchange's folders are one whatever their case.
            greeting = client.session.connection.protocol.greeting
            folds = client.session.has("X-GM-EXT-1") or (greeting is not None and "Exchange" in greeting.text)
            self._capabilities = Capabilities(
                case_sensitive=not folds,
                stable_folder_ids=False,
                ids_survive_moves=False,
                moves=True,
                pushes=client.session.has("IDLE") or client.session.has("NOTIFY"),
                fetches_ahead=True,
            )
        return self._capabilities

    # -- reading -----------------------------------------------------------------------------------------------------

    def folders(self) -> Iterable[FolderState]:
        """List the folders that the user sees: in one round trip, with their cursors, where the server can.

        What sort of items they hold costs more where the server does not tell it with them, see `kinds`; what may be
        done with others' a second round trip where it does not tell that.
        """
        self._line.left_all()
        infos = self._line.read(
            lambda client: client.mailboxes.list(
                status=True,
                subscriptions=False,
                rights=client.session.has("LIST-MYRIGHTS"),
                metadata=listed_entries(client),
                survey=True,
            )
        )
        self._layout = layout = self._line.read(self._layout_of)
        infos = self._with_rights(infos, layout)
        for info in infos:
            if info.rights is not None:
                self._changes.know_rights(info.name, tree.rights_of(info.rights))
        told = self._line.read(lambda client: annotated(client, infos, self._book))
        companions = self._companions(infos, told, layout)
        if companions.lost:
            listed = infos
            infos = self._line.effect(lambda client: reunite(client, listed, companions), ROOT)
            told = self._line.read(lambda client: annotated(client, infos, self._book))
            companions = self._companions(infos, told, layout)
            # What has lost its folder for good is a folder itself, so that its owner sees what is in it.
            told = {**told, **{name: Told(mark.kind) for name, mark in companions.lost.items()}}
        shown = [info for info in infos if info.name not in companions.mailboxes]
        found = tree.states(shown, layout, self._sorts(told))
        self._book.save(key_of(info) for info in infos)
        self._line.validities = {
            info.name: info.status.uid_validity for info in infos if info.status and info.status.uid_validity
        }
        self._kinds = {state.id: state.kind for state in found}
        own = [info.name for info in shown if layout.is_own(info.name)]
        self._private.know(companions.pairs, self._kinds, subject_in(own))
        cursors = {info.name: tree.cursor_of(info.status) for info in infos if info.name in companions.mailboxes}
        return [self._combined(state, cursors) for state in found]

    def _companions(self, infos: Sequence[MailboxInfo], told: Mapping[str, Told], layout: Layout) -> Companions:
        return companions_in(infos, told, layout, annotated=self._line.client.annotations.available)

    def _combined(self, state: FolderState, cursors: Mapping[str, str]) -> FolderState:
        """Return the state of a folder together with that of its companion, if it has one."""
        pair = self._private.companion(state.id)
        if pair is None:
            return state
        both = self._private.cursor(state.id, state.cursor, cursors.get(pair.mailbox, ""))
        return replace(state, cursor=both, count=None)

    def _with_rights(self, infos: Sequence[MailboxInfo], layout: Layout) -> list[MailboxInfo]:
        """Return a listing with what may be done with others' mailboxes; what does not tell at all allows nothing."""
        foreign = [info for info in infos if not layout.is_own(info.name)]
        asked = [info.name for info in foreign if info.selectable and info.rights is None]
        if not asked or not self._line.client.session.has("ACL"):
            return list(infos)
        rights = self._line.read(lambda client: client.mailboxes.rights_of(asked))
        there = frozenset(asked)
        return [
            replace(info, rights=rights.get(info.name, ImapRights())) if info.name in there else info for info in infos
        ]

    def _sorts(self, told: Mapping[str, Told]) -> Sorts:
        def look(info: MailboxInfo) -> FolderKind | None:
            key = key_of(info)
            kind = self._book.look(key)
            if kind is None and info.status is not None and info.status.messages:
                with contextlib.suppress(FolderError):  # one that may not be read says nothing
                    kind = self._line.read(lambda client: content_kind(client, info.name), info.name)
                    self._book.note_look(key, kind)
                self._line.left_all()
            return kind

        return Sorts(told, look)

    def changes(self, folder: str, cursor: str) -> Changes:
        """Open a folder and tell what is different since a cursor."""
        if folder in self._private:
            return self._private.changes(folder, cursor)
        return self._changes.changes(folder, cursor)

    def identify(self, folder: str, ids: Sequence[str]) -> Iterable[ItemState]:
        """Give the states of some items with their identities; the content stays unknown."""
        if folder in self._private:
            return self._private.identify(folder, ids)
        return self._reader.identify(folder, ids, kind=self._kind(folder))

    def find(self, folder: str, names: Sequence[str]) -> Iterable[ItemState]:
        """Look for items by name."""
        if folder in self._private:
            return self._private.find(folder, names)
        return self._reader.find(folder, names, kind=self._kind(folder))

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        """Read items, in the server's order, many in one command and one at a time in memory."""
        if folder in self._private:
            return self._private.fetch(folder, ids, headers_only=headers_only)
        return self._reader.fetch(folder, ids, headers_only=headers_only, kind=self._kind(folder))

    # -- items -------------------------------------------------------------------------------------------------------

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Store new items."""
        if folder in self._private:
            return self._private.add(folder, deliveries)
        return self._writer.add(folder, deliveries)

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> Sequence[Outcome]:
        """Give items new content: each is added anew, and the old one deleted."""
        if folder in self._private:
            return self._private.replace(folder, replacements)
        return self._writer.replace(folder, replacements)

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> Sequence[Outcome]:
        """Set and clear flags."""
        if folder in self._private:
            return self._private.set_flags(folder, changes)
        return self._writer.set_flags(folder, changes)

    def delete(self, folder: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Delete items for good."""
        if folder in self._private:
            return self._private.delete(folder, removals)
        return self._writer.delete(folder, removals)

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
        """Move items into another folder."""
        if folder in self._private or target in self._private:
            return self._private.move(folder, target, removals)
        return self._writer.move(folder, target, removals)

    # -- folders -----------------------------------------------------------------------------------------------------

    def fit_name(self, parent: str, name: str, *, folder: str = "") -> str:
        """Return the name, or the nearest that a mailbox can have there."""
        layout = self._known_layout()
        taken = {self._key(layout.split(info.name)[1]) for info in self._inside(parent) if info.name != folder}
        if parent == ROOT:
            taken.add(self._key(INBOX))
            for space in layout.foreign:
                taken.add(self._key(space.prefix.split(space.separator)[0] if space.separator else space.prefix))
            if folder == INBOX:
                taken.discard(self._key(INBOX))
        fitted = fitting(name, layout.separator, self._line.client.quirks)
        if fitted.endswith(MARK) and layout.join(parent, name) != folder:
            fitted = fitted.removesuffix(")") + "_)"  # only a companion is called so
        candidate, number = fitted, 2
        while self._key(candidate) in taken or (parent == ROOT and candidate.upper() == INBOX and folder != INBOX):
            candidate, number = f"{cut(fitted, room=8)} ({number})", number + 1
        return candidate

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        """Create a mailbox, and subscribe to it so that other programs show it.

        One with a purpose that is wanted at the top stands in the Inbox where the server's other ones do, or where it
        lets nothing be created at the top.
        """
        if special is not None:
            kind = special.kind
        mailboxes = [self._place(parent, name, "")]
        if special is not None and parent == ROOT and self._known_layout().separator:
            mailboxes.append(self._known_layout().join(INBOX, self.fit_name(INBOX, name)))
            if self._are_in_inbox():
                mailboxes.reverse()
        use = tree.special_attribute(special) if special else ""

        def create(client: ImapClient) -> str:
            for mailbox in mailboxes:
                try:
                    _create(client, mailbox, use)
                except ImapNoError as error:
                    if mailbox == mailboxes[-1] or isinstance(error, ImapExistsError):
                        raise
                    continue
                note_kind(client, mailbox, kind, default=special is not None)
                _subscribe(client, [mailbox], on=True)
                return mailbox
            raise AssertionError("the last one is made, or raises")

        mailbox = self._line.effect(create, mailboxes[0])
        self._line.forget(mailbox)
        return self._know(self._shown(mailbox, kind=kind, special=special))

    def _are_in_inbox(self) -> bool:
        """Tell whether the folders with a purpose that there are, are all in the Inbox."""
        specials = [state for state in self._listed() if state.special not in (None, SpecialUse.INBOX)]
        return bool(specials) and all(state.parent == INBOX for state in specials)

    def move_folder(self, folder: str, parent: str, name: str) -> FolderState:
        """Rename a mailbox with those in it; the subscriptions follow."""
        layout = self._known_layout()
        if folder == INBOX:
            raise FolderError("the Inbox cannot be renamed", folder=folder)
        if parent != ROOT and layout.is_below(parent, folder):
            raise FolderError("a folder cannot be put into itself", folder=folder)
        mailbox = self._place(parent, name, folder)
        if mailbox == folder:
            return self._shown(folder)
        before = next((state for state in self._listed() if state.id == folder), None)
        self._line.leave(folder)
        pair = self._private.companion(folder)

        def rename(client: ImapClient) -> None:
            subscribed = client.mailboxes.subscribed()
            client.mailboxes.rename(folder, mailbox)
            moved = [name for name in subscribed if layout.is_below(name, folder)]
            _subscribe(client, moved, on=False)
            _subscribe(client, [mailbox + name[len(folder) :] for name in moved], on=True)
            if pair is not None:
                client.mailboxes.rename(pair.mailbox, name_for(mailbox))
                _subscribe(client, [pair.mailbox], on=False)
                _subscribe(client, [name_for(mailbox)], on=True)

        if pair is not None:
            self._line.leave(pair.mailbox)
        self._line.effect(rename, folder)
        for old in [old for old in self._kinds if layout.is_below(old, folder)]:
            validity = str(self._line.validities.get(old, ""))
            renamed = mailbox + old[len(folder) :]
            self._know(FolderState(renamed, ROOT, renamed, self._kinds.pop(old), validity=validity))
        for old in [old for old in self._line.validities if layout.is_below(old, folder)]:
            self._line.forget(old)
            self._private.rename(old, mailbox + old[len(folder) :])
        if pair is not None:
            self._line.forget(pair.mailbox)
        if before is not None and not before.selectable:  # a server knows no status of a name that holds only others
            return replace(before, id=mailbox, parent=parent, name=name)
        return self._shown(mailbox, kind=self._kind(mailbox), special=before.special if before else None)

    def make_selectable(self, folder: str) -> FolderState:
        """Create the mailbox of a name that only has others below it; it stays where it is (RFC 9051 section 6.3.4)."""
        space = self._known_layout().space_of(folder)
        if space is not None and space.is_made_up(folder):
            raise FolderError("it is there for the folders that others share alone", folder=folder)
        before = next((state for state in self._listed() if state.id == folder), None)

        def create(client: ImapClient) -> None:
            try:
                client.mailboxes.create(folder)
            except ImapNoError:
                there = client.mailboxes.list(folder, subscriptions=False)
                if not any(info.name == folder and info.selectable for info in there):
                    raise
            _subscribe(client, [folder], on=True)

        self._line.effect(create, folder)
        self._line.forget(folder)
        special = before.special if before else None
        return self._shown(folder, kind=before.kind if before else FolderKind.MAIL, special=special)

    def delete_folder(self, folder: str) -> None:
        """Delete an empty mailbox.

        No server deletes only what is empty: a message that comes between the look and the deletion would go with it.
        So it is put aside first: into the trash, as other programs do with folders that are deleted, or under another
        name beside where it is. From then on whoever delivers to its name is refused, and what came before is seen by a
        second look. Where it can get no other name, the look and the deletion follow each other at once.
        """
        if any(info.name != folder for info in self._inside(folder)):
            raise FolderNotEmptyError("the folder holds folders", folder=folder)
        if folder in self._private:
            self._private.clear(folder)
        self._line.leave(folder)
        asides = self._names_aside(folder)

        def delete(client: ImapClient) -> None:
            found = client.mailboxes.list(folder, subscriptions=False)
            selectable = any(info.name == folder and info.selectable for info in found)
            if selectable and client.mailboxes.status(folder).messages != 0:
                raise FolderNotEmptyError("the folder is not empty", folder=folder)
            name = folder
            for aside in asides if selectable else ():
                with contextlib.suppress(ImapNoError):
                    client.mailboxes.rename(folder, aside)
                    name = aside
                    break
            if name != folder and client.mailboxes.status(name).messages != 0:
                with contextlib.suppress(ImapNoError):  # where its name is taken again, it stays aside
                    client.mailboxes.rename(name, folder)
                raise FolderNotEmptyError("the folder is not empty any more", folder=folder)
            try:
                client.mailboxes.delete(name)
            except ImapNotFoundError:
                pass  # a parent that was made up goes by itself
            except ImapNoError:
                if client.mailboxes.exists(name):
                    if name != folder:
                        with contextlib.suppress(ImapNoError):
                            client.mailboxes.rename(name, folder)
                    raise
            _subscribe(client, [folder], on=False)

        self._line.effect(delete, folder)
        self._line.forget(folder)
        if folder in self._private:
            self._private.drop(folder)

    def _names_aside(self, folder: str) -> list[str]:
        """Return free names for a mailbox that is about to be deleted, the best first; none for others' mailboxes."""
        layout = self._known_layout()
        if layout.space_of(folder) is not None:
            return []
        parent, name = layout.split(folder)
        names: list[str] = []
        trash = next((state for state in self._listed() if state.special is SpecialUse.TRASH), None)
        can_take = trash is not None and layout.separator and Rights.CHILDREN in trash.rights
        if trash is not None and can_take and not layout.is_below(folder, trash.id):
            names.append(layout.join(trash.id, self.fit_name(trash.id, name)))
        names.append(layout.join(parent, self.fit_name(parent, f"{cut(name, room=len(_ASIDE))}{_ASIDE}")))
        return names

    def barrier(self) -> None:
        """Do nothing: a server answers OK when what it was asked for is done and stays (RFC 9051 section 6.3.12)."""

    def wait(self, timeout: float) -> bool:
        """Wait for a change in any mailbox, on a connection of its own; see `watching`."""
        return self._watch.wait(timeout)

    def interrupt(self) -> None:
        """End `wait` from another thread."""
        self._watch.interrupt()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _kind(self, folder: str) -> FolderKind:
        """Return what sort of items a folder holds, as it was listed or made."""
        return self._kinds.get(folder, FolderKind.MAIL)

    def _know(self, state: FolderState) -> FolderState:
        """Note what sort of items a folder holds that the server may not be able to tell."""
        self._kinds[state.id] = state.kind
        if state.kind is not FolderKind.MAIL:
            self._book.note_look(f"{state.validity} {state.id}", state.kind)
        return state

    def _known_layout(self) -> Layout:
        if self._layout is None:
            self._layout = self._line.read(self._layout_of)
        return self._layout

    def _layout_of(self, client: ImapClient) -> Layout:
        language = self._language() if self._language is not None else ""
        return Layout.of(client.mailboxes.namespaces(), TITLES.get(language, ENGLISH))

    def _listed(self, pattern: str = "*", *, status: bool = False) -> list[FolderState]:
        infos = self._line.read(lambda client: client.mailboxes.list(pattern, subscriptions=False, status=status), ROOT)
        return tree.states(infos, self._known_layout())

    def _inside(self, parent: str) -> list[MailboxInfo]:
        """List the mailboxes directly in a folder; those that only others in them show too."""
        layout = self._known_layout()
        if parent != ROOT and not layout.separator:
            return []
        infos = self._line.read(
            lambda client: client.mailboxes.list(layout.join(parent, "%"), subscriptions=False), parent
        )
        return [info for info in infos if layout.split(info.name)[0] == parent and (parent or layout.is_own(info.name))]

    def _place(self, parent: str, name: str, folder: str) -> str:
        """Return the mailbox's name for a folder in a place, after making sure that it can be there."""
        layout = self._known_layout()
        if parent != ROOT and not layout.separator:
            raise FolderError("this server has no folders in folders", folder=parent)
        if self.fit_name(parent, name, folder=folder) != name:
            raise FolderError(f"no folder can have the name {name!r} there", folder=parent)
        return layout.join(parent, name)

    def _key(self, name: str) -> str:
        return name if self.capabilities.case_sensitive else name.casefold()

    def _shown(
        self, mailbox: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        """Return a folder as it is now."""
        layout = self._known_layout()
        status = self._line.read(lambda client: client.mailboxes.status(mailbox), mailbox)
        parent, name = layout.split(mailbox)
        if status.uid_validity:
            self._line.validities[mailbox] = status.uid_validity
        shown = FolderState(
            mailbox,
            parent,
            name,
            kind,
            special,
            validity=str(status.uid_validity or ""),
            cursor=tree.cursor_of(status),
            count=status.messages,
        )
        space = layout.space_of(mailbox)
        pair = self._private.companion(mailbox)
        if pair is not None:
            beside = self._line.read(lambda client: client.mailboxes.status(pair.mailbox), mailbox)
            return self._combined(shown, {pair.mailbox: tree.cursor_of(beside)})
        if space is None:
            return shown
        mine = self._line.read(lambda client: client.access.mine(mailbox), mailbox)
        return replace(shown, rights=tree.rights_of(mine) & ~Rights.CHANGE, owner=space.owner(mailbox))


def _create(client: ImapClient, mailbox: str, use: str) -> None:
    try:
        client.mailboxes.create(mailbox, special_use=use)
    except ImapNoError as error:
        # Not every use can be asked for (RFC 6154 section 3), and a use can be taken.
        if not use or isinstance(error, ImapExistsError) or client.mailboxes.exists(mailbox):
            raise
        client.mailboxes.create(mailbox)


def _subscribe(client: ImapClient, mailboxes: Iterable[str], *, on: bool) -> None:
    """Change subscriptions, which are a courtesy to other programs: refusals are passed over."""
    for mailbox in mailboxes:
        with contextlib.suppress(ImapCommandError):
            client.mailboxes.subscribe(mailbox, on=on)
