"""Reads an .msg file ([MS-OXMSG]) by means of a foreign reader of its container, for tests of what Outlook saved."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

import olefile

from mailconnector.mapi.named import PS_MAPI, PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, RecipientObject
from mailconnector.mapi.types import NAMED_ID_FIRST, PropertyType, make_tag
from mailconnector.mapi.values import Value, decode

_PROPERTIES = "__properties_version1.0"
_NAMES = "__nameid_version1.0"
_FIXED = {0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000B: 2, 0x0014: 8, 0x0040: 8, 0x000A: 4}
_DATA = make_tag(0x3701, PropertyType.BINARY)
_VARIABLE_ITEMS = {0x101E, 0x101F, 0x1102}


class MsgFile:
    """An open .msg file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._ole: olefile.OleFileIO[str] = olefile.OleFileIO(str(path))
        self._names = self._read_names()

    def close(self) -> None:
        """Close it."""
        self._ole.close()

    def message(self) -> MessageObject:
        """Return the message that it is."""
        return self._message("", 32)

    def _stream(self, path: str) -> bytes:
        data: bytes = self._ole.openstream(path).read()
        return data

    def _has(self, path: str) -> bool:
        return bool(self._ole.exists(path))

    def _read_names(self) -> dict[int, PropertyName]:
        guids, entries, strings = (self._stream(f"{_NAMES}/__substg1.0_000{n}0102") for n in (2, 3, 4))
        names: dict[int, PropertyName] = {}
        for at in range(0, len(entries) - 7, 8):
            value, kind, index = struct.unpack_from("<IHH", entries, at)
            which = kind >> 1
            own = guids[16 * (which - 3) : 16 * (which - 2)]
            guid = {1: PS_MAPI, 2: PS_PUBLIC_STRINGS}.get(which) or uuid.UUID(bytes_le=own)
            name: int | str = value
            if kind & 1:
                size = struct.unpack_from("<I", strings, value)[0]
                name = strings[value + 4 : value + 4 + size].decode("utf-16-le")
            names[NAMED_ID_FIRST + index] = PropertyName(guid, name)
        return names

    def _properties(self, folder: str, head: int) -> Properties:
        table = self._stream(f"{folder}{_PROPERTIES}")
        found: Properties = {}
        for at in range(head, len(table) - 15, 16):
            kind, number = struct.unpack_from("<HH", table, at)
            tag = make_tag(number, kind)
            value = self._value(folder, tag, table[at + 8 : at + 16])
            if value is not None and tag != _DATA:
                key: PropertyKey = NamedTag(self._names[number], kind) if number in self._names else tag
                found[key] = value
        return found

    def _value(self, folder: str, tag: int, fixed: bytes) -> Value:
        kind = tag & 0xFFFF
        if kind in _FIXED:
            return decode(kind, fixed[: _FIXED[kind]])
        path = f"{folder}__substg1.0_{tag:08X}"
        if not self._has(path):
            return None
        if kind in _VARIABLE_ITEMS:
            count = 0
            items = []
            while self._has(f"{path}-{count:08X}"):
                items.append(decode(kind & 0x0FFF, self._stream(f"{path}-{count:08X}").rstrip(b"\0")))
                count += 1
            return [one for one in items if isinstance(one, str)]
        if kind == PropertyType.OBJECT:
            return None
        value = decode(kind, self._stream(path))
        # Some programs count the end of a string in.
        return value.rstrip("\0") if isinstance(value, str) else value

    def _message(self, folder: str, head: int) -> MessageObject:
        message = MessageObject(self._properties(folder, head))
        while self._has(f"{folder}__recip_version1.0_#{len(message.recipients):08X}"):
            at = f"{folder}__recip_version1.0_#{len(message.recipients):08X}/"
            message.recipients.append(RecipientObject(self._properties(at, 8)))
        while self._has(f"{folder}__attach_version1.0_#{len(message.attachments):08X}"):
            at = f"{folder}__attach_version1.0_#{len(message.attachments):08X}/"
            attachment = AttachmentObject(self._properties(at, 8))
            if self._has(f"{at}__substg1.0_37010102"):
                attachment.data = self._stream(f"{at}__substg1.0_37010102")
            if self._has(f"{at}__substg1.0_3701000D/{_PROPERTIES}"):
                attachment.embedded = self._message(f"{at}__substg1.0_3701000D/", 24)
            message.attachments.append(attachment)
        return message
