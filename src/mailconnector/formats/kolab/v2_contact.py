"""Contacts and distribution lists of Kolab's format of version 2, which has the fields of Outlook's form.

Fields of a contact for which the format has no element are in elements of this program's, which others leave alone.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import date
from typing import Any

from mailconnector.formats.calendar.values import moment_of
from mailconnector.formats.kolab.note import moment_of as xml_moment
from mailconnector.formats.kolab.note import written_moment
from mailconnector.formats.syntax import transfer
from mailconnector.formats.syntax.xml_tree import Element, XmlFormatError
from mailconnector.items import Contact, DistributionList, Flags, Mail, Sensitivity
from mailconnector.items.contact import (
    ContactEmail,
    FileAs,
    Gender,
    MailingAddress,
    PersonName,
    PhoneRole,
    PostalAddress,
)
from mailconnector.items.distribution_list import Member

_OWN = "x-mailconnector-"
_NAMES = {
    "given": "given-name", "middle": "middle-names", "surname": "last-name", "initials": "initials",
    "prefix": "prefix", "generation": "suffix",
}  # fmt: skip
_OWN_NAMES = ("yomi_given", "yomi_surname")
_TEXTS = {
    "free_busy_url": "free-busy-url", "company": "organization", "web_page": "web-page", "im_address": "im-address",
    "department": "department", "office": "office-location", "profession": "profession", "job_title": "job-title",
    "manager": "manager-name", "assistant": "assistant", "spouse": "spouse-name", "language": "language",
}  # fmt: skip
_OWN_TEXTS = (
    "file_as", "yomi_company", "business_home_page", "personal_home_page", "ftp_site", "hobbies", "referred_by",
    "location", "account", "customer_id", "government_id", "organizational_id", "computer_network_name", "user1",
    "user2", "user3", "user4", "billing", "mileage",
)  # fmt: skip
_OWN_LISTS = ("companies", "contacts")
_DAYS = ("birthday", "anniversary")
_PHONES = {
    "business1": PhoneRole.BUSINESS, "business2": PhoneRole.BUSINESS_2, "businessfax": PhoneRole.BUSINESS_FAX,
    "callback": PhoneRole.CALLBACK, "car": PhoneRole.CAR, "company": PhoneRole.COMPANY, "home1": PhoneRole.HOME,
    "home2": PhoneRole.HOME_2, "homefax": PhoneRole.HOME_FAX, "isdn": PhoneRole.ISDN, "mobile": PhoneRole.MOBILE,
    "pager": PhoneRole.PAGER, "primary": PhoneRole.PRIMARY, "radio": PhoneRole.RADIO, "telex": PhoneRole.TELEX,
    "ttytdd": PhoneRole.TTY, "assistant": PhoneRole.ASSISTANT, "other": PhoneRole.OTHER,
    "otherfax": PhoneRole.OTHER_FAX,
}  # fmt: skip
_PHONE_NAMES = {role: name for name, role in _PHONES.items()}
_ADDRESSES = {"home": MailingAddress.HOME, "business": MailingAddress.WORK, "other": MailingAddress.OTHER}
_FIELDS = {MailingAddress.HOME: "home", MailingAddress.WORK: "work", MailingAddress.OTHER: "other"}
_PARTS = {
    "street": "street", "city": "locality", "state": "region", "postal_code": "postal-code", "country": "country",
    "po_box": "pobox",
}  # fmt: skip
_OWN_PARTS = ("country_code", "text")
_GENDERS = {"female": Gender.FEMALE, "male": Gender.MALE}
_CLASSES = {"private": Sensitivity.PRIVATE, "confidential": Sensitivity.CONFIDENTIAL}


def _own(field: str) -> str:
    return _OWN + field.replace("_", "-")


# -- Reading -----------------------------------------------------------------------------------------------------------


def read(root: Element, kind: str) -> Contact | DistributionList:
    """Return the item of an object; the photo that it names is with the item's files still.

    Args:
        root: The document.
        kind: "contact" or "distribution-list".

    Raises:
        XmlFormatError: It is none.
    """
    if root.name != kind:
        raise XmlFormatError(f"no {kind} in it")
    return _contact(root) if kind == "contact" else _list(root)


def photo_name(root: Element) -> str:
    """Return the name of the file with the photo; "" when there is none."""
    return root.said("picture")


def read_mail(root: Element, message_class: str) -> Mail:
    """Return what all objects have: their text, categories and sensitivity."""
    body = root.first("body")
    words = filter(None, map(str.strip, root.said("categories").split(",")))
    return Mail(
        message_class,
        message_id=f"<{root.said('uid')}>",
        date=xml_moment(root.said("creation-date")),
        text=None if body is None or not body.text else body.text,
        sensitivity=_CLASSES.get(root.said("sensitivity"), Sensitivity.NORMAL),
        flags=Flags(seen=True, keywords=tuple(dict.fromkeys(words))),
    )


def _contact(root: Element) -> Contact:
    given = root.first("name") or Element("")
    parts = {field: given.said(name) for field, name in _NAMES.items()}
    parts |= {field: given.said(_own(field)) for field in _OWN_NAMES}
    name = PersonName(nickname=root.said("nick-name"), **parts)
    full = given.said("full-name")
    fields: dict[str, Any] = {field: root.said(element) for field, element in _TEXTS.items()}
    fields |= {field: root.said(_own(field)) for field in _OWN_TEXTS}
    fields |= {field: tuple([one.text.strip() for one in root.all(_own(field))]) for field in _OWN_LISTS}
    fields |= {field: _day(root.said(field)) for field in _DAYS}
    fields |= {_FIELDS[which]: address for which, address in _read_addresses(root).items()}
    how = root.said(_own("file_as_id"))
    item = Contact(
        read_mail(root, "IPM.Contact"),
        name=name,
        full_name="" if full == name.joined() else full,
        phones={_PHONES[role]: number for role, number in _read_phones(root).items()},
        children=tuple(filter(None, map(str.strip, root.said("children").split(",")))),
        gender=_GENDERS.get(root.said("gender").lower(), Gender.UNSPECIFIED),
        mailing=_ADDRESSES.get(root.said("preferred-address"), MailingAddress.NONE),
        certificates=tuple(
            [transfer.decode_base64(one.text.encode("ascii", "ignore")) for one in root.all(_own("certificate"))]
        ),
        journal=root.first(_own("journal")) is not None,
        **fields,
    )
    if re.fullmatch(r"-?\d{1,9}|none", how):
        item = replace(item, file_as_id=None if how == "none" else int(how))
    emails: list[ContactEmail | None] = [_email(one) for one in root.all("email")[:3]]
    emails += [None] * (3 - len(emails))
    first, second, third = emails
    return replace(item, email1=first, email2=second, email3=third).titled()


def _email(element: Element) -> ContactEmail | None:
    address, display = element.said("smtp-address"), element.said("display-name")
    kind = element.said(_own("kind")) or "SMTP"
    return ContactEmail(address, "" if display == address else display, kind) if address or display else None


def _read_phones(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in root.all("phone"):
        role, number = one.said("type"), one.said("number")
        if role in _PHONES and number:
            found.setdefault(role, number)
    return found


def _read_addresses(root: Element) -> dict[MailingAddress, PostalAddress]:
    found: dict[MailingAddress, PostalAddress] = {}
    for one in root.all("address"):
        which = _ADDRESSES.get(one.said("type"))
        if which is None or which in found:
            continue
        street = one.first("street")
        parts = {field: one.said(name) for field, name in _PARTS.items()}
        parts |= {field: one.said(_own(field)) for field in _OWN_PARTS}
        parts["street"] = "" if street is None else street.text.strip(" \t")
        found[which] = PostalAddress(**parts)
    return found


def _day(text: str) -> date | None:
    moment = moment_of(text[:10])
    return None if moment is None else moment.local.date()


def _list(root: Element) -> DistributionList:
    members = [
        Member(one.said("display-name"), one.said("smtp-address"), one.said(_own("kind")) or "SMTP")
        for one in root.all("member")
    ]
    return DistributionList(
        read_mail(root, "IPM.DistList"),
        root.said("display-name"),
        tuple([one for one in members if one.name or one.address]),
        billing=root.said(_own("billing")),
        mileage=root.said(_own("mileage")),
    ).titled()


# -- Writing -----------------------------------------------------------------------------------------------------------


def document(item: Contact | DistributionList, uid: str, photo: str = "") -> Element:
    """Return an item as an object.

    Args:
        item: The item.
        uid: The object's.
        photo: Name of the file with the photo; empty when there is none.
    """
    if isinstance(item, DistributionList):
        return _list_document(item, uid)
    root = _root("contact", item.mail, uid)
    name = root.add("name")
    for field, element in _NAMES.items():
        name.add_text(element, getattr(item.name, field))
    name.add_text("full-name", item.display_name())
    for field in _OWN_NAMES:
        name.add_text(_own(field), getattr(item.name, field))
    for field, element in _TEXTS.items():
        root.add_text(element, getattr(item, field))
    root.add_text("nick-name", item.name.nickname)
    root.add_text("picture", photo)
    root.add_text("children", ", ".join([child.replace(",", " ") for child in item.children]))
    root.add_text("gender", next((name for name, one in _GENDERS.items() if one is item.gender), ""))
    for field in _DAYS:
        day = getattr(item, field)
        if day is not None:
            root.add(field, f"{day.year:04}-{day.month:02}-{day.day:02}")
    for role, number in item.phones.items():
        phone = root.add("phone")
        phone.add("type", _PHONE_NAMES[role])
        phone.add("number", number)
    for email in item.emails:
        person = root.add("email")
        person.add("display-name", email.display or email.address)
        person.add("smtp-address", email.address)
        person.add_text(_own("kind"), "" if email.kind == "SMTP" else email.kind)
    for kind, which in _ADDRESSES.items():
        address = item.address(which)
        if address == PostalAddress():
            continue
        part = root.add("address")
        part.add("type", kind)
        for field, element in _PARTS.items():
            part.add_text(element, getattr(address, field))
        for field in _OWN_PARTS:
            part.add_text(_own(field), getattr(address, field))
    root.add("preferred-address", next((name for name, one in _ADDRESSES.items() if one is item.mailing), "none"))
    _put_own(root, item)
    return root


def _put_own(root: Element, item: Contact) -> None:
    for field in _OWN_TEXTS:
        root.add_text(_own(field), getattr(item, field))
    for field in _OWN_LISTS:
        for text in getattr(item, field):
            root.add_text(_own(field), text)
    for one in item.certificates:
        root.add(_own("certificate"), base64.b64encode(one).decode("ascii"))
    if item.journal:
        root.add(_own("journal"))
    if item.file_as_id != FileAs.LAST_FIRST:
        root.add(_own("file_as_id"), "none" if item.file_as_id is None else str(item.file_as_id))


def _root(kind: str, mail: Mail, uid: str) -> Element:
    root = Element(kind, attributes={"version": "1.0"})
    root.add("uid", uid)
    put_mail(root, mail)
    return root


def put_mail(root: Element, mail: Mail) -> None:
    """Write what all objects have: their text, categories and sensitivity."""
    root.add_text("body", mail.text or "")
    root.add_text("categories", ",".join([word.replace(",", " ") for word in mail.flags.keywords]))
    if mail.date is not None:
        root.add("creation-date", written_moment(mail.date))
    said = next((name for name, level in _CLASSES.items() if level is mail.sensitivity), "public")
    root.add("sensitivity", "private" if mail.sensitivity is Sensitivity.PERSONAL else said)


def _list_document(item: DistributionList, uid: str) -> Element:
    root = _root("distribution-list", item.mail, uid)
    root.add("display-name", item.name)
    for member in item.members:
        person = root.add("member")
        person.add("display-name", member.name)
        person.add("smtp-address", member.address)
        person.add_text(_own("kind"), "" if member.address_type == "SMTP" else member.address_type)
    root.add_text(_own("billing"), item.billing)
    root.add_text(_own("mileage"), item.mileage)
    return root
