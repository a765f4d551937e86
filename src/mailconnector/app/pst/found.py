"""What is found in a source, in the order in which it is read."""

from dataclasses import dataclass
from datetime import datetime

from mailconnector.items import Flags, FolderKind, Item


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message as it travels, which is mail or holds an item.

    Attributes:
        place: where it stands, for people: a file, or a file and a number.
        folders: names of the folders below the target that it belongs into.
        data: the message as it stands there.
        flags: what the source knows of its state.
        received: when it reached the mailbox, if the source knows.
        progress: bytes of the source that have been read with it.
    """

    place: str
    folders: tuple[str, ...]
    data: bytes
    flags: Flags
    received: datetime | None
    progress: int


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item out of a calendar, a card, an .msg file or a TNEF stream.

    Attributes:
        place: where it stands, for people.
        file: the file that it is from.
        folders: names of the folders below the target that it belongs into.
        item: the item.
        progress: bytes of the source that have been read with it.
    """

    place: str
    file: str
    folders: tuple[str, ...]
    item: Item
    progress: int


@dataclass(frozen=True, slots=True)
class LostEntry:
    """Something, or all the rest of a file, that could not be read.

    Attributes:
        place: where it stands, for people.
        reason: what is wrong.
        progress: bytes of the source that have been read with it.
        data: an entry of a file that others could still be read of, as a file of its own; else nothing.
        suffix: of the name that such a file has.
    """

    place: str
    reason: str
    progress: int
    data: bytes = b""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class FoundFolder:
    """A folder of a source; it comes before what is in it, and may hold nothing.

    Attributes:
        folders: the names of those around it below the target, and its own.
        kind: what it is for, if it holds nothing that says so.
    """

    folders: tuple[str, ...]
    kind: FolderKind = FolderKind.MAIL


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file in a directory that is nothing that can be imported."""

    place: str


Found = FoundMessage | FoundItem | LostEntry | FoundFolder | SkippedFile
