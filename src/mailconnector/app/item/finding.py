"""Finding one item: in an account by what its user calls it, in a PST by its node, in other files by its number."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailconnector import pst
from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import split_path
from mailconnector.app.lock import held_lock
from mailconnector.app.pst.found import FoundItem, FoundMessage, LostEntry
from mailconnector.app.pst.sources import open_source
from mailconnector.app.sync.job import Job, OpenStore
from mailconnector.app.sync.paths import folder_paths, resolve
from mailconnector.formats import FormatError, parse_item
from mailconnector.items import FolderKind, Item
from mailconnector.mapping import from_mapi
from mailconnector.sync import Side, State, bases
from mailconnector.sync.store import Failure

_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,10}")
_LISTED = 20
_PST_MAGIC = b"!BDN"


@dataclass(frozen=True, slots=True)
class Pair:
    """An item that is on both sides, as the state file knows it.

    Attributes:
        row: Its number.
        folder: The path of its folder.
        ids: By side: the folder's id and its own.
        title: What a user calls it.
        name: By what it is known again.
        base: Digests of its fields as of the last synchronisation; None when they are not known.
    """

    row: int
    folder: tuple[str, ...]
    ids: Mapping[Side, tuple[str, str]]
    title: str
    name: str
    base: Mapping[str, bytes] | None


@dataclass(frozen=True, slots=True)
class Sides:
    """An item of an account, as it is now.

    Attributes:
        pair: Which.
        here: The local item; None where it is gone, or was not asked for.
        there: The same of the server's.
    """

    pair: Pair
    here: Item | None
    there: Item | None


@contextmanager
def opened_sides(
    job: Job, folder: str, wanted: str, sides: tuple[Side, ...] = (Side.LOCAL, Side.REMOTE)
) -> Iterator[Sides]:
    """Read an item of an account; what is attached to it can be read within the `with` block.

    Args:
        job: The account.
        folder: The path of its folder.
        wanted: Its title or a part of it, its message id, or its number.
        sides: Which of the two to read.

    Raises:
        AppUsageError: There is no such item, or more than one.
        MailConnectorError: A store cannot be read.
    """
    if not job.state_path.exists():
        raise AppUsageError(
            f"the account {job.account} was never synchronised",
            hint=f"Run `mailconnector sync {job.account}`.",
        )
    with ExitStack() as opened:
        opened.enter_context(held_lock(job.lock_path, f"the account {job.account}"))
        with closing(State(str(job.state_path))) as state:
            pair = find_pair(state, split_path(folder), wanted)
        found: dict[Side, Item | None] = {}
        for side in sides:
            store = opened.enter_context(closing(job.open_local() if side is Side.LOCAL else job.open_remote()))
            found[side] = _read(store, pair, side)
        yield Sides(pair, found.get(Side.LOCAL), found.get(Side.REMOTE))


def _read(store: OpenStore, pair: Pair, side: Side) -> Item | None:
    """Return the item of one side as it is now: edited there, it may have another id that no round has seen yet."""
    folder, id_ = pair.ids[side]
    found = _fetched(store, folder, id_)
    if found is None and pair.name:
        for other in store.find(folder, [pair.name]):
            found = _fetched(store, folder, other.id)
    return found


def _fetched(store: OpenStore, folder: str, id_: str) -> Item | None:
    for got in store.fetch(folder, [id_]):
        if isinstance(got, Failure):
            raise got.error
        return got.item
    return None


def find_pair(state: State, folder: tuple[str, ...], wanted: str) -> Pair:
    """Return the item that a user means.

    Args:
        state: The state file.
        folder: The path of its folder.
        wanted: Its title or a part of it, its message id, or its number.

    Raises:
        AppUsageError: There is no such folder or item, or more than one.
    """
    path = resolve(state, folder)
    rows = [row for row, known in folder_paths(state).items() if known == path]
    if not rows:
        raise AppUsageError(
            f"there is no folder {'/'.join(folder)}", hint="`mailconnector folder list` shows the folders."
        )
    pair = state.folder(rows[0])
    known = state.db.execute(
        "SELECT row, local_id, remote_id, title, name FROM item WHERE folder=? ORDER BY row", (pair.row,)
    ).fetchall()
    found = _meant(known, wanted)
    if len(found) != 1:
        shown = found or known
        listed = "; ".join(f"{row[0]}: {row[3] or row[4]}" for row in shown[:_LISTED])
        more = f"; and {len(shown) - _LISTED:,} more" if len(shown) > _LISTED else ""
        raise AppUsageError(
            f"{len(found) or 'no'} items of {'/'.join(path)} are called {wanted}",
            hint=f"Name one by its number: {listed}{more}" if shown else "Nothing of it is in step yet.",
        )
    row, local_id, remote_id, title, name = found[0]
    ids = {side: (pair.end(side).id or "", id_) for side, id_ in ((Side.LOCAL, local_id), (Side.REMOTE, remote_id))}
    return Pair(row, path, ids, title, name, bases.load(state, row))


def _meant(known: list[tuple[int, str, str, str, str]], wanted: str) -> list[tuple[int, str, str, str, str]]:
    folded = wanted.casefold()
    by_number = [row for row in known if wanted == str(row[0])]
    by_name = [row for row in known if wanted in (row[4], row[4].strip("<>"))]
    by_title = [row for row in known if row[3].casefold() == folded]
    by_part = [row for row in known if folded in row[3].casefold()]
    return by_number or by_name or by_title or by_part


# -- Files -----------------------------------------------------------------------------------------------------------


@contextmanager
def item_in_file(path: Path, which: str, codepage: int) -> Iterator[Item]:
    """Open an item of a file for the length of a `with` block.

    Args:
        path: A PST file, a message (.eml, .msg), a calendar, cards, a winmail.dat.
        which: In a PST its NID; in another file the number of the item, from 1. Empty for the only one.
        codepage: Windows code page of text in ANSI files.

    Raises:
        AppUsageError: There is no such item.
        MailConnectorError: The file cannot be read.
    """
    if _is_pst(path):
        with pst.open_store(path, codepage=codepage) as store:
            if not _NUMBER.fullmatch(which):
                raise AppUsageError(
                    f"which item of {path}?",
                    path=str(path),
                    hint="Name its NID, as in 0x200024; `mailconnector pst ls --messages` lists them.",
                )
            yield from_mapi(store.message(int(which, 0)).to_object())
        return
    items = list(_items_of(path))
    if which and not _NUMBER.fullmatch(which):
        raise AppUsageError(f"{which} is not the number of an item", path=str(path), hint=f"{path} has {len(items)}.")
    number = int(which, 0) if which else 1
    if not 0 < number <= len(items) or (not which and len(items) > 1):
        raise AppUsageError(
            f"{path} has {len(items)} items" + (f", and no number {number}" if which else ": which one?"),
            path=str(path),
            hint="Name one by its number, from 1.",
        )
    yield items[number - 1]


def _items_of(path: Path) -> Iterator[Item]:
    for found in open_source(path).read():
        if isinstance(found, FoundItem):
            yield found.item
        elif isinstance(found, FoundMessage):
            try:
                yield parse_item(found.data, FolderKind.MAIL, flags=found.flags, received=found.received).item
            except FormatError as error:
                raise AppUsageError(f"{found.place}: {error}", path=str(path)) from error
        elif isinstance(found, LostEntry):
            raise AppUsageError(f"{found.place}: {found.reason}", path=str(path))


def _is_pst(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_PST_MAGIC)) == _PST_MAGIC
    except OSError as error:
        raise AppUsageError(f"cannot read {path}: {error.strerror or error}", path=str(path)) from error
