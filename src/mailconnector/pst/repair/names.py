"""The name-to-id map of a damaged file: the names that can be read, each with the id that it had."""

import struct
from typing import Final
from uuid import UUID

from mailconnector.mapi.named import PS_MAPI, PS_PUBLIC_STRINGS, PropertyName
from mailconnector.pst.check.findings import Findings
from mailconnector.pst.check.properties import Properties
from mailconnector.pst.messaging.names import FIRST_ID, NameMap

_GUIDS, _ENTRIES, _STRINGS = 0x0002, 0x0003, 0x0004
_ENTRY = struct.Struct("<IHH")
_KNOWN: Final = {0: UUID(int=0), 1: PS_MAPI, 2: PS_PUBLIC_STRINGS}
_MOST_NAMES: Final = 0x7FFF


def rebuild_names(properties: Properties | None, highest: int, losses: Findings) -> NameMap:
    """Make a sound map in which every id up to ``highest`` has a name.

    Names that are lost are replaced by ones that tell the id, so that the properties with these ids stay.

    Args:
        properties: the damaged map, as far as it can be read.
        highest: the highest id of a named property in the file.
        losses: takes the names that are lost.
    """
    found = {} if properties is None else _read(properties)
    count = min(max(max(found, default=-1) + 1, highest + 1 - FIRST_ID, 0), _MOST_NAMES)
    names = NameMap(None)
    for index in range(count):
        name = found.get(index)
        if name is None or names.find(name) is not None:
            losses.add("lost-name", f"the name of the property {FIRST_ID + index:#06x} is lost", nid=0x61)
            name = PropertyName(PS_PUBLIC_STRINGS, f"recovered-{FIRST_ID + index:04x}")
        names.define(name)
    return names


def count_names(properties: Properties) -> int | None:
    """Return how many names a damaged map had, None when that cannot be told."""
    found = _read(properties)
    return max(found) + 1 if found else None


def _read(properties: Properties) -> dict[int, PropertyName]:
    guids = properties.value(_GUIDS) or b""
    entries = properties.value(_ENTRIES) or b""
    strings = properties.value(_STRINGS) or b""
    found: dict[int, PropertyName] = {}
    for key, kind, index in _ENTRY.iter_unpack(entries[: len(entries) // _ENTRY.size * _ENTRY.size]):
        at = ((kind >> 1) - len(_KNOWN)) * 16
        guid = _KNOWN.get(kind >> 1)
        if guid is None and at + 16 <= len(guids):
            guid = UUID(bytes_le=guids[at : at + 16])
        if guid is None or index >= _MOST_NAMES:
            continue
        if kind & 1:
            size = int.from_bytes(strings[key : key + 4], "little")
            text = strings[key + 4 : key + 4 + size]
            if key + 4 <= len(strings) and len(text) == size and not size & 1:
                found.setdefault(index, PropertyName(guid, text.decode("utf-16-le", "surrogatepass")))
        else:
            found.setdefault(index, PropertyName(guid, key))
    return found
