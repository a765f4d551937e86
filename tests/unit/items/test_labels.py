from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items import field_digests, label_of
from tests.unit.items.edits import KINDS, sample


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("subject", "subject"),
        ("job_title", "job title"),
        ("email1", "e-mail 1"),
        ("email1:display", "e-mail 1 (shown as)"),
        ("phones.home fax", "home fax phone"),
        ("name.yomi_given", "name: yomi given"),
        ("attendees", "order of attendees"),
        ("attendees.eva@example.com", "attendee eva@example.com"),
        ("attendees:leftover.eva@example.com", "attendee eva@example.com (further properties)"),
        ("attachments.a.b.txt", "attachment a.b.txt"),
        ("deleted.2026-03-02", "day left out 2026-03-02"),
        ("leftover.0x3007.0040", "PidTagCreationTime"),
        ("leftover.0x6899.0003", "0x6899"),
        ("leftover.PSETID_Common.0x8503.000B", "PidLidReminderSet"),
        ("leftover.PSETID_Common.0x9999.000B", "PSETID_Common 0x9999"),
        ("leftover.PS_PUBLIC_STRINGS.reviewed by.001F", "PS_PUBLIC_STRINGS reviewed by"),
        ("leftover.12345678-0000-0000-0000-000000000000.a.b.001F", "12345678-0000-0000-0000-000000000000 a.b"),
        ("leftover.own.calendartext.0102", "own calendartext"),
    ],
)
def test_labels(path: str, words: str) -> None:
    assert label_of(path) == words


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_has_a_label_of_its_own(kind: type) -> None:
    paths = list(field_digests(sample(kind)))
    assert len({label_of(path) for path in paths}) == len(paths)


@given(st.text(max_size=30))
def test_no_path_is_a_failure(path: str) -> None:
    assert isinstance(label_of(path), str)
    assert isinstance(label_of(f"leftover.{path}"), str)
