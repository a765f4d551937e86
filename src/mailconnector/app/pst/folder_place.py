"""The place of an exported folder."""

from dataclasses import dataclass
from pathlib import Path

from mailconnector.items import FolderKind


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """Where a folder goes.

    Attributes:
        path: its directory; files of many items may stand beside it, named as it is.
        name: what people call the folder.
        kind: what it is for.
        split: whether calendars and cards are files of one item each.
    """

    path: Path
    name: str
    kind: FolderKind = FolderKind.MAIL
    split: bool = False
