"""The properties that Outlook expects of a distribution list, and lists as it stored them."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.items import Mail
from mailconnector.items.distribution_list import DistributionList, Member, MemberKind
from mailconnector.mapi import list_members, named, tags
from mailconnector.mapi.entryid import AddressBookEntryId, OneOffEntryId, WrappedEntryId
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import distribution_list, from_mapi, to_mapi

CONTACT_ID = bytes(24)
MEMBERS = (
    Member("Ada", "ada@example.org"),
    Member("Bob", "bob@example.org", "SMTP", MemberKind.CONTACT, CONTACT_ID, 5),
    Member("Family", "", "MAPIPDL", MemberKind.LIST, CONTACT_ID),
    Member(
        "Chief", "/o=Org/cn=chief", "EX", MemberKind.DIRECTORY_USER, AddressBookEntryId("/o=Org/cn=chief").to_bytes()
    ),
)
FRIENDS = DistributionList(Mail(message_class="IPM.DistList", subject="Friends"), "Friends", MEMBERS)
ADA = OneOffEntryId("Ada", "SMTP", "ada@example.org").to_bytes()


def written(item: DistributionList) -> Properties:
    return distribution_list.to_object(item, to_mapi, frozenset()).properties


def read(properties: Properties) -> DistributionList:
    return distribution_list.from_object(MessageObject(dict(properties)), from_mapi)


def test_the_properties_of_a_list() -> None:
    properties = written(FRIENDS)
    entries = properties[named.PidLidDistributionListMembers]
    one_offs = properties[named.PidLidDistributionListOneOffMembers]
    assert isinstance(entries, list)
    assert isinstance(one_offs, list)
    assert entries[0] == one_offs[0] == ADA
    assert [entry[20] for entry in entries[1:] if isinstance(entry, bytes)] == [0xD3, 0xB4, 0xB5]
    assert entries[1] == WrappedEntryId(CONTACT_ID, 0xD3).to_bytes()
    assert one_offs[1] == OneOffEntryId("Bob", "SMTP", "bob@example.org").to_bytes()
    expected: Properties = {
        named.PidLidDistributionListName: "Friends",
        tags.PidTagDisplayName: "Friends",
        named.PidLidFileUnder: "Friends",
        named.PidLidFileUnderId: -1,
        named.PidLidDistributionListChecksum: list_members.checksum([one for one in entries if isinstance(one, bytes)]),
        tags.PidTagIconIndex: 0x202,
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert named.PidLidDistributionListStream not in properties
    assert read(properties) == FRIENDS


def test_a_long_list_goes_to_the_stream() -> None:
    many = tuple([Member(f"Member {number}", f"{number}@example.org") for number in range(200)])
    properties = written(replace(FRIENDS, members=many))
    assert named.PidLidDistributionListMembers not in properties
    assert read(properties).members == many


def test_the_stream_counts_where_it_can_be_read() -> None:
    stored = written(FRIENDS) | {named.PidLidDistributionListStream: list_members.build([(ADA, ADA)])}
    item = read(stored)
    assert item.members == MEMBERS[:1]
    assert written(item) == stored
    stored[named.PidLidDistributionListStream] = b"damaged"
    assert read(stored).members == MEMBERS
    assert written(read(stored)) == stored


def test_a_list_stays_as_it_was_until_it_changes() -> None:
    stored = written(FRIENDS) | {named.PidLidDistributionListChecksum: 17}
    # Outlook wraps one-offs too, and old versions leave bytes behind them.
    wrapped = WrappedEntryId(ADA, 0).to_bytes()
    stored[named.PidLidDistributionListMembers] = [wrapped, b"damaged"]
    stored[named.PidLidDistributionListOneOffMembers] = [ADA + b"\0\0\0"]
    item = read(stored)
    assert item.members == (MEMBERS[0], Member("", ""))
    assert written(item) == stored
    changed = written(replace(item, members=item.members[:1], name="Best Friends").titled())
    assert changed[named.PidLidDistributionListMembers] == [ADA]
    assert changed[named.PidLidDistributionListChecksum] == list_members.checksum([ADA])
    assert changed[tags.PidTagSubject] == changed[named.PidLidFileUnder] == "Best Friends"


def test_members_without_a_one_off() -> None:
    entry = AddressBookEntryId("/o=Org/cn=x").to_bytes()
    unknown = WrappedEntryId(b"nobody", 0x8F).to_bytes()
    item = read({named.PidLidDistributionListMembers: [entry, WrappedEntryId(ADA, 0).to_bytes(), unknown]})
    assert item.members == (Member("", "/o=Org/cn=x", "EX"), MEMBERS[0], Member("", ""))


def test_an_empty_list() -> None:
    properties = written(replace(FRIENDS, members=()))
    assert named.PidLidDistributionListMembers not in properties
    assert read(properties).members == ()


def test_line_ends_in_the_names_of_members_stay_what_they_are() -> None:
    members = (
        Member("two\nlines", "someone@example.org"),
        Member("two\nlines", "", kind=MemberKind.CONTACT),
    )
    item = DistributionList(Mail("IPM.DistList"), "Team", members)
    for _ in range(2):
        item = read(written(item))
        assert [member.name for member in item.members] == ["two\nlines", "two\nlines"]
