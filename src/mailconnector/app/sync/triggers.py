"""What wakes the service up: the server's push, the PST file's change, the clock, a face's wish; and how long it waits.

Nothing here synchronises anything.
"""

import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailconnector.app.sync.paths import folder_paths
from mailconnector.sync import Mode, Settings, State

Fingerprint = tuple[int, int, int]


class FileWatch:
    """Notices that a file was changed by somebody else and is left in peace now.

    A program that writes a file does so many times over: the file counts as changed when it differs from what we left
    behind and has looked the same twice in a row.

    Args:
        path: the file; None for none, which never changes.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = self._seen = self._look()

    def is_known(self) -> bool:
        """Tell whether the file is as it was when it was last taken for known."""
        return self._look() == self._known

    def settle(self) -> None:
        """Take the file as it is now for known."""
        self._known = self._seen = self._look()

    def changed(self) -> bool:
        """Look once; tell whether it was changed and has come to rest since the last look."""
        now = self._look()
        at_rest, self._seen = now == self._seen, now
        return at_rest and now is not None and now != self._known

    def _look(self) -> Fingerprint | None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                found = self._path.stat()
                return found.st_ino, found.st_size, found.st_mtime_ns
        return None


@dataclass(slots=True)
class Backoff:
    """How long to wait before another try: longer each time, and never twice the same.

    Without chance in it all that lost their server in one moment would come back in one moment.

    Attributes:
        first: seconds after the first failure.
        last: most seconds.
        chance: returns a number from 0 to 1.
        failures: how often it failed in a row.
    """

    first: float
    last: float
    chance: Callable[[], float] = random.random
    failures: int = 0

    def fail(self) -> float:
        """Count a failure, and return how many seconds to wait."""
        self.failures += 1
        longest = min(self.first * 2.0 ** min(self.failures - 1, 32), self.last)
        return longest * (0.5 + 0.5 * self.chance())

    def succeed(self) -> None:
        """Begin anew."""
        self.failures = 0


def wants_push(settings: Settings) -> bool:
    """Tell whether any folder is synchronised when the server or the PST tells of a change."""
    return Mode.PUSH in (settings.default.mode, *(options.mode for options in settings.folders.values()))


@dataclass(frozen=True, slots=True)
class Due:
    """When something is to be done of itself, POSIX seconds; None for never.

    Attributes:
        interval: the first folder of the mode INTERVAL is to be looked into again.
        retry: the first item that failed in a folder of the mode PUSH is to be tried again.
    """

    interval: float | None = None
    retry: float | None = None


def due(state: State, settings: Settings, now: float) -> Due:
    """Return when the next things are to be done of themselves."""
    paths: Mapping[int, tuple[str, ...]] = folder_paths(state)
    options = {row: settings.options(path) for row, path in paths.items()}
    visits = [
        pair.visited + options[pair.row].minutes * 60.0
        for pair in state.folders()
        if options[pair.row].mode is Mode.INTERVAL
    ]
    if not visits and settings.default.mode is Mode.INTERVAL:
        visits = [now + settings.default.minutes * 60.0]  # folders may come
    retries = [
        next_try
        for row, next_try in state.db.execute("SELECT folder, min(next_try) FROM change GROUP BY folder, next_try")
        if next_try > now and row in options and options[row].mode is Mode.PUSH
    ]
    return Due(min(visits, default=None), min(retries, default=None))
