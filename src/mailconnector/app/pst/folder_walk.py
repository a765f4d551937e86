"""A walk over folders that goes on past what is damaged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailconnector.pst import Folder, PstDiskError, PstError

_MAX_DEPTH = 256  # folders inside folders


@dataclass(frozen=True, slots=True)
class WalkedFolder:
    """A folder on the way.

    Attributes:
        folder: the folder.
        name: its name; empty when it cannot be read.
        path: the names from below the walk's top to this one; empty for the top itself.
        parent: the NID of the folder above it on this walk; 0 for the top.
    """

    folder: Folder
    name: str
    path: tuple[str, ...]
    parent: int


def walk_folders(top: Folder, failed: Callable[[Folder, PstError], None]) -> Iterator[WalkedFolder]:
    """Yield a folder and all below it, parents first, each once.

    Args:
        top: where the walk begins.
        failed: is told of a folder whose name or whose list of folders cannot be read, with the error.

    Raises:
        PstDiskError: the system refused to read.
    """
    seen: set[int] = set()
    stack: list[tuple[Folder, tuple[str, ...], int]] = [(top, (), 0)]
    while stack:
        folder, above, parent = stack.pop()
        if folder.nid in seen:
            continue
        seen.add(folder.nid)
        name = _name(folder, failed)
        path = (*above, name) if parent else ()
        yield WalkedFolder(folder, name, path, parent)
        if len(path) < _MAX_DEPTH:
            stack.extend((child, path, folder.nid) for child in reversed(_below(folder, failed)))


def _name(folder: Folder, failed: Callable[[Folder, PstError], None]) -> str:
    try:
        return folder.name
    except PstDiskError:
        raise
    except PstError as error:
        failed(folder, error)
        return ""


def _below(folder: Folder, failed: Callable[[Folder, PstError], None]) -> list[Folder]:
    found: list[Folder] = []
    try:
        found.extend(folder.folders())
    except PstDiskError:
        raise
    except PstError as error:
        failed(folder, error)
    return found
