"""The name-to-id map: names that are defined, written and read back."""

import io
import struct
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.mapi.named import PS_MAPI, PS_PUBLIC_STRINGS, PropertyName
from mailconnector.pst import disk
from mailconnector.pst.crc import compute_crc
from mailconnector.pst.errors import PstFullError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.messaging.names import FIRST_ID, NameMap
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

guids = st.sampled_from([PS_MAPI, PS_PUBLIC_STRINGS, *(uuid.UUID(int=at * 0x1234567) for at in range(1, 6))])
names = st.builds(
    PropertyName, guids, st.integers(0, 0xFFFFFFFF) | st.text(st.characters(exclude_characters="\0"), max_size=30)
)


def reread(map_: NameMap) -> NameMap:
    db = NodeDatabase.create(Device(io.BytesIO()), disk.UNICODE, 0)
    node = NodeEditor(db, nid=disk.NID_NAME_TO_ID_MAP)
    map_.write(node)
    assert not map_.dirty
    return NameMap(PropertyContext(NodeReader(db, *node.save(), node.nid)))


@settings(max_examples=80)
@given(st.lists(names, max_size=40), st.lists(names, max_size=40))
def test_names_keep_their_ids(first: list[PropertyName], second: list[PropertyName]) -> None:
    map_ = NameMap(None)
    ids: dict[PropertyName, int] = {}
    for batch in (first, second):
        for name in batch:
            pid = map_.define(name)
            assert ids.setdefault(name, pid) == pid
            assert pid >= FIRST_ID
        assert sorted(ids.values()) == list(range(FIRST_ID, FIRST_ID + len(ids)))
        map_ = reread(map_)
        assert len(map_) == len(ids)
        for name, pid in ids.items():
            assert map_.find(name) == pid
            assert map_.name_of(pid) == name
        assert [pid for pid, _ in map_.items()] == sorted(ids.values())


@given(st.lists(names, min_size=1, max_size=40, unique=True))
def test_every_name_is_in_its_bucket(wanted: list[PropertyName]) -> None:
    map_ = NameMap(None)
    for name in wanted:
        map_.define(name)
    for name in wanted:
        pid = map_.find(name)
        assert pid is not None
        known = {PS_MAPI: 1, PS_PUBLIC_STRINGS: 2}
        kind = (known.get(name.guid) or map_._guids[name.guid]) << 1 | isinstance(name.name, str)
        key = compute_crc(name.name.encode("utf-16-le", "surrogatepass")) if isinstance(name.name, str) else name.name
        records = list(struct.iter_unpack("<IHH", map_._buckets[0x1000 + (key ^ kind) % 251]))
        assert (key, kind, pid - FIRST_ID) in records


def test_case_does_not_make_a_name() -> None:
    map_ = NameMap(None)
    pid = map_.define(PropertyName(PS_PUBLIC_STRINGS, "Keywords"))
    assert map_.define(PropertyName(PS_PUBLIC_STRINGS, "KEYWORDS")) == pid
    assert map_.find(PropertyName(PS_PUBLIC_STRINGS, "keywords")) == pid
    assert map_.find(PropertyName(PS_MAPI, "keywords")) is None
    found = reread(map_).name_of(pid)
    assert found is not None
    assert found.name == "Keywords"


def test_a_name_that_is_not_changed_makes_nothing_dirty() -> None:
    map_ = NameMap(None)
    map_.define(PropertyName(PS_MAPI, 1))
    map_ = reread(map_)
    map_.define(PropertyName(PS_MAPI, 1))
    assert not map_.dirty


def test_all_ids_used_up() -> None:
    map_ = NameMap(None)
    for number in range(0xFFFE - FIRST_ID + 1):
        map_.define(PropertyName(PS_MAPI, number))
    assert max(pid for pid, _ in map_.items()) == 0xFFFE
    with pytest.raises(PstFullError):
        map_.define(PropertyName(PS_MAPI, 0xFFFFFFF))
    again = reread(map_)
    assert len(again) == len(map_)
