"""Entry ids: what folders, messages, recipients and contacts are referred to by, [MS-OXCDATA] 2.2.

All begin alike:

OFFSET  SIZE  FIELD
0       4     Flags        0 in every entry id that is stored
4       16    ProviderUID  who made it, and so how to read the rest; in a PST's own ids the store's record key

The Flags are not checked on reading, nor is what follows the end of a structure: Outlook 2003 and 2007 leave
three bytes there in contacts' ids.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self, TypeAlias

from mailconnector.mapi.codepages import decode_string8, encode_string8
from mailconnector.mapi.types import MapiError

_HEAD_SIZE = 20
_FLAGS = bytes(4)
_UINT32 = struct.Struct("<I")

ONE_OFF_PROVIDER = bytes.fromhex("812b1fa4bea310199d6e00dd010f5402")
ADDRESS_BOOK_PROVIDER = bytes.fromhex("dca740c8c042101ab4b908002b2fe182")
CONTACT_PROVIDER = bytes.fromhex("fe42aa0a18c71a10e8850b651c240000")
WRAPPED_PROVIDER = bytes.fromhex("c091add3519dcf11a4a900aa0047faa4")


class EntryIdFormatError(MapiError):
    """An entry id is malformed, or not of the kind that was asked for.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"entry id: {reason}")
        self.reason = reason


def provider(data: bytes) -> bytes:
    """Return the ProviderUID of an entry id, 16 bytes.

    Raises:
        EntryIdFormatError: It is too short to have one.
    """
    if len(data) < _HEAD_SIZE:
        raise EntryIdFormatError(f"{len(data)} bytes cannot hold a provider")
    return bytes(data[4:_HEAD_SIZE])


def _body(data: bytes, uid: bytes, size: int, kind: str) -> bytes:
    """Return what follows the head, at least `size` bytes of it, of an entry id of the given provider."""
    if provider(data) != uid:
        raise EntryIdFormatError(f"the provider is not that of {kind}")
    if len(data) < _HEAD_SIZE + size:
        raise EntryIdFormatError(f"{len(data)} bytes cannot hold {kind}")
    return bytes(data[_HEAD_SIZE:])


