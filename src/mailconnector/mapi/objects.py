"""The neutral shape of a message, which the PST engine, TNEF and the mapping exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from mailconnector.mapi import tags
from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.types import PropertyType, tag_type
from mailconnector.mapi.values import Value

_STRINGS: dict[int, int] = {
    PropertyType.STRING: PropertyType.STRING8,
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING: PropertyType.MULTIPLE_STRING8,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}


PropertyKey: TypeAlias = int | NamedTag
"""A plain tag (property id below 0x8000), or the name and type of a named property."""

OF_THE_PLACE: tuple[int, ...] = (
    tags.PidTagEntryId,
    tags.PidTagParentEntryId,
    tags.PidTagStoreEntryId,
    tags.PidTagRecordKey,
    tags.PidTagStoreRecordKey,
    tags.PidTagInstanceKey,
    tags.PidTagMappingSignature,
    tags.PidTagObjectType,
    tags.PidTagAccess,
    tags.PidTagAccessLevel,
    tags.PidTagReplItemid,
    tags.PidTagReplChangenum,
    tags.PidTagReplVersionHistory,
    tags.PidTagReplFlags,
    tags.PidTagReplCopiedfromVersionhistory,
    tags.PidTagReplCopiedfromItemid,
    tags.PidTagPstBodyPrefix,
    0x67F20003,  # row id and row version of a table
    0x67F30003,
)
"""Tags of what says where a message lies, and what a store notes of it for itself: nothing that the message says."""

Properties: TypeAlias = dict[PropertyKey, Value]


@dataclass(slots=True)
class RecipientObject:
    """One row of a recipient table."""

    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class AttachmentObject:
    """One attachment; PidTagAttachMethod in `properties` says of which kind.

    Attributes:
        properties: Everything but the content.
        data: PidTagAttachDataBinary (method 1), or the bytes of the OLE storage (method 6), whole or as a
            readable binary stream; None for the other methods.
        embedded: The embedded message (method 5), else None.
    """

    properties: Properties = field(default_factory=dict)
    data: bytes | BinaryIO | None = None
    embedded: MessageObject | None = None


@dataclass(slots=True)
class MessageObject:
    """A message: its properties, recipients and attachments.

    Attributes:
        properties: Properties of the message itself.
        recipients: In the order of the recipient table.
        attachments: In the order of the attachment table.
        associated: True for folder associated information (FAI), which users do not see.
    """

    properties: Properties = field(default_factory=dict)
    recipients: list[RecipientObject] = field(default_factory=list)
    attachments: list[AttachmentObject] = field(default_factory=list)
    associated: bool = False


def with_type(key: PropertyKey, property_type: int) -> PropertyKey:
    """Return the same property's key with another type."""
    return key & ~0xFFFF | property_type if isinstance(key, int) else key.with_type(property_type)


def type_of(key: PropertyKey) -> int:
    """Return the property type of a key."""
    return tag_type(key) if isinstance(key, int) else key.type


def find(properties: Mapping[PropertyKey, Value], key: PropertyKey) -> PropertyKey | None:
    """Return the key under which a property is present, ignoring the STRING / STRING8 difference."""
    if key in properties:
        return key
    # Asked for each property that an item may have, most of which are absent: no calls that can be spared.
    other = _STRINGS.get(key & 0xFFFF if isinstance(key, int) else key.type)
    if other is None:
        return None
    twin = with_type(key, other)
    return twin if twin in properties else None


def get(properties: Mapping[PropertyKey, Value], key: PropertyKey, default: Value = None) -> Value:
    """Return a property's value, ignoring the STRING / STRING8 difference; `default` when absent."""
    found = find(properties, key)
    return default if found is None else properties[found]
