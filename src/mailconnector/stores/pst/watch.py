"""Watching a PST file that is closed: whether it was changed, without opening it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileMark(NamedTuple):
    """How a file looked from outside: which file it is, its size, and when it was last written."""

    device: int
    inode: int
    size: int
    modified: int


def file_mark(path: Path) -> FileMark | None:
    """Return how a file looks now, None when there is none. It costs one call of the system."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileMark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def changed_since(path: Path, mark: FileMark | None) -> bool:
    """Tell whether a file is not as it was when its mark was taken: written to, replaced, made or removed.

    Outlook may hold changes back for some minutes, and writes to a file when it opens it: a change seen here is a
    reason to look, and whether there is anything to do is known when the store was opened.
    """
    return file_mark(path) != mark
