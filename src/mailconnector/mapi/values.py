"""Property values: raw bytes, as a PST heap or a property stream stores them, to Python and back.

| property type                            | Python value                                               |
|------------------------------------------|------------------------------------------------------------|
| NULL                                     | None                                                       |
| BOOLEAN                                  | bool (the first byte counts; one byte is written)          |
| INTEGER16, INTEGER32, INTEGER64          | int, signed                                                |
| ERROR_CODE                               | int, unsigned 32-bit                                       |
| CURRENCY                                 | int, signed, units of 1/10,000                             |
| FLOATING32, FLOATING64                   | float                                                      |
| FLOATING_TIME                            | float, days since 1899-12-30                               |
| TIME                                     | FileTime                                                   |
| GUID                                     | uuid.UUID                                                  |
| STRING, STRING8                          | str                                                        |
| BINARY, SERVER_ID, RESTRICTION, RULE_ACTION, OBJECT, and every unknown type | bytes as they are       |
| MULTIPLE_X                               | list of the Python value of X                              |
"""

from __future__ import annotations

import struct
import uuid
from codecs import utf_16_le_decode
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from mailconnector.mapi.codepages import decode_string8, encode_string8
from mailconnector.mapi.types import FileTime, MapiError, PropertyType

Scalar: TypeAlias = bool | int | float | str | bytes | uuid.UUID | None
Value: TypeAlias = Scalar | list[int] | list[float] | list[FileTime] | list[uuid.UUID] | list[str] | list[bytes]

Decoder: TypeAlias = Callable[[bytes, str], Value]
Encoder: TypeAlias = Callable[[Value, str], bytes]


class ValueFormatError(MapiError):
    """A raw value is not what its property type asks for, or a Python value does not fit its type.

    Attributes:
        property_type: The property type number.
        reason: What is wrong, in a few words.
    """

    property_type: int
    reason: str

    def __init__(self, property_type: int, reason: str) -> None:
        super().__init__(f"value of property type 0x{property_type:04X}: {reason}")
        self.property_type = property_type
        self.reason = reason


_INT16 = struct.Struct("<h")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_INT64 = struct.Struct("<q")
_UINT64 = struct.Struct("<Q")
_FLOAT32 = struct.Struct("<f")
_FLOAT64 = struct.Struct("<d")


def _number_decoder(property_type: PropertyType, layout: struct.Struct) -> Decoder:
    unpack = layout.unpack_from

    def decode_number(data: bytes, codepage: str) -> Value:
        try:
            value: int | float = unpack(data)[0]
        except struct.error:
            raise ValueFormatError(property_type, f"{len(data)} bytes, want {layout.size}") from None
        return value

    return decode_number


def _decode_null(data: bytes, codepage: str) -> Value:
    return None


def _decode_boolean(data: bytes, codepage: str) -> Value:
    if not data:
        raise ValueFormatError(PropertyType.BOOLEAN, "0 bytes, want 1")
    return data[0] != 0


def _decode_time(data: bytes, codepage: str) -> Value:
    try:
        return FileTime(_UINT64.unpack_from(data)[0])
    except struct.error:
        raise ValueFormatError(PropertyType.TIME, f"{len(data)} bytes, want 8") from None


def _decode_guid(data: bytes, codepage: str) -> Value:
    if len(data) < 16:
        raise ValueFormatError(PropertyType.GUID, f"{len(data)} bytes, want 16")
    return uuid.UUID(bytes_le=bytes(data[:16]))


def _decode_string(data: bytes, codepage: str) -> str:
    # The odd last byte of a damaged value is half a character at most.
    return utf_16_le_decode(data[:-1] if len(data) & 1 else data, "surrogatepass", True)[0]


def _decode_string8(data: bytes, codepage: str) -> str:
    return decode_string8(data, codepage)


def _decode_bytes(data: bytes, codepage: str) -> bytes:
    return bytes(data)


def _count(property_type: PropertyType, data: bytes, size: int) -> int:
    count, rest = divmod(len(data), size)
    if rest:
        raise ValueFormatError(property_type, f"{len(data)} bytes are no multiple of {size}")
    return count


