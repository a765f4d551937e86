from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items import (
    Address,
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    Flags,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    StoredContent,
    Task,
    field_digests,
    mail_of,
    merge,
    with_mail,
)
from mailconnector.items.appointment import ChangedInstance, Reminder, Response
from mailconnector.items.contact import ContactEmail, Gender, PersonName, PhoneRole
from mailconnector.items.distribution_list import Member
from mailconnector.items.merging import Merged
from mailconnector.items.parts import put_together, taken_apart
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import named, rtf_html, tags
from mailconnector.mapi.named import PSETID_MAIL_CONNECTOR, NamedTag, PropertyName
from mailconnector.mapi.types import PropertyType
from tests.unit.items import forms
from tests.unit.items.appointments import appointments
from tests.unit.items.edits import CUSTOM, EDITS, KINDS, LEFT_OUT, bare, sample
from tests.unit.items.mails import mails

_TYPES: list[st.SearchStrategy[Any]] = [
    mails(), appointments(), forms.contacts(), forms.distribution_lists, forms.tasks, forms.notes,
    forms.journal_entries, forms.posts,
]  # fmt: skip
_ANY: st.SearchStrategy[Item] = st.one_of(_TYPES)
_TEXT_OF_CALENDAR = NamedTag(PropertyName(PSETID_MAIL_CONNECTOR, "CalendarText"), PropertyType.BINARY)
_EVERY_EDIT = [(kind, name) for kind in KINDS for name in EDITS[kind]]


def merged(base: Item, ours: Item, theirs: Item) -> Any:
    found = merge(base, ours, theirs)
    assert found.clashes == ()
    # The digests of what was say as much as the item itself.
    assert merge(field_digests(base), ours, theirs) == found
    return found.item


# -- Digests ---------------------------------------------------------------------------------------------------------


@given(_ANY)
def test_an_item_is_all_of_its_parts(item: Item) -> None:
    again = put_together(item, taken_apart(item))
    assert again == item
    assert mail_of(again).leftover == mail_of(item).leftover
    assert field_digests(again) == field_digests(item)


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_fields_have_one_path(kind: Any) -> None:
    assert not {one.name for one in fields(kind)} & {one.name for one in fields(Mail)}


def test_digests_are_the_same_in_each_run_and_version() -> None:
    # What a state file has of an item must still be known after the program was brought up to date.
    assert {path: one.hex() for path, one in field_digests(sample(Contact)).items()} == {
        "message_class": "35cafe739be94f2e",
        "subject": "70c560c77af069c9",
        "message_id": "9d26a053a727ee67",
        "text": "c8d5efad7e67f13d",
        "leftover.0x300B.0102": "eba7d4083e69ad9a",
        "leftover.PSETID_Common.0x8510.0003": "ab4a1d41fe36f431",
        "leftover.PS_PUBLIC_STRINGS.reviewed by.001F": "37a08db79618b553",
        "name.given": "d43a6cb424e919b2",
        "name.surname": "c864b27b0868f541",
        "company": "f0c1d633b14703ca",
        "email1": "305056c4bfbca403",
        "email1:display": "8119ef6cdc71a6b6",
        "phones.business": "d6525ea0e919ec2e",
        "phones.mobile": "839abcf50a7bc455",
        "work": "d3745143fcf539f9",
        "words": "90c8f6cf3b5b48ac",
    }
    assert {path: one.hex() for path, one in field_digests(sample(Appointment)).items()} == {
        "message_class": "3ab6a8c56f9f0b34",
        "subject": "b485fec8365c6fb2",
        "message_id": "9d26a053a727ee67",
        "text": "c8d5efad7e67f13d",
        "leftover.0x300B.0102": "eba7d4083e69ad9a",
        "leftover.PSETID_Common.0x8510.0003": "ab4a1d41fe36f431",
        "leftover.PS_PUBLIC_STRINGS.reviewed by.001F": "37a08db79618b553",
        "start": "3fc7d05a672b506a",
        "end": "ad240edadf925115",
        "zone": "8bb01715f8e0266e",
        "location": "efb812f6a7d4dc3d",
        "reminder": "c9568dd1fd003d8c",
        "attendees.eva@example.com": "23b179532c02b38a",
        "attendees.jan@example.com": "99a012443c1a1972",
        "attendees:leftover.jan@example.com": "c328a83eeb9902d8",
        "attendees.ulf@example.com": "c92a9b54faccb45b",
        "attendees": "11512f3454883898",
        "is_meeting": "ca73dcf5e072d4d6",
        "uid": "1bb418d2d67c5075",
        "recurrence": "34cafd41c3c6cc4d",
        "words": "90c8f6cf3b5b48ac",
    }


