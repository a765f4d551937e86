"""Mail as every part of the program sees it: neither MIME nor MAPI."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from io import SEEK_END
from typing import TYPE_CHECKING, BinaryIO

from mailconnector.mapi.objects import Properties

if TYPE_CHECKING:
    from mailconnector.items.item import Item

OLE_STORAGE = "application/x-ole-storage"
"""Content type of an object that was pasted into an RTF body (MAPI's OLE attachments)."""


class Importance(IntEnum):
    """How much a mail matters to its author; the numbers are those of PidTagImportance."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Sensitivity(IntEnum):
    """How a mail should be treated; the numbers are those of PidTagSensitivity."""

    NORMAL = 0
    PERSONAL = 1
    PRIVATE = 2
    CONFIDENTIAL = 3


class Placement(Enum):
    """Where an attachment stands in its mail.

    Attributes:
        ATTACHED: A file beside the body.
        INLINE: Beside the body, shown in the flow of the mail where the reader can.
        RELATED: A piece of the HTML body, which names it by its content id or location.
        ALTERNATIVE: One more form of the body, such as a calendar part.
    """

    ATTACHED = "attached"
    INLINE = "inline"
    RELATED = "related"
    ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True)
class Address:
    """A person or group in a mail.

    Attributes:
        name: Display name; may be empty.
        email: The address in its own type's spelling; may be empty when only a name is known.
        kind: Address type. "SMTP" for Internet mail; others ("EX", "FAX" ...) stay as a store had them.
        leftover: MAPI properties of the recipient row, or of the sender, that nothing above expresses.
    """

    name: str = ""
    email: str = ""
    kind: str = "SMTP"
    leftover: Properties = field(default_factory=dict, hash=False)


class StoredContent:
    """Attachment bytes that still lie in a store; they are read when they are wanted.

    Two are equal when they have the same stream.

    Args:
        stream: Seekable binary stream. It stays open as long as its store does.
    """

    __slots__ = ("stream",)

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def __eq__(self, other: object) -> bool:
        return self.stream is other.stream if isinstance(other, StoredContent) else NotImplemented

    def __hash__(self) -> int:
        return id(self.stream)

    def read(self) -> bytes:
        """Return the whole content."""
        self.stream.seek(0)
        content = self.stream.read()
        self.stream.seek(0)
        return content

    def size(self) -> int:
        """Return the number of bytes."""
        size = self.stream.seek(0, SEEK_END)
        # Whoever copies a stream does so from where it stands.
        self.stream.seek(0)
        return size


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, a mail, a link or an OLE object that travels with a mail.

    Its content is `item` if that is not None, else what `reference` names if that is not empty, else `data`.

    Attributes:
        name: File name without a path; may be empty.
        content_type: Lower-case "type/subtype".
        data: Decoded content; an OLE structured storage where the content type is `OLE_STORAGE`.
        item: The attached item itself.
        reference: URL or path of content that lies elsewhere.
        placement: Where it stands in the mail.
        content_id: Without angle brackets.
        location: URI under which the HTML body may name it.
        description: Content-Description.
        parameters: Further parameters of the content type, names in lower case ("charset", "method" ...).
        created: When the file was created.
        modified: When the file was last written.
        leftover: MAPI properties that the fields above do not express.
    """

    name: str = ""
    content_type: str = "application/octet-stream"
    data: bytes | StoredContent = b""
    item: Item | None = None
    reference: str = ""
    placement: Placement = Placement.ATTACHED
    content_id: str = ""
    location: str = ""
    description: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    created: datetime | None = None
    modified: datetime | None = None
    leftover: Properties = field(default_factory=dict, hash=False)

    def content(self) -> bytes:
        """Return the bytes of `data`, read from the store if they still lie there."""
        return self.data if isinstance(self.data, bytes) else self.data.read()

    def size(self) -> int:
        """Return the number of bytes of `data`, without reading them from a store."""
        return len(self.data) if isinstance(self.data, bytes) else self.data.size()


@dataclass(frozen=True, slots=True)
class Flags:
    """What a user or a client did with a mail: the state that is no part of the mail itself.

    Attributes:
        keywords: Outlook's categories, IMAP's keywords that have no field of their own; in order, no doubles.
    """

    seen: bool = False
    answered: bool = False
    flagged: bool = False
    draft: bool = False
    forwarded: bool = False
    deleted: bool = False
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    r"""One mail message.

    Text uses "\n" alone as its line end. Message ids are kept as they are written, angle brackets included.

    Attributes:
        message_class: MAPI message class. "IPM.Note" for common mail; reports, posts and S/MIME have others.
        subject: Whole subject, the prefix ("Re: ") included.
        author: From: in whose name it was written.
        sender: Sender: who sent it in that name; None when that is the author.
        to: Primary recipients, in order.
        cc: Copy recipients, in order.
        bcc: Blind copy recipients, in order; known on one's own mail only.
        reply_to: Where answers should go; empty when to the author.
        date: When it was sent, aware; None when unknown.
        received: When it reached the mailbox, aware; None when unknown or the same as `date`.
        message_id: Message-ID; empty when unknown.
        in_reply_to: Id of the mail that this one answers.
        references: Ids of the mails above it in its thread, oldest first.
        conversation_topic: Thread-Topic; empty when it is the subject without its prefix.
        conversation_index: Thread-Index, decoded; empty when there is none.
        text: Plain text body; None when there is none.
        html: HTML body; None when there is none.
        rtf: RTF body, uncompressed, when the mail was written in RTF; None otherwise.
        charset: Lower-case IANA name of the charset in which the bodies came, and in which they are written
            again where it has all their characters.
        attachments: In order. The attachments within a clear-signed mail are in `original` only.
        importance: What the author said of its importance.
        sensitivity: What the author said of its sensitivity.
        read_receipt: A notice is asked for when the mail is read.
        delivery_receipt: A notice is asked for when the mail is delivered.
        flags: The user's marks on it.
        headers: Header block as it came, every line ended by CRLF, without the empty line; empty when it did
            not come by Internet mail. Where a field above says something else, the field is right.
        original: Content headers, an empty line and the body exactly as they came, of mail that is signed or
            encrypted and must never be written anew; empty otherwise.
        layout: How the message's bytes were put together from the texts and attachments above, for `formats` alone
            to read; empty when it did not come as bytes. As long as those stay what they were, it gives the
            bytes again.
        leftover: MAPI properties that nothing above expresses.
    """

    message_class: str = "IPM.Note"
    subject: str = ""
    author: Address | None = None
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None
    received: datetime | None = None
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    conversation_topic: str = ""
    conversation_index: bytes = b""
    text: str | None = None
    html: str | None = None
    rtf: bytes | None = None
    charset: str = "utf-8"
    attachments: tuple[Attachment, ...] = ()
    importance: Importance = Importance.NORMAL
    sensitivity: Sensitivity = Sensitivity.NORMAL
    read_receipt: bool = False
    delivery_receipt: bool = False
    flags: Flags = Flags()
    headers: bytes = b""
    original: bytes = b""
    layout: bytes = b""
    leftover: Properties = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class GenericItem:
    """An item of a message class that has no type of its own here.

    Attributes:
        mail: What of it reads as a mail (subject, body, people, attachments), its message class, and all
            else among the leftover properties.
    """

    mail: Mail

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class
