"""Messages parsed in other processes, in order, while the next ones come over the line.

Parsing is the dearest part of reading mail, and one process uses one core. Raw bytes go to the workers, items come
back, and beside them what the workers made of them for the store that they go to, where its preparation was handed
over. A few batches are on the way at any time, so memory stays bounded however long the stream is. Starting a process
takes as long as parsing thousands of messages: until the first one answers, they are parsed here. A single worker has
more to do than who stores what it made, so some batches are left here while it has enough of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias, TypeVar

from mailconnector import formats, mapping
from mailconnector.items import Flags, FolderKind, Item, Mail, without_bodies
from mailconnector.stores.imap.worker import Worker, WorkerEndedError
from mailconnector.sync.errors import ItemError
from mailconnector.sync.flags import FlagSet, to_flags
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Failure, Identity, ItemState, MadeReady

_BATCH_COUNT = 50
_BATCH_BYTES = 1 << 20
_LARGE = 4 << 20  # a message of so many bytes is parsed here: to send it there and back takes as long, and memory twice
_FEW = 10  # so many messages are parsed sooner than handed over
_WAITING = 4  # batches a worker that are taken from the server before the first of them is handed out
_LEFT_HERE = 6  # each of so many batches is left here where there is one worker, and it has enough to do
_ENOUGH = 3

_Made = TypeVar("_Made")
Prepare = Callable[[Item, FlagSet, datetime | None], object]
"""Makes something of an item, its flags and the date of its receipt for the store that it goes to; can be pickled."""


class Source(NamedTuple):
    """What an item is made of.

    Attributes:
        data: The message as the server holds it.
        flags: Its flags.
        received: When it was received.
        kind: What its folder is made for.
    """

    data: bytes
    flags: FlagSet
    received: datetime | None
    kind: FolderKind = FolderKind.MAIL


class Parsed(NamedTuple):
    """What came of it.

    Attributes:
        content: The item, maybe made ready for the store that it goes to.
        identity: By what it is known again.
        notice: Why it could not be read as what its folder is made for; empty when it was.
    """

    content: Item | MadeReady
    identity: Identity
    notice: str = ""


class _Answer(NamedTuple):
    """What a process tells of a message.

    Attributes:
        item: The item; None for a mail that was made ready, which is parsed here should it be wanted.
        ready: What was made of it for the store that it goes to; None for nothing.
        known_by: The fields of its identity.
        notice: As in `Parsed`.
    """

    item: Item | None
    ready: object
    known_by: tuple[str, str, str]
    notice: str


def parsed(source: Source, *, headers_only: bool = False) -> Parsed:
    """Parse a message.

    Raises:
        FormatError: There is no message.
    """
    item: Item
    if headers_only and source.kind is FolderKind.MAIL:
        item, notice = formats.parse(source.data, flags=_flags(source.flags), received=source.received), ""
    else:
        item, notice = _read(source)
    if headers_only:
        item = without_bodies(item)
    return Parsed(item, identify(item), notice)


def _read(source: Source) -> tuple[Item, str]:
    """Read a message as its folder's kind wants it; with what of it could not be read so, and why."""
    got = formats.parse_item(source.data, source.kind, flags=_flags(source.flags), received=source.received)
    return got.item, str(got.problem) if got.problem else ""


@lru_cache(maxsize=1024)
def _flags(names: FlagSet) -> Flags:
    return to_flags(names)


class _Request(NamedTuple):
    """Messages for a process to parse, and what is to be made of them there."""

    sources: list[Source]
    prepare: Prepare | None


_Worker: TypeAlias = Worker[_Request, "list[_Answer | Exception]"]


class _Ticket(NamedTuple):
    """What is going to come from a process."""

    worker: _Worker
    number: int


class _Batch(NamedTuple):
    """Messages on the way.

    Attributes:
        here: What stays here of each of them.
        sources: What they are made of.
        answer: What came of them, now or later.
    """

    here: list[ItemState | Failure]
    sources: list[Source]
    answer: list[Parsed | Exception] | _Ticket


