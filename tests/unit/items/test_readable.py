"""Items other than mail in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from mailconnector.items import Contact, DistributionList, GenericItem, Mail, Task, mail_of, readable, with_mail
from mailconnector.items.contact import ContactEmail, FileAs, PersonName, PhoneRole, PostalAddress
from mailconnector.items.distribution_list import Member
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.task import TaskStatus

ADA = Contact(
    Mail(message_class="IPM.Contact", subject="Ada King"),
    name=PersonName(given="Ada", surname="King"),
    file_as_id=FileAs.GIVEN,
    email1=ContactEmail("ada@example.org"),
    phones={PhoneRole.MOBILE: "+44 1"},
    home=PostalAddress("Main Street 1", "London"),
    birthday=date(1815, 12, 10),
    children=("Byron", "Anne"),
    journal=True,
)


def test_a_contact_in_words() -> None:
    mail = readable(ADA)
    assert mail.subject == "Ada King"
    assert mail.text == (
        "Name given: Ada\n"
        "Name surname: King\n"
        "Email1 address: ada@example.org\n"
        "Mobile phone: +44 1\n"
        "Home address: Main Street 1, London\n"
        "Birthday: 1815-12-10\n"
        "Children: Byron; Anne\n"
        "Journal: yes\n"
    )


def test_a_body_of_its_own_is_what_an_item_says() -> None:
    noted = replace(ADA, mail=replace(ADA.mail, text="Met in London\n"))
    assert readable(noted).text == "Met in London\n"
    plain = Mail(text=None)
    assert readable(plain) is plain
    assert readable(GenericItem(plain)) is plain


def test_lists_and_tasks_in_words() -> None:
    friends = DistributionList(Mail(), "Friends", (Member("Ada", "ada@example.org"), Member("Others", "")))
    assert readable(friends).text == "Name: Friends\nMembers: Ada <ada@example.org>; Others\n"
    task = Task(
        Mail(),
        status=TaskStatus.IN_PROGRESS,
        percent_complete=0.5,
        reminder=datetime(2024, 5, 1, 9, tzinfo=UTC),
        recurrence=Recurrence(Frequency.WEEKLY, weekdays=(1,)),
    )
    assert readable(task).text == (
        "Status: in progress\nPercent complete: 0.5\nReminder: 2024-05-01 09:00 UTC\nRecurrence: every week on Monday\n"
    )


def test_the_mail_of_an_item_can_be_replaced() -> None:
    other = Mail(subject="Other")
    assert mail_of(with_mail(ADA, other)) is other
    assert with_mail(mail_of(ADA), other) is other
    assert with_mail(ADA, other) == replace(ADA, mail=other)
