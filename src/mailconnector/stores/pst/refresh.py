"""What changed in a PST file since its index was saved: found by comparing node ids, not by reading the messages.

The header says whether anything changed at all. If so, the leaves of the node tree are walked once beside the index,
and only messages whose nodes lead elsewhere now are opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailconnector.pst import Store
from mailconnector.pst.ndb.btree import Entry
from mailconnector.stores.pst.folders import read_folders
from mailconnector.stores.pst.index import FileState, IndexedItem, NodePlace, PstIndex
from mailconnector.stores.pst.messages import MessageReader

_FOLDER_TYPE, _MESSAGE_TYPE, _TYPE_MASK = 0x02, 0x04, 0x1F
_PAGE = 500
_PLACES = 5000
_WITNESSES = 8
_SAVE_EVERY = 4  # pages of messages read


def file_state(store: Store) -> FileState:
    """Return the state that a store's file is in."""
    header = store.db.header
    root = header.root
    return FileState(
        (root.bidNBT, root.ibNBT), header.bidNextB, (header.rgnid[_FOLDER_TYPE], header.rgnid[_MESSAGE_TYPE])
    )


def refresh(store: Store, index: PstIndex, reader: MessageReader) -> bool:
    """Bring an index in step with its file, and save it.

    Args:
        store: The store; no transaction is running.
        index: Its index; nothing is unsaved.
        reader: Reads the store's messages.

    Returns:
        Whether anything had changed.
    """
    state = file_state(store)
    record_key = store.record_key
    forked = index.record_key == record_key and _is_forked(store, index, reader)
    if index.record_key == record_key and index.file == state and not forked:
        return False
    index.begin()
    if index.record_key != record_key:
        index.forget_everything()
        index.start_generation(record_key, renew=bool(index.record_key))
    elif forked:
        index.start_generation(record_key, renew=True)
        index.distrust_items()
    elif any(now < before for now, before in zip(state.counters, index.file.counters, strict=True)):
        # An older state of the file was put back. Ids that the newer state had given out are going to be used again.
        index.start_generation(record_key, renew=True)
    folders = _compare_nodes(store, index)
    _compare_folders(store, index, folders)
    _read_messages(index, reader)
    _compare_counts(index)
    index.prune()
    index.note_file(state)
    index.commit()
    return True


def _is_forked(store: Store, index: PstIndex, reader: MessageReader) -> bool:
    """Tell whether the file has gone another way than the one that the index knows.

    Two copies of a file give out the same ids for different things: equal ids then say nothing. The newest message that
    is in both tells by when it was made.
    """
    for nid, born in index.newest_items(_WITNESSES):
        if nid in store:
            now = reader.born(nid)
            return now not in (0, born)
    return False


def _compare_nodes(store: Store, index: PstIndex) -> list[NodePlace]:
    """Note which messages are new, lead elsewhere or are gone, and return the nodes of all folders."""
    folders: list[NodePlace] = []
    mark = index.next_mark()
    before = 0
    for nodes, last in _pages(store, folders):
        # As sets, which is quick where hardly anything differs.
        known = set(index.places(before, last))
        before = last
        here = set(nodes)
        if known == here:
            continue
        now = {node[0]: node for node in here - known}
        for nid, _, _, parent in known - here:
            if nid not in now:
                index.drop_item(nid, parent, mark)
                index.touch(parent, mark)
            elif now[nid][3] != parent:
                index.note_vanished(parent, nid, mark)
                index.touch(parent, mark)
        index.put_places(list(map(NodePlace._make, now.values())))
    return folders


def _pages(store: Store, folders: list[NodePlace]) -> Iterator[tuple[list[Entry], int]]:
    """Yield the nodes of messages in the order of NIDs, in pages with the last NID of each; collect those of folders.

    The last page reaches to the end of all NIDs.
    """
    page: list[Entry] = []
    for leaf in store.db.node_leaves():
        page += [node for node in leaf if node[0] & _TYPE_MASK == _MESSAGE_TYPE]
        folders += [NodePlace._make(node) for node in leaf if node[0] & _TYPE_MASK == _FOLDER_TYPE]
        if len(page) >= _PLACES:
            yield page, page[-1][0]
            page = []
    yield page, 0xFFFFFFFF


def _compare_folders(store: Store, index: PstIndex, nodes: list[NodePlace]) -> None:
    now = read_folders(store, nodes, index.folders)
    for nid in set(index.folders) - {folder.nid for folder in now}:
        index.drop_folder(nid)
    for folder in now:
        index.put_folder(folder)
    index.list_folders()


def _read_messages(index: PstIndex, reader: MessageReader) -> None:
    """Open the messages that have to be read, and note what is new about them."""
    mark = index.next_mark()
    for page in range(1 << 30):
        stale = index.stale_items(_PAGE)
        if not stale:
            return
        index.put_items([_looked_at(index, reader, known, mark) for known in stale])
        if page % _SAVE_EVERY == _SAVE_EVERY - 1:
            # A run that is interrupted while it reads a large file for the first time goes on from here.
            index.commit()
            index.begin()
            mark = index.next_mark()


def _looked_at(index: PstIndex, reader: MessageReader, known: IndexedItem, mark: int) -> IndexedItem:
    now = reader.look(known)
    if now.revision and known.revision and now.born != known.born and known.born:
        # Another message under the id of one that there was: two copies of the file have gone different ways.
        index.start_generation(index.record_key, renew=True)
    if known.mark and (known.flags, known.revision, known.name) == (now.flags, now.revision, now.name):
        return now  # it was written anew, and says the same
    index.touch(known.parent, mark)
    return now._replace(mark=mark)


def _compare_counts(index: PstIndex) -> None:
    counts = index.count_items()
    for folder in list(index.folders.values()):
        index.put_folder(replace(folder, count=counts.get(folder.nid, 0)))