class Parsers:
    """A number of processes that parse; they are started with the first messages, which do not wait for them.

    Should one die, messages are parsed here from then on.

    Args:
        count: How many.
        preparation: Returns what makes items ready for the store that they go to, as it is now; None for nothing.
    """

    worth_it = 500
    """Fewer messages than this, in all fetches so far, do not pay for starting a process."""

    def __init__(self, count: int, preparation: Callable[[], Prepare | None] | None = None) -> None:
        self._count = count
        self._preparation = preparation
        self._workers: list[_Worker] = []
        self._broken = False
        self._asked = 0

    def pay_for(self, count: int) -> bool:
        """Tell whether the messages of the next fetch, of so many, are better given to the processes."""
        self._asked += count
        return count > _FEW and (self._asked >= self.worth_it or self.has_answered)

    @property
    def has_answered(self) -> bool:
        """Whether a process has been started and is ready."""
        return bool(self._ready())

    def run(
        self, sources: Iterable[tuple[ItemState, Source] | Failure]
    ) -> Iterator[tuple[ItemState, Parsed | Exception] | Failure]:
        """Parse messages and hand them out in their order, with whatever was wrong with each."""
        pending: deque[_Batch] = deque()
        try:
            for number, batch in enumerate(_batches(sources), start=1):
                here = [one[0] if isinstance(one, tuple) else one for one in batch]
                data = [one[1] for one in batch if isinstance(one, tuple)]
                begun = None if self._is_left_here(number, pending) else self._begun(data)
                pending.append(_Batch(here, data, _parse_here(data) if begun is None else begun))
                del batch, data, begun
                while pending and (self._is_done(pending[0]) or len(pending) > _WAITING * self._count):
                    yield from self._taken(pending.popleft())
            while pending:
                yield from self._taken(pending.popleft())
        finally:
            for left in pending:
                if isinstance(left.answer, _Ticket):
                    left.answer.worker.forget(left.answer.number)

    def close(self) -> None:
        """End the processes."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.close()

    def _is_left_here(self, number: int, pending: deque[_Batch]) -> bool:
        """Tell whether a batch, by its number, is better parsed here."""
        if self._count > 1 or number % _LEFT_HERE:
            return False
        return sum([not self._is_done(batch) for batch in pending]) >= _ENOUGH

    def _is_done(self, batch: _Batch) -> bool:
        """Tell whether everything of a batch has come, or nothing more is going to."""
        if isinstance(batch.answer, list):
            return True
        try:
            return batch.answer.worker.has(batch.answer.number)
        except WorkerEndedError:
            return True

    def _ready(self) -> list[_Worker]:
        try:
            return [] if self._broken else [worker for worker in self._workers if worker.is_ready]
        except WorkerEndedError:
            self._broken = True
            return []

    def _begun(self, data: list[Source]) -> _Ticket | None:
        if self._broken:
            return None
        try:
            while len(self._workers) < self._count:
                self._workers.append(Worker(_parse_there, load_all))
            ready = self._ready()
            if not ready or sum([len(source.data) for source in data]) > _LARGE:
                return None
            worker = min(ready, key=lambda one: one.waiting)
            return _Ticket(worker, worker.ask(_Request(data, self._preparation() if self._preparation else None)))
        except WorkerEndedError:
            self._broken = True
            return None

    def _taken(self, batch: _Batch) -> Iterator[tuple[ItemState, Parsed | Exception] | Failure]:
        answer, sources = batch.answer, batch.sources
        try:
            found = (
                answer if isinstance(answer, list) else list(map(_result, sources, answer.worker.answer(answer.number)))
            )
        except WorkerEndedError:
            self._broken = True
            found = _parse_here(sources)
        results = iter(found)
        for one in batch.here:
            yield one if isinstance(one, Failure) else (one, next(results))


def load_all() -> object:
    """Have everything loaded that parsing and making ready take: nothing waits for that once a process is ready."""
    return formats.parse, formats.parse_item, mapping.to_mapi


def _parse_there(request: _Request) -> list[_Answer | Exception]:
    return [_attempt(partial(_answered, prepare=request.prepare), source) for source in request.sources]


def _parse_here(sources: list[Source]) -> list[Parsed | Exception]:
    return [_attempt(parsed, source) for source in sources]


def _attempt(parse_one: Callable[[Source], _Made], source: Source) -> _Made | Exception:
    try:
        return parse_one(source)
    except Exception as error:  # whatever is wrong with one message, the others are to come
        return ItemError(str(error), hint=getattr(error, "hint", ""))


def _answered(source: Source, prepare: Prepare | None) -> _Answer:
    item, notice = _read(source)
    identity = identify(item)
    ready = None if prepare is None else prepare(item, source.flags, source.received)
    is_left = ready is not None and isinstance(item, Mail)
    return _Answer(None if is_left else item, ready, (identity.name, identity.digest, identity.title), notice)


def _result(source: Source, answer: _Answer | Exception) -> Parsed | Exception:
    if isinstance(answer, Exception):
        return answer
    item, ready, known_by, notice = answer
    content: Item | MadeReady
    if item is None:
        content = MadeReady(ready, partial(_mail_of, source))
    else:
        content = item if ready is None else MadeReady(ready, item)
    return Parsed(content, Identity(*known_by), notice)


def _mail_of(source: Source) -> Mail:
    """Read a mail that was read before."""
    item, _ = _read(source)
    assert isinstance(item, Mail)
    return item


def _batches(
    sources: Iterable[tuple[ItemState, Source] | Failure],
) -> Iterator[list[tuple[ItemState, Source] | Failure]]:
    batch: list[tuple[ItemState, Source] | Failure] = []
    size = 0
    for one in sources:
        batch.append(one)
        size += 0 if isinstance(one, Failure) else len(one[1].data)
        if len(batch) >= _BATCH_COUNT or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
