"""A sticky note ([MS-OXONOTE])."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from mailconnector.items.mail import Mail


class NoteColor(IntEnum):
    """The numbers are those of PidLidNoteColor."""

    BLUE = 0
    GREEN = 1
    PINK = 2
    YELLOW = 3
    WHITE = 4


@dataclass(frozen=True, slots=True)
class Note:
    """A sticky note.

    Attributes:
        mail: Its text as the body, the first line of which is the subject; its categories, and what no field expresses.
        color: Of the paper; old versions of Outlook take it for the note's colour, new ones the first category's.
        width: Of its window, in pixels; None when it is not known.
        height: Of its window, in pixels; None when it is not known.
        x: Pixels from the left of the screen; None when it is not known.
        y: Pixels from the top of the screen; None when it is not known.
        contacts: Names of linked contacts.
    """

    mail: Mail
    color: NoteColor = NoteColor.YELLOW
    width: int | None = None
    height: int | None = None
    x: int | None = None
    y: int | None = None
    contacts: tuple[str, ...] = ()

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class
