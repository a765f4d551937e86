"""The properties of an object of the store, by tag or by name."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.messaging.names import FIRST_ID
from mailconnector.pst.messaging.session import Session
from mailconnector.pst.ndb.lookup import NodeSource

_NAMED = FIRST_ID << 16  # tags from here on are of named properties

_ALLOWED = 4  # times the size of the file
_ALLOWED_ALWAYS = 1 << 20
_BUFFER = 1 << 16


class Allowance:
    """How many bytes of values one conversion into plain data may still take.

    What an honest object holds stands in the file once. A forged one can name the same bytes again and again: as
    values of many properties, cells of many rows, attachments of many messages inside one another.

    Args:
        db: the node database.
    """

    __slots__ = ("_left",)

    def __init__(self, db: NodeSource) -> None:
        self._left = _ALLOWED * db.size_limit() + _ALLOWED_ALWAYS

    def spend(self, size: int) -> None:
        """Count bytes.

        Raises:
            PstFormatError: that is more than the file can hold.
        """
        self._left -= size
        if self._left < 0:
            raise PstFormatError("an object holds more than there is in the file: it names the same parts many times")


class PropertyView:
    """The properties of an object, as they were when it was opened; values are read when they are asked for.

    A key is a tag (its type is not compared: ``PidTagSubject`` finds the PtypString8 subject of an ANSI file), a
    :class:`~mailconnector.mapi.named.NamedTag` or a :class:`~mailconnector.mapi.named.PropertyName`.
    """

    def __init__(self, session: Session, pc: PropertyContext) -> None:
        self._session = session
        self.pc = pc

    def _find(self, key: PropertyKey | PropertyName) -> int | None:
        pid = self._session.find_id(key)
        return pid if pid is not None and pid in self.pc else None

    def __contains__(self, key: PropertyKey | PropertyName) -> bool:
        return self._find(key) is not None

    def __len__(self) -> int:
        return len(self.pc)

    def __getitem__(self, key: PropertyKey | PropertyName) -> Value:
        """Return a value.

        Raises:
            KeyError: there is no such property.
            PstFormatError: its value is damaged.
        """
        pid = self._find(key)
        if pid is None:
            raise KeyError(key)
        return self.pc.value(pid)

    def get(self, key: PropertyKey | PropertyName, default: Value = None) -> Value:
        """Return a value, or ``default`` where there is none."""
        pid = self._find(key)
        return default if pid is None else self.pc.value(pid)

    def text(self, key: PropertyKey | PropertyName, default: str = "") -> str:
        """Return a string property's value, ``default`` where there is none."""
        value = self.get(key)
        return value if isinstance(value, str) else default

    def number(self, key: PropertyKey | PropertyName, default: int = 0) -> int:
        """Return an integer property's value, ``default`` where there is none."""
        value = self.get(key)
        return value if isinstance(value, int) else default

    def tags(self) -> list[int]:
        """Return the tags under which the properties are stored, in the order of their ids."""
        return self.pc.tags()

    def keys(self) -> list[PropertyKey]:
        """Return the key of every property but those of type PtypObject: a tag, or a NamedTag for a named one."""
        return [self._session.key_of(tag) for tag in self.pc.tags() if tag & 0xFFFF != PropertyType.OBJECT]

    def items(self) -> Iterator[tuple[PropertyKey, Value]]:
        """Yield (key, value) of every property but those of type PtypObject."""
        key_of = self._session.key_of
        for tag, value in self.pc.items():
            yield (key_of(tag) if tag >= _NAMED else tag), value

    def to_dict(self) -> Properties:
        """Return all properties but those of type PtypObject, all values read."""
        return self.read_all(Allowance(self._session.db))

    def read_all(self, allowance: Allowance) -> Properties:
        """Return all properties but those of type PtypObject, as far as there is allowance for them.

        Raises:
            PstFormatError: there is not.
        """
        return self._session.keyed(self.pc.read_all(allowance.spend))

    def size_of(self, key: PropertyKey | PropertyName) -> int:
        """Return the size in bytes of a value as it is stored, without reading a large one; 0 where there is none."""
        pid = self._find(key)
        return 0 if pid is None else self.pc.stored_size(pid)

    def open(self, key: PropertyKey | PropertyName) -> BinaryIO:
        """Return a value's stored bytes as a stream, read block by block.

        Raises:
            KeyError: there is no such property.
        """
        pid = self._find(key)
        if pid is None:
            raise KeyError(key)
        return open_value(self.pc, pid)


def open_value(pc: PropertyContext, pid: int) -> BinaryIO:
    """Return the stored bytes of a property as a stream."""
    nid = pc.subnode_of(pid)
    if not nid:
        return io.BytesIO(pc.raw(pid))
    return open_data(pc.node.db, pc.node.subnode(nid).bid_data)


def open_data(db: NodeSource, bid: int) -> BinaryIO:
    """Return the data under a BID as a stream."""
    size = db.data_size(bid)
    return io.BufferedReader(_DataStream(db, bid, size), max(min(size, _BUFFER), 1))


class _DataStream(io.RawIOBase):
    """The data of a data tree as a seekable raw stream."""

    def __init__(self, db: NodeSource, bid: int, size: int) -> None:
        super().__init__()
        self._db = db
        self._bid = bid
        self._size = size
        self._leaves: list[int] | None = None
        self._full = db.layout.block_data_max
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        if self._leaves is None:
            self._leaves = self._db.leaves(self._bid)
        number, inside = divmod(self._at, self._full)
        data = self._db.read_leaf(self._leaves[number])[inside:]
        if not data:
            raise PstFormatError("a block of a data tree is shorter than it should be", bid=self._bid)
        count = min(len(data), len(buffer), self._size - self._at)
        buffer[:count] = data[:count]
        self._at += count
        return count
