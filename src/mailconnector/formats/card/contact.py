"""Contacts as vCards: what each property means.

RFC 6350 6, RFC 2426 3, RFC 6715, RFC 8605, and what Outlook, Evolution, Apple and Google write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from mailconnector.formats.card.certificates import certificate_in
from mailconnector.formats.card.lines import V2, V3, Line, data_uri, escape, escape_uri, kept, line, parse_kept
from mailconnector.formats.card.reading import Lines, link_lines, mail_lines, read_links, read_mail, text_line
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

MESSAGE_CLASS = "IPM.Contact"
MAX_PHOTO = 32 << 20
"""Bytes of the largest photo; a larger one stays a line of the card."""

# Field, and the names under which it is found; the first is written.
_TEXTS: dict[str, tuple[str, ...]] = {
    "job_title": ("TITLE",),
    "profession": ("ROLE",),
    "yomi_company": ("X-PHONETIC-ORG", "X-PHONETIC-COMPANY"),
    "manager": ("X-MS-MANAGER", "X-EVOLUTION-MANAGER", "X-MANAGER"),
    "assistant": ("X-MS-ASSISTANT", "X-EVOLUTION-ASSISTANT", "X-ASSISTANT"),
    "ftp_site": ("X-MAILCONNECTOR-FTP-SITE",),
    "hobbies": ("HOBBY",),
    "referred_by": ("X-MAILCONNECTOR-REFERRED-BY",),
    "language": ("LANG",),
    "location": ("X-MAILCONNECTOR-LOCATION",),
    "account": ("X-MAILCONNECTOR-ACCOUNT",),
    "customer_id": ("X-MAILCONNECTOR-CUSTOMER-ID",),
    "government_id": ("X-MAILCONNECTOR-GOVERNMENT-ID",),
    "organizational_id": ("X-MAILCONNECTOR-ORGANIZATIONAL-ID",),
    "computer_network_name": ("X-MAILCONNECTOR-COMPUTER-NETWORK",),
    "user1": ("X-MAILCONNECTOR-USER-1",),
    "user2": ("X-MAILCONNECTOR-USER-2",),
    "user3": ("X-MAILCONNECTOR-USER-3",),
    "user4": ("X-MAILCONNECTOR-USER-4",),
    "file_as": ("X-EVOLUTION-FILE-AS", "X-FILE-AS"),
}
_FILE_AS_ID = "X-MAILCONNECTOR-FILE-AS-ID"
_JOURNAL = "X-MAILCONNECTOR-JOURNAL"
_MAILING = "X-MS-OL-DEFAULT-POSTAL-ADDRESS"
_OUTLOOK_KEY = "application/vnd.ms-outlook.certificate"
_KEY = "application/pkix-cert"
_STORED_KEY = "X-MAILCONNECTOR-CERTIFICATE"
_NO_FILE_AS = "NONE"
_UNPLACED = "x-mailing"
_SECOND = "x-second"

# Types of a number in version 4.0, and other types that mean the role too.
_PHONES: dict[PhoneRole, tuple[tuple[str, ...], tuple[str, ...]]] = {
    PhoneRole.ASSISTANT: (("x-assistant",), ("assistant", "x-evolution-assistant")),
    PhoneRole.CALLBACK: (("x-callback",), ("callback", "x-evolution-callback")),
    PhoneRole.CAR: (("x-car",), ("car",)),
    PhoneRole.COMPANY: (("x-company",), ("company", "x-evolution-company")),
    PhoneRole.ISDN: (("x-isdn",), ("isdn",)),
    PhoneRole.PRIMARY: (("x-primary",), ("primary", "main")),
    PhoneRole.RADIO: (("x-radio",), ("radio", "x-evolution-radio")),
    PhoneRole.TELEX: (("x-telex",), ("tlx", "telex", "x-evolution-telex")),
    PhoneRole.TTY: (("textphone",), ("tty-tdd", "tty", "x-tty", "x-evolution-ttytdd")),
    PhoneRole.PAGER: (("pager",), ()),
    PhoneRole.BUSINESS_FAX: (("work", "fax"), ()),
    PhoneRole.HOME_FAX: (("home", "fax"), ()),
    PhoneRole.OTHER_FAX: (("fax",), ()),
    PhoneRole.MOBILE: (("cell",), ("pcs",)),
    PhoneRole.BUSINESS_2: (("work", _SECOND), ()),
    PhoneRole.HOME_2: (("home", _SECOND), ()),
    PhoneRole.BUSINESS: (("work",), ()),
    PhoneRole.HOME: (("home",), ()),
    PhoneRole.OTHER: (("voice",), ()),
}
_SECONDS = {PhoneRole.BUSINESS: PhoneRole.BUSINESS_2, PhoneRole.HOME: PhoneRole.HOME_2}
# In version 3.0 and before these have names that need no x-.
_OLD_PHONES = {"x-car": "car", "x-isdn": "isdn", "textphone": "tty-tdd"}
_ADDRESSES = {
    MailingAddress.HOME: ("home", "home"),
    MailingAddress.WORK: ("work", "work"),
    MailingAddress.OTHER: ("other", ""),
    MailingAddress.NONE: ("unplaced", _UNPLACED),
}
_GENDERS = {"F": Gender.FEMALE, "M": Gender.MALE}
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_BOTH_3_AND_4 = {
    "ANNIVERSARY": "X-ANNIVERSARY",
    "GENDER": "X-GENDER",
    "LANG": "X-LANG",
    "HOBBY": "X-HOBBY",
    "KIND": "X-KIND",
}
_OLD = {old: new for new, old in _BOTH_3_AND_4.items()}


# -- reading -----------------------------------------------------------------------------------------------------------


def read(version: str, all_lines: Sequence[Line]) -> Contact:
    """Return a card as a contact; what no field expresses is its `source`."""
    lines = Lines(version, [replace(one, name=_OLD[one.name]) if one.name in _OLD else one for one in all_lines])
    texts: dict[str, Any] = {field: lines.text(*names) for field, names in _TEXTS.items()}
    how = lines.first(_FILE_AS_ID, where=lambda one: one.value == _NO_FILE_AS or _is_number(one.value))
    company, department = _read_firm(lines)
    anniversary = _read_day(lines, "ANNIVERSARY", "X-MS-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY")
    if anniversary is None:
        anniversary = _read_day(lines, "X-ABDATE", label="anniversary")
    addresses, office = _read_addresses(lines)
    item = Contact(
        read_mail(lines, MESSAGE_CLASS),
        name=PersonName(nickname=lines.text("NICKNAME"), initials=lines.text("X-MAILCONNECTOR-INITIALS")),
        company=company,
        department=department,
        office=office,
        phones=_read_phones(lines),
        mailing=_read_mailing(lines, addresses),
        home=addresses.get(MailingAddress.HOME, (PostalAddress(), False))[0],
        work=addresses.get(MailingAddress.WORK, (PostalAddress(), False))[0],
        other=addresses.get(MailingAddress.OTHER, (PostalAddress(), False))[0],
        unplaced=addresses.get(MailingAddress.NONE, (PostalAddress(), False))[0],
        birthday=_read_day(lines, "BDAY"),
        anniversary=anniversary,
        im_address=lines.text("X-MS-IMADDRESS") or lines.text("IMPP"),
        free_busy_url=lines.text("FBURL"),
        gender=_read_gender(lines),
        journal=lines.first(_JOURNAL, where=lambda one: one.value == "TRUE") is not None,
        **texts,
        **_read_pages(lines),
        **read_links(lines),
    )
    first, second, third = _read_emails(lines)
    item = replace(item, email1=first, email2=second, email3=third)
    item = _read_related(lines, item)
    item = _read_held(lines, item)
    if how is not None:
        item = replace(item, file_as_id=None if how.value == _NO_FILE_AS else int(how.value))
    item = _read_names(lines, item)
    if item.mailing is not MailingAddress.NONE:
        item = replace(item, unplaced=PostalAddress())
    if item.file_as == replace(item, file_as="").filed_under():
        item = replace(item, file_as="")
    return replace(item, source=kept(version, lines.left)).titled()


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,9}", text, re.ASCII) is not None


def _read_firm(lines: Lines) -> tuple[str, str]:
    found = lines.first("ORG")
    if found is None:
        return "", ""
    company, *units = found.parts()
    return company, ", ".join(filter(None, units))


def _read_names(lines: Lines, item: Contact) -> Contact:
    found = lines.first("N")
    name = item.name
    if found is not None:
        parts = [" ".join(filter(None, one)) for one in found.lists(5)]
        surname, given, middle, prefix, generation = [*parts, *[""] * (5 - len(parts))]
        name = replace(name, surname=surname, given=given, middle=middle, prefix=prefix, generation=generation)
    name = replace(
        name,
        yomi_given=lines.text("X-PHONETIC-FIRST-NAME"),
        yomi_surname=lines.text("X-PHONETIC-LAST-NAME"),
    )
    # One value with commas, or several.
    sorting = found.param("SORT-AS").split(",") if found is not None else []
    if not name.yomi_given and not name.yomi_surname and any(map(_KANA.search, sorting)):
        surname, given, *_ = [*sorting, ""]
        name = replace(name, yomi_given=given, yomi_surname=surname)
    item = replace(item, name=name)
    full = lines.first("FN")
    shown = full.text() if full is not None else ""
    is_firm = lines.first("KIND", where=lambda one: one.value.lower() == "org" and shown == _stand_in(item)) is not None
    if full is not None and (full.param("X-STANDS-IN") or is_firm):
        shown = ""
    return replace(item, full_name="" if shown == name.joined() else shown)


def _stand_in(item: Contact) -> str:
    """Return what is shown for a contact without a name: a card must have one."""
    first = [one.display or one.address for one in item.emails[:1]]
    return next(filter(None, [item.company, item.filed_under(), *first, *item.phones.values()]), "")


def _read_emails(lines: Lines) -> list[ContactEmail | None]:
    slots: list[ContactEmail | None] = [None, None, None]
    for one in lines.of("EMAIL"):
        address = one.text()
        display = one.param("X-DISPLAY")
        wanted = one.param("X-SLOT")
        free = [at for at, email in enumerate(slots) if email is None]
        if wanted in {"1", "2", "3"} and int(wanted) - 1 in free:
            free = [int(wanted) - 1]
        if not free or not (address or display):
            continue
        slots[free[0]] = ContactEmail(address, "" if display == address else display, one.param("X-KIND") or "SMTP")
        lines.claim(one)
    return slots


def _role_of(lines: Lines, one: Line) -> PhoneRole | None:
    types = one.types
    label = re.sub(r"[^a-z]", "", lines.label(one))
    if label == "assistantphone":
        return PhoneRole.ASSISTANT
    for role, (written, others) in _PHONES.items():
        if types >= set(written) or types & set(others):
            return role
    return PhoneRole.OTHER if not types & {"video", "modem", "bbs"} else None


def _read_phones(lines: Lines) -> dict[PhoneRole, str]:
    phones: dict[PhoneRole, str] = {}
    for one in lines.of("TEL", "X-MS-TEL"):
        role = _role_of(lines, one)
        if role in _SECONDS and role in phones:
            role = _SECONDS[role]
        number = one.text()
        if one.param("VALUE").lower() == "uri":
            number = number.removeprefix("tel:")
        if role is not None and role not in phones and number:
            phones[role] = number
            lines.claim(one)
    return phones


def _read_addresses(lines: Lines) -> tuple[dict[MailingAddress, tuple[PostalAddress, bool]], str]:
    found: dict[MailingAddress, tuple[PostalAddress, bool]] = {}
    office = ""
    for one in lines.of("ADR"):
        which = next((which for which, (_, kind) in _ADDRESSES.items() if kind in one.types), MailingAddress.OTHER)
        if which in found:
            continue
        parts = one.parts()
        box, extended, street, city, state, code, country = [*parts, *[""] * (7 - len(parts))][:7]
        if which is MailingAddress.WORK and not office:
            office = extended
        else:
            street = "\n".join(filter(None, (extended, street)))
        address = PostalAddress(street, city, state, code, country, box, one.param("CC"))
        if not address.has_parts():
            address = replace(address, text=one.param("LABEL"))
        found[which] = (address, one.preference < 100)
        lines.claim(one)
    # Before version 4.0 an envelope's text is a line of its own.
    for one in lines.of("LABEL"):
        which = next((which for which, (_, kind) in _ADDRESSES.items() if kind in one.types), MailingAddress.OTHER)
        address, preferred = found.get(which, (PostalAddress(), one.preference < 100))
        if address.text:
            continue
        found[which] = (address if address.has_parts() else replace(address, text=one.text()), preferred)
        lines.claim(one)
    return found, office


def _read_mailing(lines: Lines, addresses: dict[MailingAddress, tuple[PostalAddress, bool]]) -> MailingAddress:
    said = lines.first(_MAILING, where=lambda one: one.value in {"0", "1", "2", "3"})
    if said is not None:
        return MailingAddress(int(said.value))
    return next((which for which, (_, preferred) in addresses.items() if preferred), MailingAddress.NONE)


def _read_pages(lines: Lines) -> dict[str, Any]:
    work = lines.text("URL", where=lambda one: "work" in one.types)
    home = lines.text("URL", where=lambda one: "home" in one.types or "home" in lines.label(one))
    page = lines.text("URL", where=lambda one: not one.types)
    if lines.version == V2 and not page:
        # Outlook's one web page in the form is written as that of work.
        page, work = work, ""
    return {"web_page": page, "business_home_page": work, "personal_home_page": home}


def _read_day(lines: Lines, *names: str, label: str = "") -> date | None:
    found = lines.first(*names, where=lambda one: label in lines.label(one) and _day(one.text()) is not None)
    return None if found is None else _day(found.text())


def _day(text: str) -> date | None:
    found = _DATE.match(text.strip())
    try:
        return None if found is None else date(*map(int, found.groups()))
    except ValueError:
        return None


def _read_gender(lines: Lines) -> Gender:
    found = lines.first("GENDER", where=lambda one: one.value.upper() in _GENDERS)
    return Gender.UNSPECIFIED if found is None else _GENDERS[found.value.upper()]


def _read_related(lines: Lines, item: Contact) -> Contact:
    def related(*kinds: str) -> tuple[str, ...]:
        # One that is a URI is another card.
        return lines.texts(
            "RELATED", where=lambda one: one.param("VALUE").lower() == "text" and bool(one.types & set(kinds))
        )

    def labelled(kind: str) -> tuple[str, ...]:
        return lines.texts("X-ABRELATEDNAMES", where=lambda one: lines.label(one) == kind)

    spouse = lines.text("RELATED", where=lambda one: one.param("VALUE").lower() == "text" and "spouse" in one.types)
    spouse = spouse or lines.text("X-MS-SPOUSE", "X-EVOLUTION-SPOUSE", "X-SPOUSE")
    spouse = spouse or lines.text("X-ABRELATEDNAMES", where=lambda one: lines.label(one) == "spouse")
    manager = item.manager or ", ".join(related("manager", "x-manager") or labelled("manager"))
    assistant = item.assistant or ", ".join(related("assistant", "x-assistant", "agent") or labelled("assistant"))
    children = related("child") + lines.texts("X-MS-CHILD") + labelled("child")
    return replace(item, spouse=spouse, children=children, manager=manager, assistant=assistant)


def _read_held(lines: Lines, item: Contact) -> Contact:
    whole: dict[bytes, bytes] = {}
    for one in lines.of(_STORED_KEY):
        held = one.data()
        if held is not None:
            whole[certificate_in(held[1])] = held[1]
            lines.claim(one)
    certificates = []
    for one in lines.of("KEY"):
        held = one.data()
        if held is not None and held[0] in {_KEY, _OUTLOOK_KEY}:
            certificates.append(whole.get(held[1], held[1]))
            lines.claim(one)
    item = replace(item, certificates=tuple(certificates))
    photo = lines.first("PHOTO", where=lambda one: one.data() is not None and len(one.value) < MAX_PHOTO * 4 // 3)
    held = None if photo is None else photo.data()
    return item if held is None else item.with_photo(held[1], held[0] or "image/jpeg")


# -- writing -----------------------------------------------------------------------------------------------------------


def lines_of(item: Contact, version: str) -> list[Line]:
    """Return the lines of a contact's card, those that it came with and no field expresses at the end."""
    made = [
        *_name_lines(item, version),
        *_firm_lines(item),
        *[one for field, names in _TEXTS.items() for one in text_line(names[0], getattr(item, field))],
        *_email_lines(item),
        *_phone_lines(item, version),
        *_address_lines(item, version),
        *_page_lines(item),
        *_day_lines(item, version),
        *_person_lines(item, version),
        *_held_lines(item),
        *mail_lines(item.mail),
        *link_lines(item),
    ]
    if item.file_as_id != FileAs.LAST_FIRST:
        made.append(line(_FILE_AS_ID, _NO_FILE_AS if item.file_as_id is None else str(item.file_as_id)))
    if item.journal:
        made.append(line(_JOURNAL, "TRUE"))
    made += parse_kept(item.source)[1]
    return [replace(one, name=_BOTH_3_AND_4.get(one.name, one.name)) for one in made] if version == V3 else made


