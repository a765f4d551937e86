"""New messages made ready for a store by somebody who does not have it open, to be put into it with little work.

Nearly all that a message is in a file can be made without the file: the property context, the table of recipients, the
blocks of large values in their encoding, with checksums. What only the file knows goes in when the message is put into
a folder: its NID, BIDs and NIDs of subnodes, and the versions of table rows. The ids of named properties are the
store's too; they are only ever added to, so whoever prepares has a copy of them (:class:`StoreForm`), whose token says
whether it still holds.

Only what mail mostly is can be prepared: messages without attachments, with recipients, in a file of the Unicode
format, whose properties fit one block beside those that stand in blocks of their own. For anything else there are
drafts, and what a draft would write for a message is, byte for byte, what is written for it once it was prepared.
"""

from codecs import utf_16_le_encode
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import MessageObject, PropertyKey
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.pst import disk
from mailconnector.pst.errors import PstNotFoundError, PstUsageError
from mailconnector.pst.ltp.property_context import StoredValue, pack_properties, with_inline
from mailconnector.pst.ltp.table_editor import PackedTable, lay_out, pack_table, with_versions
from mailconnector.pst.messaging.composition import (
    CALCULATED,
    complete,
    display_lists,
    recipient_cells,
    table_columns,
)
from mailconnector.pst.messaging.message import FLAG_HASATTACH, MESSAGE_FLAGS, MESSAGE_SIZE, SUBJECT
from mailconnector.pst.messaging.object_draft import PLAIN
from mailconnector.pst.messaging.session import Session, convert_cell, encode_value
from mailconnector.pst.messaging.subject import mark_subject
from mailconnector.pst.messaging.templates import templates
from mailconnector.pst.ndb.blocks import EncodedData, SubnodeEntry, encode_data

_INTEGER32 = int(PropertyType.INTEGER32)
_STRING, _BINARY = int(PropertyType.STRING), int(PropertyType.BINARY)
_KNOWN_MAX = 20_000
_NAMES_MAX = 1000
_new_tuple = tuple.__new__  # makes a named tuple in half the time


class StoreForm(NamedTuple):
    """What the bytes of a message depend on in a store.

    Attributes:
        crypt_method: bCryptMethod.
        codec: of PtypString8 values.
        token: stands for the ids of named properties that the store has given out.
        names: property ids and names; there may be others.
    """

    crypt_method: int
    codec: str
    token: bytes
    names: tuple[tuple[int, PropertyName], ...]


class NewMessage(NamedTuple):
    """A new message as it is going to be stored: its values by property id, and the cells of its recipients."""

    values: dict[int, StoredValue]
    recipients: list[dict[int, bytes]]


class LargeValue(NamedTuple):
    """A value that stands in blocks of its own.

    Attributes:
        at: where in the property context its NID goes.
        size: bytes.
        leaves: its data block by block; as they are to stand in the file, or plain where that depends on the BID.
    """

    at: int
    size: int
    leaves: tuple[EncodedData | bytes, ...]


class PreparedMessage(NamedTuple):
    """A message that is ready to be put into a store.

    Attributes:
        token: that of the form by which it was made.
        properties: the block of its property context, but for the NIDs of large values.
        large: those, in the order of their ids.
        recipients: the table of its recipients, but for the versions of the rows.
        cells: what it has for each column of :func:`usual_columns`; None where it has nothing.
        flags: PidTagMessageFlags.
    """

    token: bytes
    properties: bytes
    large: tuple[LargeValue, ...]
    recipients: PackedTable
    cells: tuple[bytes | None, ...]
    flags: int


@lru_cache(maxsize=1)
def usual_columns() -> tuple[int, ...]:
    """Return the columns that mirror messages in the contents tables of folders, as the template has them."""
    return lay_out(templates()["contents"].columns).column_set.mirrored