def _array_decoder(property_type: PropertyType, code: str, size: int) -> Decoder:
    def decode_array(data: bytes, codepage: str) -> Value:
        return list(struct.unpack(f"<{_count(property_type, data, size)}{code}", data))

    return decode_array


def _decode_times(data: bytes, codepage: str) -> Value:
    count = _count(PropertyType.MULTIPLE_TIME, data, 8)
    return [FileTime(ticks) for ticks in struct.unpack(f"<{count}Q", data)]


def _decode_guids(data: bytes, codepage: str) -> Value:
    count = _count(PropertyType.MULTIPLE_GUID, data, 16)
    return [uuid.UUID(bytes_le=bytes(data[16 * item : 16 * item + 16])) for item in range(count)]


def _split(property_type: PropertyType, data: bytes) -> list[bytes]:
    """Cut a multi-valued property of variable size into its items, [MS-PST] 2.3.3.4.2.

    OFFSET         SIZE  FIELD
    0              4     ulCount
    4              4*n   rgulDataOffsets, from the start of the property; each item ends where the next begins
    4 + 4*n        ...   rgDataItems, the last ends with the property
    """
    if not data:
        return []
    if len(data) < 4:
        raise ValueFormatError(property_type, f"{len(data)} bytes cannot hold a count")
    count: int = _UINT32.unpack_from(data)[0]
    first = 4 + 4 * count
    if first > len(data):
        raise ValueFormatError(property_type, f"{count} items in {len(data)} bytes")
    if not count:
        return []
    edges: list[int] = [*struct.unpack_from(f"<{count}I", data, 4), len(data)]
    if edges[0] < first:
        raise ValueFormatError(property_type, f"first item at {edges[0]}, inside the offsets")
    items = []
    for start, end in pairwise(edges):
        if start > end:
            raise ValueFormatError(property_type, f"item from {start} to {end}")
        items.append(bytes(data[start:end]))
    return items


def _decode_strings(data: bytes, codepage: str) -> Value:
    return [_decode_string(item, codepage) for item in _split(PropertyType.MULTIPLE_STRING, data)]


def _decode_strings8(data: bytes, codepage: str) -> Value:
    return [_decode_string8(item, codepage) for item in _split(PropertyType.MULTIPLE_STRING8, data)]


def _decode_binaries(data: bytes, codepage: str) -> Value:
    return _split(PropertyType.MULTIPLE_BINARY, data)


DECODERS: dict[int, Decoder] = {
    PropertyType.NULL: _decode_null,
    PropertyType.INTEGER16: _number_decoder(PropertyType.INTEGER16, _INT16),
    PropertyType.INTEGER32: _number_decoder(PropertyType.INTEGER32, _INT32),
    PropertyType.FLOATING32: _number_decoder(PropertyType.FLOATING32, _FLOAT32),
    PropertyType.FLOATING64: _number_decoder(PropertyType.FLOATING64, _FLOAT64),
    PropertyType.CURRENCY: _number_decoder(PropertyType.CURRENCY, _INT64),
    PropertyType.FLOATING_TIME: _number_decoder(PropertyType.FLOATING_TIME, _FLOAT64),
    PropertyType.ERROR_CODE: _number_decoder(PropertyType.ERROR_CODE, _UINT32),
    PropertyType.BOOLEAN: _decode_boolean,
    PropertyType.OBJECT: _decode_bytes,
    PropertyType.INTEGER64: _number_decoder(PropertyType.INTEGER64, _INT64),
    PropertyType.STRING8: _decode_string8,
    PropertyType.STRING: _decode_string,
    PropertyType.TIME: _decode_time,
    PropertyType.GUID: _decode_guid,
    PropertyType.SERVER_ID: _decode_bytes,
    PropertyType.RESTRICTION: _decode_bytes,
    PropertyType.RULE_ACTION: _decode_bytes,
    PropertyType.BINARY: _decode_bytes,
    PropertyType.MULTIPLE_INTEGER16: _array_decoder(PropertyType.MULTIPLE_INTEGER16, "h", 2),
    PropertyType.MULTIPLE_INTEGER32: _array_decoder(PropertyType.MULTIPLE_INTEGER32, "i", 4),
    PropertyType.MULTIPLE_FLOATING32: _array_decoder(PropertyType.MULTIPLE_FLOATING32, "f", 4),
    PropertyType.MULTIPLE_FLOATING64: _array_decoder(PropertyType.MULTIPLE_FLOATING64, "d", 8),
    PropertyType.MULTIPLE_CURRENCY: _array_decoder(PropertyType.MULTIPLE_CURRENCY, "q", 8),
    PropertyType.MULTIPLE_FLOATING_TIME: _array_decoder(PropertyType.MULTIPLE_FLOATING_TIME, "d", 8),
    PropertyType.MULTIPLE_INTEGER64: _array_decoder(PropertyType.MULTIPLE_INTEGER64, "q", 8),
    PropertyType.MULTIPLE_STRING8: _decode_strings8,
    PropertyType.MULTIPLE_STRING: _decode_strings,
    PropertyType.MULTIPLE_TIME: _decode_times,
    PropertyType.MULTIPLE_GUID: _decode_guids,
    PropertyType.MULTIPLE_BINARY: _decode_binaries,
}
"""Decoder of each property type: `DECODERS[ptype](data, codepage)`; other types are bytes as they are."""