def _name_lines(item: Contact, version: str) -> list[Line]:
    name = item.name
    parts = (name.surname, name.given, name.middle, name.prefix, name.generation)
    made: list[Line] = []
    shown = item.display_name()
    if shown:
        made.append(line("FN", escape(shown)))
    else:
        made.append(line("FN", escape(_stand_in(item)), X_STANDS_IN="1"))
        if item.company:
            made.append(line("KIND", "org"))
    if any(parts) or version == V3 or shown:
        yomi = f"{name.yomi_surname},{name.yomi_given}"
        made.append(
            line("N", ";".join(map(escape, parts)), SORT_AS=yomi if version != V3 and _KANA.search(yomi) else "")
        )
    made += text_line("NICKNAME", name.nickname)
    made += text_line("X-PHONETIC-FIRST-NAME", name.yomi_given)
    made += text_line("X-PHONETIC-LAST-NAME", name.yomi_surname)
    return made + text_line("X-MAILCONNECTOR-INITIALS", name.initials)


def _firm_lines(item: Contact) -> list[Line]:
    if not item.company and not item.department:
        return []
    return (
        [line("ORG", ";".join(map(escape, filter(None, (item.company, item.department)))))]
        if item.company
        else [line("ORG", ";" + escape(item.department))]
    )