def test_content_in_a_store_is_the_content() -> None:
    content = bytes(range(256)) * 1000
    lying = Mail(attachments=(Attachment("a.bin", data=StoredContent(BytesIO(content))),))
    read = Mail(attachments=(Attachment("a.bin", data=content),))
    assert field_digests(lying) == field_digests(read)
    assert field_digests(lying) != field_digests(Mail(attachments=(Attachment("a.bin", data=content[:-1] + b"."),)))


def test_what_stores_write_in_other_ways_is_the_same() -> None:
    one = Mail(text="a\r\nb\r\n", date=datetime(2026, 3, 2, 9, tzinfo=UTC), leftover={0x6001001E: "x"})
    berlin = datetime(2026, 3, 2, 9, tzinfo=UTC).astimezone()
    other = Mail(text="a\nb", html="", date=berlin, leftover={0x6001001F: "x"})
    assert field_digests(one) == field_digests(other)


@pytest.mark.parametrize(("kind", "name"), _EVERY_EDIT)
def test_every_edit_is_seen(kind: type, name: str) -> None:
    item = sample(kind)
    assert field_digests(EDITS[kind][name](item, 1)) != field_digests(item)


# -- Merging ---------------------------------------------------------------------------------------------------------


@given(st.one_of([st.tuples(kind, kind) for kind in _TYPES]))
def test_an_edit_on_one_side_is_what_it_is(two: tuple[Item, Item]) -> None:
    item, other = two
    item = with_mail(item, replace(mail_of(item), leftover={}))
    for ours, theirs in ((item, other), (other, item)):
        found = merge(item, ours, theirs)
        assert found.clashes == ()
        assert field_digests(found.item) == field_digests(other)


@pytest.mark.parametrize("kind", KINDS)
def test_edits_of_different_fields_are_both_there(kind: type) -> None:
    item = sample(kind)
    for one, other in permutations(EDITS[kind], 2):
        ours, theirs = EDITS[kind][one](item, 1), EDITS[kind][other](item, 2)
        assert merged(item, ours, theirs) == EDITS[kind][other](ours, 2), (one, other)


@pytest.mark.parametrize(("kind", "name"), _EVERY_EDIT)
def test_two_edits_of_one_field_clash(kind: type, name: str) -> None:
    item = sample(kind)
    ours, theirs = EDITS[kind][name](item, 1), EDITS[kind][name](item, 2)
    found = merge(item, ours, theirs)
    # Files of different names and members of different addresses are different fields; windows are nobody's edit.
    assert bool(found.clashes) is (name not in ("file", "member", "window"))
    assert merge(item, ours, ours) == Merged(ours)


def test_a_clash_names_its_fields() -> None:
    item = sample(Contact)
    ours = replace(item, phones={PhoneRole.MOBILE: "1"}, company="A")
    theirs = replace(item, phones={PhoneRole.MOBILE: "2"}, job_title="B")
    found = merge(item, ours, theirs)
    assert found.clashes == ("phones.mobile",)
    assert found.item == replace(item, phones={PhoneRole.MOBILE: "2"}, company="A", job_title="B")


