"""People: a mail's addresses and MAPI's senders and recipient rows ([MS-OXOMSG] 2.2.1, [MS-OXCMSG] 2.2.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mailconnector.items import Address
from mailconnector.mapi import reading, tags
from mailconnector.mapi.entryid import AddressBookEntryId, EntryIdFormatError, OneOffEntryId, parse
from mailconnector.mapi.objects import Properties, RecipientObject, find
from mailconnector.mapi.types import PropertyType
from mailconnector.mapping.leftovers import beyond, combined

TO, CC, BCC = 1, 2, 3
"""Kinds of recipients: PidTagRecipientType without its flags."""

_KIND_BITS = 0x0F
_MAIL_USER = 6
_EXCHANGE = "EX"
_SMTP = "SMTP"


@dataclass(frozen=True, slots=True)
class PersonTags:
    """Under which properties a message or a row keeps a person."""

    name: int
    kind: int
    email: int
    entry_id: int
    search_key: int
    smtp: int

    def all(self) -> tuple[int, ...]:
        """All of them."""
        return (self.name, self.kind, self.email, self.entry_id, self.search_key, self.smtp)

    def of(self, source: reading.Source) -> Properties:
        """Return those that are there, of whichever string type."""
        found: Properties = {}
        for tag in self.all():
            if tag in source:
                found[tag] = source[tag]
            elif tag & 0xFFFF == PropertyType.STRING and (narrow := find(source, tag)) is not None:
                found[narrow] = source[narrow]
        return found


AUTHOR = PersonTags(
    tags.PidTagSentRepresentingName,
    tags.PidTagSentRepresentingAddressType,
    tags.PidTagSentRepresentingEmailAddress,
    tags.PidTagSentRepresentingEntryId,
    tags.PidTagSentRepresentingSearchKey,
    tags.PidTagSentRepresentingSmtpAddress,
)
SENDER = PersonTags(
    tags.PidTagSenderName,
    tags.PidTagSenderAddressType,
    tags.PidTagSenderEmailAddress,
    tags.PidTagSenderEntryId,
    tags.PidTagSenderSearchKey,
    tags.PidTagSenderSmtpAddress,
)
RECIPIENT = PersonTags(
    tags.PidTagDisplayName,
    tags.PidTagAddressType,
    tags.PidTagEmailAddress,
    tags.PidTagEntryId,
    tags.PidTagSearchKey,
    tags.PidTagSmtpAddress,
)
# Ids of what has no meaning outside a table's row; the recipient's kind is where it stands in the mail.
_ROW_ONLY = frozenset({tags.PidTagRecipientType >> 16, 0x0FF6, 0x0FF9, 0x3000, 0x67F2, 0x67F3})


def person_properties(address: Address, where: PersonTags) -> Properties:
    """Return the properties of a person, without what is left over of one from a store."""
    return dict(_person_properties(address.name, address.kind, address.email, where))


# The same few people write and get most of a mailbox.
@lru_cache(maxsize=4096)
def _person_properties(name: str, kind: str, email: str, where: PersonTags) -> Properties:
    kind = kind or _SMTP
    name = _clean(name or email)
    email = _clean(email)
    properties: Properties = {where.name: name}
    if email:
        properties[where.kind] = kind
        properties[where.email] = email
        properties[where.entry_id] = _entry_id(name, kind, email)
        properties[where.search_key] = search_key(kind, email)
        if kind == _SMTP:
            properties[where.smtp] = email
    else:
        properties[where.entry_id] = OneOffEntryId(name, _SMTP, "").to_bytes()
    if where is RECIPIENT:
        properties[tags.PidTagObjectType] = _MAIL_USER
        properties[tags.PidTagDisplayType] = 0
        properties[tags.PidTagResponsibility] = True
    return properties


def _entry_id(name: str, kind: str, email: str) -> bytes:
    if kind == _EXCHANGE:
        return AddressBookEntryId(email).to_bytes()
    return OneOffEntryId(name, kind, email).to_bytes()


def search_key(kind: str, email: str) -> bytes:
    """Return the search key of an address: "TYPE:ADDRESS" in capitals with a zero byte."""
    return f"{kind}:{email}".upper().encode("utf-8", "replace") + b"\0"


def _clean(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def written_person(address: Address, where: PersonTags) -> Properties:
    """Return the properties of a person with its leftover ones."""
    return combined(person_properties(address, where), address.leftover)


def read_person(source: reading.Source, where: PersonTags, known: Sequence[Address] = ()) -> Address | None:
    """Return the person that a message or a row keeps; None when it keeps none.

    An address of Exchange's becomes the Internet address that stands beside it, or that a recipient of the same
    mail has; what Exchange kept goes to the leftover. Without one it stays what it is.

    Args:
        source: The properties.
        where: Under which of them the person is.
        known: Recipients of the mail.
    """
    found = _person(source, where)
    if found is None:
        return None
    native = found
    smtp = _internet_address(reading.text(source, where.smtp)) if native.kind != _SMTP else ""
    if not smtp and native.kind == _EXCHANGE:
        smtp = _smtp_of(native.email, known, where)
    address = replace(native, email=smtp, kind=_SMTP) if smtp else native
    if address.name == address.email:
        address = replace(address, name="")
    own = source if where is RECIPIENT else where.of(source)
    leftover = beyond(own, person_properties(address, where), _ROW_ONLY)
    return replace(address, leftover=leftover) if leftover else address


def _person(source: reading.Source, where: PersonTags) -> Address | None:
    name = reading.text(source, where.name).strip()
    kind = reading.text(source, where.kind).upper()
    email = reading.text(source, where.email).strip()
    if not email:
        email, kind, entry_name = _from_entry_id(reading.data(source, where.entry_id), kind)
        name = name or entry_name
    if not email:
        email = _internet_address(reading.text(source, where.smtp))
    if kind in ("", _SMTP):
        email = _internet_address(email) or email
        if not email and "@" in name and " " not in name:
            email = _internet_address(name)
        kind = _SMTP
    if not email and not name:
        return None
    return Address(name, email, kind)


def _from_entry_id(data: bytes, kind: str) -> tuple[str, str, str]:
    """Return (address, its type, name) as an entry id says them, for old stores that say them nowhere else."""
    try:
        entry = parse(data)
    except EntryIdFormatError:
        return "", kind, ""
    if isinstance(entry, OneOffEntryId):
        return entry.email_address, entry.address_type.upper() or kind, entry.display_name
    if isinstance(entry, AddressBookEntryId):
        return entry.distinguished_name, _EXCHANGE, ""
    return "", kind, ""


def _internet_address(text: str) -> str:
    """Return the Internet address in what stores write for one; "" when it is none."""
    text = text.strip()
    if text[:5].upper() == "SMTP:":
        text = text[5:]
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return text if "@" in text and not text.startswith("/") else ""


def _smtp_of(distinguished_name: str, known: Sequence[Address], where: PersonTags) -> str:
    folded = distinguished_name.casefold()
    for address in known:
        native = reading.text(address.leftover, RECIPIENT.email)
        if address.kind == _SMTP and native and native.casefold() == folded:
            return address.email
    return ""


def recipient_objects(groups: Iterable[tuple[int, Sequence[Address]]]) -> list[RecipientObject]:
    """Return the rows of recipients, given as (kind, people)."""
    rows = []
    for kind, people in groups:
        for address in people:
            row: Properties = {tags.PidTagRecipientType: kind}
            row |= written_person(address, RECIPIENT)
            rows.append(RecipientObject(row))
    return rows


def read_recipients(rows: Iterable[RecipientObject]) -> dict[int, tuple[Address, ...]]:
    """Return the people of recipient rows by kind; rows of other kinds, and of nobody, are passed over."""
    found: dict[int, list[Address]] = {TO: [], CC: [], BCC: []}
    for row in rows:
        kind = reading.number(row.properties, tags.PidTagRecipientType, TO) & _KIND_BITS
        address = read_person(row.properties, RECIPIENT)
        if kind in found and address is not None:
            found[kind].append(address)
    return {kind: tuple(people) for kind, people in found.items()}


def display_list(people: Sequence[Address]) -> str:
    """Return the names of people as PidTagDisplayTo and its kin have them."""
    return "; ".join([_clean(address.name or address.email) for address in people])


def reply_properties(people: Sequence[Address]) -> Properties:
    """Return the properties that say where answers go ([MS-OXOMSG] 2.2.1.43 and 2.2.1.44)."""
    if not people:
        return {}
    entries = []
    for address in people:
        person = written_person(address, RECIPIENT)
        entries.append(reading.data(person, tags.PidTagEntryId))
    return {
        tags.PidTagReplyRecipientEntries: flat_entry_list(entries),
        tags.PidTagReplyRecipientNames: display_list(people),
    }


def flat_entry_list(entries: Sequence[bytes]) -> bytes:
    """Return entry ids as a FLATENTRYLIST ([MS-OXCDATA] 2.3.3).

    OFFSET  SIZE  FIELD
    0       4     Count    entries
    4       4     Size     of what follows
    8       ...   each: Size (4), entry id, zeros up to a multiple of 4
    """
    body = b"".join([struct.pack("<I", len(entry)) + entry + bytes(-len(entry) % 4) for entry in entries])
    return struct.pack("<II", len(entries), len(body)) + body


def entries_of(data: bytes) -> Iterator[bytes]:
    """Yield the entry ids of a FLATENTRYLIST, as many as are whole."""
    if len(data) < 8:
        return
    count = int.from_bytes(data[:4], "little")
    position = 8
    for _ in range(count):
        size = int.from_bytes(data[position : position + 4], "little")
        entry = data[position + 4 : position + 4 + size]
        if len(entry) < size or not entry:
            return
        yield entry
        position += 4 + size + -size % 4


def read_reply(source: reading.Source, known: Sequence[Address]) -> tuple[Address, ...]:
    """Return where answers go.

    Args:
        source: The message's properties.
        known: People of the mail, to find Internet addresses of Exchange's.
    """
    names = reading.text(source, tags.PidTagReplyRecipientNames)
    people = []
    for entry in entries_of(reading.data(source, tags.PidTagReplyRecipientEntries)):
        try:
            parsed = parse(entry)
        except EntryIdFormatError:
            parsed = None
        if isinstance(parsed, OneOffEntryId) and names.startswith(parsed.display_name):
            # A name may have semicolons of its own.
            name, names = parsed.display_name, names[len(parsed.display_name) :].lstrip("; ")
        else:
            name, _, names = names.partition(";")
            name, names = name.strip(), names.lstrip()
        row: Properties = {tags.PidTagEntryId: entry}
        if isinstance(parsed, OneOffEntryId):
            name = parsed.display_name or name
        row[tags.PidTagDisplayName] = name
        address = read_person(row, RECIPIENT, known)
        if address is not None:
            same = reading.data(person_properties(address, RECIPIENT), tags.PidTagEntryId) == entry
            people.append(replace(address, leftover={} if same else {tags.PidTagEntryId: entry}))
    return tuple(people)
