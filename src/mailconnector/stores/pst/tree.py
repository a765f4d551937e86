"""The folders of an open PST file, by their ids in synchronisation: shown, made, moved and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailconnector.items import FolderKind
from mailconnector.mapping.container_classes import class_of
from mailconnector.pst import Store
from mailconnector.stores.pst.errors import done, of_folder
from mailconnector.stores.pst.folders import fitted_name
from mailconnector.stores.pst.index import IndexedFolder, PstIndex, item_id, nid_of
from mailconnector.stores.pst.specials import note_special
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.store import ROOT, FolderState, Rights, SpecialUse


class StoreFolders:
    """The folders of one store. What changes them is called in a transaction, with the index in step with the file.

    Args:
        store: The open store.
        index: Its index.
    """

    def __init__(self, store: Store, index: PstIndex) -> None:
        self._store = store
        self._index = index
        self._top = store.ipm_subtree.nid

    def listed(self) -> list[FolderState]:
        """Return every folder that synchronisation sees."""
        return [self._shown(folder) for folder in self._index.folders.values() if folder.listed]

    def folder(self, id_: str, *, opened: bool = True) -> IndexedFolder:
        """Return a folder.

        Args:
            id_: Its id.
            opened: Its items are wanted.

        Raises:
            FolderError: There is none, or it holds no items.
        """
        nid = nid_of(id_)
        found = None if nid is None else self._index.folders.get(nid)
        if found is None or not found.listed:
            raise FolderError("there is no such folder", folder=id_)
        if opened and not found.selectable:
            raise FolderError("the folder holds no items", folder=id_)
        return found

    def fit_name(self, parent: str, name: str, folder: str = "") -> str:
        """Return the name, or the nearest that a folder can have in a place."""
        return self._fit(self._place_of(parent), name, nid_of(folder))

    def create(self, parent: str, name: str, kind: FolderKind, special: SpecialUse | None) -> FolderState:
        """Create a folder, and have Outlook find it when it is one with a purpose."""
        if special is not None:
            kind = special.kind
        above, container_class = self._place_of(parent), class_of(kind)
        self._check_name(above, name, parent)
        with of_folder(parent):
            made = self._store.folder(above).create_folder(name, container_class)
        if special is not None:
            with done():
                note_special(self._store, made, special)
        mark = self._index.next_mark()
        folder = IndexedFolder(made.nid, 0, above, name, container_class, False, kind, special, True, True, mark)
        self._index.put_folder(folder)
        return self._shown(folder)

    def move(self, id_: str, parent: str, name: str) -> FolderState:
        """Rename or move a folder."""
        found, goal = self._changeable(id_), self._place_of(parent)
        self._check_name(goal, name, id_, but=found.nid)
        above: int | None = goal
        while above is not None and above in self._index.folders:
            if above == found.nid:
                raise FolderError("a folder cannot be put into itself", folder=id_)
            above = self._index.folders[above].parent
        self._put(found, goal, name)
        moved = replace(found, parent=goal, name=name)
        self._index.put_folder(moved)
        return self._shown(moved)

    def delete(self, id_: str) -> None:
        """Delete an empty folder.

        Raises:
            FolderNotEmptyError: It holds items or folders.
        """
        found = self._changeable(id_)
        doomed = self._store.folder(found.nid)
        below = any(other.parent == found.nid for other in self._index.folders.values())
        with of_folder(id_):
            if below or found.count or doomed.message_nids() or next(doomed.folders(), None) is not None:
                raise FolderNotEmptyError("the folder is not empty", folder=id_)
            doomed.delete()
        self._index.drop_folder(found.nid)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _put(self, found: IndexedFolder, goal: int, name: str) -> None:
        moving, target = self._store.folder(found.nid), self._store.folder(goal)
        steps: list[Callable[[], None]] = []
        if goal == found.parent:
            steps = [lambda: moving.rename(name)]
        else:
            # On the way the folder needs a name that is free in both places.
            between, taken = found.name, self._names_in(goal)
            if between in taken:
                between = fitted_name(name, [*self._names_in(found.parent, but=found.nid), *taken], self._name_codec)
                steps.append(lambda: moving.rename(between))
            steps.append(lambda: moving.move_to(target))
            if between != name:
                steps.append(lambda: moving.rename(name))
        with of_folder(item_id(found.nid)):
            steps[0]()
        with done():
            for step in steps[1:]:
                step()

    def _changeable(self, id_: str) -> IndexedFolder:
        found = self.folder(id_, opened=False)
        if found.special is not None:
            raise FolderError("a folder that Outlook keeps for a purpose stays as it is", folder=id_)
        return found

    def _place_of(self, parent: str) -> int:
        """Return the NID of a folder that others are in."""
        return self._top if parent == ROOT else self.folder(parent, opened=False).nid

    def _shown(self, folder: IndexedFolder) -> FolderState:
        return FolderState(
            item_id(folder.nid),
            ROOT if folder.parent == self._top else item_id(folder.parent),
            folder.name,
            folder.kind,
            folder.special,
            folder.selectable,
            rights_on(folder),
            self._index.validity,
            self._index.cursor(folder),
            folder.count,
        )

    @property
    def _name_codec(self) -> str:
        return self._store.codec if self._store.format == "ansi" else ""

    def _names_in(self, parent: int, *, but: int | None = None) -> list[str]:
        return [other.name for other in self._index.folders.values() if other.parent == parent and other.nid != but]

    def _fit(self, parent: int, name: str, folder: int | None) -> str:
        return fitted_name(name, self._names_in(parent, but=folder), self._name_codec)

    def _check_name(self, parent: int, name: str, folder: str, *, but: int | None = None) -> None:
        if self._fit(parent, name, but) != name:
            raise FolderError(f"no folder can have the name {name!r} there", folder=folder)


def rights_on(folder: IndexedFolder) -> Rights:
    """Return what may be done in a folder."""
    rights = Rights.ALL if folder.selectable else Rights.CHILDREN
    # Outlook makes its special folders anew when they are gone, and does not let them be renamed.
    return rights & ~Rights.CHANGE if folder.special is not None else rights
