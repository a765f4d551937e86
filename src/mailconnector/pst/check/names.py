"""The name-to-id map ([MS-PST] 2.4.7): its three streams, and the buckets that repeat them."""

import struct
from collections.abc import Iterator
from typing import Final

from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import Properties
from mailconnector.pst.crc import compute_crc

_BUCKET_COUNT: Final = 0x0001
_GUID_STREAM: Final = 0x0002
_ENTRY_STREAM: Final = 0x0003
_STRING_STREAM: Final = 0x0004
_FIRST_BUCKET: Final = 0x1000
_FIRST_GUID: Final = 3
_ENTRY = struct.Struct("<IHH")
_MOST_BUCKETS: Final = 0x7000


def check_names(properties: Properties) -> int:
    """Verify the map, and return how many names it has: property ids from 0x8000 on."""
    view = properties.view
    guids = properties.value(_GUID_STREAM) or b""
    entries = properties.value(_ENTRY_STREAM) or b""
    strings = properties.value(_STRING_STREAM) or b""
    if len(guids) % 16 or len(entries) % _ENTRY.size:
        view.report("names-stream", f"the streams of GUIDs and entries have {len(guids)} and {len(entries)} bytes")
    buckets = properties.number(_BUCKET_COUNT) or 0
    if not 0 < buckets < _MOST_BUCKETS:
        view.report("names-buckets", f"the map has {buckets} buckets")
        buckets = 0
    expected: dict[int, list[bytes]] = {}
    known: dict[tuple[int, int | str], int] = {}
    numbers: set[int] = set()
    count = len(entries) // _ENTRY.size
    for key, kind, number in _ENTRY.iter_unpack(entries[: count * _ENTRY.size]):
        guid = kind >> 1
        if guid >= _FIRST_GUID and (guid - _FIRST_GUID + 1) * 16 > len(guids):
            view.report("names-entry", f"the property {0x8000 + number:#x} has the GUID {guid}, which does not exist")
        if number in numbers:
            view.report("names-entry", f"the property {0x8000 + number:#x} has two names")
        numbers.add(number)
        name: int | str = key
        hashed = key
        if kind & 1:
            found = _string(view, strings, key, number)
            if found is None:
                continue
            name = found.decode("utf-16-le", "surrogatepass").casefold()
            hashed = compute_crc(found)
        other = known.setdefault((guid, name), number)
        if other != number:
            code = "names-twice" if kind & 1 else "names-number-twice"
            view.report(code, f"the properties {0x8000 + other:#x} and {0x8000 + number:#x} have one name")
        if buckets:
            record = _ENTRY.pack(hashed, kind, number)
            expected.setdefault((hashed ^ kind) % buckets, []).append(record)
    if numbers and max(numbers) + 1 != len(numbers):
        view.report("names-order", f"{len(numbers)} names have numbers up to {max(numbers)}")
    _check_buckets(properties, buckets, expected)
    return max(numbers) + 1 if numbers else 0


def _string(view: NodeView, strings: bytes, at: int, number: int) -> bytes | None:
    size = int.from_bytes(strings[at : at + 4], "little") if at + 4 <= len(strings) else -1
    if size < 0 or size & 1 or at + 4 + size > len(strings):
        view.report("names-entry", f"the name of the property {0x8000 + number:#x} lies outside of the strings")
        return None
    return strings[at + 4 : at + 4 + size]


def _check_buckets(properties: Properties, buckets: int, expected: dict[int, list[bytes]]) -> None:
    view = properties.view
    for bucket in range(buckets):
        wanted = sorted(expected.get(bucket, ()))
        pid = _FIRST_BUCKET + bucket
        found = sorted(_records(properties.value(pid) or b""))
        if found != wanted:
            missing = len(set(wanted) - set(found))
            extra = len(set(found) - set(wanted))
            view.report("names-bucket", f"bucket {bucket} lacks {missing} names and has {extra} strange ones")


def _records(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _ENTRY.size):
        yield data[at : at + _ENTRY.size]
