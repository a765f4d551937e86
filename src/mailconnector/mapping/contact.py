"""Contacts ([MS-OXOCNTC] 2.2.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date, time, timedelta
from functools import partial
from operator import attrgetter
from typing import Any

from mailconnector.items import Item
from mailconnector.items.contact import (
    Contact,
    ContactEmail,
    Gender,
    MailingAddress,
    PersonName,
    PhoneRole,
    PostalAddress,
    filed_name,
)
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.entryid import AddressBookEntryId, OneOffEntryId, OneOffFlags
from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey
from mailconnector.mapi.types import PropertyType, make_tag
from mailconnector.mapping import form_fields, own
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.fields import (
    Field,
    Group,
    binaries,
    choice,
    groups_of,
    mail_part,
    put_fields,
    read_day,
    read_text,
    stored_day,
    stored_text,
    text,
    texts,
    truth,
    values,
    with_fields,
    without_fields,
)

_ICON = 0x200

# Without constants in the vocabulary: PidTagGovernmentIdNumber, PidTagOrganizationalIdNumber, PidTagTelexNumber and
# PidTagUserX509Certificate.
_GOVERNMENT_ID = make_tag(0x3A07, PropertyType.STRING)
_ORGANIZATIONAL_ID = make_tag(0x3A10, PropertyType.STRING)
_TELEX = make_tag(0x3A2C, PropertyType.STRING)
_X509_CERTIFICATE = make_tag(0x3A70, PropertyType.MULTIPLE_BINARY)

_NAME = (
    text("prefix", tags.PidTagDisplayNamePrefix),
    text("given", tags.PidTagGivenName),
    text("middle", tags.PidTagMiddleName),
    text("surname", tags.PidTagSurname),
    text("generation", tags.PidTagGeneration),
    text("nickname", tags.PidTagNickname),
    text("initials", tags.PidTagInitials),
    text("yomi_given", named.PidLidYomiFirstName),
    text("yomi_surname", named.PidLidYomiLastName),
)
_PLAIN = (
    text("company", tags.PidTagCompanyName),
    text("yomi_company", named.PidLidYomiCompanyName),
    text("department", tags.PidTagDepartmentName),
    text("job_title", tags.PidTagTitle),
    text("office", tags.PidTagOfficeLocation),
    text("profession", tags.PidTagProfession),
    text("manager", tags.PidTagManagerName),
    text("assistant", tags.PidTagAssistant),
    text("web_page", named.PidLidHtml),
    text("business_home_page", tags.PidTagBusinessHomePage),
    text("personal_home_page", tags.PidTagPersonalHomePage),
    text("ftp_site", tags.PidTagFtpSite),
    text("im_address", named.PidLidInstantMessagingAddress),
    text("free_busy_url", named.PidLidFreeBusyLocation),
    text("spouse", tags.PidTagSpouseName),
    texts("children", tags.PidTagChildrensNames),
    text("hobbies", tags.PidTagHobbies),
    text("referred_by", tags.PidTagReferredByName),
    choice("gender", tags.PidTagGender, Gender.UNSPECIFIED),
    text("language", tags.PidTagLanguage),
    text("location", tags.PidTagLocation),
    text("account", tags.PidTagAccount),
    text("customer_id", tags.PidTagCustomerId),
    text("government_id", _GOVERNMENT_ID),
    text("organizational_id", _ORGANIZATIONAL_ID),
    text("computer_network_name", tags.PidTagComputerNetworkName),
    text("user1", named.PidLidContactUserField1),
    text("user2", named.PidLidContactUserField2),
    text("user3", named.PidLidContactUserField3),
    text("user4", named.PidLidContactUserField4),
    binaries("certificates", _X509_CERTIFICATE),
    truth("journal", named.PidLidAutoLog),
    text("source", own.CARD_LINES),
    *form_fields.LINKS,
)

_PHONES: dict[PhoneRole, PropertyKey] = {
    PhoneRole.ASSISTANT: tags.PidTagAssistantTelephoneNumber,
    PhoneRole.BUSINESS: tags.PidTagBusinessTelephoneNumber,
    PhoneRole.BUSINESS_2: tags.PidTagBusiness2TelephoneNumber,
    PhoneRole.BUSINESS_FAX: tags.PidTagBusinessFaxNumber,
    PhoneRole.CALLBACK: tags.PidTagCallbackTelephoneNumber,
    PhoneRole.CAR: tags.PidTagCarTelephoneNumber,
    PhoneRole.COMPANY: tags.PidTagCompanyMainTelephoneNumber,
    PhoneRole.HOME: tags.PidTagHomeTelephoneNumber,
    PhoneRole.HOME_2: tags.PidTagHome2TelephoneNumber,
    PhoneRole.HOME_FAX: tags.PidTagHomeFaxNumber,
    PhoneRole.ISDN: tags.PidTagIsdnNumber,
    PhoneRole.MOBILE: tags.PidTagMobileTelephoneNumber,
    PhoneRole.OTHER: tags.PidTagOtherTelephoneNumber,
    PhoneRole.OTHER_FAX: tags.PidTagPrimaryFaxNumber,
    PhoneRole.PAGER: tags.PidTagPagerTelephoneNumber,
    PhoneRole.PRIMARY: tags.PidTagPrimaryTelephoneNumber,
    PhoneRole.RADIO: tags.PidTagRadioTelephoneNumber,
    PhoneRole.TELEX: _TELEX,
    PhoneRole.TTY: tags.PidTagTelecommunicationsDeviceForDeafTelephoneNumber,
}

# What Outlook writes for a fax number so that it can be written to: address type, address, name, entry id.
_FAX_ADDRESSES: dict[PhoneRole, tuple[NamedTag, NamedTag, NamedTag, NamedTag]] = {
    PhoneRole.OTHER_FAX: (
        named.PidLidFax1AddressType,
        named.PidLidFax1EmailAddress,
        named.PidLidFax1OriginalDisplayName,
        named.PidLidFax1OriginalEntryId,
    ),
    PhoneRole.BUSINESS_FAX: (
        named.PidLidFax2AddressType,
        named.PidLidFax2EmailAddress,
        named.PidLidFax2OriginalDisplayName,
        named.PidLidFax2OriginalEntryId,
    ),
    PhoneRole.HOME_FAX: (
        named.PidLidFax3AddressType,
        named.PidLidFax3EmailAddress,
        named.PidLidFax3OriginalDisplayName,
        named.PidLidFax3OriginalEntryId,
    ),
}
_FAX = "FAX"

# Display name, address type, address, original display name, entry id.
_EMAILS: dict[str, tuple[NamedTag, NamedTag, NamedTag, NamedTag, NamedTag]] = {
    "email1": (
        named.PidLidEmail1DisplayName,
        named.PidLidEmail1AddressType,
        named.PidLidEmail1EmailAddress,
        named.PidLidEmail1OriginalDisplayName,
        named.PidLidEmail1OriginalEntryId,
    ),
    "email2": (
        named.PidLidEmail2DisplayName,
        named.PidLidEmail2AddressType,
        named.PidLidEmail2EmailAddress,
        named.PidLidEmail2OriginalDisplayName,
        named.PidLidEmail2OriginalEntryId,
    ),
    "email3": (
        named.PidLidEmail3DisplayName,
        named.PidLidEmail3AddressType,
        named.PidLidEmail3EmailAddress,
        named.PidLidEmail3OriginalDisplayName,
        named.PidLidEmail3OriginalEntryId,
    ),
}
_SMTP, _EXCHANGE = "SMTP", "EX"


def _address_fields(*keys: PropertyKey) -> tuple[Field, ...]:
    return tuple([text(part.name, key) for part, key in zip(fields_of(PostalAddress), keys, strict=True)])


_ADDRESSES: dict[str, tuple[Field, ...]] = {
    "home": _address_fields(
        tags.PidTagHomeAddressStreet,
        tags.PidTagHomeAddressCity,
        tags.PidTagHomeAddressStateOrProvince,
        tags.PidTagHomeAddressPostalCode,
        tags.PidTagHomeAddressCountry,
        tags.PidTagHomeAddressPostOfficeBox,
        named.PidLidHomeAddressCountryCode,
        named.PidLidHomeAddress,
    ),
    "work": _address_fields(
        named.PidLidWorkAddressStreet,
        named.PidLidWorkAddressCity,
        named.PidLidWorkAddressState,
        named.PidLidWorkAddressPostalCode,
        named.PidLidWorkAddressCountry,
        named.PidLidWorkAddressPostOfficeBox,
        named.PidLidWorkAddressCountryCode,
        named.PidLidWorkAddress,
    ),
    "other": _address_fields(
        tags.PidTagOtherAddressStreet,
        tags.PidTagOtherAddressCity,
        tags.PidTagOtherAddressStateOrProvince,
        tags.PidTagOtherAddressPostalCode,
        tags.PidTagOtherAddressCountry,
        tags.PidTagOtherAddressPostOfficeBox,
        named.PidLidOtherAddressCountryCode,
        named.PidLidOtherAddress,
    ),
}
_MAILING = _address_fields(
    tags.PidTagStreetAddress,
    tags.PidTagLocality,
    tags.PidTagStateOrProvince,
    tags.PidTagPostalCode,
    tags.PidTagCountry,
    tags.PidTagPostOfficeBox,
    named.PidLidAddressCountryCode,
    tags.PidTagPostalAddress,
)

# The moment, and the day for people in every time zone.
_DAYS = {
    "birthday": (tags.PidTagBirthday, named.PidLidBirthdayLocal),
    "anniversary": (tags.PidTagWeddingAnniversary, named.PidLidWeddingAnniversaryLocal),
}
_NOON = time(11, 59)


# -- names -------------------------------------------------------------------------------------------------------------


def _write_full_name(item: Contact, left: Properties) -> Properties:
    name = item.display_name()
    return {tags.PidTagDisplayName: stored_text(name)} if name else {}


def _file_as_state(source: reading.Source) -> tuple[str, int | None]:
    key = named.PidLidFileUnderId
    return read_text(source, named.PidLidFileUnder), reading.number(source, key) if key in source else None


def _write_file_as(item: Contact, left: Properties) -> Properties:
    properties: Properties = {}
    filed = item.filed_under()
    if filed:
        properties[named.PidLidFileUnder] = stored_text(filed)
    if item.file_as_id is not None:
        properties[named.PidLidFileUnderId] = item.file_as_id
    return properties


# -- addresses ---------------------------------------------------------------------------------------------------------


def _read_email(source: reading.Source, keys: Sequence[NamedTag]) -> ContactEmail | None:
    display, kind, address = (read_text(source, key) for key in keys[:3])
    if not display and not address:
        return None
    return ContactEmail(address, "" if display == address else display, kind or _SMTP)


def _write_email(item: Contact, left: Properties, *, name: str) -> Properties:
    email: ContactEmail | None = getattr(item, name)
    if email is None:
        return {}
    display, kind, address, original, entry_id = _EMAILS[name]
    clean = stored_text(email.address)
    shown = stored_text(email.display) or clean
    exchange = email.kind == _EXCHANGE
    entry = AddressBookEntryId(clean) if exchange else OneOffEntryId(shown, stored_text(email.kind), clean)
    return {
        display: shown,
        kind: stored_text(email.kind),
        address: clean,
        original: shown if exchange else clean,
        entry_id: entry.to_bytes(),
    }


def _read_phone(source: reading.Source, *, role: PhoneRole) -> str:
    return read_text(source, _PHONES[role])


def _write_phone(item: Contact, left: Properties, *, role: PhoneRole) -> Properties:
    number = stored_text(item.phones.get(role, ""))
    if not number:
        return {}
    properties: Properties = {_PHONES[role]: number}
    if role in _FAX_ADDRESSES:
        kind, address, original, entry_id = _FAX_ADDRESSES[role]
        name = stored_text(item.display_name())
        full = f"{name}@{number}"
        properties |= {kind: _FAX, address: full, original: name}
        properties[entry_id] = OneOffEntryId(name, _FAX, full, OneOffFlags.UNICODE).to_bytes()
    return properties


def _listed(item: Contact) -> list[int]:
    """Return which addresses there are, in the numbers of PidLidAddressBookProviderEmailList."""
    faxes = (PhoneRole.BUSINESS_FAX, PhoneRole.HOME_FAX, PhoneRole.OTHER_FAX)
    there = [getattr(item, name) is not None for name in _EMAILS] + [bool(item.phones.get(role)) for role in faxes]
    return [number for number, is_there in enumerate(there) if is_there]


def _listed_state(source: reading.Source) -> frozenset[int]:
    value = source.get(named.PidLidAddressBookProviderEmailList)
    return frozenset([one for one in value if isinstance(one, int)]) if isinstance(value, list) else frozenset()


def _write_listed(item: Contact, left: Properties) -> Properties:
    listed = _listed(item)
    if not listed:
        return {}
    return {
        named.PidLidAddressBookProviderEmailList: listed,
        named.PidLidAddressBookProviderArrayType: sum(1 << number for number in listed),
    }


def _read_address(source: reading.Source, fields: Sequence[Field]) -> PostalAddress:
    address = PostalAddress(**values(fields, source))
    return replace(address, text="") if address.has_parts() else address


def _address_properties(address: PostalAddress, fields: Sequence[Field]) -> Properties:
    whole = replace(address, text=address.label())
    properties: Properties = {}
    for field in fields:
        value = field.write(getattr(whole, field.name))
        if value is not None:
            properties[field.key] = value
    return properties


def _mailing_of(source: reading.Source) -> MailingAddress:
    number = reading.number(source, named.PidLidPostalAddressId)
    return MailingAddress(number) if number in tuple(MailingAddress) else MailingAddress.NONE


def _mailing_state(source: reading.Source) -> tuple[MailingAddress, PostalAddress]:
    return _mailing_of(source), _read_address(source, _MAILING)


def _write_mailing(item: Contact, left: Properties) -> Properties:
    properties = _address_properties(item.address(item.mailing), _MAILING)
    if item.mailing is not MailingAddress.NONE:
        properties[named.PidLidPostalAddressId] = int(item.mailing)
    return properties


# -- days --------------------------------------------------------------------------------------------------------------


def _read_anniversary(source: reading.Source, keys: tuple[int, NamedTag]) -> date | None:
    moment, local = keys
    day = read_day(source, local)
    if day is not None:
        return day
    # Midnight of a time zone that is not known; whichever it is, this is the day.
    found = reading.moment(source, moment)
    try:
        return None if found is None else (found + timedelta(hours=12)).date()
    except OverflowError:
        return None


def _write_anniversary(item: Contact, left: Properties, *, name: str) -> Properties:
    day: date | None = getattr(item, name)
    if day is None:
        return {}
    moment, local = _DAYS[name]
    noon, midnight = stored_day(day, _NOON), stored_day(day)
    return {} if noon is None or midnight is None else {moment: noon, local: midnight}


# -- the whole ---------------------------------------------------------------------------------------------------------


def _write_photo(item: Contact, left: Properties) -> Properties:
    return {named.PidLidHasPicture: True} if item.photo is not None else {}


def _groups() -> tuple[Group[Contact], ...]:
    groups: list[Group[Any]] = [*groups_of(_NAME, "name"), *groups_of(_PLAIN)]
    groups.append(
        Group((tags.PidTagDisplayName,), lambda source: read_text(source, tags.PidTagDisplayName), _write_full_name)
    )
    groups.append(Group((named.PidLidFileUnder, named.PidLidFileUnderId), _file_as_state, _write_file_as))
    for name, keys in _EMAILS.items():
        groups.append(Group(keys, partial(_read_email, keys=keys), partial(_write_email, name=name)))
    for role, key in _PHONES.items():
        fax = _FAX_ADDRESSES.get(role, ())
        groups.append(Group((key, *fax), partial(_read_phone, role=role), partial(_write_phone, role=role)))
    groups.append(
        Group(
            (named.PidLidAddressBookProviderEmailList, named.PidLidAddressBookProviderArrayType),
            _listed_state,
            _write_listed,
        )
    )
    for name, fields in _ADDRESSES.items():
        groups.append(_address_group(attrgetter(name), fields))
    mailing = (named.PidLidPostalAddressId, *(field.key for field in _MAILING))
    groups.append(Group(mailing, _mailing_state, _write_mailing))
    for name, days in _DAYS.items():
        groups.append(Group(days, partial(_read_anniversary, keys=days), partial(_write_anniversary, name=name)))
    groups.append(
        Group((named.PidLidHasPicture,), lambda source: reading.truth(source, named.PidLidHasPicture), _write_photo)
    )
    return (*groups, form_fields.PRIVATE, form_fields.icon(_ICON))


def _address_group(address_of: Callable[[Contact], PostalAddress], fields: tuple[Field, ...]) -> Group[Contact]:
    return Group(
        tuple([field.key for field in fields]),
        lambda source: _read_address(source, fields),
        lambda item, left: _address_properties(address_of(item), fields),
    )


_GROUPS = _groups()


def to_object(item: Contact, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]) -> MessageObject:
    """Return a contact as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Contact:
    """Return a MAPI message as a contact."""
    source = message.properties
    name = PersonName(**values(_NAME, source))
    item = Contact(mail_mapping.from_object(mail_part(message, _GROUPS), extract), name=name, **values(_PLAIN, source))
    full_name = read_text(source, tags.PidTagDisplayName)
    filed, how = _file_as_state(source)
    mailing, copied = _mailing_state(source)
    item = replace(
        item,
        full_name="" if full_name == name.joined() else full_name,
        file_as="" if filed == filed_name(how, name, full_name or name.joined(), item.company) else filed,
        file_as_id=how,
        email1=_read_email(source, _EMAILS["email1"]),
        email2=_read_email(source, _EMAILS["email2"]),
        email3=_read_email(source, _EMAILS["email3"]),
        phones={role: number for role in _PHONES if (number := _read_phone(source, role=role))},
        home=_read_address(source, _ADDRESSES["home"]),
        work=_read_address(source, _ADDRESSES["work"]),
        other=_read_address(source, _ADDRESSES["other"]),
        mailing=mailing,
        unplaced=copied if mailing is MailingAddress.NONE else PostalAddress(),
        birthday=_read_anniversary(source, _DAYS["birthday"]),
        anniversary=_read_anniversary(source, _DAYS["anniversary"]),
    )
    return replace(item, mail=with_fields(item.mail, item, _GROUPS, source))
