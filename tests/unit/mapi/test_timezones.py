"""Time zone blobs, byte by byte, to structures and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.timezones import (
    EFFECTIVE_RULE,
    RECURRING_RULE,
    SystemTime,
    TimeZoneDefinition,
    TimeZoneFormatError,
    TimeZoneRule,
    TimeZoneStruct,
)

UINT8 = st.integers(0, 0xFF)
UINT16 = st.integers(0, 0xFFFF)
INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
TAILS = st.binary(max_size=6)
MOMENTS = st.builds(SystemTime, *[UINT16] * 8)
STRUCTS = st.builds(TimeZoneStruct, INT32, INT32, INT32, MOMENTS, MOMENTS, UINT16, UINT16, TAILS)
UNUSED = st.binary(min_size=14, max_size=14)
RULES = st.builds(TimeZoneRule, UINT16, UINT16, INT32, INT32, INT32, MOMENTS, MOMENTS, UNUSED, UINT8, UINT8, UINT16)
DEFINITIONS = st.builds(
    TimeZoneDefinition, st.text(max_size=20), st.lists(RULES, max_size=4).map(tuple), TAILS, TAILS, UINT8, UINT8, UINT16
)

STANDARD = SystemTime(month=10, day=5, hour=3)
DAYLIGHT = SystemTime(month=3, day=5, hour=2)
STRUCT = bytes.fromhex(
    "c4ffffff 00000000 c4ffffff0000 0000 0a00 0000 0500 0300 0000 0000 00000000 0000 0300 0000 0500 0200 0000 0000 0000"
)


@given(STRUCTS)
def test_structs_come_back(struct: TimeZoneStruct) -> None:
    assert TimeZoneStruct.parse(struct.to_bytes()) == struct


@given(DEFINITIONS)
def test_definitions_come_back(definition: TimeZoneDefinition) -> None:
    assert TimeZoneDefinition.parse(definition.to_bytes()) == definition


@given(DEFINITIONS, st.data())
def test_damage_is_read_and_written_as_it_is_or_is_an_error(
    definition: TimeZoneDefinition, data: st.DataObject
) -> None:
    raw = bytearray(definition.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(UINT8)
    damaged = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        read = TimeZoneDefinition.parse(damaged)
    except TimeZoneFormatError as error:
        assert error.reason
    else:
        assert read.to_bytes() == damaged


def test_layout_of_a_struct() -> None:
    wanted = TimeZoneStruct(-60, 0, -60, STANDARD, DAYLIGHT)
    assert TimeZoneStruct.parse(STRUCT) == wanted
    assert wanted.to_bytes() == STRUCT
    for size in range(48):
        with pytest.raises(TimeZoneFormatError):
            TimeZoneStruct.parse(STRUCT[:size])


def test_layout_of_a_definition() -> None:
    raw = bytes.fromhex(
        "02 01 0a00 0200 0200 41004200 0100"
        "02 01 3e00 0300 4106" + 14 * "00" + "c4ffffff 00000000 c4ffffff"
        "0000 0a00 0000 0500 0300 0000 0000 0000"
        "0000 0300 0000 0500 0200 0000 0000 0000"
    )
    rule = TimeZoneRule(RECURRING_RULE | EFFECTIVE_RULE, 1601, -60, 0, -60, STANDARD, DAYLIGHT)
    wanted = TimeZoneDefinition("AB", (rule,))
    assert TimeZoneDefinition.parse(raw) == wanted
    assert wanted.to_bytes() == raw
    for size in range(len(raw)):
        with pytest.raises(TimeZoneFormatError):
            TimeZoneDefinition.parse(raw[:size])


def test_what_has_no_room_is_an_error() -> None:
    with pytest.raises(TimeZoneFormatError):
        TimeZoneStruct(1 << 31).to_bytes()
    with pytest.raises(TimeZoneFormatError):
        SystemTime(month=-1).to_bytes()
    with pytest.raises(TimeZoneFormatError):
        TimeZoneDefinition("x" * 40000, ()).to_bytes()
    with pytest.raises(TimeZoneFormatError):
        SystemTime.parse(b"short")
    with pytest.raises(TimeZoneFormatError):
        TimeZoneRule.parse(b"short")