@dataclass(frozen=True, slots=True)
class PstEntryId:
    """The entry id of a folder or message in a PST, [MS-PST] 2.4.3.2.

    OFFSET  SIZE  FIELD
    20      4     nid

    Attributes:
        record_key: PidTagRecordKey of the store, 16 bytes.
        nid: Node id of the object.
    """

    SIZE: ClassVar[int] = 24

    record_key: bytes
    nid: int

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an entry id apart; whose store it is from is for the caller to check.

        Raises:
            EntryIdFormatError: It is not of 24 bytes.
        """
        if len(data) != cls.SIZE:
            raise EntryIdFormatError(f"{len(data)} bytes, a PST's has {cls.SIZE}")
        return cls(bytes(data[4:_HEAD_SIZE]), _UINT32.unpack_from(data, _HEAD_SIZE)[0])

    def to_bytes(self) -> bytes:
        """Return the entry id."""
        return _FLAGS + self.record_key + _UINT32.pack(self.nid)


class OneOffFlags(IntFlag):
    """How a one-off recipient is written to, [MS-OXCDATA] 2.2.5.1, as a little endian word."""

    MIME = 0x0001
    TEXT_ONLY = 0x0006
    HTML_ONLY = 0x000E
    TEXT_AND_HTML = 0x0016
    UUENCODE = 0x0020
    APPLE_SINGLE = 0x0040
    APPLE_DOUBLE = 0x0060
    NO_LOOKUP = 0x1000
    UNICODE = 0x8000


@dataclass(frozen=True, slots=True)
class OneOffEntryId:
    """The entry id of a recipient that is in no address book, [MS-OXCDATA] 2.2.5.1.

    OFFSET  SIZE  FIELD
    20      2     Version  0
    22      2     Flags    OneOffFlags
    24      ...   DisplayName, AddressType, EmailAddress: each ends with a zero character

    Attributes:
        display_name: For people.
        address_type: "SMTP", "EX", "FAX" ...
        email_address: In the form of its type.
        flags: `OneOffFlags`; UNICODE says how the strings are stored, in UTF-16 or in a code page.
    """

    display_name: str
    address_type: str
    email_address: str
    flags: int = OneOffFlags.UNICODE | OneOffFlags.MIME

    @classmethod
    def parse(cls, data: bytes, codepage: str = "cp1252") -> Self:
        """Take an entry id apart.

        Args:
            data: The entry id.
            codepage: Python codec of its strings when they are not Unicode.

        Raises:
            EntryIdFormatError: It is of another provider, or a string has no end.
        """
        body = _body(data, ONE_OFF_PROVIDER, 4, "one-off recipients")
        flags = int.from_bytes(body[2:4], "little")
        texts = []
        at = 4
        for _ in range(3):
            raw, at = _terminated(body, at, wide=bool(flags & OneOffFlags.UNICODE))
            if flags & OneOffFlags.UNICODE:
                texts.append(raw.decode("utf-16-le", "surrogatepass"))
            else:
                texts.append(decode_string8(raw, codepage))
        return cls(texts[0], texts[1], texts[2], flags)

    def to_bytes(self, codepage: str = "cp1252") -> bytes:
        """Return the entry id.

        Args:
            codepage: Python codec of the strings when they are not Unicode; what it lacks becomes "?".

        Raises:
            EntryIdFormatError: A string has a zero character, which would end it.
        """
        parts = [_FLAGS, ONE_OFF_PROVIDER, bytes(2), self.flags.to_bytes(2, "little")]
        for text in (self.display_name, self.address_type, self.email_address):
            if "\0" in text:
                raise EntryIdFormatError("a string has a zero character")
            if self.flags & OneOffFlags.UNICODE:
                parts += [text.encode("utf-16-le", "surrogatepass"), b"\0\0"]
            else:
                parts += [encode_string8(text, codepage), b"\0"]
        return b"".join(parts)


def _terminated(data: bytes, at: int, *, wide: bool) -> tuple[bytes, int]:
    """Return the string at `at` without its end, and the offset after it."""
    end = data.find(b"\0\0" if wide else b"\0", at)
    # Two zero bytes that belong to different characters are no end.
    while wide and end >= 0 and (end - at) & 1:
        end = data.find(b"\0\0", end + 1)
    if end < 0:
        raise EntryIdFormatError("a string has no end")
    return data[at:end], end + (2 if wide else 1)


class AddressBookType(IntEnum):
    """What an address book entry id stands for, [MS-OXCDATA] 2.2.5.2."""

    USER = 0x000
    DISTRIBUTION_LIST = 0x001
    FORUM = 0x002
    AGENT = 0x003
    ORGANIZATION = 0x004
    PRIVATE_DISTRIBUTION_LIST = 0x005
    REMOTE_USER = 0x006
    CONTAINER = 0x100
    TEMPLATE = 0x101
    ONE_OFF_USER = 0x102
    SEARCH = 0x200


@dataclass(frozen=True, slots=True)
class AddressBookEntryId:
    """The entry id of an Exchange address book entry (type "EX"), [MS-OXCDATA] 2.2.5.2.

    OFFSET  SIZE  FIELD
    20      4     Version  1
    24      4     Type     AddressBookType
    28      ...   X500DN   ends with a zero byte

    Attributes:
        distinguished_name: Such as "/o=.../ou=.../cn=.../cn=...".
        type: An `AddressBookType` number.
    """

    distinguished_name: str
    type: int = AddressBookType.USER

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an entry id apart; the zero byte at its end may be missing.

        Raises:
            EntryIdFormatError: It is of another provider, or too short.
        """
        body = _body(data, ADDRESS_BOOK_PROVIDER, 8, "the address book")
        name = body[8:].partition(b"\0")[0]
        return cls(decode_string8(name, "cp1252"), _UINT32.unpack_from(body, 4)[0])

    def to_bytes(self) -> bytes:
        """Return the entry id.

        Raises:
            EntryIdFormatError: The name has a zero character, which would end it.
        """
        if "\0" in self.distinguished_name:
            raise EntryIdFormatError("the name has a zero character")
        name = encode_string8(self.distinguished_name, "cp1252")
        return b"".join([_FLAGS, ADDRESS_BOOK_PROVIDER, struct.pack("<II", 1, self.type), name, b"\0"])


class ContactType(IntEnum):
    """What a contact's entry id stands for, [MS-OXCDATA] 2.2.5.3 and 2.2.5.4."""

    ADDRESS = 4
    DISTRIBUTION_LIST = 5


