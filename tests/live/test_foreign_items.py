"""Items of other programs on a real server: an edit in the PST comes back to it as its author writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailconnector.formats.item.forms import content_of, leaves_of
from mailconnector.formats.mail.structure import Budget, scan
from mailconnector.formats.syntax.xml_tree import parse_xml
from mailconnector.imap import UidSet, Upload
from mailconnector.items import Contact
from mailconnector.items.contact import PhoneRole
from mailconnector.lab import DovecotServer
from mailconnector.sync import Side, Step
from tests.contract.imap_subject import connect
from tests.live.pairs import RealExchange, real_exchange
from tests.scenarios import find_thing, things
from tests.unit.formats.kolab.test_v2 import CONTACT, message

L, R = Side.LOCAL, Side.REMOTE
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(dovecot: DovecotServer, tmp_path: Path) -> Iterator[RealExchange]:
    world = real_exchange(tmp_path / "pair", dovecot)
    yield world
    world.close()


def messages(world: RealExchange) -> list[bytes]:
    """Return the messages in the folder, as other programs see them."""
    assert world.mailbox is not None
    with connect(world.mailbox.server, world.mailbox.user) as client:
        mailbox = client.select("Things")
        return [one.body or b"" for one in mailbox.fetch(UidSet.of(mailbox.search()))]


def put(world: RealExchange, data: bytes) -> None:
    assert world.mailbox is not None
    with connect(world.mailbox.server, world.mailbox.user) as client:
        list(client.uploads.append_many("Things", [Upload(data, frozenset(), WHEN)]))


def test_a_contact_of_kolab_goes_both_ways(world: RealExchange) -> None:
    things(world, R)
    put(world, message("contact", CONTACT))
    world.settle()
    store, folder, found = find_thing(world, L, Contact)
    assert isinstance(found.item, Contact)
    assert found.item.phones[PhoneRole.BUSINESS] == "1"
    store.edit(folder, found.state.id, replace(found.item, phones={PhoneRole.BUSINESS: "11"}))
    assert world.run().done == {(Step.REPLACE, R): 1}
    assert world.settle().is_quiet
    (data,) = messages(world)
    assert b"X-Kolab-Type: application/x-vnd.kolab.contact" in data
    leaf = next(leaf for leaf in leaves_of(scan(data, Budget())) if leaf.kind == "application/x-vnd.kolab.contact")
    root = parse_xml(content_of(leaf))
    phones = [(one.said("type"), one.said("number"), one.said("odd")) for one in root.all("phone")]
    assert phones == [("business1", "11", "kept"), ("x-odd", "3", "")]
    assert root.said("latitude") == "1.5"