def _wrong(property_type: int, value: object) -> ValueFormatError:
    return ValueFormatError(property_type, f"cannot hold a {type(value).__name__}")


def _number_encoder(property_type: PropertyType, layout: struct.Struct) -> Encoder:
    def encode_number(value: Value, codepage: str) -> bytes:
        try:
            return layout.pack(value)
        except (struct.error, OverflowError):
            raise ValueFormatError(property_type, f"cannot hold {value!r:.60}") from None

    return encode_number


def _encode_null(value: Value, codepage: str) -> bytes:
    if value is not None:
        raise _wrong(PropertyType.NULL, value)
    return b""


def _encode_boolean(value: Value, codepage: str) -> bytes:
    if not isinstance(value, int):
        raise _wrong(PropertyType.BOOLEAN, value)
    return b"\x01" if value else b"\x00"


def _encode_guid(value: Value, codepage: str) -> bytes:
    if not isinstance(value, uuid.UUID):
        raise _wrong(PropertyType.GUID, value)
    return value.bytes_le


def _encode_string(value: Value, codepage: str) -> bytes:
    if not isinstance(value, str):
        raise _wrong(PropertyType.STRING, value)
    return value.encode("utf-16-le", "surrogatepass")


def _encode_string8(value: Value, codepage: str) -> bytes:
    if not isinstance(value, str):
        raise _wrong(PropertyType.STRING8, value)
    return encode_string8(value, codepage)


def _encode_bytes(value: Value, codepage: str) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise _wrong(PropertyType.BINARY, value)
    return bytes(value)


def _items(property_type: int, value: Value) -> list[Scalar]:
    if not isinstance(value, list):
        raise _wrong(property_type, value)
    return list(value)


def _array_encoder(property_type: PropertyType, code: str) -> Encoder:
    def encode_array(value: Value, codepage: str) -> bytes:
        items = _items(property_type, value)
        try:
            return struct.pack(f"<{len(items)}{code}", *items)
        except (struct.error, OverflowError):
            raise ValueFormatError(property_type, "cannot hold one of the items") from None

    return encode_array


def _list_encoder(property_type: PropertyType, encode_item: Encoder) -> Encoder:
    def encode_list(value: Value, codepage: str) -> bytes:
        items = [encode_item(item, codepage) for item in _items(property_type, value)]
        at = 4 + 4 * len(items)
        offsets = []
        for item in items:
            offsets.append(at)
            at += len(item)
        return b"".join([struct.pack(f"<{1 + len(items)}I", len(items), *offsets), *items])

    return encode_list


def _encode_guids(value: Value, codepage: str) -> bytes:
    return b"".join([_encode_guid(item, codepage) for item in _items(PropertyType.MULTIPLE_GUID, value)])