def test_types_and_classes_do_not_mix() -> None:
    item = sample(Contact)
    assert merge(item, item, item.mail) == Merged(item.mail, ("type",))
    ours = with_mail(item, replace(item.mail, message_class="IPM.Contact.Ours"))
    theirs = with_mail(item, replace(item.mail, message_class="IPM.Contact.Theirs"))
    assert merge(item, ours, theirs).clashes == ("message_class",)


def test_flags_are_merged_one_by_one() -> None:
    base = Mail(flags=Flags(seen=True, keywords=("a", "b", "c")))
    ours = Mail(flags=Flags(seen=True, flagged=True, keywords=("a", "c")))
    theirs = Mail(flags=Flags(keywords=("d", "a", "b", "c")))
    assert set(merged(base, ours, theirs).flags.keywords) == {"a", "c", "d"}
    assert merged(base, ours, theirs).flags.flagged and not merged(base, ours, theirs).flags.seen


def test_people_are_merged_one_by_one() -> None:
    item = sample(Appointment)
    eva, jan, ulf = item.attendees
    new = replace(ulf, address=Address("Pia", "pia@example.com"))
    ours = replace(item, attendees=(eva, replace(jan, response=Response.ACCEPTED), ulf))
    theirs = replace(item, attendees=(new, eva, jan))
    found = merged(item, ours, theirs)
    assert found.attendees == (new, eva, replace(jan, response=Response.ACCEPTED))
    assert found.attendees[2].address.leftover == jan.address.leftover


def test_two_people_without_a_name_stay_two() -> None:
    twice = replace(sample(DistributionList), members=(Member("", "a@example.com"),) * 2)
    assert merged(twice, twice, replace(twice, billing="x")).members == twice.members


def test_files_are_merged_one_by_one() -> None:
    one, other = Attachment("a.txt", data=b"1"), Attachment("b.txt", data=b"2", content_id="b@example.com")
    base = Mail(attachments=(one, other))
    ours = Mail(attachments=(replace(one, data=b"3"), other))
    theirs = Mail(attachments=(one, Attachment("c.txt", data=b"4")))
    found = merged(base, ours, theirs)
    assert [(file.name, file.data) for file in found.attachments] == [("a.txt", b"3"), ("c.txt", b"4")]
    clash = merge(base, ours, Mail(attachments=(replace(one, data=b"5"), other)))
    assert clash.clashes == ("attachments.a.txt",)


def test_a_name_and_its_displays_are_one() -> None:
    item = sample(Contact)
    ours = replace(item, name=replace(item.name, given="Ewa")).titled()
    theirs = replace(item, file_as="Somebody else")
    assert set(merge(item, ours, theirs).clashes) == {"name.given", "file_as"}
    nickname = replace(item, name=replace(item.name, nickname="E."))
    assert merged(item, ours, nickname).name == PersonName(given="Ewa", surname="one", nickname="E.")


def test_how_an_address_is_shown_follows_the_address() -> None:
    item = sample(Contact)
    shown = replace(item, email1=replace(item.email1, display="E. (eva@example.com)"))
    moved = replace(item, email1=ContactEmail("ewa@example.com", "Eva one (ewa@example.com)"))
    for ours, theirs in ((shown, moved), (moved, shown)):
        assert merged(item, ours, theirs).email1 == moved.email1


def test_days_of_a_series_are_merged_one_by_one() -> None:
    item = sample(Appointment)
    moved = ChangedInstance(
        LocalTime(datetime(2026, 3, 16, 9)), LocalTime(datetime(2026, 3, 16, 11)), LocalTime(datetime(2026, 3, 16, 12))
    )
    ours, theirs = LEFT_OUT(item, 0), replace(item, changed=(moved,), deleted=(date(2026, 3, 30),))
    assert merged(item, ours, theirs) == replace(item, changed=(moved,), deleted=(date(2026, 3, 9), date(2026, 3, 30)))
    # The same day on both sides.
    away = replace(item, deleted=(date(2026, 3, 16),))
    assert merge(item, away, theirs).clashes == ("deleted.2026-03-16", "changed.2026-03-16T09:00:00")


