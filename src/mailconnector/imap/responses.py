"""What a server can say, as frozen values. `parsing` makes them, `protocol` hands them out.

Mailbox names are text; so are flags, with bytes that are no UTF-8 kept as lone surrogates. What we have no value for
comes as `Unknown` and is never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.errors import ImapProtocolError
from mailconnector.imap.framing import Frame
from mailconnector.imap.rights import Rights
from mailconnector.imap.sets import MAX_NUMBER, UidSet, parse_ranges, spell_out
from mailconnector.imap.syntax import Cursor, Value

_NOTHING: Mapping[str, Value] = MappingProxyType({})
_MOST_COPIED = 1_000_000


@dataclass(frozen=True, slots=True)
class Code:
    """A response code: the words in brackets at the head of a status text (RFC 9051 section 7.1).

    The properties read `data` and raise `ImapProtocolError` when it is not what the code calls for.

    Attributes:
        name: in capitals, as ``COPYUID``.
        data: what follows the name, as it came.
    """

    name: str
    data: bytes = b""

    @property
    def number(self) -> int:
        """UIDNEXT, UIDVALIDITY, HIGHESTMODSEQ, UNSEEN ..."""
        return Cursor((self.data,)).number()

    @property
    def words(self) -> frozenset[str]:
        """The words of a list: PERMANENTFLAGS."""
        cursor = Cursor((self.data,))
        return frozenset(word.decode("utf-8", "surrogateescape") for word in cursor.items(cursor.atom))

    @property
    def uids(self) -> UidSet:
        """MODIFIED (RFC 7162 section 3.1.3)."""
        return UidSet.parse(self.data.strip())

    @property
    def text(self) -> str:
        """The words in text, without the parentheses of MAILBOXID (RFC 8474)."""
        return self.data.decode("utf-8", "replace").strip("()")

    def append_uids(self) -> tuple[int, list[int]]:
        """APPENDUID: the UIDVALIDITY and the UIDs in the order of the messages (RFC 4315)."""
        validity, uids = self._split(2)
        return _number(validity), spell_out(parse_ranges(uids), most=_MOST_COPIED)

    def copy_uids(self) -> tuple[int, dict[int, int]]:
        """COPYUID: the target's UIDVALIDITY, and each source UID with its target UID (RFC 4315)."""
        validity, old, new = self._split(3)
        sources = spell_out(parse_ranges(old), most=_MOST_COPIED)
        targets = spell_out(parse_ranges(new), most=_MOST_COPIED)
        if len(sources) != len(targets):
            raise ImapProtocolError("COPYUID names sets of different size", data=self.data)
        return _number(validity), dict(zip(sources, targets, strict=True))

    def _split(self, count: int) -> list[bytes]:
        parts = self.data.split()
        if len(parts) != count:
            raise ImapProtocolError(f"the response code {self.name} cannot be read", data=self.data)
        return parts


def _number(data: bytes) -> int:
    if not data.isdigit() or not 0 < int(data[:11]) <= MAX_NUMBER:
        raise ImapProtocolError("the server sent no valid number", data=data)
    return int(data)


@dataclass(frozen=True, slots=True)
class Condition:
    """``* OK``, ``* NO``, ``* BAD``, ``* BYE`` or ``* PREAUTH``: `kind` is the word in capitals."""

    kind: str
    code: Code | None
    text: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """The end of a command: `kind` is OK, NO or BAD."""

    tag: bytes
    kind: str
    code: Code | None
    text: str

    @property
    def ok(self) -> bool:
        """Whether the command was carried out."""
        return self.kind == "OK"


