"""The index of a PST file: cursors, pages, and numbers and texts that SQLite does not take."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from mailconnector.stores.pst import index as index_module
from mailconnector.stores.pst.index import IndexedFolder, IndexedItem, NodePlace, PstIndex, item_id, nid_of
from mailconnector.stores.pst.watch import changed_since, file_mark
from mailconnector.sync import StoreError
from tests.unit.stores.pst.pst_files import PstFile, inbox, mail, put


@pytest.fixture
def index(tmp_path: Path):
    opened = PstIndex(tmp_path / "index")
    opened.begin()
    yield opened
    opened.close()


def item(nid: int, mark: int = 1) -> IndexedItem:
    return IndexedItem(nid, 2, 4, 0, mark, revision="r")


def cursor(index: PstIndex, nid: int = 2) -> str:
    return index.cursor(index.folders[nid])


def test_ids_are_hexadecimal_numbers_in_one_spelling() -> None:
    assert [nid_of(item_id(nid)) for nid in (1, 0x200024, 0xFFFFFFFF)] == [1, 0x200024, 0xFFFFFFFF]
    for text in ("", "0", "-1", "0x24", "FF", "024", " 24", "2_4", "100000000", "zz"):
        assert nid_of(text) is None


def test_many_items_of_one_mark_come_in_pages(index: PstIndex) -> None:
    index.put_items(item(nid, 1 + nid % 2) for nid in range(1, 2600))
    assert {found.nid for found in index.items(2)} == set(range(1, 2600))
    assert len(list(index.items(2))) == 2599
    assert {found.nid for found in index.items(2, 1)} == set(range(1, 2600, 2))
    assert list(index.items(2, 2)) == []
    assert index.count_items() == {2: 2599}


def test_a_cursor_leads_nowhere_after_what_it_told_was_given_up(index: PstIndex) -> None:
    index.put_folder(IndexedFolder(2, 4, 1, "F"))
    index.commit()
    index.begin()
    saved = cursor(index)
    index.touch(2, index.next_mark())
    told = cursor(index)
    assert index.since(told) is not None
    index.rollback()
    assert index.since(told) is None
    assert index.since(saved) == 0
    index.begin()
    index.touch(2, index.next_mark())
    index.commit()
    assert index.since(cursor(index)) == 1
    assert index.since(told) is None


@pytest.mark.parametrize("text", ["", ":", "x:1", "0:0", "{}:-1", "{}:1x", "{}:99", "{}:" + "9" * 40, "{}:\u0661"])
def test_what_is_no_cursor_leads_nowhere(index: PstIndex, text: str) -> None:
    index.put_folder(IndexedFolder(2, 4, 1, "F"))
    index.commit()
    known = cursor(index).rpartition(":")[0]
    assert index.since(cursor(index)) == 0
    assert index.since(text.format(known)) is None


def test_numbers_and_texts_of_a_damaged_file_fit(index: PstIndex) -> None:
    huge = (1 << 64) - 1
    index.put_places([NodePlace(3, huge, huge, 2)])
    lone = "\ud800 subject"
    index.put_items([item(4)._replace(bid_data=huge, born=huge, name=lone, title=lone, digest=lone, flags=lone)])
    index.put_folder(IndexedFolder(2, huge >> 1, 1, lone))
    index.commit()
    (found,) = index.items(2)
    assert found.title == "? subject"
    assert [one.nid for one in index.named(2, [lone])] == [4]


def test_old_losses_are_forgotten_and_their_cursors_lead_to_all(
    index: PstIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_VANISHED_MAX", 10)
    index.put_folder(IndexedFolder(2, 4, 1, "F"))
    cursors = []
    for nid in range(1, 13):
        mark = index.next_mark()
        index.note_vanished(2, nid, mark)
        index.touch(2, mark)
        cursors.append(cursor(index))
    index.prune()
    index.commit()
    assert index.since(cursors[0]) is None
    assert index.since(cursors[-1]) == 12
    assert index.vanished(2, index.floor) == [item_id(nid) for nid in range(8, 13)]


def test_another_version_is_made_anew(tmp_path: Path) -> None:
    index = PstIndex(tmp_path / "index")
    epoch = index.epoch
    index.db.execute("PRAGMA user_version=99")
    index.close()
    index = PstIndex(tmp_path / "index")
    assert index.epoch != epoch
    index.close()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes")
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    PstIndex(tmp_path / "index").close()
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) & 0o077 == 0


def test_a_file_is_watched_without_opening_it(tmp_path: Path) -> None:
    path = tmp_path / "mail.pst"
    assert file_mark(path) is None
    assert not changed_since(path, None)
    path.write_bytes(b"one")
    mark = file_mark(path)
    assert changed_since(path, None)
    assert not changed_since(path, mark)
    path.write_bytes(b"longer")
    assert changed_since(path, mark)
    mark = file_mark(path)
    other = tmp_path / "other.pst"
    other.write_bytes(b"longer")
    other.replace(path)
    assert changed_since(path, mark)
    path.unlink()
    assert changed_since(path, mark)


def test_damage_inside_is_noticed_and_the_next_opening_heals_it(tmp_path: Path) -> None:
    file = PstFile(tmp_path)
    with file.open() as store:
        folder = inbox(store)
        before = {state.id: state.revision for state in put(store, folder, *map(mail, range(100)))}
    pages = file.index.read_bytes()
    healed = 0
    for at in range(4096, len(pages), 4096):
        file.index.write_bytes(pages[:at] + b"\xa5" * 4096 + pages[at + 4096 :])
        try:
            with file.open() as store:
                found = {item.id: item.revision for item in store.changes(folder, "").items}
        except StoreError as error:
            healed += 1
            assert "anew" in error.hint
            with file.open() as store:
                found = {item.id: item.revision for item in store.changes(folder, "").items}
        assert found == before
        file.lose_index()
    assert healed