def form_of(session: Session) -> StoreForm | None:
    """Return the form of an open store, with its names where they are not very many.

    None when nothing can be prepared for the store, as it is no Unicode file.
    """
    db = session.db
    if db.layout is not disk.UNICODE:
        return None
    names = session.names
    found = [(pid, name) for pid, name in names.items() if names.find(name) == pid] if len(names) <= _NAMES_MAX else []
    return StoreForm(db.header.bCryptMethod, session.codec, names.token, tuple(found))


class Preparer:
    """Makes messages ready for a store.

    Args:
        form: of the store.
        define: gives the id of a property name that the form does not know. By default such messages are refused.

    Attributes:
        codec: of PtypString8 values.
    """

    def __init__(self, form: StoreForm, define: Callable[[PropertyName], int] | None = None) -> None:
        self._form = form
        self.codec = form.codec
        self._names = dict(form.names)
        self._ids = {name: pid for pid, name in form.names}
        self._define = define
        self._tags: dict[PropertyKey, int] = {}

    @property
    def form(self) -> StoreForm:
        """The store's form, with the names that were defined or asked for here."""
        if len(self._form.names) != len(self._names):
            self._form = self._form._replace(names=tuple(self._names.items()))
        return self._form

    def expect(self, name: PropertyName) -> None:
        """Have a name in the form before the first message that needs it.

        A name that the store does not know is defined in memory, and written with the next transaction that is
        committed; when there is none, nothing comes of it.
        """
        self._id_of(name)

    def name_of(self, pid: int) -> PropertyName | None:
        """Return the name of a property id, or None."""
        return self._names.get(pid)

    def _tag_of(self, key: PropertyKey) -> int:
        """Return the tag under which a property is stored."""
        tag = self._tags.get(key)
        if tag is None:
            tag = key if isinstance(key, int) else self._id_of(key.name) << 16 | key.type
            if len(self._tags) < _KNOWN_MAX:
                self._tags[key] = tag
        return tag

    def _id_of(self, name: PropertyName) -> int:
        pid = self._ids.get(name)
        if pid is None:
            if self._define is None:
                raise PstNotFoundError("the store did not know a property's name when its form was taken")
            pid = self._define(name)
            self._names[pid], self._ids[name] = name, pid
        return pid

    def encode(self, message: MessageObject, search_key: Callable[[], bytes], now: FileTime) -> NewMessage | None:
        """Return a message as it is going to be stored; None when it is not one that can be prepared.

        Args:
            message: the message.
            search_key: gives out a new PidTagSearchKey.
            now: the time of creation.

        Raises:
            PstNotFoundError: a property's name is not known.
            PstUsageError: a value does not fit its type.
        """
        if message.attachments or message.associated or not message.recipients:
            return None
        tags, codec = self._tags, self._form.codec
        values: dict[int, StoredValue] = {}
        for key, value in message.properties.items():
            tag = tags.get(key) or self._tag_of(key)
            pid, ptype = tag >> 16, tag & 0xFFFF
            if pid in CALCULATED:
                continue
            kind = value.__class__
            if kind is str and ptype == _STRING:
                text = mark_subject(value) if pid == SUBJECT else value  # type: ignore[arg-type]
                data = utf_16_le_encode(text, "surrogatepass")[0]  # type: ignore[arg-type]
            elif kind is bytes and ptype == _BINARY:
                data = value  # type: ignore[assignment]
            elif kind is int or kind is bool:
                data = _encode_number(tag, value)  # type: ignore[arg-type]
            else:
                if not isinstance(value, PLAIN) and hasattr(value, "read"):
                    return None
                if pid == SUBJECT and isinstance(value, str):
                    value = mark_subject(value)
                data = encode_value(tag, value, codec)
            values[pid] = _new_tuple(StoredValue, (ptype, data, 0))
        recipients = [recipient_cells(recipient.properties, self._tag_of, codec) for recipient in message.recipients]
        lists = display_lists(recipients, ansi=False)
        lists = {pid: text for pid, text in lists.items() if pid not in values}
        complete(values, search_key, now, ansi=False)
        values.update(lists)
        flags = int.from_bytes(values[MESSAGE_FLAGS].data[:4], "little") & ~FLAG_HASATTACH
        values[MESSAGE_FLAGS] = StoredValue(_INTEGER32, flags.to_bytes(4, "little"))
        values[MESSAGE_SIZE] = StoredValue(_INTEGER32, bytes(4))
        return NewMessage(values, recipients)

    def pack(self, message: NewMessage) -> PreparedMessage | None:
        """Return a message ready to be put into the store, its size noted; None when it takes too many blocks."""
        layout, values, recipients = disk.UNICODE, message.values, message.recipients
        table = _recipient_table(tuple([tuple(cells.items()) for cells in recipients]))
        packed = pack_properties(values, layout.block_data_max)
        if table is None or packed is None:
            return None
        large = tuple(
            [LargeValue(at, len(values[pid].data), self._leaves(values[pid].data)) for pid, at in packed.large]
        )
        # The size stands in four bytes of its own in the property context: noting it does not change it.
        size = len(packed.data) + len(table.data) + sum([value.size for value in large])
        values[MESSAGE_SIZE] = StoredValue(_INTEGER32, min(size, 0x7FFFFFFF).to_bytes(4, "little"))
        properties = with_inline(packed.data, values, MESSAGE_SIZE)
        if properties is None:
            return None
        flags = int.from_bytes(values[MESSAGE_FLAGS].data, "little")
        return PreparedMessage(self._form.token, properties, large, table, self._cells(values), flags)

    def _leaves(self, data: bytes) -> tuple[EncodedData | bytes, ...]:
        limit, method = disk.UNICODE.block_data_max, self._form.crypt_method
        parts = [data[at : at + limit] for at in range(0, len(data), limit)]
        return tuple([encode_data(method, part) or part for part in parts])

    def _cells(self, values: dict[int, StoredValue]) -> tuple[bytes | None, ...]:
        cells: list[bytes | None] = []
        for tag in usual_columns():
            value = values.get(tag >> 16)
            if value is None:
                cells.append(None)
            elif value[0] == tag & 0xFFFF:
                cells.append(value[1])
            else:
                cells.append(convert_cell(value[0], tag & 0xFFFF, value[1], self._form.codec))
        return tuple(cells)


