"""Companions in a listing: found by their marks, brought back to their folders, and in whose language they speak."""

from __future__ import annotations

import pytest

from mailconnector.formats.privacy import SUBJECTS
from mailconnector.imap import MailboxInfo, StatusItems
from mailconnector.items import FolderKind
from mailconnector.stores.imap.companions import MARK, Companion, find, name_for, reunite, subject_in
from mailconnector.stores.imap.folders import Layout
from mailconnector.stores.imap.kinds import CompanionMark, Told, companion_type, told
from mailconnector.stores.imap.spaces import Space
from tests.unit.imap.scripted import client_of

LAYOUT = Layout(separator="/", foreign=(Space("shared/", "/", True),))


def info(name: str, validity: int = 1, messages: int = 1) -> MailboxInfo:
    return MailboxInfo(name, "/", frozenset(), status=StatusItems(messages, 9, validity, 5))


def mark(validity: int = 1) -> Told:
    return told([companion_type(CompanionMark(FolderKind.CALENDAR, "0a1b", validity))])


def test_a_mark_says_what_it_was_made_of() -> None:
    found = mark(77)
    assert found.machinery
    assert found.companion == CompanionMark(FolderKind.CALENDAR, "0a1b", 77)


@pytest.mark.parametrize(
    "value", [b"configuration", b"configuration.mailconnector", b"configuration.mailconnector.event.xyz.1",
              b"configuration.mailconnector.unheard.0a.1", b"configuration.mailconnector.event.0a.99999999999"],
)  # fmt: skip
def test_other_settings_are_no_companions(value: bytes) -> None:
    assert told([value]) == Told(machinery=True)


def test_they_are_found_by_mark_and_name() -> None:
    infos = [info("A"), info(f"A{MARK}"), info(f"B{MARK}"), info("C"), info(f"C{MARK}"), info(f"shared/x{MARK}")]
    sorts = {name_for("A"): mark(), name_for("B"): mark(), f"shared/x{MARK}": mark()}
    found = find(infos, sorts, LAYOUT, annotated=True)
    assert found.pairs == {"A": Companion("A", f"A{MARK}", "0a1b", FolderKind.CALENDAR)}
    assert list(found.lost) == [f"B{MARK}"]
    assert found.mailboxes == {f"A{MARK}"}
    # Without annotations the name is all that there is.
    bare = find(infos, {"C": Told(FolderKind.TASKS)}, LAYOUT, annotated=False)
    assert bare.pairs == {
        "A": Companion("A", f"A{MARK}", "", FolderKind.CALENDAR),
        "C": Companion("C", f"C{MARK}", "", FolderKind.TASKS),
    }
    assert not bare.lost


def test_a_lost_one_goes_to_its_folder_or_stays() -> None:
    lost, empty, torn = (f"{name}{MARK}" for name in ("Old", "Gone", "Twice"))
    theirs = info("shared/bob/New", 7)
    infos = [
        info("New", 7),
        theirs,
        info(lost, 20),
        info(empty, 21, messages=0),
        info(torn, 22),
        info("X", 9),
        info("Y", 9),
    ]
    sorts = {lost: mark(7), empty: mark(8), torn: mark(9)}
    steps = (
        f'C: * RENAME "{lost}" "New{MARK}"'.encode(),
        b"S: TAG OK done",
        f'C: * DELETE "{empty}"'.encode(),
        b"S: TAG OK done",
    )
    with client_of(b"", *steps) as client:
        listed = reunite(client, infos, find(infos, sorts, LAYOUT, annotated=True))
    assert [one.name for one in listed] == ["New", theirs.name, f"New{MARK}", torn, "X", "Y"]


@pytest.mark.parametrize(
    ("names", "language"),
    [
        ([], "en"),
        (["INBOX", "Sent", "Calendar"], "en"),
        (["INBOX/Kalender", "INBOX/Entwürfe", "Archivio"], "de"),
        (["INBOX.Calendrier"], "fr"),
        (["Calendario", "Bozze"], "it"),
        (["Calendario", "Papelera"], "es"),
    ],
)
def test_the_language_is_that_of_the_folders(names: list[str], language: str) -> None:
    assert subject_in(names) == SUBJECTS[language]
