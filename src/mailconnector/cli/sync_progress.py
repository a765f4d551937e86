"""The progress bar of a synchronisation: which folder, how far, how fast."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from mailconnector.app.sync.round import Onlooker
from mailconnector.cli.terminal import clean, size_text, stderr
from mailconnector.sync.report import Phase
from mailconnector.sync.report import Progress as SyncProgress

_SOON = 0.2  # seconds before which a rate says nothing
_EACH = 10  # items between two moves of the bar

_PHASES = {Phase.FOLDERS: "folders", Phase.LISTING: "looking into", Phase.ITEMS: "synchronising"}


@dataclass(slots=True)
class Rates:
    """How many items and bytes are read a second.

    Attributes:
        clock: Returns seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _begun: float = 0.0
    _items: int = 0
    _bytes: int = 0

    def take(self, size: int) -> None:
        """Take in an item of so many bytes."""
        if not self._items:
            self._begun = self.clock()
        self._items += 1
        self._bytes += size

    def text(self) -> str:
        """Return the rates in words; empty while there are none."""
        seconds = self.clock() - self._begun
        if not self._items or seconds < _SOON:
            return ""
        return f"{self._items / seconds:,.0f} items/s, {size_text(round(self._bytes / seconds))}/s"


@dataclass(slots=True)
class _Bar:
    bar: Progress
    account: str
    task: TaskID
    rates: Rates = field(default_factory=Rates)
    _ahead: int = 0  # items read since the last word of how far it is

    def stage(self, stage: str) -> None:
        self.bar.update(self.task, description=self._words(stage))

    def progress(self, progress: SyncProgress) -> None:
        # What was read but is not yet written stays counted, up to the next word.
        self._ahead = 0
        words = self._words(f"{_PHASES[progress.phase]} {'/'.join(progress.folder)}")
        self.bar.update(
            self.task,
            description=words,
            completed=progress.done,
            total=progress.total or None,
            rates=self.rates.text(),
        )

    def fetched(self, size: int) -> None:
        self.rates.take(size)
        self._ahead += 1
        task = self.bar.tasks[0]
        # An item may be read twice, and a batch ahead: the bar never claims that all is done.
        if task.total and task.completed + 1 < task.total and self._ahead % _EACH == 0:
            self.bar.update(self.task, advance=_EACH, rates=self.rates.text())

    def _words(self, what: str) -> str:
        return clean(f"{self.account}: {what}", 40)


@contextmanager
def sync_progress(account: str, cancelled: Callable[[], bool]) -> Iterator[Onlooker]:
    """Show a bar on stderr while an account is synchronised; nothing where that is no terminal."""
    console = stderr()
    if not console.is_terminal:
        yield Onlooker(cancelled=cancelled)
        return
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rates]}", markup=False),
        console=console,
        transient=True,
    ) as bar:
        shown = _Bar(bar, account, bar.add_task(clean(account, 40), total=None, rates=""))
        yield Onlooker(stage=shown.stage, progress=shown.progress, fetched=shown.fetched, cancelled=cancelled)
