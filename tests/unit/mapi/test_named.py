"""Named properties: equality without regard to case, and the table of names."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import uuid
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import named
from mailconnector.mapi.named import (
    PROPERTY_SETS,
    PS_INTERNET_HEADERS,
    PS_MAPI,
    PS_PUBLIC_STRINGS,
    PSETID_ADDRESS,
    PSETID_COMMON,
    PSETID_TASK,
    NamedTag,
    PidLidReminderSet,
    PidNameKeywords,
    PropertyName,
    name_of_named,
    named_property,
)
from mailconnector.mapi.types import PropertyType

CONSTANTS = {name: value for name, value in vars(named).items() if isinstance(value, NamedTag)}
ROWS = [
    line.split("\t")
    for line in resources.files("mailconnector.mapi").joinpath("named.tsv").read_text("ascii").splitlines()
    if not line.startswith("#")
]


def test_string_names_are_equal_without_regard_to_case_and_keep_their_spelling() -> None:
    keywords = PropertyName(PS_PUBLIC_STRINGS, "Keywords")
    shouted = PropertyName(PS_PUBLIC_STRINGS, "KEYWORDS")
    assert keywords == shouted
    assert hash(keywords) == hash(shouted)
    assert (keywords.name, shouted.name) == ("Keywords", "KEYWORDS")
    assert {keywords: 1}[shouted] == 1


@pytest.mark.parametrize(
    "other",
    [
        PropertyName(PS_INTERNET_HEADERS, "5"),
        PropertyName(PS_PUBLIC_STRINGS, 5),
        PropertyName(PS_PUBLIC_STRINGS, "55"),
        "5",
        None,
    ],
)
def test_names_differ_by_set_kind_and_name(other: object) -> None:
    assert PropertyName(PS_PUBLIC_STRINGS, "5") != other


def test_a_named_tag_is_a_key_by_name_and_type() -> None:
    one = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x-One"), PropertyType.STRING)
    same = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "X-ONE"), PropertyType.STRING)
    other = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x-One"), PropertyType.STRING8)
    assert {one: 1, other: 2}[same] == 1
    assert one != other


@given(st.uuids(), st.integers(0, 0xFFFFFFFF) | st.text(max_size=20))
def test_names_survive_copying_and_pickling(guid: uuid.UUID, name: int | str) -> None:
    original = PropertyName(guid, name)
    for other in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        assert other == original
        assert hash(other) == hash(original)
        assert (other.guid, other.name) == (guid, name)


def test_a_pickled_key_is_found_in_a_process_that_hashes_otherwise() -> None:
    tag = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x-One"), PropertyType.STRING)
    script = (
        "import pickle, sys; from mailconnector.mapi.named import *; name = PropertyName(PS_PUBLIC_STRINGS, 'X-ONE');"
        "tags, names = pickle.load(sys.stdin.buffer); print(hash(name), tags[NamedTag(name, 31)], names[name])"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", script],
            input=pickle.dumps(({tag: 1}, {tag.name: 2})),
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert found[0][0] != found[1][0]
    assert [one[1:] for one in found] == [[b"1", b"2"]] * 2


def test_a_key_of_another_type_is_of_that_type_each_time() -> None:
    tag = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x-One"), PropertyType.STRING)
    for kind in (PropertyType.STRING8, PropertyType.BINARY, PropertyType.STRING8, PropertyType.STRING):
        assert tag.with_type(kind) == NamedTag(tag.name, kind)
    assert tag.type == PropertyType.STRING


def test_a_name_shows_its_set_and_its_name() -> None:
    shown = repr(PropertyName(PS_MAPI, 0x8503))
    assert str(PS_MAPI) in shown
    assert "_key" not in shown


def test_a_name_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PropertyName(PS_MAPI, 1).name = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("guid", "text"),
    [
        (PS_MAPI, "00020328-0000-0000-c000-000000000046"),
        (PS_PUBLIC_STRINGS, "00020329-0000-0000-c000-000000000046"),
        (PS_INTERNET_HEADERS, "00020386-0000-0000-c000-000000000046"),
        (PSETID_COMMON, "00062008-0000-0000-c000-000000000046"),
        (PSETID_ADDRESS, "00062004-0000-0000-c000-000000000046"),
        (named.PSETID_APPOINTMENT, "00062002-0000-0000-c000-000000000046"),
        (named.PSETID_MEETING, "6ed8da90-450b-101b-98da-00aa003f1305"),
        (named.PSETID_TASK, "00062003-0000-0000-c000-000000000046"),
        (named.PSETID_LOG, "0006200a-0000-0000-c000-000000000046"),
        (named.PSETID_NOTE, "0006200e-0000-0000-c000-000000000046"),
        (named.PSETID_SHARING, "00062040-0000-0000-c000-000000000046"),
        (named.PSETID_POSTRSS, "00062041-0000-0000-c000-000000000046"),
        (named.PSETID_UNIFIED_MESSAGING, "4442858e-a9e3-4e80-b900-317a210cc15b"),
        (named.PSETID_AIRSYNC, "71035549-0739-4dcb-9163-00f0580dbbdf"),
        (named.PSETID_CALENDAR_ASSISTANT, "11000e07-b51b-40d6-af21-caa85edab1d0"),
        (named.PSETID_ATTACHMENT, "96357f7f-59e1-47d0-99a7-46515c183b54"),
        (named.PSETID_REMOTE, "00062014-0000-0000-c000-000000000046"),
    ],
)
def test_the_property_sets(guid: uuid.UUID, text: str) -> None:
    assert str(guid) == text
    assert guid in PROPERTY_SETS.values()


def test_the_table_is_well_formed() -> None:
    assert len(ROWS) > 540
    for row in ROWS:
        property_set, name, property_type, canonical = row
        assert property_set in PROPERTY_SETS, row
        assert int(property_type, 16) in set(PropertyType), row
        assert canonical.startswith("PidLid" if name.startswith("0x") else "PidName"), row


def test_the_constants_agree_with_the_table() -> None:
    assert len(CONSTANTS) > 350
    for canonical, constant in CONSTANTS.items():
        assert named_property(canonical) == (constant.name, constant.type), canonical


def test_each_canonical_name_is_found() -> None:
    for property_set, _name, property_type, canonical in ROWS:
        name, found_type = named_property(canonical)
        found = name_of_named(name)
        assert found is not None, canonical
        assert named_property(found)[0] == name, canonical
        assert found_type == int(property_type, 16), canonical
        assert PROPERTY_SETS[property_set] == name.guid, canonical


@pytest.mark.parametrize(
    ("canonical", "guid", "name", "property_type"),
    [
        ("PidLidReminderSet", PSETID_COMMON, 0x8503, PropertyType.BOOLEAN),
        ("PidLidFlagRequest", PSETID_COMMON, 0x8530, PropertyType.STRING),
        ("PidLidTaskStartDate", PSETID_TASK, 0x8104, PropertyType.TIME),
        ("PidLidTaskDueDate", PSETID_TASK, 0x8105, PropertyType.TIME),
        ("PidLidPercentComplete", PSETID_TASK, 0x8102, PropertyType.FLOATING64),
        ("PidLidEmail1EmailAddress", PSETID_ADDRESS, 0x8083, PropertyType.STRING),
        ("PidLidGlobalObjectId", named.PSETID_MEETING, 0x0003, PropertyType.BINARY),
        ("PidLidAppointmentStartWhole", named.PSETID_APPOINTMENT, 0x820D, PropertyType.TIME),
        ("PidLidAppointmentRecur", named.PSETID_APPOINTMENT, 0x8216, PropertyType.BINARY),
        ("PidLidLogType", named.PSETID_LOG, 0x8700, PropertyType.STRING),
        ("PidLidNoteColor", named.PSETID_NOTE, 0x8B00, PropertyType.INTEGER32),
        ("PidLidPostRssItemGuid", named.PSETID_POSTRSS, 0x8903, PropertyType.STRING),
        ("PidLidSharingRemoteUid", named.PSETID_SHARING, 0x8A06, PropertyType.STRING),
        ("PidNameKeywords", PS_PUBLIC_STRINGS, "Keywords", PropertyType.MULTIPLE_STRING),
        ("PidNameContentClass", PS_INTERNET_HEADERS, "Content-Class", PropertyType.STRING),
    ],
)
def test_well_known_named_properties(
    canonical: str, guid: uuid.UUID, name: int | str, property_type: PropertyType
) -> None:
    assert named_property(canonical) == (PropertyName(guid, name), property_type)
    assert name_of_named(PropertyName(guid, name)) == canonical


def test_constants_are_keys_with_their_type() -> None:
    assert PidLidReminderSet == NamedTag(PropertyName(PSETID_COMMON, 0x8503), PropertyType.BOOLEAN)
    assert PidNameKeywords.name == PropertyName(PS_PUBLIC_STRINGS, "keywords")


def test_a_name_is_known_by_both_numbers_found_in_files() -> None:
    # The specification says 0x9000, Outlook's headers 9000.
    for lid in (0x9000, 9000):
        assert name_of_named(PropertyName(PS_PUBLIC_STRINGS, lid)) == "PidLidCategories"
    assert named_property("PidLidCategories")[0].name == 0x9000


def test_what_is_not_in_the_table_has_no_name() -> None:
    assert name_of_named(PropertyName(PSETID_COMMON, 0x1234)) is None
    assert name_of_named(PropertyName(PSETID_TASK, 0x8503)) is None
    with pytest.raises(KeyError):
        named_property("PidLidNoSuchThing")