ENCODERS: dict[int, Encoder] = {
    PropertyType.NULL: _encode_null,
    PropertyType.INTEGER16: _number_encoder(PropertyType.INTEGER16, _INT16),
    PropertyType.INTEGER32: _number_encoder(PropertyType.INTEGER32, _INT32),
    PropertyType.FLOATING32: _number_encoder(PropertyType.FLOATING32, _FLOAT32),
    PropertyType.FLOATING64: _number_encoder(PropertyType.FLOATING64, _FLOAT64),
    PropertyType.CURRENCY: _number_encoder(PropertyType.CURRENCY, _INT64),
    PropertyType.FLOATING_TIME: _number_encoder(PropertyType.FLOATING_TIME, _FLOAT64),
    PropertyType.ERROR_CODE: _number_encoder(PropertyType.ERROR_CODE, _UINT32),
    PropertyType.BOOLEAN: _encode_boolean,
    PropertyType.OBJECT: _encode_bytes,
    PropertyType.INTEGER64: _number_encoder(PropertyType.INTEGER64, _INT64),
    PropertyType.STRING8: _encode_string8,
    PropertyType.STRING: _encode_string,
    PropertyType.TIME: _number_encoder(PropertyType.TIME, _UINT64),
    PropertyType.GUID: _encode_guid,
    PropertyType.SERVER_ID: _encode_bytes,
    PropertyType.RESTRICTION: _encode_bytes,
    PropertyType.RULE_ACTION: _encode_bytes,
    PropertyType.BINARY: _encode_bytes,
    PropertyType.MULTIPLE_INTEGER16: _array_encoder(PropertyType.MULTIPLE_INTEGER16, "h"),
    PropertyType.MULTIPLE_INTEGER32: _array_encoder(PropertyType.MULTIPLE_INTEGER32, "i"),
    PropertyType.MULTIPLE_FLOATING32: _array_encoder(PropertyType.MULTIPLE_FLOATING32, "f"),
    PropertyType.MULTIPLE_FLOATING64: _array_encoder(PropertyType.MULTIPLE_FLOATING64, "d"),
    PropertyType.MULTIPLE_CURRENCY: _array_encoder(PropertyType.MULTIPLE_CURRENCY, "q"),
    PropertyType.MULTIPLE_FLOATING_TIME: _array_encoder(PropertyType.MULTIPLE_FLOATING_TIME, "d"),
    PropertyType.MULTIPLE_INTEGER64: _array_encoder(PropertyType.MULTIPLE_INTEGER64, "q"),
    PropertyType.MULTIPLE_STRING8: _list_encoder(PropertyType.MULTIPLE_STRING8, _encode_string8),
    PropertyType.MULTIPLE_STRING: _list_encoder(PropertyType.MULTIPLE_STRING, _encode_string),
    PropertyType.MULTIPLE_TIME: _array_encoder(PropertyType.MULTIPLE_TIME, "Q"),
    PropertyType.MULTIPLE_GUID: _encode_guids,
    PropertyType.MULTIPLE_BINARY: _list_encoder(PropertyType.MULTIPLE_BINARY, _encode_bytes),
}
"""Encoder of each property type: `ENCODERS[ptype](value, codepage)`."""


def decode(ptype: int, data: bytes, codepage: str = "cp1252") -> Value:
    """Return the Python value of a raw property value.

    Args:
        ptype: Property type number; one that is unknown gives the bytes as they are.
        data: The raw value. Fixed types may be followed by padding, which is ignored.
        codepage: Python codec for STRING8 (see `codec_for_codepage`).

    Raises:
        ValueFormatError: Too short for its type, or a broken multi-valued layout.
    """
    return DECODERS.get(ptype, _decode_bytes)(data, codepage)


def encode(ptype: int, value: Value, codepage: str = "cp1252") -> bytes:
    """Return the raw property value of a Python value, the inverse of `decode`.

    A character that the code page lacks becomes "?"; bytes that `decode` could not read return as they were.

    Raises:
        ValueFormatError: The value does not fit the type.
    """
    return ENCODERS.get(ptype, _encode_bytes)(value, codepage)
