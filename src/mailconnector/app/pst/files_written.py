"""Files and directories that are made for an export, and that must not be there yet."""

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from mailconnector.app.errors import AppDiskError, AppUsageError
from mailconnector.app.pst.file_names import safe_name

_NUMBER_DIGITS = 5
_MOST_ALIKE = 1000


def prepare_directory(path: Path) -> None:
    """Make the directory of an export.

    Raises:
        AppUsageError: there is something in it already.
        AppDiskError: the system refused to write.
    """
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            what = "is not empty" if path.is_dir() else "is no directory"
            raise AppUsageError(
                f"{path} {what}", path=str(path), hint="Nothing is overwritten: name a new or an empty directory."
            )
    except OSError as error:
        raise disk_error(path, error) from error
    make_directory(path)


def make_directory(path: Path) -> None:
    """Make a directory that may be there already.

    Raises:
        AppDiskError: the system refused.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> AppDiskError:
    """Return what to raise when the system refused to write a file."""
    return AppDiskError(f"cannot write {path}: {error.strerror or error}", path=str(path))


def write_new(path: Path, data: bytes, moment: datetime | None = None) -> None:
    """Write a file that must not be there yet; its time becomes that of what is in it.

    Raises:
        AppDiskError: the system refused.
    """
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise disk_error(path, error) from error
    if moment is not None:
        with contextlib.suppress(OSError, OverflowError, ValueError):
            os.utime(path, (moment.timestamp(), moment.timestamp()))


def open_new(path: Path) -> BinaryIO:
    """Open a file that must not be there yet for writing; when it is, one with a number behind its name.

    Raises:
        AppDiskError: the system refused.
    """
    make_directory(path.parent)
    for number in range(1, _MOST_ALIKE):
        chosen = path if number == 1 else path.with_name(f"{path.stem} ({number}){path.suffix}")
        try:
            return chosen.open("xb")
        except FileExistsError:
            continue
        except OSError as error:
            raise disk_error(chosen, error) from error
    raise AppDiskError(f"cannot write {path}: there are too many files of its name", path=str(path))


class NumberedFiles:
    """Files in a directory, named by a number and what they are about.

    Args:
        path: the directory; it is made with its first file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0

    def write(self, subject: str, suffix: str, data: bytes, moment: datetime | None = None) -> None:
        """Write the next file.

        Raises:
            AppDiskError: the system refused.
        """
        self._number += 1
        make_directory(self._path)
        name = f"{self._number:0{_NUMBER_DIGITS}} {safe_name(subject, '')}".rstrip()
        write_new(self._path / f"{name}{suffix}", data, moment)