@pytest.mark.parametrize("swapped", [False, True])
def test_days_of_a_series_that_was_moved_are_nobody_knows_which(swapped: bool) -> None:
    item = sample(Appointment)
    sides = [EDITS[Appointment]["start"](item, 1), LEFT_OUT(item, 0)]
    found = merge(item, *(reversed(sides) if swapped else sides))
    assert found.clashes == ("deleted.2026-03-09",)
    # All of it is of one side, so that it makes sense.
    assert found.item in sides


def test_when_a_reminder_is_due_clashes_with_nothing() -> None:
    item = replace(sample(Appointment), reminder=Reminder(15, datetime(2026, 3, 2, 8, tzinfo=UTC)))
    ours = replace(item, reminder=replace(item.reminder, minutes=30))
    theirs = replace(item, reminder=replace(item.reminder, due=datetime(2026, 3, 9, 8, tzinfo=UTC), plays_sound=True))
    assert merged(item, ours, theirs).reminder.minutes == 30


def test_parts_of_a_task_go_together() -> None:
    item = sample(Task)
    ours, theirs = replace(item, due=date(2026, 5, 1)), item.done(date(2026, 3, 3))
    assert merged(item, ours, theirs) == replace(theirs, due=date(2026, 5, 1))
    assert merge(item, ours, replace(item, start=date(2026, 6, 1))).clashes == ("start", "due")


# -- Programs that know nothing of MAPI ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [one for one in _EVERY_EDIT if one[1] not in ("custom", "label", "window")])
def test_an_edit_by_a_program_that_knows_no_leftover_keeps_it(kind: type, name: str) -> None:
    item = sample(kind)
    theirs = bare(EDITS[kind][name](item, 1))
    found = merged(item, item, theirs)
    assert mail_of(found).leftover == item.mail.leftover
    wanted = EDITS[kind][name](item, 1)
    if name in ("eva", "jan"):
        # When the answer came is not said.
        wanted = replace(wanted, attendees=tuple(replace(one, replied=None) for one in wanted.attendees))
    assert found == wanted
    # What was changed here meanwhile is no obstacle.
    ours = EDITS[kind]["custom"](item, 2)
    assert mail_of(merged(item, ours, theirs)).leftover[CUSTOM] == "reader 2"


def test_files_were_not_taken_away_by_who_writes_none() -> None:
    item = sample(Appointment)
    files = (Attachment("plan.txt", data=b"plan"), Attachment("list.txt", data=b"list"))
    item = replace(item, mail=replace(item.mail, attachments=files))
    theirs = bare(replace(item, location="Elsewhere"))
    without = merged(item, item, replace(theirs, mail=replace(theirs.mail, attachments=())))
    assert without == replace(item, location="Elsewhere")
    # One that is left out beside another was.
    fewer = merged(item, item, replace(theirs, mail=replace(theirs.mail, attachments=files[:1])))
    assert fewer.mail.attachments == files[:1]
    # Who knows of all that we have, knows of files as well.
    known = merged(item, item, replace(item, mail=replace(item.mail, attachments=())))
    assert known.mail.attachments == ()


def test_what_no_standard_has_was_not_taken_away() -> None:
    item: Contact = replace(sample(Contact), account="4711", hobbies="Chess", gender=Gender.FEMALE)
    theirs = bare(replace(item, account="", hobbies="", job_title="Boss", company=""))
    found = merged(item, item, theirs)
    assert (found.account, found.hobbies, found.job_title, found.company) == ("4711", "Chess", "Boss", "")


def test_with_leftover_what_is_gone_was_taken_away() -> None:
    item: Contact = replace(sample(Contact), account="4711")
    leftover = {key: value for key, value in item.mail.leftover.items() if key != CUSTOM}
    theirs = replace(item, account="", mail=replace(item.mail, leftover=leftover))
    found = merged(item, item, theirs)
    assert found.account == "" and CUSTOM not in found.mail.leftover


