"""The index beside a PST file: what its folders and messages were when they were last looked at.

It is there so that a file is not scanned to find out what changed. It holds nothing that the file does not tell again:
lost or damaged, it is made anew, at the price of reading every message once. Only two things get lost with it: the
digests that other stores delivered, and the numbering of changes, whose cursors then lead to complete listings.

Changes are numbered by a mark that only grows, and a cursor holds the mark of a folder's last change. A cursor that was
told before the change behind it was saved is a provisional one: it is good until the index is closed or what was not
saved is given up, and leads to a complete listing after that, since the numbers behind it may be given out again.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from mailconnector.items import FolderKind
from mailconnector.stores.pst.moments import moment_of
from mailconnector.sync.flags import FlagSet, from_text, to_text
from mailconnector.sync.store import Identity, ItemState, SpecialUse

_VERSION = 5
_PAGE = 1000
_LONGEST = (1 << 63) - 1  # of SQLite's integers
_VANISHED_MAX = 200_000
_SCHEMA = """
CREATE TABLE meta (
    epoch TEXT NOT NULL, record_key BLOB NOT NULL, generation TEXT NOT NULL, mark INTEGER NOT NULL,
    floor INTEGER NOT NULL, nbt_bid INTEGER NOT NULL, nbt_ib INTEGER NOT NULL, next_bid INTEGER NOT NULL,
    counters TEXT NOT NULL
);
CREATE TABLE folder (
    nid INTEGER PRIMARY KEY, bid_data INTEGER NOT NULL, parent INTEGER NOT NULL, name TEXT NOT NULL,
    class TEXT NOT NULL, hidden INTEGER NOT NULL, kind TEXT NOT NULL, special TEXT NOT NULL,
    listed INTEGER NOT NULL, selectable INTEGER NOT NULL, mark INTEGER NOT NULL, count INTEGER NOT NULL
);
CREATE TABLE item (
    nid INTEGER PRIMARY KEY, parent INTEGER NOT NULL, bid_data INTEGER NOT NULL, bid_sub INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 1,
    mark INTEGER NOT NULL DEFAULT 0,  -- 0 as long as it was never read in the folder it is in
    flags TEXT NOT NULL DEFAULT '',
    revision TEXT NOT NULL DEFAULT '', size INTEGER NOT NULL DEFAULT 0, date INTEGER,
    born INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL DEFAULT '', arrived INTEGER NOT NULL DEFAULT 0,
    partial INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX item_place ON item (parent, mark);
CREATE INDEX item_name ON item (name);
CREATE INDEX item_stale ON item (stale) WHERE stale;
CREATE TABLE vanished (
    parent INTEGER NOT NULL, nid INTEGER NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (parent, nid)
) WITHOUT ROWID;
"""
_ITEM = "nid, parent, bid_data, bid_sub, mark, flags, revision, size, date, born, name, digest, title, arrived, partial"


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a PST file has come: another state of the file has another one.

    Attributes:
        nbt: BID and offset of the root of the node tree.
        next_bid: The next block id.
        counters: The last id given out of folders and of messages.
    """

    nbt: tuple[int, int] = (0, 0)
    next_bid: int = 0
    counters: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class IndexedFolder:
    """A folder below the top that users see, listed or not.

    Attributes:
        nid: Its NID.
        bid_data: Of its node when it was read.
        parent: NID of the folder it is in.
        name: Its display name.
        container_class: As IPF.Note.
        hidden: PidTagAttributeHidden.
        kind: By its class.
        special: What it is for.
        listed: Synchronisation sees it.
        selectable: It holds items that are synchronised.
        mark: Of the last change of an item in it.
        count: Number of items.
    """

    nid: int
    bid_data: int
    parent: int
    name: str
    container_class: str = ""
    hidden: bool = False
    kind: FolderKind = FolderKind.MAIL
    special: SpecialUse | None = None
    listed: bool = False
    selectable: bool = False
    mark: int = 0
    count: int = 0


class IndexedItem(NamedTuple):
    """A message. ``date`` is in microseconds since 1970, ``born`` PidTagCreationTime, ``flags`` a text."""

    nid: int
    parent: int
    bid_data: int
    bid_sub: int
    mark: int = 0
    flags: str = ""
    revision: str = ""
    size: int = 0
    date: int | None = None
    born: int = 0
    name: str = ""
    digest: str = ""
    title: str = ""
    arrived: int = 0
    partial: int = 0

    @property
    def flag_set(self) -> FlagSet:
        """The flags."""
        return from_text(self.flags)

    def state(self) -> ItemState:
        """The item as a listing shows it."""
        identity = Identity(self.name, "" if self.partial else self.digest, self.title)
        when, arrived, partial = moment_of(self.date), bool(self.arrived), bool(self.partial)
        return ItemState(item_id(self.nid), self.flag_set, self.revision, self.size, when, identity, arrived, partial)


class NodePlace(NamedTuple):
    """Where a message's node leads to."""

    nid: int
    bid_data: int
    bid_sub: int
    parent: int


def item_id(nid: int) -> str:
    """Return the id of a node in synchronisation."""
    return f"{nid:x}"


def nid_of(id_: str) -> int | None:
    """Return the NID of an id, None for what is none."""
    with suppress(ValueError):
        nid = int(id_, 16)
        if 0 < nid <= 0xFFFFFFFF and item_id(nid) == id_:
            return nid
    return None


class PstIndex:
    """An open index. Nothing is saved before :meth:`commit`.

    Args:
        path: The index's file. One that is damaged, or of another version, is made anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_damaged = False
        try:
            self._begin()
        except (sqlite3.DatabaseError, ValueError) as error:
            if isinstance(error, sqlite3.OperationalError) and not _tells_damage(error):
                raise
            remove_index(path)
            self._begin()

    def _begin(self) -> None:
        self.db = self._open()
        try:
            self._load()
        except BaseException:
            self.db.close()
            raise

    def _open(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)  # it holds subjects: nobody else's business
        db = sqlite3.connect(str(self._path), isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")  # a mark that was told must not be given out again
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError(f"an index of version {version}")
            if not version:
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION};")
                db.execute(
                    "INSERT INTO meta VALUES (?, x'', '0', 0, 0, 0, 0, 0, '0 0')",
                    (secrets.token_hex(4),),
                )
                db.execute("COMMIT")
            if db.execute("SELECT count(*) FROM meta").fetchone()[0] != 1:
                raise sqlite3.DatabaseError("an index without its heading")
        except BaseException:
            db.close()
            raise
        return db

    def _load(self) -> None:
        row = self.db.execute(
            "SELECT epoch, record_key, generation, mark, floor, nbt_bid, nbt_ib, next_bid, counters FROM meta"
        ).fetchone()
        self.epoch, self.record_key, self.generation = str(row[0]), bytes(row[1]), str(row[2])
        self._mark = self._saved_mark = int(row[3])
        self.floor = int(row[4])
        self._session = secrets.token_hex(4)  # in provisional cursors
        folders, messages = str(row[8]).split()
        self.file = FileState((row[5], row[6]), row[7], (int(folders), int(messages)))
        self.folders: dict[int, IndexedFolder] = {}
        for item in self.db.execute(
            "SELECT nid, bid_data, parent, name, class, hidden, kind, special, listed, selectable, mark, count"
            " FROM folder"
        ):
            self.folders[item[0]] = IndexedFolder(
                nid=item[0],
                bid_data=item[1],
                parent=item[2],
                name=item[3],
                container_class=item[4],
                hidden=bool(item[5]),
                kind=FolderKind(item[6]),
                special=SpecialUse(item[7]) if item[7] else None,
                listed=bool(item[8]),
                selectable=bool(item[9]),
                mark=item[10],
                count=item[11],
            )
        self._unsaved: set[int] = set()  # folders that are not as they were saved
        self._heading_changed = False

    # -- transactions ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to change the index, if that has not begun."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Save what was changed."""
        if not self.db.in_transaction:
            return
        for nid in self._unsaved:
            folder = self.folders.get(nid)
            if folder is None:
                self.db.execute("DELETE FROM folder WHERE nid=?", (nid,))
            else:
                self._save_folder(folder)
        if self._heading_changed:
            file = self.file
            self.db.execute(
                "UPDATE meta SET record_key=?, generation=?, floor=?, nbt_bid=?, nbt_ib=?, next_bid=?, counters=?",
                (
                    self.record_key,
                    self.generation,
                    self.floor,
                    *map(_fitting, (*file.nbt, file.next_bid)),
                    "{} {}".format(*file.counters),
                ),
            )
        self.db.execute("UPDATE meta SET mark=?", (self._mark,))
        self.db.execute("COMMIT")
        self._saved_mark = self._mark
        self._unsaved.clear()
        self._heading_changed = False

    def rollback(self) -> None:
        """Forget what was changed since the last commit."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self._load()

    def close(self) -> None:
        """Close the index without saving; one that is damaged is removed, to be made anew."""
        if self.db.in_transaction:
            with suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")
        self.db.close()
        if self.is_damaged:
            remove_index(self._path)

    def note_error(self, error: sqlite3.Error) -> None:
        """Find out from an error whether the index is damaged."""
        self.is_damaged = self.is_damaged or _tells_damage(error)

    def _save_folder(self, folder: IndexedFolder) -> None:
        self.db.execute(
            "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                folder.nid,
                folder.bid_data,
                folder.parent,
                clean_text(folder.name),
                clean_text(folder.container_class),
                folder.hidden,
                folder.kind.value,
                folder.special.value if folder.special else "",
                folder.listed,
                folder.selectable,
                folder.mark,
                folder.count,
            ),
        )

    # -- the heading -------------------------------------------------------------------------------------------------

    def note_file(self, file: FileState) -> None:
        """Note the state of the file that the index is in step with."""
        self.file = file
        self._heading_changed = True

    def start_generation(self, record_key: bytes, *, renew: bool) -> None:
        """Note whose index this is; with ``renew`` all ids of items become void."""
        self.record_key = record_key
        if renew:
            self.generation = secrets.token_hex(4)
        self._heading_changed = True

    def forget_everything(self) -> None:
        """Drop all folders and items: they were another file's."""
        for table in ("item", "folder", "vanished"):
            self.db.execute(f"DELETE FROM {table}")
        self.folders.clear()
        self._unsaved.clear()

    @property
    def validity(self) -> str:
        """The validity of every folder."""
        return f"{self.record_key.hex()}-{self.generation}"

    def cursor(self, folder: IndexedFolder) -> str:
        """The cursor that leads to what changes in a folder from now on."""
        session = f"?{self._session}" if folder.mark > self._saved_mark else ""
        return f"{self.validity}/{self.epoch}{session}:{folder.mark}"

    def since(self, cursor: str) -> int | None:
        """Return the mark of a cursor, None when it does not lead anywhere."""
        place, _, mark = cursor.rpartition(":")
        known = f"{self.validity}/{self.epoch}"
        if place not in (known, f"{known}?{self._session}") or not mark.isdecimal() or len(mark) > 18:
            return None
        return int(mark) if self.floor <= int(mark) <= self._mark else None

    def next_mark(self) -> int:
        """Give out the next mark."""
        self._mark += 1
        return self._mark

    # -- folders -----------------------------------------------------------------------------------------------------

    def put_folder(self, folder: IndexedFolder) -> None:
        """Add a folder, or note that it is otherwise now."""
        if self.folders.get(folder.nid) != folder:
            self.folders[folder.nid] = folder
            self._unsaved.add(folder.nid)

    def drop_folder(self, nid: int) -> None:
        """Forget a folder that is gone."""
        if self.folders.pop(nid, None) is not None:
            self._unsaved.add(nid)
            self.db.execute("DELETE FROM vanished WHERE parent=?", (nid,))

    def touch(self, nid: int, mark: int, count: int = 0) -> None:
        """Note the mark of a change in a folder, and by how many items more or less it has for it."""
        folder = self.folders.get(nid)
        if folder is not None:
            self.folders[nid] = replace(folder, mark=mark, count=max(folder.count + count, 0))
            self._unsaved.add(nid)

    # -- items -------------------------------------------------------------------------------------------------------

    def item(self, nid: int | None, parent: int) -> IndexedItem | None:
        """Return an item of a folder."""
        if nid is None:
            return None
        row = self.db.execute(
            f"SELECT {_ITEM} FROM item WHERE nid=? AND parent=? AND mark > 0", (nid, parent)
        ).fetchone()
        return None if row is None else IndexedItem._make(row)

    def items(self, parent: int, since: int = 0) -> Iterator[IndexedItem]:
        """Yield the items of a folder that changed after a mark, in pages, in the order of their marks."""
        last, at = since, _LONGEST
        while True:
            # Items of one mark (a refresh gives many the same) go on by NID.
            rows = self.db.execute(
                f"SELECT {_ITEM} FROM item WHERE parent=? AND (mark, nid) > (?, ?) ORDER BY mark, nid LIMIT ?",
                (parent, last, at, _PAGE),
            ).fetchall()
            yield from map(IndexedItem._make, rows)
            if len(rows) < _PAGE:
                return
            last, at = rows[-1][4], rows[-1][0]

    def named(self, parent: int, names: Sequence[str]) -> list[IndexedItem]:
        """Return the items of a folder that have one of some names."""
        found: list[IndexedItem] = []
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ",".join("?" * len(part))
            found += map(
                IndexedItem._make,
                self.db.execute(
                    f"SELECT {_ITEM} FROM item WHERE parent=? AND name IN ({marks}) AND mark > 0",
                    (parent, *map(clean_text, part)),
                ),
            )
        return found

    def vanished(self, parent: int, since: int) -> list[str]:
        """Return the ids of what left a folder after a mark."""
        rows = self.db.execute("SELECT nid FROM vanished WHERE parent=? AND mark>?", (parent, since))
        return [item_id(nid) for (nid,) in rows]

    def put_items(self, items: Iterable[IndexedItem]) -> None:
        """Add items, or note that they are otherwise now; each is in step with its node."""
        rows = [
            (
                *map(_fitting, item[:5]),
                clean_text(item.flags),
                item.revision,
                item.size,
                item.date,
                _fitting(item.born),
                *map(clean_text, (item.name, item.digest, item.title)),
                item.arrived,
                item.partial,
            )
            for item in items
        ]
        self.db.executemany(f"INSERT OR REPLACE INTO item ({_ITEM}, stale) VALUES ({'?, ' * 15}0)", rows)

    def put_flags(self, nid: int, place: NodePlace, flags: FlagSet, size: int, mark: int) -> None:
        """Note that an item has other flags, and that its node was written anew for them."""
        self.db.execute(
            "UPDATE item SET bid_data=?, bid_sub=?, flags=?, size=?, mark=?, stale=0 WHERE nid=?",
            (_fitting(place.bid_data), _fitting(place.bid_sub), clean_text(to_text(flags)), size, mark, nid),
        )

    def move_item(self, nid: int, source: int, target: int, mark: int) -> None:
        """Note that an item is in another folder."""
        self.db.execute("UPDATE item SET parent=?, mark=? WHERE nid=?", (target, mark, nid))
        self.db.execute("DELETE FROM vanished WHERE parent=? AND nid=?", (target, nid))
        self.note_vanished(source, nid, mark)

    def drop_item(self, nid: int, parent: int, mark: int) -> None:
        """Note that an item is gone."""
        self.db.execute("DELETE FROM item WHERE nid=?", (nid,))
        self.note_vanished(parent, nid, mark)

    def note_vanished(self, parent: int, nid: int, mark: int) -> None:
        """Note that an item left a folder."""
        self.db.execute("INSERT OR REPLACE INTO vanished VALUES (?, ?, ?)", (parent, nid, mark))

    def prune(self) -> None:
        """Forget the oldest of what vanished when it has become much; cursors from before lead to full listings."""
        count = self.db.execute("SELECT count(*) FROM vanished").fetchone()[0]
        if count > _VANISHED_MAX:
            self.floor = self.db.execute(
                "SELECT mark FROM vanished ORDER BY mark LIMIT 1 OFFSET ?", (count // 2,)
            ).fetchone()[0]
            self.db.execute("DELETE FROM vanished WHERE mark<=?", (self.floor,))
            self._heading_changed = True

    # -- for a comparison with the file ------------------------------------------------------------------------------

    def places(self, first: int, last: int) -> list[tuple[int, int, int, int]]:
        """Return (NID, bid_data, bid_sub, parent) of the items with NIDs beyond the first and up to the last."""
        return self.db.execute(
            "SELECT nid, bid_data, bid_sub, parent FROM item WHERE nid > ? AND nid <= ?", (first, last)
        ).fetchall()

    def put_places(self, places: Sequence[NodePlace]) -> None:
        """Note where nodes lead to now; their messages have to be read, and are new in a folder they came into."""
        self.db.executemany(
            "INSERT INTO item (nid, bid_data, bid_sub, parent) VALUES (?, ?, ?, ?) ON CONFLICT (nid) DO UPDATE SET"
            " mark=CASE WHEN parent=excluded.parent THEN mark ELSE 0 END,"
            " bid_data=excluded.bid_data, bid_sub=excluded.bid_sub, parent=excluded.parent, stale=1",
            [tuple(map(_fitting, place)) for place in places],
        )
        self.db.executemany(
            "DELETE FROM vanished WHERE parent=? AND nid=?", [(place.parent, place.nid) for place in places]
        )

    def newest_items(self, count: int) -> list[tuple[int, int]]:
        """Return (NID, PidTagCreationTime) of the items with the highest NIDs, the highest first."""
        return self.db.execute(
            "SELECT nid, born FROM item WHERE mark > 0 AND born > 0 ORDER BY nid DESC LIMIT ?", (count,)
        ).fetchall()

    def distrust_items(self) -> None:
        """Have every message read again, wherever its node leads to."""
        self.db.execute("UPDATE item SET stale=1")

    def stale_items(self, limit: int) -> list[IndexedItem]:
        """Return some items of listed folders whose messages have to be read, as they were before."""
        columns = ", ".join(f"i.{column}" for column in _ITEM.split(", "))
        rows = self.db.execute(
            f"SELECT {columns} FROM item i JOIN listing l ON l.nid=i.parent WHERE i.stale ORDER BY i.nid LIMIT ?",
            (limit,),
        )
        return list(map(IndexedItem._make, rows))

    def list_folders(self) -> None:
        """Fix which folders count as listed for :meth:`stale_items`."""
        self.db.execute("CREATE TEMP TABLE IF NOT EXISTS listing (nid INTEGER PRIMARY KEY)")
        self.db.execute("DELETE FROM listing")
        self.db.executemany(
            "INSERT INTO listing VALUES (?)", [(nid,) for nid, found in self.folders.items() if found.selectable]
        )

    def count_items(self) -> dict[int, int]:
        """Return the number of items of each folder."""
        return dict(self.db.execute("SELECT parent, count(*) FROM item WHERE mark > 0 GROUP BY parent"))


def _tells_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def remove_index(path: Path) -> None:
    """Remove an index's files."""
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _fitting(number: int) -> int:
    """Return a number from a file as one that SQLite takes."""
    return number if number <= _LONGEST else number & _LONGEST


def clean_text(text: str) -> str:
    """Return a text without lone surrogates: no file takes them, and what a code page does not have is read as such."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