@dataclass(frozen=True, slots=True)
class ContactEntryId:
    """The entry id of an address in a contact, or of a distribution list, [MS-OXCDATA] 2.2.5.3 and 2.2.5.4.

    OFFSET  SIZE  FIELD
    20      4     Version       3
    24      4     Type          ContactType
    28      4     Index         0-2 the contact's e-mail address 1-3, 3-5 its fax 1-3, 255 for a list
    32      4     EntryIdCount
    36      ...   EntryIdBytes

    Attributes:
        entry_id: Entry id of the contact or distribution list itself.
        index: Which of the contact's addresses.
        type: A `ContactType` number.
    """

    DISTRIBUTION_LIST_INDEX: ClassVar[int] = 255

    entry_id: bytes
    index: int
    type: int = ContactType.ADDRESS

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an entry id apart.

        Raises:
            EntryIdFormatError: It is of another provider, of another version, or too short.
        """
        body = _body(data, CONTACT_PROVIDER, 16, "contacts")
        version, kind, index, count = struct.unpack_from("<4I", body)
        if version != 3:
            raise EntryIdFormatError(f"version {version} of a contact's")
        if count > len(body) - 16:
            raise EntryIdFormatError(f"{count} bytes of entry id in {len(body) - 16}")
        return cls(body[16 : 16 + count], index, kind)

    def to_bytes(self) -> bytes:
        """Return the entry id."""
        head = struct.pack("<4I", 3, self.type, self.index, len(self.entry_id))
        return b"".join([_FLAGS, CONTACT_PROVIDER, head, self.entry_id])


class WrappedType(IntEnum):
    """What a wrapped entry id stands for, [MS-OXOCNTC] 2.2.2.2.4.1.1: the lower four bits of its Type."""

    ONE_OFF = 0
    CONTACT = 3
    DISTRIBUTION_LIST = 4
    ADDRESS_BOOK_USER = 5
    ADDRESS_BOOK_LIST = 6


@dataclass(frozen=True, slots=True)
class WrappedEntryId:
    """The entry id of a member of a personal distribution list, [MS-OXOCNTC] 2.2.2.2.4.1.1.

    OFFSET  SIZE  FIELD
    20      1     Type  bits 0-3 WrappedType; bits 4-6 which of a contact's addresses (0-2 business, home and primary
                        fax, 4-6 e-mail 1-3), 3 for lists and the address book; bit 7 set unless a one-off is wrapped
    21      ...   EmbeddedEntryID

    Attributes:
        entry_id: The entry id inside.
        kind: The whole Type byte, 0-255.
    """

    entry_id: bytes
    kind: int

    @property
    def type(self) -> int:
        """A `WrappedType` number."""
        return self.kind & 0x0F

    @property
    def address(self) -> int:
        """Which address of the contact: 0-2 business, home and primary fax, 4-6 e-mail 1-3; 3 for none."""
        return self.kind >> 4 & 7

    @classmethod
    def wrap(cls, entry_id: bytes, wrapped_type: WrappedType, address: int = 3) -> Self:
        """Wrap an entry id.

        Args:
            entry_id: What to wrap.
            wrapped_type: What it stands for.
            address: With a contact, which of its addresses; of no meaning otherwise.
        """
        if wrapped_type == WrappedType.ONE_OFF:
            return cls(entry_id, WrappedType.ONE_OFF)
        which = address if wrapped_type == WrappedType.CONTACT else 3
        return cls(entry_id, 0x80 | which << 4 | wrapped_type)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an entry id apart.

        Raises:
            EntryIdFormatError: It is of another provider, or too short.
        """
        body = _body(data, WRAPPED_PROVIDER, 1, "wrapped ids")
        return cls(body[1:], body[0])

    def to_bytes(self) -> bytes:
        """Return the entry id."""
        return b"".join([_FLAGS, WRAPPED_PROVIDER, bytes([self.kind]), self.entry_id])


EntryId: TypeAlias = PstEntryId | OneOffEntryId | AddressBookEntryId | ContactEntryId | WrappedEntryId


def parse(data: bytes, codepage: str = "cp1252") -> EntryId:
    """Take an entry id of any known kind apart; one of an unknown provider and 24 bytes is taken for a PST's.

    Args:
        data: The entry id.
        codepage: Python codec of a one-off's strings when they are not Unicode.

    Raises:
        EntryIdFormatError: It is malformed, or of an unknown kind.
    """
    uid = provider(data)
    if uid == ONE_OFF_PROVIDER:
        return OneOffEntryId.parse(data, codepage)
    if uid == ADDRESS_BOOK_PROVIDER:
        return AddressBookEntryId.parse(data)
    if uid == CONTACT_PROVIDER:
        return ContactEntryId.parse(data)
    if uid == WRAPPED_PROVIDER:
        return WrappedEntryId.parse(data)
    if len(data) != PstEntryId.SIZE:
        raise EntryIdFormatError(f"unknown provider {uid.hex()}")
    return PstEntryId.parse(data)