def test_what_we_keep_of_a_calendar_is_no_sign_of_leftover() -> None:
    item = sample(Task)
    theirs = with_mail(item, replace(item.mail, subject="New", leftover={_TEXT_OF_CALENDAR: b"BEGIN:VCALENDAR"}))
    found = merged(item, item, theirs)
    assert found.mail.leftover == {**item.mail.leftover, _TEXT_OF_CALENDAR: b"BEGIN:VCALENDAR"}


def test_a_richer_body_with_the_same_words_stays() -> None:
    rtf = rb"{\rtf1\ansi Bring \b cake\b0 .}"
    body: dict[str, Any]
    for body in (
        {"text": None, "rtf": rtf},
        {"text": "Bring cake.\n", "html": "<p>Bring <b>cake</b>.</p>"},
    ):
        item: Task = sample(Task)
        item = replace(item, mail=replace(item.mail, **body))
        theirs = replace(bare(item), mail=replace(item.mail, html=None, rtf=None, text="Bring cake.", leftover={}))
        assert merged(item, item, replace(theirs, percent_complete=0.5)) == replace(item, percent_complete=0.5)
        edited = replace(theirs, mail=replace(theirs.mail, text="Bring tea."))
        found = merged(item, item, edited)
        assert (found.mail.text, found.mail.html, found.mail.rtf) == ("Bring tea.", None, None)
    html = rtf_html.to_html(rtf)
    as_html = replace(theirs, mail=replace(theirs.mail, text=None, html=html))
    item = replace(item, mail=replace(item.mail, text=None, html=None, rtf=rtf))
    assert merged(item, item, as_html) == item


def test_the_leftover_of_a_changed_instance_stays() -> None:
    moment = LocalTime(datetime(2026, 3, 9, 9))
    inner: Appointment = replace(sample(Appointment), recurrence=None, location="Room 7")
    one = ChangedInstance(moment, moment, moment, location="Room 7", item=inner, leftover={named.PidLidSideEffects: 1})
    item = replace(sample(Appointment), changed=(one,))
    plain = replace(one, leftover={}, item=replace(inner, mail=replace(inner.mail, leftover={})))
    found = merged(item, item, replace(bare(item), changed=(plain,), location="Room 8"))
    assert found == replace(item, location="Room 8")
    assert found.changed[0].leftover == one.leftover
    assert found.changed[0].item.mail.leftover == inner.mail.leftover


def test_a_base_of_each_side_tells_edits_from_habits() -> None:
    # Their store writes a zone's times in another way; that is nobody's edit.
    ours_before = sample(Appointment)
    theirs_before = replace(ours_before, pattern_text="every week", busy=1, label=3)
    ours = replace(ours_before, start=ours_before.start + timedelta(days=1))
    theirs = replace(theirs_before, location="Room 9")
    found = merge(field_digests(ours_before), ours, theirs, their_base=field_digests(theirs_before))
    assert found == Merged(replace(ours, location="Room 9"))


def test_what_programs_write_for_themselves_does_not_clash() -> None:
    item = sample(JournalEntry)

    def touched(number: int) -> Item:
        leftover = {**item.mail.leftover, tags.PidTagLastModificationTime: number, named.PidLidCurrentVersion: number}
        mail = replace(item.mail, leftover=leftover, headers=b"X: %d\r\n" % number, charset=f"iso-8859-{number}")
        return with_mail(item, mail)

    assert merged(item, touched(1), touched(2)) == touched(2)


def test_an_unknown_class_keeps_two_edits_of_one_property_apart() -> None:
    item = sample(KINDS[-1])

    def touched(number: int) -> Item:
        return with_mail(item, replace(item.mail, leftover={**item.mail.leftover, 0x68010003: number}))

    assert merge(item, touched(1), touched(2)).clashes == ("leftover.0x6801.0003",)
    post = sample(Post)
    assert merge(post, replace(post, channel="a"), replace(post, channel="b")).clashes == ("channel",)
    note = sample(Note)
    assert merge(note, replace(note, x=1), replace(note, x=2)).clashes == ()