def _email_lines(item: Contact) -> list[Line]:
    made: list[Line] = []
    for slot, email in enumerate((item.email1, item.email2, item.email3), 1):
        if email is not None:
            made.append(
                line(
                    "EMAIL",
                    escape(email.address),
                    PREF=str(slot),
                    X_SLOT=str(slot) if slot != len(made) + 1 else "",
                    X_DISPLAY=email.display,
                    X_KIND="" if email.kind == "SMTP" else email.kind,
                )
            )
    return made


def _phone_lines(item: Contact, version: str) -> list[Line]:
    made = []
    for role in PhoneRole:
        number = item.phones.get(role, "")
        if number:
            kinds: Sequence[str] = _PHONES[role][0]
            if version == V3:
                kinds = [_OLD_PHONES.get(kind, kind) for kind in kinds]
            made.append(line("TEL", escape(number), TYPE=kinds))
    return made


def _address_lines(item: Contact, version: str) -> list[Line]:
    made: list[Line] = []
    for which, (_, kind) in _ADDRESSES.items():
        address = item.address(which)
        office = item.office if which is MailingAddress.WORK else ""
        if which is MailingAddress.NONE and item.mailing is not MailingAddress.NONE:
            continue
        if address == PostalAddress() and not office:
            continue
        parts = (
            address.po_box,
            office,
            address.street,
            address.city,
            address.state,
            address.postal_code,
            address.country,
        )
        preferred = "1" if which is item.mailing and which is not MailingAddress.NONE else ""
        label = address.label()
        here = version != V3
        made.append(
            line(
                "ADR",
                ";".join(map(escape, parts)),
                TYPE=kind,
                PREF=preferred,
                CC=address.country_code,
                LABEL=label if here else "",
            )
        )
        if label and not here:
            made.append(line("LABEL", escape(label), TYPE=kind, PREF=preferred))
    if item.mailing is not MailingAddress.NONE:
        made.append(line(_MAILING, str(int(item.mailing))))
    return made


