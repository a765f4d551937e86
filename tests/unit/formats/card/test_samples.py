"""Real cards of many programs: server to PST and back, with the same fields."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import icalendar
import pytest
import vobject

from mailconnector.formats import card
from mailconnector.formats.card import lines as card_lines
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.mapping import from_mapi, to_mapi

CARDS = {"ez-vcard__John_Doe_ANDROID.vcf": 6, "ez-vcard__gmail-list.vcf": 3, "ez-vcard__rfc2426-example.vcf": 2}


@pytest.fixture(scope="session")
def files(samples: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((samples / "vcf").iterdir())}


def meant(item: Contact | DistributionList) -> Contact | DistributionList:
    """Return an item without the version that its card came in."""
    lines = card_lines.parse_kept(item.source)[1]
    return replace(item, source=card_lines.kept(card_lines.V4, lines))


def through_mapi(item: Contact | DistributionList) -> Contact | DistributionList:
    again = from_mapi(to_mapi(item))
    assert isinstance(again, Contact | DistributionList)
    return again


def test_all_cards_are_read(files: dict[str, bytes]) -> None:
    assert len(files) == 14
    for name, data in files.items():
        assert len(card.parse(data)) == CARDS.get(name, 1), name


@pytest.mark.parametrize("version", ["4.0", "3.0"])
def test_server_to_pst_and_back(files: dict[str, bytes], version: str) -> None:
    for name, data in files.items():
        for item in card.parse(data):
            stored = through_mapi(item)
            for field in ("name", "full_name", "phones", "emails", "home", "work", "other", "mailing", "source"):
                assert getattr(stored, field) == getattr(item, field), (name, field)
            written = card.render(stored, version)
            (again,) = card.parse(written)
            assert meant(through_mapi(again)) == meant(stored), name
            assert card.render(again, version) == written, name


@pytest.mark.interop
@pytest.mark.parametrize("version", ["4.0", "3.0"])
def test_strangers_read_what_we_write(files: dict[str, bytes], version: str) -> None:
    for name, data in files.items():
        for item in card.parse(data):
            written = card.render(item, version)
            # What the library knows of GEO is iCalendar's.
            plain = b"".join([one for one in written.splitlines(keepends=True) if not one.startswith(b"GEO")])
            (component,) = icalendar.Component.from_ical(plain, multiple=True)
            assert component.name == "VCARD"
            assert not component.errors, name
            stranger = vobject.readOne(written.decode("utf-8"))
            assert isinstance(item, Contact)
            if item.full_name or item.name.joined():
                assert stranger.fn.value == item.display_name(), name
            found = [one.value for one in getattr(stranger, "email_list", [])]
            assert found[: len(item.emails)] == [one.address for one in item.emails], name
            numbers = [one.value for one in getattr(stranger, "tel_list", [])]
            assert set(item.phones.values()) <= set(numbers), name
            if item.name.surname:
                assert stranger.n.value.family == item.name.surname, name


def test_what_stays_as_it_came(files: dict[str, bytes]) -> None:
    """Every property that no field took is in the card that is written."""
    for name, data in files.items():
        for (_, came), item in zip(card_lines.read(data), card.parse(data), strict=True):
            ((_, went),) = card_lines.read(card.render(item))
            values = "\n".join(one.text() for one in went)
            for one in came:
                if one.name in {"LABEL", "KIND", "PRODID", "X-ABADR", "X-ABLABEL", "BDAY", "ANNIVERSARY", "X-ABDATE"}:
                    continue
                for part in [part for listed in one.lists(20) for part in listed] if one.data() is None else []:
                    shown = part.strip().removeprefix("tel:")
                    assert shown in values or one.name in {"X-MS-ANNIVERSARY", "X-ANNIVERSARY"}, (name, one)
