"""What the properties of cards mean, in each version, and what is kept of those that mean nothing here."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailconnector.formats import card
from mailconnector.formats.card import CardFormatError
from mailconnector.formats.card import lines as card_lines
from mailconnector.items import Flags, Mail, Sensitivity
from mailconnector.items.contact import (
    Contact,
    ContactEmail,
    Gender,
    MailingAddress,
    PersonName,
    PhoneRole,
    PostalAddress,
)
from mailconnector.items.distribution_list import DistributionList, Member, MemberKind
from mailconnector.mapping import from_mapi, to_mapi

ADA = Contact(
    Mail(
        message_class="IPM.Contact",
        text="One,\ntwo; three",
        sensitivity=Sensitivity.PRIVATE,
        flags=Flags(keywords=("Friends", "A, B")),
    ),
    name=PersonName("Dr.", "Ada", "Byron", "King", "Jr.", nickname="Countess"),
    company="Engines; Ltd.",
    department="Numbers",
    office="Room 1",
    manager="Charles",
    email1=ContactEmail("ada@example.org", "Ada"),
    email3=ContactEmail("ada@example.com"),
    phones={PhoneRole.MOBILE: "+44 1", PhoneRole.BUSINESS_2: "+44 2", PhoneRole.CAR: "+44 3", PhoneRole.TTY: "+44 4"},
    home=PostalAddress("Street 1\nRear", "London", postal_code="N1", country="England", country_code="GB"),
    mailing=MailingAddress.HOME,
    birthday=date(1815, 12, 10),
    gender=Gender.FEMALE,
    spouse="William",
    children=("Byron", "Anne"),
    certificates=(b"\x30\x01\x00",),
).titled()


def one(text: str | bytes) -> Contact:
    (item,) = card.parse(text if isinstance(text, bytes) else text.encode())
    assert isinstance(item, Contact)
    return item


def of(*lines: str, version: str = "4.0") -> Contact:
    return one("\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]))


def unfolded(data: bytes) -> list[str]:
    return data.decode().replace("\r\n ", "").split("\r\n")


def test_a_card_of_version_4() -> None:
    assert unfolded(card.render(ADA)) == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "FN:Dr. Ada Byron King Jr.",
        "N:King;Ada;Byron;Dr.;Jr.",
        "NICKNAME:Countess",
        "ORG:Engines\\; Ltd.;Numbers",
        "X-MS-MANAGER:Charles",
        "EMAIL;PREF=1;X-DISPLAY=Ada:ada@example.org",
        "EMAIL;PREF=3;X-SLOT=3:ada@example.com",
        "TEL;TYPE=work,x-second:+44 2",
        "TEL;TYPE=x-car:+44 3",
        "TEL;TYPE=cell:+44 1",
        "TEL;TYPE=textphone:+44 4",
        "ADR;TYPE=home;PREF=1;CC=GB;LABEL=Street 1^nRear^nLondon N1^nEngland:;;Street 1\\nRear;London;;N1;England",
        "ADR;TYPE=work:;Room 1;;;;;",
        "X-MS-OL-DEFAULT-POSTAL-ADDRESS:1",
        "BDAY:18151210",
        "GENDER:F",
        "RELATED;VALUE=text;TYPE=spouse:William",
        "RELATED;VALUE=text;TYPE=child:Byron",
        "RELATED;VALUE=text;TYPE=child:Anne",
        "KEY:data:application/pkix-cert;base64,MAEA",
        "NOTE:One\\,\\ntwo\\; three",
        "CATEGORIES:Friends,A\\, B",
        "CLASS:PRIVATE",
        "END:VCARD",
        "",
    ]
    assert one(card.render(ADA)) == ADA


def test_a_card_of_version_3() -> None:
    lines = unfolded(card.render(ADA, "3.0"))
    for expected in (
        "EMAIL;X-DISPLAY=Ada;TYPE=PREF:ada@example.org",
        "TEL;TYPE=CAR:+44 3",
        "TEL;TYPE=TTY-TDD:+44 4",
        "ADR;CC=GB;TYPE=HOME,PREF:;;Street 1\\nRear;London;;N1;England",
        "LABEL;TYPE=HOME,PREF:Street 1\\nRear\\nLondon N1\\nEngland",
        "BDAY:1815-12-10",
        "X-GENDER:F",
        "X-MS-SPOUSE:William",
        "X-MS-CHILD:Anne",
        "KEY;ENCODING=b;TYPE=X509:MAEA",
    ):
        assert expected in lines
    assert replace(one(card.render(ADA, "3.0")), source="") == ADA


def test_folds_fall_between_characters_and_photos_are_held() -> None:
    item = replace(ADA, name=PersonName(surname="Ünï€" * 40)).titled().with_photo(b"\xff\xd8" + bytes(300))
    data = card.render(item)
    assert max(map(len, data.split(b"\r\n"))) <= 75
    data.decode()
    assert one(data) == item
    assert "PHOTO;ENCODING=b;TYPE=JPEG:/9gAAA" in "\n".join(unfolded(card.render(item, "3.0")))


def test_version_2_is_read_with_its_encodings() -> None:
    item = one(
        b"begin:vcard\nversion:2.1\n"
        b"N;CHARSET=ISO-8859-1:M\xfcller;J\xfcrgen\n"
        b"FN;CHARSET=UTF-8;QUOTED-PRINTABLE:J=C3=BCrgen=20=\nM=C3=BCller\n"
        b"NOTE:a\\b, c\\;d\n  folded\n"
        b"ORG:Company, The;Dept\n"
        b"TEL;WORK;VOICE;PREF:1\nTEL;WORK;VOICE:2\nTEL;HOME;FAX:3\nX-MS-TEL;VOICE;COMPANY:4\n"
        b"PHOTO;JPEG;BASE64:\n   /9gA\n   AAAA\n\nKEY;X509;ENCODING=BASE64:MAEA\n\n"
        b"LABEL;HOME;ENCODING=QUOTED-PRINTABLE:Street=0D=0A=\nTown\n"
        b"AGENT:\nBEGIN:VCARD\nFN:Somebody\nEND:VCARD\n"
        b"URL;WORK:http://example.org\n"
        b"end:vcard\n"
    )
    assert item.name == PersonName(given="Jürgen", surname="Müller")
    assert item.full_name == ""
    assert item.mail.text == "a\\b, c;d  folded"
    assert (item.company, item.department) == ("Company, The", "Dept")
    assert item.phones == {
        PhoneRole.BUSINESS: "1", PhoneRole.BUSINESS_2: "2", PhoneRole.HOME_FAX: "3", PhoneRole.COMPANY: "4"
    }  # fmt: skip
    assert item.photo is not None
    assert item.photo.content() == b"\xff\xd8\0\0\0\0"
    assert item.certificates == (b"\x30\x01\x00",)
    assert item.home == PostalAddress(text="Street\nTown")
    assert item.web_page == "http://example.org"
    assert "AGENT" in item.source
    assert "Somebody" in item.source
    assert card.version_of(item) == "3.0"  # 2.1 is only read


def test_what_apple_and_google_write() -> None:
    item = of(
        "item1.TEL:1",
        "item1.X-ABLabel:_$!<AssistantPhone>!$_",
        "item2.X-ABDATE:1975-03-01",
        "item2.X-ABLabel:_$!<Anniversary>!$_",
        "item3.X-ABRELATEDNAMES:Jenny",
        "item3.X-ABLabel:_$!<Spouse>!$_",
        "item4.X-ABRELATEDNAMES:Tom",
        "item4.X-ABLabel:Trainer",
        "URL:http\\://example.org/a",
        version="3.0",
    )
    assert item.phones == {PhoneRole.ASSISTANT: "1"}
    assert (item.anniversary, item.spouse, item.web_page) == (date(1975, 3, 1), "Jenny", "http://example.org/a")
    assert item.source == "VERSION:3.0\nitem4.X-ABRELATEDNAMES:Tom\nitem4.X-ABLABEL:Trainer"


def test_properties_without_a_field_stay_through_an_edit() -> None:
    kept = [
        "BDAY:--0203",
        "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1",
        'X-OTHER;X-P="a;b^nc":1\\,2',
        "EMAIL:4@example.org",
        "TEL;TYPE=cell:22",
        "LOGO:data:image/png;base64,AAAA",
        "PHOTO:https://example.org/photo.png",
    ]
    emails = [f"EMAIL;PREF={number}:{number}@example.org" for number in (1, 2, 3)]
    item = of("FN:Ada", *emails, "TEL;TYPE=cell:11", *kept)
    assert item.source.split("\n") == kept
    stored = from_mapi(to_mapi(item))
    assert isinstance(stored, Contact)
    edited = unfolded(card.render(replace(stored, job_title="Countess")))
    assert set(kept) <= set(edited)
    assert "TITLE:Countess" in edited
    old = unfolded(card.render(stored, "3.0"))
    assert "LOGO;ENCODING=b;TYPE=PNG:AAAA" in old


def test_ids_and_times_are_given_or_stay() -> None:
    item = of("FN:Ada", "UID:old", "REV:20200101T000000Z")
    new = unfolded(card.render(item, uid="urn:uuid:1", revised=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert [line for line in new if line[:3] in {"UID", "REV"}] == ["UID:urn:uuid:1", "REV:20260102T030405Z"]
    old = unfolded(card.render(item))
    assert [line for line in old if line[:3] in {"UID", "REV"}] == ["UID:old", "REV:20200101T000000Z"]
    with pytest.raises(ValueError, match=r"2\.1"):
        card.render(item, "2.1")


def test_a_firm_has_no_name_of_its_own() -> None:
    firm = Contact(Mail(message_class="IPM.Contact"), company="Engines").titled()
    lines = unfolded(card.render(firm))
    assert lines[2:5] == ["FN;X-STANDS-IN=1:Engines", "KIND:org", "ORG:Engines"]
    assert one(card.render(firm)) == firm
    assert of("KIND:org", "FN:Engines", "ORG:Engines").full_name == ""
    assert of("FN:Engines", "ORG:Engines").full_name == "Engines"


def test_readings_of_japanese_names() -> None:
    item = of("FN:山田太郎", 'N;SORT-AS="やまだ,たろう":山田;太郎;;;')
    assert (item.name.yomi_surname, item.name.yomi_given) == ("やまだ", "たろう")
    lines = unfolded(card.render(item))
    assert 'N;SORT-AS="やまだ,たろう":山田;太郎;;;' in lines
    assert "X-PHONETIC-LAST-NAME:やまだ" in lines
    assert of("FN:Rene van der Harten", 'N;SORT-AS="Harten,Rene":van der Harten;Rene;;;').name.yomi_given == ""


def test_lists() -> None:
    members = (
        Member("Ada, Countess", "ada@example.org"),
        Member("Bob", "+44 1", "FAX"),
        Member("Eve", "eve@example.org", "SMTP", MemberKind.CONTACT, b"\x01\x02", 5),
        Member("Others", "", "SMTP", MemberKind.LIST, b"\x03"),
    )
    item = DistributionList(Mail(message_class="IPM.DistList", text="Who?"), "Friends", members).titled()
    lines = unfolded(card.render(item))
    assert lines[2:8] == [
        "KIND:group",
        "FN:Friends",
        'MEMBER;X-NAME="Ada, Countess":mailto:ada@example.org',
        "MEMBER;X-NAME=Bob;X-KIND=FAX:x-address:+44%201",
        "MEMBER;X-NAME=Eve;X-MEMBER=contact;X-ENTRY-ID=AQI=;X-SLOT=5:mailto:eve@example.org",
        "MEMBER;X-NAME=Others;X-MEMBER=list;X-ENTRY-ID=Aw==:x-address:",
    ]
    for version in ("4.0", "3.0"):
        (again,) = card.parse(card.render(item, version))
        assert replace(again, source="") == item
    assert "X-ADDRESSBOOKSERVER-KIND:group" in unfolded(card.render(item, "3.0"))


def test_lists_of_others() -> None:
    (item,) = card.parse(
        b"BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nFN:Friends\r\nUID:u\r\n"
        b"MEMBER:mailto:%22Ada%20King%22%20%3Cada@example.org%3E\r\n"
        b"MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af\r\nEND:VCARD\r\n"
    )
    assert isinstance(item, DistributionList)
    assert item.members == (Member("Ada King", "ada@example.org"),)
    assert item.source == "UID:u\nMEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af"
    stored = from_mapi(to_mapi(item))
    assert isinstance(stored, DistributionList)
    assert stored.source == item.source
    assert card.parse(card.render(stored)) == [item]


def test_marks_in_parameters_are_told_from_those_of_the_line() -> None:
    for display in ("C:\\", 'a "b"; c:d', "^n^", "a\nb", "%2C,", "\\;"):
        item = replace(ADA, email1=ContactEmail("ada@example.org", display))
        assert one(card.render(item)) == item
    assert of('EMAIL;X-DISPLAY="a:ada@example.org').email1 == ContactEmail("ada@example.org", "a")


def test_text_without_a_fold_goes_on() -> None:
    assert of("NOTE:first", "second line, no fold", version="3.0").mail.text == "first\nsecond line, no fold"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCARD\r\nFN:A\r\n",
        b"BEGIN:VCARD\r\nno property\r\nEND:VCARD",
        b"BEGIN:VCARD\r\nFN:A\r\nBEGIN:VCARD\r\nFN:B\r\nEND:VCARD\r\n",
    ],
)
def test_what_is_no_card(data: bytes) -> None:
    with pytest.raises(CardFormatError):
        card.parse(data)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"BEGIN:VCARD\r\nFN:Ada\r\nNOTE:1\r\n 2\r\nEND:VCARD\r\n"
    for name, bound in (
        ("MAX_FILE", len(whole)),
        ("MAX_CARDS", 1),
        ("MAX_LINES", 2),
        ("MAX_LINE", 10),
        ("MAX_FOLDS", 2),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(card_lines, name, bound)
            assert len(card.parse(whole)) == 1
            patch.setattr(card_lines, name, bound - 1)
            with pytest.raises(CardFormatError):
                card.parse(whole)


def test_the_certificate_in_outlooks_wrapping_is_what_others_read() -> None:
    der = b"\x30\x82\x01\x00" + bytes(256)
    settings = [(1, b"\x01\0\0\0"), (8, b"\x30\x03\x02\x01\x01"), (3, der), (0x20, b"\0\0\0\0")]
    wrapped = b"".join(struct.pack("<HH", tag, len(data) + 4) + data for tag, data in settings)
    item = Contact(Mail("IPM.Contact"), name=PersonName(given="Ada"), certificates=(wrapped, der + b"2", b"odd"))
    for version in ("4.0", "3.0"):
        written = card.render(item.titled(), version)
        ((_, lines),) = card_lines.read(written)
        held = [found for one in lines if one.name == "KEY" and (found := one.data()) is not None]
        assert [content for _, content in held] == [der, der + b"2", b"odd"]
        assert held[0][0] == "application/pkix-cert"
        (again,) = card.parse(written)
        assert isinstance(again, Contact)
        assert again.certificates == item.certificates
