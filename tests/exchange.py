"""Two memory stores, a state file and what a user does to them: what the tests of synchronisation share."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mailconnector.items import Appointment, Mail, Note, mail_of, message_id_of, with_mail
from mailconnector.stores.memory import MemoryStore, Traits
from mailconnector.sync import Answer, Report, Request, Settings, Side, State, Watcher, synchronise
from mailconnector.sync.store import Capabilities, Fetched, Removal, SpecialUse
from tests.unit.items.edits import sample

# The kinds of store that matter: a file that can change an item and forgets in a crash what is not durable; a server
# that cannot change one and tells little; one that tells nearly nothing.
FILE = Traits(
    capabilities=Capabilities(case_sensitive=False, ids_survive_moves=True, fetches_ahead=True, batch_items=3),
    durable=False,
)
SERVER = Traits(capabilities=Capabilities(fetches_ahead=True, batch_items=3), in_place=False, digests=False)
POOR = Traits(
    capabilities=Capabilities(stable_folder_ids=False, moves=False, batch_items=2),
    in_place=False,
    deltas=False,
    tells_cursors=False,
    tells_ids=False,
    digests=False,
    forbidden="/",
)
TWIN = Traits()
PAIRS = {
    "file-server": (FILE, SERVER),
    "file-poor": (FILE, POOR),
    "twins": (TWIN, TWIN),
    "server-file": (SERVER, FILE),
}


_TYPES: ContextVar[tuple[type, ...]] = ContextVar("types of the items that `mail` makes", default=(Mail,))


@contextmanager
def made_of(*types: type) -> Iterator[None]:
    """Have `mail` make items of other types, by turns."""
    token = _TYPES.set(types)
    try:
        yield
    finally:
        _TYPES.reset(token)


def mail(number: int, body: str = "") -> Any:
    """A mail by its number, or what `made_of` says."""
    types = _TYPES.get()
    text, kind = body or f"body {number}", types[number % len(types)]
    if kind is Mail:
        return Mail(subject=f"mail {number}", message_id=f"<{number}@example.org>", text=text)
    item = sample(kind, str(number))
    subject = text if kind is Note else f"mail {number}"  # a note is called as it begins
    item = with_mail(item, replace(item.mail, subject=subject, message_id=f"<{number}@example.org>", text=text))
    return replace(item, uid=f"{number}@example.org") if isinstance(item, Appointment) else item


Content = tuple[tuple[str, ...], str, str, tuple[str, ...]]
"""Folder, Message-ID, text, flags."""


def path_of(store: MemoryStore, folder: str, *, by_use: bool = True) -> tuple[str, ...]:
    """The names down to a folder, the special ones by their use unless told otherwise."""
    states = {state.id: state for state in store.folders()}
    names: list[str] = []
    while folder:
        state = states[folder]
        names.insert(0, f"*{state.special.value}" if state.special and by_use else state.name)
        folder = state.parent
    return tuple(names)


def tree(store: MemoryStore, skip: str = "Not sent") -> list[tuple[str, ...]]:
    """The paths of all folders."""
    paths = [path_of(store, state.id) for state in store.folders()]
    return sorted(path for path in paths if path[0] != skip)


def contents(store: MemoryStore, *, flags: bool = True, skip: str = "Not sent") -> Counter[Content]:
    """Every item of a store with its folder."""
    found: Counter[Content] = Counter()
    for state in store.folders():
        path = path_of(store, state.id)
        if path[0] == skip:
            continue
        for item in items(store, state.id):
            marks = tuple(sorted(item.state.flags)) if flags else ()
            content = mail_of(item.item)
            # It is what it was made as; of headers alone nobody knows what they are of.
            assert Mail in _TYPES.get() or item.state.partial or not isinstance(item.item, Mail)
            found[path, message_id_of(item.item), content.text or "", marks] += 1
    return found


def bodies(store: MemoryStore, skip: str = "") -> Counter[str]:
    """Every text of a store."""
    found: Counter[str] = Counter()
    for (_, _, text, _), count in contents(store, flags=False, skip=skip).items():
        found[text] += count
    return found


def items(store: MemoryStore, folder: str) -> list[Fetched]:
    """Every item of a folder."""
    ids = [state.id for state in store.changes(folder, "").items]
    return [got for got in store.fetch(folder, ids) if isinstance(got, Fetched)]


def folder_named(store: MemoryStore, name: str) -> str:
    """The id of the folder of that name or special use."""
    for state in store.folders():
        if state.name == name or (state.special is not None and name == f"*{state.special.value}"):
            return state.id
    raise KeyError(name)


def item_named(store: MemoryStore, folder: str, number: int) -> str:
    """The id of the mail of that number."""
    (found,) = store.find(folder, [f"<{number}@example.org>"])
    return found.id


def remove(store: MemoryStore, folder: str, id_: str) -> None:
    """Delete an item, whatever its revision."""
    (state,) = store.identify(folder, [id_])
    store.delete(folder, [Removal(id_, state.revision)])


@dataclass
class Exchange:
    """Two stores and what is remembered of them.

    Attributes:
        path: The state file.
        local: The local store.
        remote: The remote store.
        settings: What the user chose.
        now: The time; moves on with each run.
        answer: The user's word on deletions that are held.
        open_state: Opens the state file.
        state: The state file while it is open.
    """

    path: Path
    local: MemoryStore
    remote: MemoryStore
    settings: Settings = field(default_factory=Settings)
    now: float = 1_800_000_000.0
    open_state: Callable[[str], State] = State
    answer: Answer | None = None
    state: State | None = None

    @contextmanager
    def opened(self) -> Iterator[State]:
        """The state file: opened for this, or as it is open already."""
        if self.state is not None:
            yield self.state
            return
        with self.open_state(str(self.path)) as state:
            self.state = state
            try:
                yield state
            finally:
                self.state = None

    def side(self, side: Side) -> MemoryStore:
        """One of the stores."""
        return self.local if side is Side.LOCAL else self.remote

    def run(self, *, wrap: Callable[[MemoryStore], Any] = lambda store: store, **request: Any) -> Report:
        """Synchronise once."""
        self.now += 1.0
        with self.opened() as state:
            return synchronise(
                state,
                wrap(self.local),
                wrap(self.remote),
                self.settings,
                Request(**request),
                Watcher(clock=lambda: self.now),
            )

    def settle(self) -> Report:
        """Synchronise until nothing happens any more, and return the last report."""
        with self.opened():  # opening it takes a third of a run with nothing to do
            for _ in range(8):
                self.now += 100_000.0  # whatever failed is due again
                report = self.run(answer_all=self.answer or Answer.DELETE)
                if report.is_quiet:
                    return report
        raise AssertionError(f"never quiet: {report}")

    def fork(self, path: Path) -> Exchange:
        """Return a world that is as this one is now, with a state file of its own."""
        path.unlink(missing_ok=True)
        if self.path.exists():
            shutil.copyfile(self.path, path)
        return replace(self, path=path, local=self.local.fork(), remote=self.remote.fork())

    def crash(self) -> None:
        """Lose what neither store made durable."""
        self.local.crash()
        self.remote.crash()


def exchange(path: Path, kinds: str = "file-server") -> Exchange:
    """Two stores with an Inbox each, synchronised once."""
    local, remote = (MemoryStore(traits) for traits in PAIRS[kinds])
    local.create_folder("", "Inbox", special=SpecialUse.INBOX)
    remote.create_folder("", "INBOX", special=SpecialUse.INBOX)
    local.barrier()
    remote.barrier()
    return Exchange(path, local, remote)
