"""Whole files verified, written anew and salvaged: check, compact and repair on paths, beside what opens a file."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailconnector.pst.check import Progress, Report, check
from mailconnector.pst.compact import CompactReport, compact
from mailconnector.pst.errors import PstDiskError, PstUsageError
from mailconnector.pst.files import TEMPORARY, create_file, open_locked
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.repair import RepairReport, repair


def check_file(path: str | os.PathLike[str], *, progress: Progress | None = None) -> Report:
    """Verify a PST or OST file; see :func:`mailconnector.pst.check.check`. Nothing is changed.

    Raises:
        PstNotFoundError: there is no such file.
        PstLockedError: another program is changing it.
        NotAPstError: it is no PST or OST file.
        PstDiskError: the system refused.
    """
    with contextlib.closing(open_locked(Path(path), writable=False)) as file:
        return check(Device(file), progress=progress)


def compact_file(
    path: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> CompactReport:
    """Write a PST file anew without the room that lies idle in it; see :func:`mailconnector.pst.compact.compact`.

    Args:
        path: where it is.
        output: where to write the new file; None puts it in the place of the old one, in one step when it is whole.
        progress: is told how far it is.

    Raises:
        PstNotFoundError: there is no such file.
        PstUsageError: there is a file at the output's path already, or this is a format that is only read.
        PstLockedError: another program has the file open.
        NotAPstError: it is no PST or OST file.
        PstFormatError: it is damaged; nothing was changed.
        PstDiskError: the system refused; nothing was changed.
    """
    source = Path(path).resolve()
    with contextlib.closing(open_locked(source, writable=output is None)) as file, _new_file(source, output) as part:
        database = NodeDatabase.open(Device(file), writable=False)
        report = compact(database, part.file, progress=progress)
        part.finish(file)
    return report


def repair_file(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    backup: bool = True,
    progress: Progress | None = None,
) -> tuple[RepairReport, Path | None]:
    """Salvage what can be read of a damaged PST file into a new one; see :func:`mailconnector.pst.repair.repair`.

    Args:
        path: the damaged file.
        output: where to write the new file; None puts it in the place of the damaged one, when it is whole.
        backup: keep the damaged file whose place is taken, under its name with ``.bak`` behind it.
        progress: is told how far it is.

    Returns:
        The report, and where the damaged file is kept if its place was taken.

    Raises:
        PstNotFoundError: there is no such file.
        PstUsageError: there is a file at the output's path already, or this is a format that is only read.
        PstLockedError: another program has the file open.
        NotAPstError: there is nothing of a PST in it.
        PstDiskError: the system refused; nothing was changed.
    """
    source = Path(path).resolve()
    kept = _free_name(source) if backup and output is None else None
    with contextlib.closing(open_locked(source, writable=output is None)) as file, _new_file(source, output) as part:
        report = repair(file, part.file, progress=progress)
        part.finish(file, kept)
    return report, kept


def _free_name(source: Path) -> Path:
    """Return a name for a backup that no file has."""
    endings = (f".bak{number or ''}" for number in itertools.chain((0,), itertools.count(2)))
    return next(name for name in (source.with_name(source.name + ending) for ending in endings) if not name.exists())


class _NewFile:
    """A file that is being written beside the place where it belongs."""

    def __init__(self, part: Path, file: BinaryIO, source: Path, target: Path | None) -> None:
        self._part = part
        self.file = file
        self._source = source
        self._target = target

    def finish(self, locked: BinaryIO, backup: Path | None = None) -> None:
        """Have the file on the disk, and give it its name.

        Args:
            locked: the open source; a file that takes its place can only do so after it is closed on Windows.
            backup: where to keep the source whose place is taken.
        """
        os.fsync(self.file.fileno())
        self.file.close()
        if self._target is not None:
            self._part.rename(self._target)
            return
        self._part.chmod(self._source.stat().st_mode & 0o7777)
        if backup is not None:
            # A second name first: there is a file under the source's own name at every moment.
            try:
                backup.hardlink_to(self._source)
            except OSError:
                locked.close()
                self._source.rename(backup)
        if sys.platform == "win32":
            locked.close()
        self._part.replace(self._source)


@contextlib.contextmanager
def _new_file(source: Path, output: str | os.PathLike[str] | None) -> Iterator[_NewFile]:
    """Make the file that is to become another file's output, or to take its place; a half one is removed."""
    target = None if output is None else Path(output)
    if target is not None and target.exists():
        raise PstUsageError(f"there is a file at {target} already", hint="Choose another name, or remove it first.")
    place = target or source
    part = place.with_name(place.name + TEMPORARY)
    try:
        with contextlib.closing(create_file(part)) as file:
            yield _NewFile(part, file, source, target)
    except OSError as error:
        raise PstDiskError(f"cannot write {place}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
