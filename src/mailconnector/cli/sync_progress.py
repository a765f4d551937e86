"""The progress bar of a synchronisation: which folder, how far, how fast."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, TextColumn

from mailconnector.app.sync.round import Onlooker
from mailconnector.cli.terminal import clean, size_text, stderr
from mailconnector.sync.report import Phase
from mailconnector.sync.report import Progress as SyncProgress

_PHASES = {Phase.FOLDERS: "folders", Phase.LISTING: "looking into", Phase.ITEMS: "synchronising"}


@dataclass(slots=True)
class Rates:
    """How many items and bytes a second.

    Attributes:
        clock: Returns seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _begun: float | None = None
    _items: int = 0
    _here: tuple[tuple[str, ...], int] = ((), 0)
    _bytes: int = 0

    def take(self, progress: SyncProgress) -> None:
        """Take in how far a run is."""
        if progress.phase is not Phase.ITEMS:
            return
        if self._begun is None:
            self._begun = self.clock()
        folder, done = self._here
        if progress.folder == folder and progress.done >= done:
            self._items += progress.done - done
        self._here = (progress.folder, progress.done if progress.total else 0)
        self._bytes = progress.bytes_moved

    def text(self) -> str:
        """Return the rates in words; empty while there are none."""
        seconds = self.clock() - self._begun if self._begun is not None else 0.0
        if seconds < 0.2 or not self._items:
            return ""
        return f"{self._items / seconds:,.0f} items/s, {size_text(round(self._bytes / seconds))}/s"


@dataclass(slots=True)
class _Bar:
    bar: Progress
    account: str
    rates: Rates = field(default_factory=Rates)
    task: int = 0

    def stage(self, stage: str) -> None:
        self.bar.update(self.task, description=self._words(stage), rates="")  # type: ignore[arg-type]

    def progress(self, progress: SyncProgress) -> None:
        self.rates.take(progress)
        words = self._words(f"{_PHASES[progress.phase]} {'/'.join(progress.folder)}")
        self.bar.update(
            self.task,  # type: ignore[arg-type]
            description=words,
            completed=progress.done,
            total=progress.total or None,
            rates=self.rates.text(),
        )

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
        shown = _Bar(bar, account, task=bar.add_task(clean(account, 40), total=None, rates=""))
        yield Onlooker(stage=shown.stage, progress=shown.progress, cancelled=cancelled)
