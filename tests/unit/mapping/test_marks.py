"""What has to change in a stored message for it to have other flags."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items import Flags, Mail
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import FLAG_KEYS, flag_changes, flag_keys, read_flags, to_mapi

flags = st.builds(
    Flags,
    seen=st.booleans(),
    answered=st.booleans(),
    flagged=st.booleans(),
    draft=st.booleans(),
    forwarded=st.booleans(),
    deleted=st.booleans(),
    keywords=st.lists(st.sampled_from(["red", "blue", "Größe"]), unique=True).map(tuple),
)


def applied(properties: Properties, changes: Properties) -> Properties:
    return {key: value for key, value in (properties | changes).items() if value is not None}


def unordered(found: Flags) -> Flags:
    return replace(found, keywords=tuple(sorted(found.keywords)))


@given(flags, flags)
def test_any_flags_become_any_others_and_nothing_else_changes(before: Flags, after: Flags) -> None:
    stored = to_mapi(Mail(subject="s", text="t", flags=before)).properties
    changes = flag_changes(stored, after, "s")
    assert unordered(read_flags(applied(stored, changes))) == unordered(after)
    assert set(changes) <= FLAG_KEYS
    assert flag_changes(applied(stored, changes), after, "s") == {}
    if unordered(before) == unordered(after):
        assert changes == {}


@given(flags, flags)
def test_the_way_there_and_back_leaves_no_trace(before: Flags, after: Flags) -> None:
    stored = to_mapi(Mail(subject="s", flags=before)).properties
    there = applied(stored, flag_changes(stored, after, "s"))
    back = applied(there, flag_changes(there, before, "s"))
    assert unordered(read_flags(back)) == unordered(before)
    back.pop(named.PidNameKeywords, None)
    stored.pop(named.PidNameKeywords, None)
    assert back == stored


def test_categories_stay_in_their_order() -> None:
    stored: Properties = {named.PidNameKeywords: ["red", "blue", "green"]}
    assert flag_changes(stored, Flags(keywords=("green", "red", "white")), "s") == {
        named.PidNameKeywords: ["red", "green", "white"]
    }
    assert flag_changes(stored, Flags(keywords=("green", "blue", "red")), "s") == {}


def test_what_belongs_to_other_bits_and_icons_stays() -> None:
    stored: Properties = {
        tags.PidTagMessageFlags: 0x01 | 0x10 | 0x40000,
        tags.PidTagIconIndex: 0x0202,  # an S/MIME message
        tags.PidTagLastVerbExecuted: 102,
    }
    changes = flag_changes(stored, Flags(), "s")
    assert changes == {tags.PidTagMessageFlags: 0x10 | 0x40000, tags.PidTagLastVerbExecuted: None}


@pytest.mark.parametrize("status", [1, 2])
def test_a_flag_goes_with_its_dates_and_comes_without_them(status: int) -> None:
    stored: Properties = {
        tags.PidTagFlagStatus: status,
        named.PidLidTaskStatus: 2 if status == 1 else 0,
        named.PidLidFlagRequest: "Call",
        named.PidLidTaskDueDate: FileTime(134_000_000_000_000_000),
    }
    changes = flag_changes(stored, Flags(flagged=status == 1), "s")
    now = applied(stored, changes)
    if status == 2:
        assert not now
    else:
        assert (now[tags.PidTagFlagStatus], now[named.PidLidTaskStatus]) == (2, 0)
        assert now[named.PidLidFlagRequest] == "Follow up"


def test_the_dates_of_a_task_are_no_marks_on_it() -> None:
    content = {named.PidLidTaskDueDate, named.PidLidTaskStatus, named.PidLidReminderSet, tags.PidTagIconIndex}
    for message_class in ("IPM.Task", "ipm.task.Custom", "IPM.Appointment", "IPM.Activity"):
        assert not content & flag_keys(message_class)
        assert tags.PidTagFlagStatus in flag_keys(message_class)
    for message_class in ("IPM.Note", "IPM.TaskRequest", "IPM.Contact", ""):
        assert flag_keys(message_class) == FLAG_KEYS
