"""Personal distribution lists ([MS-OXOCNTC] 2.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from mailconnector.items import Item
from mailconnector.items.distribution_list import DistributionList, Member, MemberKind
from mailconnector.mapi import list_members, named, reading, tags
from mailconnector.mapi.entryid import (
    AddressBookEntryId,
    EntryIdFormatError,
    OneOffEntryId,
    WrappedEntryId,
    WrappedType,
    parse,
)
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import form_fields, own
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.fields import (
    Group,
    groups_of,
    mail_part,
    put_fields,
    read_text,
    shown_text,
    stored_text,
    text,
    values,
    with_fields,
    without_fields,
)

_ICON = 0x202
_FILED_BY_USER = -1
_LARGEST_LIST = 15_000
"""Bytes from which on members go to the stream alone."""

_KINDS = {
    WrappedType.CONTACT: MemberKind.CONTACT,
    WrappedType.DISTRIBUTION_LIST: MemberKind.LIST,
    WrappedType.ADDRESS_BOOK_USER: MemberKind.DIRECTORY_USER,
    WrappedType.ADDRESS_BOOK_LIST: MemberKind.DIRECTORY_LIST,
}
_TYPES = {kind: number for number, kind in _KINDS.items()}
_NO_SLOT = 3
_WRAPPED = 0x80


def _read_name(source: reading.Source) -> str:
    return read_text(source, named.PidLidDistributionListName) or read_text(source, tags.PidTagDisplayName)


def _write_name(item: DistributionList, left: Properties) -> Properties:
    name = stored_text(item.name)
    if not name:
        return {}
    return {
        named.PidLidDistributionListName: name,
        tags.PidTagDisplayName: name,
        named.PidLidFileUnder: name,
        named.PidLidFileUnderId: _FILED_BY_USER,
    }


def _read_members(source: reading.Source) -> tuple[Member, ...]:
    stream = reading.data(source, named.PidLidDistributionListStream)
    pairs: list[tuple[bytes, bytes]] = []
    if stream:
        try:
            pairs = list_members.parse(stream)
        except list_members.ListStreamFormatError:
            stream = b""
    if not stream:
        entries = _binaries(source.get(named.PidLidDistributionListMembers))
        one_offs = _binaries(source.get(named.PidLidDistributionListOneOffMembers))
        pairs = list(zip_longest(entries, one_offs, fillvalue=b""))
    return tuple([_member(entry, one_off) for entry, one_off in pairs])


def _binaries(value: object) -> list[bytes]:
    return [one for one in value if isinstance(one, bytes)] if isinstance(value, list) else []


def _member(entry: bytes, one_off: bytes) -> Member:
    """Return the member that a pair of entry ids means; what is damaged gives a member without an address."""
    shown = _one_off(one_off) or _one_off(entry)
    member = Member("", "") if shown is None else _named_in(shown)
    try:
        parsed = parse(entry)
    except EntryIdFormatError:
        return member
    if isinstance(parsed, WrappedEntryId):
        kind = _KINDS.get(WrappedType(parsed.type)) if parsed.type in tuple(WrappedType) else None
        if kind is None:
            inner = _one_off(parsed.entry_id)
            return _named_in(inner) if inner and not shown else member
        member = replace(member, kind=kind, entry_id=parsed.entry_id)
        return replace(member, slot=parsed.address) if kind is MemberKind.CONTACT else member
    if isinstance(parsed, AddressBookEntryId) and shown is None:
        return Member("", parsed.distinguished_name, "EX")
    return member


def _named_in(entry: OneOffEntryId) -> Member:
    return Member(shown_text(entry.display_name), shown_text(entry.email_address), shown_text(entry.address_type))


def _one_off(data: bytes) -> OneOffEntryId | None:
    try:
        return OneOffEntryId.parse(data)
    except EntryIdFormatError:
        return None


def _write_members(item: DistributionList, left: Properties) -> Properties:
    if not item.members:
        return {}
    pairs = [_entries(member) for member in item.members]
    entries, one_offs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if max(sum(map(len, entries)), sum(map(len, one_offs))) >= _LARGEST_LIST:
        return {named.PidLidDistributionListStream: list_members.build(pairs)}
    return {
        named.PidLidDistributionListMembers: list(entries),
        named.PidLidDistributionListOneOffMembers: list(one_offs),
        named.PidLidDistributionListChecksum: list_members.checksum(entries),
    }


def _entries(member: Member) -> tuple[bytes, bytes]:
    name, address = stored_text(member.name), stored_text(member.address)
    one_off = OneOffEntryId(name, stored_text(member.address_type), address).to_bytes()
    if member.kind is MemberKind.ADDRESS:
        return one_off, one_off
    slot = member.slot & 7 if member.kind is MemberKind.CONTACT else _NO_SLOT
    return WrappedEntryId(member.entry_id, _WRAPPED | slot << 4 | _TYPES[member.kind]).to_bytes(), one_off


_FIELDS = (*form_fields.LINKS, text("source", own.CARD_LINES))
_GROUPS: tuple[Group[Any], ...] = (
    Group(
        (
            named.PidLidDistributionListName,
            tags.PidTagDisplayName,
            named.PidLidFileUnder,
            named.PidLidFileUnderId,
        ),
        _read_name,
        _write_name,
    ),
    Group(
        (
            named.PidLidDistributionListMembers,
            named.PidLidDistributionListOneOffMembers,
            named.PidLidDistributionListChecksum,
            named.PidLidDistributionListStream,
        ),
        _read_members,
        _write_members,
    ),
    *groups_of(_FIELDS),
    form_fields.PRIVATE,
    form_fields.icon(_ICON),
)


def to_object(
    item: DistributionList, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]
) -> MessageObject:
    """Return a distribution list as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> DistributionList:
    """Return a MAPI message as a distribution list."""
    source = message.properties
    mail = mail_mapping.from_object(mail_part(message, _GROUPS), extract)
    item = DistributionList(mail, _read_name(source), _read_members(source), **values(_FIELDS, source))
    return replace(item, mail=with_fields(mail, item, _GROUPS, source))
