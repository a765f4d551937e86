"""The contents of a store as plain values, in a form that two stores, or a store and a model, can be compared in.

String types are brought to one (an ANSI file holds PtypString8), data of attachments to its length and digest, and
properties that the store works out for itself are left out; the engine's check looks at those.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value
from mailconnector.pst import Store

FLAGS, METHOD, DATA_OBJECT = 0x0E070003, 0x37050003, 0x3701000D
HASATTACH, ASSOCIATED, READ = 0x10, 0x40, 0x01
# Sizes and the time of the last change: they move with every change of anything.
_VOLATILE = {0x0E080003, 0x30080040, 0x0E200003, DATA_OBJECT}
_FOLDER_COUNTS = {0x36020003, 0x36030003, 0x360A000B, 0x66350003, 0x66360003}
# What a new object is given when its maker did not say: ignored where the other side does not have it.
_DEFAULTED = {
    0x00170003, 0x001A001F, 0x0E02001F, 0x0E03001F, 0x0E04001F, 0x0E0F000B, 0x0E170003, 0x0C150003, 0x0FFE0003,
    0x30070040, 0x300B0102, 0x37050003, 0x370B0003, 0x39000003, 0x3FFD0003,
}  # fmt: skip
_STRINGS = {
    int(PropertyType.STRING8): int(PropertyType.STRING),
    int(PropertyType.MULTIPLE_STRING8): int(PropertyType.MULTIPLE_STRING),
}


@dataclass(frozen=True)
class AttachmentContents:
    """An attachment: its properties, and length and digest of its data, or the message embedded in it."""

    properties: Properties
    data: tuple[int, bytes] | None = None
    embedded: MessageContents | None = None


@dataclass(frozen=True)
class MessageContents:
    """A message, wherever it stands."""

    properties: Properties
    recipients: tuple[Properties, ...] = ()
    attachments: tuple[AttachmentContents, ...] = ()


@dataclass
class StoreContents:
    """Everything that a user could see in a store: folders and messages by NID, each with the NID of its parent."""

    properties: Properties = field(default_factory=dict)
    folders: dict[int, tuple[int, Properties]] = field(default_factory=dict)
    messages: dict[int, tuple[int, MessageContents]] = field(default_factory=dict)

    def copy(self) -> StoreContents:
        """Return a copy; the values in it are never changed in place."""
        return replace(self, properties=dict(self.properties), folders=dict(self.folders), messages=dict(self.messages))


def canonical_key(key: PropertyKey) -> PropertyKey:
    """Return a key with PtypString in the place of PtypString8."""
    if isinstance(key, NamedTag):
        return NamedTag(key.name, _STRINGS.get(key.type, int(key.type)))
    return key & ~0xFFFF | _STRINGS.get(key & 0xFFFF, key & 0xFFFF)


def canonical(properties: Mapping[PropertyKey, Value]) -> Properties:
    """Return properties with canonical keys, without the volatile ones."""
    found: Properties = {}
    for key, value in properties.items():
        key = canonical_key(key)
        if key in _VOLATILE:
            continue
        if key == FLAGS and isinstance(value, int):
            value &= ~HASATTACH
        found[key] = value
    return found


def contents_of(message: MessageObject) -> MessageContents:
    """Return a message's contents; streams are read to their ends."""
    return MessageContents(
        canonical(message.properties),
        tuple(canonical(recipient.properties) for recipient in message.recipients),
        tuple(attachment_contents(attachment) for attachment in message.attachments),
    )


def attachment_contents(attachment: AttachmentObject) -> AttachmentContents:
    """Return an attachment's contents."""
    return AttachmentContents(
        canonical(attachment.properties),
        digest_of(attachment.data) if attachment.data is not None else None,
        contents_of(attachment.embedded) if attachment.embedded is not None else None,
    )


