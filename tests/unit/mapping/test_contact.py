"""The properties that Outlook expects of a contact, and contacts as Outlook and others stored them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailconnector.items import Attachment, Flags, Mail, Sensitivity
from mailconnector.items.contact import (
    Contact,
    ContactEmail,
    FileAs,
    Gender,
    MailingAddress,
    PersonName,
    PhoneRole,
    PostalAddress,
    filed_name,
)
from mailconnector.mapi import named, tags
from mailconnector.mapi.entryid import AddressBookEntryId, OneOffEntryId
from mailconnector.mapi.objects import MessageObject, Properties, with_type
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapping import contact, from_mapi, to_mapi

HOME = PostalAddress("Hauptstr. 1\nHinterhaus", "Köln", "NRW", "50667", "Deutschland", country_code="DE")
ADA = Contact(
    Mail(message_class="IPM.Contact", subject="Dr. Ada King", sensitivity=Sensitivity.PRIVATE),
    name=PersonName("Dr.", "Ada", "", "King", initials="A.K."),
    company="Analytical Engines",
    email1=ContactEmail("ada@example.org", "Ada (ada@example.org)"),
    email3=ContactEmail("/o=Org/cn=ada", "Ada", "EX"),
    phones={PhoneRole.MOBILE: "+44 1", PhoneRole.BUSINESS_FAX: "+44 2"},
    home=HOME,
    mailing=MailingAddress.HOME,
    birthday=date(1815, 12, 10),
    gender=Gender.FEMALE,
    children=("Byron", "Anne"),
)


def written(item: Contact) -> Properties:
    return contact.to_object(item, to_mapi, frozenset()).properties


def read(properties: Properties) -> Contact:
    return contact.from_object(MessageObject(dict(properties)), from_mapi)


def moment(text: str) -> FileTime:
    return FileTime.from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_the_properties_of_a_contact() -> None:
    properties = written(ADA)
    label = "Hauptstr. 1\r\nHinterhaus\r\nKöln, NRW 50667\r\nDeutschland"
    expected: Properties = {
        tags.PidTagMessageClass: "IPM.Contact",
        tags.PidTagSubject: "Dr. Ada King",
        tags.PidTagDisplayName: "Dr. Ada King",
        tags.PidTagDisplayNamePrefix: "Dr.",
        tags.PidTagGivenName: "Ada",
        tags.PidTagSurname: "King",
        tags.PidTagInitials: "A.K.",
        tags.PidTagCompanyName: "Analytical Engines",
        tags.PidTagIconIndex: 0x200,
        tags.PidTagSensitivity: 2,
        named.PidLidPrivate: True,
        named.PidLidFileUnder: "King, Ada",
        named.PidLidFileUnderId: 0x8017,
        named.PidLidEmail1DisplayName: "Ada (ada@example.org)",
        named.PidLidEmail1AddressType: "SMTP",
        named.PidLidEmail1EmailAddress: "ada@example.org",
        named.PidLidEmail1OriginalDisplayName: "ada@example.org",
        named.PidLidEmail1OriginalEntryId: OneOffEntryId("Ada (ada@example.org)", "SMTP", "ada@example.org").to_bytes(),
        named.PidLidEmail3DisplayName: "Ada",
        named.PidLidEmail3AddressType: "EX",
        named.PidLidEmail3EmailAddress: "/o=Org/cn=ada",
        named.PidLidEmail3OriginalDisplayName: "Ada",
        named.PidLidEmail3OriginalEntryId: AddressBookEntryId("/o=Org/cn=ada").to_bytes(),
        named.PidLidAddressBookProviderEmailList: [0, 2, 3],
        named.PidLidAddressBookProviderArrayType: 0b1101,
        tags.PidTagMobileTelephoneNumber: "+44 1",
        tags.PidTagBusinessFaxNumber: "+44 2",
        named.PidLidFax2AddressType: "FAX",
        named.PidLidFax2EmailAddress: "Dr. Ada King@+44 2",
        named.PidLidFax2OriginalDisplayName: "Dr. Ada King",
        tags.PidTagHomeAddressStreet: "Hauptstr. 1\r\nHinterhaus",
        tags.PidTagHomeAddressCity: "Köln",
        tags.PidTagHomeAddressStateOrProvince: "NRW",
        tags.PidTagHomeAddressPostalCode: "50667",
        tags.PidTagHomeAddressCountry: "Deutschland",
        named.PidLidHomeAddressCountryCode: "DE",
        named.PidLidHomeAddress: label,
        named.PidLidPostalAddressId: 1,
        tags.PidTagStreetAddress: "Hauptstr. 1\r\nHinterhaus",
        tags.PidTagPostalAddress: label,
        named.PidLidAddressCountryCode: "DE",
        tags.PidTagBirthday: moment("1815-12-10T11:59"),
        named.PidLidBirthdayLocal: moment("1815-12-10T00:00"),
        tags.PidTagGender: 1,
        tags.PidTagChildrensNames: ["Byron", "Anne"],
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert named.PidLidEmail2EmailAddress not in properties
    assert tags.PidTagOtherAddressStreet not in properties


def test_what_outlook_wrote_beside_a_field_stays_until_the_field_changes() -> None:
    stored = written(ADA) | {
        named.PidLidFax1AddressType: "FAX",
        named.PidLidFax1EmailAddress: "",
        named.PidLidFax2EmailAddress: "Ada@+44 (0) 2",
        named.PidLidHomeAddress: "50667 Köln\r\nHauptstr. 1",
        named.PidLidEmail1OriginalEntryId: b"an old one",
        tags.PidTagAccount: "",
        tags.PidTagBirthday: moment("1815-12-09T23:00"),
    }
    item = read(stored)
    assert replace(item, mail=ADA.mail) == ADA
    assert written(item) == stored
    changed = written(
        replace(
            item,
            home=replace(HOME, city="Bonn"),
            phones={**ADA.phones, PhoneRole.BUSINESS_FAX: "+44 3"},
            email1=ContactEmail("ada@example.com"),
            birthday=date(1815, 12, 11),
            account="17",
        )
    )
    assert changed[named.PidLidHomeAddress] == "Hauptstr. 1\r\nHinterhaus\r\nBonn, NRW 50667\r\nDeutschland"
    assert changed[tags.PidTagLocality] == "Bonn"
    assert changed[tags.PidTagPostalAddress] == changed[named.PidLidHomeAddress]
    assert changed[named.PidLidFax2EmailAddress] == "Dr. Ada King@+44 3"
    assert changed[named.PidLidEmail1DisplayName] == "ada@example.com"
    one_off = OneOffEntryId("ada@example.com", "SMTP", "ada@example.com")
    assert changed[named.PidLidEmail1OriginalEntryId] == one_off.to_bytes()
    assert changed[tags.PidTagBirthday] == moment("1815-12-11T11:59")
    assert changed[tags.PidTagAccount] == "17"
    assert changed[named.PidLidFax1EmailAddress] == ""


def test_names_and_lists_follow_their_fields() -> None:
    item = read(written(ADA))
    assert (item.full_name, item.file_as) == ("", "")
    changed = written(replace(item, name=PersonName("", "Augusta", "Ada", "Lovelace"), email1=None, phones={}).titled())
    assert changed[tags.PidTagSubject] == changed[tags.PidTagDisplayName] == "Augusta Ada Lovelace"
    assert changed[named.PidLidFileUnder] == "Lovelace, Augusta Ada"
    assert changed[named.PidLidAddressBookProviderEmailList] == [2]
    assert changed[named.PidLidAddressBookProviderArrayType] == 4
    assert named.PidLidEmail1EmailAddress not in changed
    assert named.PidLidFax2EmailAddress not in changed


def test_a_name_that_the_user_gave_stays() -> None:
    item = read(written(replace(ADA, file_as="Lady Lovelace", file_as_id=FileAs.CUSTOM, full_name="Countess")))
    assert (item.full_name, item.file_as) == ("Countess", "Lady Lovelace")
    changed = written(replace(item, name=PersonName(given="Augusta")))
    assert changed[named.PidLidFileUnder] == "Lady Lovelace"
    assert changed[tags.PidTagDisplayName] == "Countess"


@pytest.mark.parametrize(
    ("how", "filed"),
    [
        (FileAs.EMPTY, ""),
        (FileAs.CUSTOM, ""),
        (None, ""),
        (FileAs.BEST_MATCH, "King, Ada Byron"),
        (FileAs.FULL_NAME, "Dr. Ada"),
        (FileAs.GIVEN, "Ada"),
        (FileAs.SURNAME, "King"),
        (FileAs.COMPANY, "Firm"),
        (FileAs.LAST_FIRST, "King, Ada Byron"),
        (FileAs.COMPANY_LAST_FIRST, "Firm\nKing, Ada Byron"),
        (FileAs.LAST_FIRST_COMPANY, "King, Ada Byron\nFirm"),
        (FileAs.JOINED, "KingAda Byron"),
        (FileAs.SPACED, "King Ada Byron"),
        (FileAs.COMPANY_JOINED, "Firm\nKingAda Byron"),
        (FileAs.SPACED_COMPANY, "King Ada Byron\nFirm"),
        (FileAs.SPACED_GENERATION, "King Ada Byron Jr."),
        (FileAs.FIRST_LAST_GENERATION, "Ada Byron King Jr."),
        (FileAs.JOINED_GENERATION, "KingAda Byron Jr."),
    ],
)
def test_how_a_contact_is_filed(how: int | None, filed: str) -> None:
    name = PersonName(given="Ada", middle="Byron", surname="King", generation="Jr.")
    assert filed_name(how, name, "Dr. Ada", "Firm") == filed


def test_a_contact_without_a_name_is_filed_under_its_firm() -> None:
    assert filed_name(FileAs.COMPANY_LAST_FIRST, PersonName(), "", "Firm") == "Firm"


@pytest.mark.parametrize("stored", ["1999-12-31T15:00", "2000-01-01T00:00", "2000-01-01T05:00", "2000-01-01T11:59"])
def test_a_birthday_is_the_same_day_in_every_time_zone(stored: str) -> None:
    assert read({tags.PidTagBirthday: moment(stored)}).birthday == date(2000, 1, 1)


def test_a_birthday_without_a_date_is_none() -> None:
    item = read({tags.PidTagBirthday: FileTime(FileTime.NONE), named.PidLidBirthdayLocal: FileTime(FileTime.NONE)})
    assert item.birthday is None
    assert written(item)[tags.PidTagBirthday] == FileTime.NONE


def test_a_mailing_address_that_is_none_of_the_three_is_kept() -> None:
    stored: Properties = {tags.PidTagStreetAddress: "Main Street 1", tags.PidTagLocality: "Springfield"}
    item = read(stored)
    assert item.unplaced == PostalAddress("Main Street 1", "Springfield")
    again = written(item)
    assert {key: again[key] for key in stored} == stored
    assert named.PidLidPostalAddressId not in again


def test_an_address_in_one_piece() -> None:
    item = read({named.PidLidWorkAddress: "4 Darwinia Loop\r\nEIGHTY MILE BEACH"})
    assert item.work == PostalAddress(text="4 Darwinia Loop\nEIGHTY MILE BEACH")
    assert written(item)[named.PidLidWorkAddress] == "4 Darwinia Loop\r\nEIGHTY MILE BEACH"


def test_a_photo_is_an_attachment_that_is_marked() -> None:
    notes = Attachment("notes.txt", "text/plain", b"x")
    item = replace(ADA, mail=replace(ADA.mail, attachments=(notes,))).with_photo(b"one").with_photo(b"two")
    message = contact.to_object(item, to_mapi, frozenset())
    assert message.properties[named.PidLidHasPicture] is True
    marked = [one for one in message.attachments if one.properties.get(tags.PidTagAttachmentContactPhoto)]
    assert [one.data for one in marked] == [b"two"]
    assert marked[0].properties[tags.PidTagAttachLongFilename] == "ContactPicture.jpg"
    again = contact.from_object(message, from_mapi)
    assert again.photo is not None
    assert again.photo.content() == b"two"
    bare = replace(again, mail=replace(again.mail, attachments=(notes,)))
    assert named.PidLidHasPicture not in written(bare)


def test_private_follows_the_sensitivity() -> None:
    item = read(written(ADA))
    assert item.mail.sensitivity is Sensitivity.PRIVATE
    public = replace(item, mail=replace(item.mail, sensitivity=Sensitivity.NORMAL))
    assert named.PidLidPrivate not in written(public)


def test_strings_of_an_ansi_store_keep_their_type() -> None:
    narrow = {with_type(key, PropertyType.STRING8) if isinstance(value, str) else key: value for key, value in
              written(ADA).items()}  # fmt: skip
    assert replace(read(narrow), mail=ADA.mail) == ADA
    again = written(read(narrow | {with_type(named.PidLidHomeAddress, PropertyType.STRING8): "other"}))
    assert again[with_type(named.PidLidHomeAddress, PropertyType.STRING8)] == "other"
    assert named.PidLidHomeAddress not in again


def test_values_of_another_type_are_kept_until_there_is_a_right_one() -> None:
    wrong = with_type(tags.PidTagCompanyName, PropertyType.BINARY)
    item = read({wrong: b"Firm"})
    assert item.company == ""
    assert written(item)[wrong] == b"Firm"
    changed = written(replace(item, company="Firm"))
    assert changed[tags.PidTagCompanyName] == "Firm"
    assert wrong not in changed


def test_values_that_are_none_are_kept() -> None:
    stored: Properties = {
        tags.PidTagGender: 7,
        named.PidLidPostalAddressId: 9,
        named.PidLidFileUnderId: 0x4711,
        named.PidLidEmail2AddressType: "SMTP",
        tags.PidTagIconIndex: 0x210,
    }
    item = read(stored)
    assert (item.gender, item.mailing, item.email2) == (Gender.UNSPECIFIED, MailingAddress.NONE, None)
    again = written(item)
    assert {key: again.get(key) for key in stored} == stored


def test_a_flag_of_a_contact_is_a_mark_of_its_mail() -> None:
    flagged = replace(ADA, mail=replace(ADA.mail, flags=Flags(flagged=True, keywords=("Red Category",))))
    item = read(written(flagged))
    assert item == flagged
    assert written(item)[tags.PidTagFlagStatus] == 2


def test_the_emails_that_there_are() -> None:
    assert [one.kind for one in ADA.emails] == ["SMTP", "EX"]
    assert ADA.display_name() == "Dr. Ada King"
    assert ADA.message_class == "IPM.Contact"
