"""Strategies that make items other than mail, in the form in which readers give them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from mailconnector.items import Importance, Mail, Sensitivity
from mailconnector.items.contact import (
    Contact,
    ContactEmail,
    FileAs,
    Gender,
    MailingAddress,
    PersonName,
    PhoneRole,
    PostalAddress,
)
from mailconnector.items.distribution_list import DistributionList, Member, MemberKind
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.note import Note, NoteColor
from mailconnector.items.post import Post
from mailconnector.items.task import Task, TaskAcceptance, TaskChange, TaskOwnership, TaskState, TaskStatus
from tests.unit.items.appointments import recurrences
from tests.unit.items.mails import bodies, emails, flags, lines, moments

_texts = st.one_of(st.just(""), lines)
_names = st.lists(lines, max_size=3).map(tuple)
_days = st.one_of(st.none(), st.dates(date(1601, 1, 2), date(4500, 1, 1)))
_moments = st.one_of(st.none(), moments())
_truth = st.booleans()
_counts = st.integers(0, 2**31 - 1)


def _links() -> dict[str, st.SearchStrategy[Any]]:
    return {"billing": _texts, "mileage": _texts, "companies": _names, "contacts": _names}


def _mail(message_class: str) -> st.SearchStrategy[Mail]:
    """Return what reads as a mail of an item; mail with all that it can have is tried elsewhere."""
    return st.builds(
        Mail,
        message_class=st.just(message_class),
        subject=lines,
        text=st.one_of(st.none(), bodies),
        importance=st.sampled_from(Importance),
        sensitivity=st.sampled_from(Sensitivity),
        # Two deeds need the icon, which is that of the item's class.
        flags=flags().map(lambda one: replace(one, answered=one.answered and not one.forwarded)),
    )


@st.composite
def _emails(draw: st.DrawFn) -> ContactEmail | None:
    if not draw(_truth):
        return None
    kind = draw(st.sampled_from(["SMTP", "EX", "FAX"]))
    address = f"/o=Org/cn={draw(lines)}" if kind == "EX" else draw(emails)
    display = draw(_texts)
    return ContactEmail(address, "" if display == address else display, kind)


@st.composite
def addresses(draw: st.DrawFn) -> PostalAddress:
    """Return a postal address: none at all, in parts, or in one piece."""
    kind = draw(st.sampled_from(["none", "parts", "text"]))
    if kind == "none":
        return PostalAddress()
    if kind == "text":
        return PostalAddress(text=draw(bodies), country_code=draw(st.sampled_from(["", "JP"])))
    street = draw(st.lists(lines, min_size=1, max_size=2).map("\n".join))
    city, state, postal_code, country, po_box = (draw(_texts) for _ in range(5))
    code = draw(st.sampled_from(["", "DE"]))
    address = PostalAddress(street, city, state, postal_code, country, po_box, code)
    return address if address.has_parts() else PostalAddress()


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    """Return a contact with anything in its fields."""
    name = PersonName(*[draw(_texts) for _ in range(9)])
    mailing = draw(st.sampled_from(MailingAddress))
    plain = [
        "company", "yomi_company", "department", "job_title", "office", "profession", "manager", "assistant",
        "web_page", "business_home_page", "personal_home_page", "ftp_site", "im_address", "free_busy_url", "spouse",
        "hobbies", "referred_by", "language", "location", "account", "customer_id", "government_id",
        "organizational_id", "computer_network_name", "user1", "user2", "user3", "user4",
    ]  # fmt: skip
    texts: dict[str, Any] = {
        field: draw(_texts) for field in draw(st.lists(st.sampled_from(plain), unique=True, max_size=8))
    }
    full_name = draw(_texts)
    contact = Contact(
        draw(_mail("IPM.Contact")),
        name=name,
        full_name="" if full_name == name.joined() else full_name,
        file_as_id=draw(st.one_of(st.none(), st.sampled_from(FileAs).map(int))),
        email1=draw(_emails()),
        email2=draw(_emails()),
        email3=draw(_emails()),
        phones=draw(st.dictionaries(st.sampled_from(PhoneRole), lines.filter(bool), max_size=5)),
        home=draw(addresses()),
        work=draw(addresses()),
        other=draw(addresses()),
        mailing=mailing,
        unplaced=draw(addresses()) if mailing is MailingAddress.NONE else PostalAddress(),
        birthday=draw(_days),
        anniversary=draw(_days),
        children=draw(_names),
        gender=draw(st.sampled_from(Gender)),
        certificates=draw(st.lists(st.binary(max_size=20), max_size=2).map(tuple)),
        journal=draw(_truth),
        **{field: draw(strategy) for field, strategy in _links().items()},
        **texts,
    )
    file_as = draw(_texts)
    return contact if file_as == contact.filed_under() else replace(contact, file_as=file_as)


@st.composite
def members(draw: st.DrawFn) -> Member:
    """Return a member of a distribution list."""
    kind = draw(st.sampled_from(MemberKind))
    if kind is MemberKind.ADDRESS:
        return Member(draw(lines), draw(emails), draw(st.sampled_from(["SMTP", "FAX"])))
    slot = draw(st.integers(0, 7)) if kind is MemberKind.CONTACT else 4
    return Member(draw(lines), draw(_texts), "SMTP", kind, draw(st.binary(max_size=24)), slot)


distribution_lists = st.builds(
    DistributionList, _mail("IPM.DistList"), _texts, st.lists(members(), max_size=5).map(tuple), **_links()
)
notes = st.builds(
    Note,
    _mail("IPM.StickyNote"),
    st.sampled_from(NoteColor),
    *[st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1))] * 4,
    contacts=_names,
)
journal_entries = st.builds(
    JournalEntry,
    _mail("IPM.Activity"),
    _texts,
    _texts,
    _moments,
    _moments,
    _counts,
    *[_truth] * 5,
    **_links(),
)
posts = st.builds(Post, _mail("IPM.Post.RSS"), *[_texts] * 4, st.integers(-(2**31), 2**31 - 1), bodies, _texts)

tasks = st.builds(
    Task,
    _mail("IPM.Task"),
    status=st.sampled_from(TaskStatus),
    percent_complete=st.floats(0.0, 1.0),
    start=_days,
    due=_days,
    completed=_days,
    reminder=_moments,
    recurrence=st.one_of(st.none(), recurrences()),
    occurrence_is_dead=_truth,
    estimated_effort=_counts,
    actual_effort=_counts,
    owner=_texts,
    assigner=_texts,
    last_user=_texts,
    last_delegate=_texts,
    role=_texts,
    state=st.sampled_from(TaskState),
    ownership=st.sampled_from(TaskOwnership),
    acceptance=st.sampled_from(TaskAcceptance),
    last_change=st.sampled_from(TaskChange),
    last_update=_moments,
    wants_updates=_truth,
    wants_report=_truth,
    team_task=_truth,
    **_links(),
)