def digest_of(data: bytes | BinaryIO) -> tuple[int, bytes]:
    """Return length and digest of data."""
    parts: Iterable[bytes] = (data,) if isinstance(data, bytes) else iter(lambda: data.read(1 << 20), b"")
    size, digest = 0, hashlib.blake2b(digest_size=16)
    for part in parts:
        size += len(part)
        digest.update(part)
    return size, digest.digest()


def read_store(store: Store) -> StoreContents:
    """Return the contents of a store, read through the engine."""
    found = StoreContents(canonical(store.properties.to_dict()))
    for folder in store.walk():
        parent = folder.parent
        properties = canonical(folder.properties.to_dict())
        own = {key: value for key, value in properties.items() if key not in _FOLDER_COUNTS}
        found.folders[folder.nid] = parent.nid if parent is not None else 0, own
        if folder.is_search_folder:
            continue
        for associated in (False, True):
            for message in folder.messages(associated=associated):
                found.messages[message.nid] = folder.nid, contents_of(message.to_object())
    return found


def differences(have: StoreContents, want: StoreContents) -> list[str]:
    """Return where two stores' contents are not the same, a sentence each; defaults may be absent on one side."""
    found = list(_properties("store", have.properties, want.properties))
    for what, ours, theirs in (("folder", have.folders, want.folders), ("message", have.messages, want.messages)):
        for nid in sorted(ours.keys() ^ theirs.keys()):
            found.append(f"{what} {nid:#x} is {'too much' if nid in ours else 'missing'}")
    for nid in have.folders.keys() & want.folders.keys():
        (parent, properties), (wanted_parent, wanted) = have.folders[nid], want.folders[nid]
        if parent != wanted_parent:
            found.append(f"folder {nid:#x} is in {parent:#x} and not in {wanted_parent:#x}")
        found += _properties(f"folder {nid:#x}", properties, wanted)
    for nid in have.messages.keys() & want.messages.keys():
        (place, message), (wanted_place, wanted_message) = have.messages[nid], want.messages[nid]
        if place != wanted_place:
            found.append(f"message {nid:#x} is in {place:#x} and not in {wanted_place:#x}")
        found += message_differences(f"message {nid:#x}", message, wanted_message)
    return found


def message_differences(what: str, have: MessageContents, want: MessageContents) -> list[str]:
    """Return where two messages are not the same."""
    if have is want:
        return []
    found = list(_properties(what, have.properties, want.properties))
    if len(have.recipients) != len(want.recipients) or len(have.attachments) != len(want.attachments):
        sizes = [len(part) for side in (have, want) for part in (side.recipients, side.attachments)]
        return [*found, f"{what}: {sizes[:2]} recipients and attachments, not {sizes[2:]}"]
    for number, (ours, theirs) in enumerate(zip(have.recipients, want.recipients, strict=True)):
        found += _properties(f"{what}, recipient {number}", ours, theirs)
    for number, (one, other) in enumerate(zip(have.attachments, want.attachments, strict=True)):
        place = f"{what}, attachment {number}"
        found += _properties(place, one.properties, other.properties)
        if one.data != other.data:
            found.append(f"{place}: data {one.data}, not {other.data}")
        if one.embedded is not None and other.embedded is not None:
            found += message_differences(f"{place}, embedded message", one.embedded, other.embedded)
        elif one.embedded is not other.embedded:
            found.append(f"{place}: one side has an embedded message, the other has none")
    return found


def _properties(what: str, have: Properties, want: Properties) -> Iterable[str]:
    for key in have.keys() | want.keys():
        if key in have and key in want:
            if have[key] != want[key] or isinstance(have[key], bool) != isinstance(want[key], bool):
                yield f"{what}: {_name(key)} is {str(have[key])[:80]!r}, not {str(want[key])[:80]!r}"
        elif key not in _DEFAULTED:
            yield f"{what}: {_name(key)} is {'too much' if key in have else 'missing'}"


def _name(key: PropertyKey) -> str:
    return f"{key:#010x}" if isinstance(key, int) else f"{key.name.name!r}:{key.type:#06x}"