def _page_lines(item: Contact) -> list[Line]:
    pages = (
        ("URL", item.web_page, ""),
        ("URL", item.business_home_page, "work"),
        ("URL", item.personal_home_page, "home"),
    )
    made = [line(name, escape_uri(text), TYPE=kind) for name, text, kind in pages if text]
    if item.im_address:
        name = "IMPP" if _SCHEME.match(item.im_address) else "X-MS-IMADDRESS"
        made.append(line(name, escape_uri(item.im_address)))
    if item.free_busy_url:
        made.append(line("FBURL", escape_uri(item.free_busy_url)))
    return made


def _day_lines(item: Contact, version: str) -> list[Line]:
    days = (("BDAY", item.birthday), ("ANNIVERSARY", item.anniversary))
    mark = "-" if version == V3 else ""
    return [line(name, f"{day.year:04}{mark}{day.month:02}{mark}{day.day:02}") for name, day in days if day is not None]


def _person_lines(item: Contact, version: str) -> list[Line]:
    made = []
    if item.gender is not Gender.UNSPECIFIED:
        made.append(line("GENDER", next(key for key, value in _GENDERS.items() if value is item.gender)))
    if version == V3:
        made += text_line("X-MS-SPOUSE", item.spouse)
        return made + [line("X-MS-CHILD", escape(child)) for child in item.children]
    made += text_line("RELATED", item.spouse, VALUE="text", TYPE="spouse")
    return made + [line("RELATED", escape(child), VALUE="text", TYPE="child") for child in item.children]


def _held_lines(item: Contact) -> list[Line]:
    made = []
    photo = item.photo
    if photo is not None and photo.size() <= MAX_PHOTO:
        made.append(line("PHOTO", data_uri(photo.content_type or "image/jpeg", photo.content())))
    for one in item.certificates:
        # Others want the certificate; Outlook's wrapping of it has more than that.
        certificate = certificate_in(one)
        made.append(line("KEY", data_uri(_KEY, certificate) if certificate else data_uri(_OUTLOOK_KEY, one)))
        if certificate and certificate != one:
            made.append(line(_STORED_KEY, data_uri(_OUTLOOK_KEY, one)))
    return made