@lru_cache(maxsize=256)
def _recipient_table(rows: tuple[tuple[tuple[int, bytes], ...], ...]) -> PackedTable | None:
    """Return the table of recipients with these cells; most mail of a mailbox goes to the same ones."""
    recipients = [dict(row) for row in rows]
    columns = table_columns(templates()["recipients"].columns, recipients)
    return pack_table(columns, [(number, 0, cells) for number, cells in enumerate(recipients, 1)], disk.UNICODE)


@lru_cache(maxsize=4096, typed=True)
def _encode_number(tag: int, value: int) -> bytes:
    """Return the stored bytes of a number; most are one of a few."""
    return encode_value(tag, value, "ascii")


def write_prepared(session: Session, message: PreparedMessage) -> tuple[int, int]:
    """Write a message's blocks, in the order in which a draft does; return (bidData, bidSub).

    Raises:
        PstUsageError: the message was prepared for another store, or for a state of this one that was given up.
    """
    if message.token != session.names.token:
        raise PstUsageError("the message was prepared for another state of the store")
    db = session.db
    table = db.write_block(with_versions(message.recipients, session.row_version))
    subnodes = [SubnodeEntry(disk.NID_RECIPIENT_TABLE, table, 0)]
    properties = bytearray(message.properties)
    for at, size, leaves in message.large:
        nid = db.new_nid(disk.NID_TYPE_LTP)
        bids = [db.write_encoded(leaf) if isinstance(leaf, EncodedData) else db.write_block(leaf) for leaf in leaves]
        subnodes.append(SubnodeEntry(nid, db.write_tree(bids, size), 0))
        properties[at : at + 4] = nid.to_bytes(4, "little")
    return db.write_block(bytes(properties)), db.write_subnodes(subnodes)
