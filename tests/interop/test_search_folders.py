"""Search folders of real files: what they have found is listed, and the rows are those of the messages."""

from __future__ import annotations

from pathlib import Path

from mailconnector.pst import Store, disk

ALL_MESSAGES = 0x723  # a search over the whole store, whose table is of kind 0xAC
FIXED = (0x0037, 0x001A, 0x0E30)  # subject, message class, and a value that no client changes
FOUND = {
    "Aspose.Email-Python-Dotnet__Outlook.pst": 14,  # 17 were found, 3 of them were deleted afterwards
    "Aspose.Email-for-.NET__Outlook_1.pst": 17,
    "java-libpst__dist-list.pst": 3,
    "java-libpst__passworded.pst": 3,
}


def test_search_folders_list_what_they_found(pst_sample: Path) -> None:
    with pst_sample.open("rb") as file, Store.open(file) as store:
        for node in store.db.nodes():
            if disk.nid_type(node.nid) != disk.NID_TYPE_SEARCH_FOLDER:
                continue
            folder = store.folder(node.nid)
            messages = {message.nid: message for message in folder.messages()}
            if node.nid == ALL_MESSAGES and messages:
                assert len(messages) == FOUND[pst_sample.name]
            for row in folder.rows():
                message = messages.get(row.row_id)
                if message is None:
                    assert row.row_id not in store
                    continue
                for pid in FIXED:
                    if pid << 16 in row:
                        assert row.get(pid << 16) == message.properties.pc.value(pid)


def test_the_searches_over_whole_stores_are_among_the_samples(pst_samples: list[Path]) -> None:
    assert FOUND.keys() <= {path.name for path in pst_samples}
