"""What a PST holds: its folders with their counts, and the messages of a folder as its contents table lists them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.mapi import tags
from mailconnector.mapi.types import FileTime
from mailconnector.pst import Folder, PstError
from mailconnector.pst.ltp.table_context import Row
from mailconnector.pst.messaging.message import FLAG_HASATTACH, FLAG_READ
from mailconnector.pst.messaging.subject import plain_subject


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """A folder in a list.

    Attributes:
        nid: its NID.
        name: its name.
        path: the names from below the list's top; empty for the top.
        items: messages in it.
        unread: those that have not been read.
        container_class: as IPF.Note; empty for none.
        search: whether it is a search folder.
        folder: the folder itself.
    """

    nid: int
    name: str
    path: tuple[str, ...]
    items: int
    unread: int
    container_class: str
    search: bool
    folder: Folder


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A message in a list.

    Attributes:
        nid: its NID.
        date: when it was delivered, else sent, else made; None when unknown.
        author: name or address of who it is from.
        subject: its subject.
        size: bytes, as the store has noted them.
        read: whether it has been read.
        attachments: whether it has attachments.
        message_class: as IPM.Note.
    """

    nid: int
    date: datetime | None
    author: str
    subject: str
    size: int
    read: bool
    attachments: bool
    message_class: str


def list_folders(top: Folder, failed: Callable[[Folder, PstError], None]) -> Iterator[ListedFolder]:
    """Yield a folder and all below it, parents first.

    Args:
        top: where to begin.
        failed: is told of a folder that cannot be read.
    """
    for walked in walk_folders(top, failed):
        folder = walked.folder
        try:
            listed = ListedFolder(
                folder.nid,
                walked.name,
                walked.path,
                folder.content_count,
                folder.unread_count,
                folder.container_class,
                folder.is_search_folder,
                folder,
            )
        except PstError:
            # It was told already that the properties cannot be read.
            listed = ListedFolder(folder.nid, walked.name, walked.path, 0, 0, "", folder.is_search_folder, folder)
        yield listed


def list_messages(folder: Folder, *, associated: bool = False) -> Iterator[ListedMessage]:
    """Yield the messages of a folder in the order of its contents table.

    Args:
        folder: the folder.
        associated: list the folder associated messages instead, which users do not see.

    Raises:
        PstFormatError: the table is damaged.
    """
    for row in folder.rows(associated=associated):
        flags = _number(row, tags.PidTagMessageFlags)
        yield ListedMessage(
            nid=row.row_id,
            date=_date(row),
            author=_text(row, tags.PidTagSentRepresentingName) or _text(row, tags.PidTagSenderName),
            subject=plain_subject(_text(row, tags.PidTagSubject)),
            size=_number(row, tags.PidTagMessageSize),
            read=bool(flags & FLAG_READ),
            attachments=bool(flags & FLAG_HASATTACH),
            message_class=_text(row, tags.PidTagMessageClass),
        )


def _text(row: Row, tag: int) -> str:
    value = row.get(tag)
    return value if isinstance(value, str) else ""


def _number(row: Row, tag: int) -> int:
    value = row.get(tag)
    return value if isinstance(value, int) else 0


def _date(row: Row) -> datetime | None:
    for tag in (tags.PidTagMessageDeliveryTime, tags.PidTagClientSubmitTime, tags.PidTagLastModificationTime):
        value = row.get(tag)
        if isinstance(value, FileTime):
            return value.to_datetime()
    return None
