"""Ways to damage the specimen in one place, and the register of what each is to be found by."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.ltp.property_context import StoredValue
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.ndb.database import NodeDatabase
from tests.forge import Forge
from tests.unit.pst.check.specimen import (
    FOLDER,
    Specimen,
    Values,
    column,
    record,
    user_root,
)

Damage = Callable[[Specimen], None]
HIERARCHY, CONTENTS, ASSOCIATED = FOLDER + 0xB, FOLDER + 0xC, FOLDER + 0xD
TOP_HIERARCHY = disk.NID_IPM_SUBTREE + 0xB
STORE, NAMES, QUEUE, ACTIVITY = 0x21, 0x61, 0x1E1, 0x201
INT32, BINARY, STRING = PropertyType.INTEGER32, PropertyType.BINARY, PropertyType.STRING


def registrar(cases: list[tuple[str, Damage]]) -> Callable[[str], Callable[[Damage], Damage]]:
    """Return a decorator that puts a damage into a list, with the code that it is to be found by."""

    def case(code: str) -> Callable[[Damage], Damage]:
        def register(damage: Damage) -> Damage:
            cases.append((code, damage))
            return damage

        return register

    return case


def number(value: int) -> StoredValue:
    return StoredValue(INT32, struct.pack("<I", value))


def header(**fields: Any) -> Damage:
    return lambda specimen: specimen.forge(lambda forge: forge.set_header(**fields))


def poke(offset: int, value: int) -> Damage:
    """Set a byte of the file, checksums left alone."""

    def damage(specimen: Specimen) -> None:
        specimen.data[offset] = value

    return damage


def sealed(offset: int, value: int) -> Damage:
    """Set a byte of the header and make its CRCs right."""

    def damage(specimen: Specimen) -> None:
        def change(forge: Forge) -> None:
            forge.data[offset] = value
            forge.seal_header()

        specimen.forge(change)

    return damage


def in_property(nid: int, pid: int, value: StoredValue | None, *path: int) -> Damage:
    """Set or remove a property, nothing else made to fit."""

    def damage(specimen: Specimen) -> None:
        def change(values: Values) -> None:
            if value is None:
                del values[pid]
            else:
                values[pid] = value

        specimen.properties(nid, change, *path)

    return damage


def in_row(nid: int, row: int, version: int, cells: dict[int, bytes | None], *path: int) -> Damage:
    """Add or change a row of a table."""
    return lambda specimen: specimen.table(nid, lambda table: table.put_row(row, version, cells), *path)


def without_row(nid: int, row: int, *path: int) -> Damage:
    def damage(specimen: Specimen) -> None:
        def change(table: TableEditor) -> None:
            assert table.delete_row(row)

        specimen.table(nid, change, *path)

    return damage


def in_heap(nid: int, change: Callable[[bytearray], None], *path: int, index: int = 0) -> Damage:
    """Change bytes in the first block of a node's heap."""
    return lambda specimen: specimen.block(nid, change, *path, index=index)


def in_record(nid: int, pid: int, at: int, new: bytes, *path: int) -> Damage:
    """Change the record of a property: wPropId at 0, wPropType at 2, dwValueHnid at 4."""

    def change(data: bytearray) -> None:
        place = record(data, pid) + at
        data[place : place + len(new)] = new

    return in_heap(nid, change, *path)


def in_column(nid: int, tag: int, at: int, new: bytes) -> Damage:
    """Change the TCOLDESC of a column: tag at 0, ibData at 4, cbData at 6, iBit at 7."""

    def change(data: bytearray) -> None:
        place = column(data, tag) + at
        data[place : place + len(new)] = new

    return in_heap(nid, change)


def in_info(nid: int, at: int, new: bytes) -> Damage:
    """Change bytes of a TCINFO, or of the BTHHEADER of a PC."""

    def change(data: bytearray) -> None:
        place = user_root(data).start + at
        data[place : place + len(new)] = new

    return in_heap(nid, change)


def data_of(nid: int, data: bytes) -> Damage:
    """Replace all the data of a node."""
    return lambda specimen: specimen.node(nid, lambda node: node.set_data(data))


def in_database(change: Callable[[NodeDatabase], object]) -> Damage:
    return lambda specimen: specimen.database(change)


def forging(change: Callable[[Forge], object]) -> Damage:
    return lambda specimen: specimen.forge(change)


def in_block(nid: int, at: int) -> Damage:
    """Flip bits of a node's block in the file, ``at`` from its beginning, from its end when below zero."""

    def damage(specimen: Specimen) -> None:
        forge = Forge(bytes(specimen.data))
        _, ib, size, _ = forge.blocks[forge.data_bid(nid)].values
        specimen.data[ib + (at if at >= 0 else disk.UNICODE.block_total(size) + at)] ^= 0x5A

    return damage