@dataclass(frozen=True, slots=True)
class Continuation:
    """``+``: the server waits for more. `data` is what follows, a SASL challenge in base64 or words for people."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CapabilityList:
    """``* CAPABILITY``."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Enabled:
    """``* ENABLED``: the names in capitals (RFC 5161)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Exists:
    """The number of messages in the selected mailbox."""

    count: int


@dataclass(frozen=True, slots=True)
class Recent:
    """The number of messages that no session has been told of before."""

    count: int


@dataclass(frozen=True, slots=True)
class Expunge:
    """One message is gone; the sequence numbers above it fall by one."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """Messages are gone: before this session looked (`earlier`) or just now (RFC 7162 section 3.2.10)."""

    uids: UidSet
    earlier: bool


@dataclass(frozen=True, slots=True)
class MailboxFlags:
    """``* FLAGS``: the flags in use in the selected mailbox."""

    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class StatusItems:
    """What STATUS says of a mailbox; None where it says nothing (RFC 9051 section 7.3.4).

    Attributes:
        size: the bytes of all messages together.
        mailbox_id: what stays when the mailbox is renamed: MAILBOXID (RFC 8474), or Dovecot's X-GUID.
    """

    messages: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    highest_modseq: int | None = None
    unseen: int | None = None
    recent: int | None = None
    deleted: int | None = None
    size: int | None = None
    mailbox_id: str | None = None


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """``* STATUS``."""

    name: str
    items: StatusItems


@dataclass(frozen=True, slots=True)
class Listed:
    """``* LIST`` or ``* LSUB``: one mailbox.

    Attributes:
        name: its name, with the server's separators.
        separator: one character, or empty when the server's names are flat.
        attributes: in lower case with the backslash, as ``\\\\noselect``; servers differ in case.
        old_name: the former name, when this tells of a renaming (RFC 5465, RFC 9051 section 6.3.9.7).
        children: what of it is subscribed or special below (CHILDINFO), in capitals.
        lsub: whether this came as LSUB.
    """

    name: str
    separator: str
    attributes: frozenset[str]
    old_name: str | None = None
    children: frozenset[str] = frozenset()
    lsub: bool = False


@dataclass(frozen=True, slots=True)
class Searched:
    """``* SEARCH`` or ``* ESEARCH``: the numbers found.

    Attributes:
        found: all of them; None when ESEARCH was asked for something else.
        count: ESEARCH COUNT.
        modseq: the highest mod-sequence among them.
        tag: the command that ESEARCH answers, or empty.
    """

    found: UidSet | None
    count: int | None = None
    modseq: int | None = None
    tag: bytes = b""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What FETCH says of a message; None where it says nothing.

    Attributes:
        sequence: its number in the mailbox at this moment.
        flags: with their backslash and case.
        internal_date: aware; None when the server sent no valid date.
        size: RFC822.SIZE in bytes; some servers are wrong about it.
        body: the whole message: BODY[], BINARY[] or RFC822.
        message_id: what stays when the message is moved: EMAILID (RFC 8474), X-GUID (Dovecot) or X-GM-MSGID.
        other: every other attribute by its name in capitals, sections like ``BODY[HEADER]`` among them.
    """

    sequence: int
    uid: int | None = None
    flags: frozenset[str] | None = None
    modseq: int | None = None
    internal_date: datetime | None = None
    size: int | None = None
    body: bytes | None = None
    message_id: str | None = None
    other: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A prefix under which mailboxes stand, and the separator there (RFC 2342)."""

    prefix: str
    separator: str


@dataclass(frozen=True, slots=True)
class Namespaces:
    """``* NAMESPACE``: the user's own mailboxes, those of other users, and those of nobody in particular."""

    personal: tuple[Namespace, ...] = ()
    others: tuple[Namespace, ...] = ()
    shared: tuple[Namespace, ...] = ()


@dataclass(frozen=True, slots=True)
class AclEntries:
    """``* ACL``: who has which rights; an identifier that begins with ``-`` takes rights away (RFC 4314)."""

    name: str
    entries: Mapping[str, Rights]


@dataclass(frozen=True, slots=True)
class MyRights:
    """``* MYRIGHTS``: what this user may do."""

    name: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class GrantableRights:
    """``* LISTRIGHTS``: what somebody always has, and what can be granted, in groups that go together."""

    name: str
    identifier: str
    required: Rights
    optional: tuple[Rights, ...]


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One resource of a quota root: ``STORAGE`` counts units of 1024 bytes, ``MESSAGE`` messages (RFC 9208)."""

    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Quota:
    """``* QUOTA``: the resources of a quota root by their name in capitals."""

    root: str
    resources: Mapping[str, QuotaUse]


@dataclass(frozen=True, slots=True)
class QuotaRoots:
    """``* QUOTAROOT``: the quota roots that a mailbox counts for."""

    name: str
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """``* METADATA`` (RFC 5464) or ``* ANNOTATION``: annotations of a mailbox, of the server when `name` is empty.

    Attributes:
        entries: each entry's value; None for one that is not set.
        changed: entries that changed, when the server tells only their names.
    """

    name: str
    entries: Mapping[str, bytes | None]
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServerId:
    """``* ID`` (RFC 2971): the fields by their name in lower case."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A response that we have no value for: its name in capitals, its number if it has one, and the whole of it."""

    name: str
    number: int | None
    frame: Frame


Untagged = (
    AclEntries
    | CapabilityList
    | Condition
    | Enabled
    | Exists
    | Expunge
    | Fetched
    | GrantableRights
    | Listed
    | MailboxFlags
    | MailboxStatus
    | Metadata
    | MyRights
    | Namespaces
    | Quota
    | QuotaRoots
    | Recent
    | Searched
    | ServerId
    | Unknown
    | Vanished
)
Response = Continuation | Tagged | Untagged
