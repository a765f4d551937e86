"""Frames (see `framing`) made into values (see `responses`). No I/O.

A response of a kind that we know must be readable, else `ImapProtocolError`: after a literal of the wrong size the
rest of the stream is noise. The words of status responses are never an error, however they look.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from mailconnector.imap import fetching
from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.errors import ImapProtocolError, ImapUsageError
from mailconnector.imap.framing import Frame
from mailconnector.imap.names import NameCodec
from mailconnector.imap.responses import (
    AclEntries,
    CapabilityList,
    Code,
    Condition,
    Continuation,
    Enabled,
    Exists,
    Expunge,
    GrantableRights,
    Listed,
    MailboxFlags,
    MailboxStatus,
    Metadata,
    MyRights,
    Namespace,
    Namespaces,
    Quota,
    QuotaRoots,
    QuotaUse,
    Recent,
    Response,
    Searched,
    ServerId,
    StatusItems,
    Tagged,
    Unknown,
    Untagged,
    Vanished,
)
from mailconnector.imap.rights import Rights
from mailconnector.imap.sets import MAX_NUMBER, UidSet
from mailconnector.imap.syntax import Cursor, Value

_CODE = re.compile(rb'\[([A-Za-z0-9_.+\-/]+)(?: ((?:[^\]"]|"[^"]*")*))?\] ?')
_HEAD = re.compile(rb"\* +(?:([0-9]{1,10}) +)?([A-Za-z0-9_.\-]+) *")
_TAGGED = re.compile(rb"([A-Za-z0-9]+) +(OK|NO|BAD)(?: +|\Z)", re.IGNORECASE)
_CONDITIONS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})

_STATUS_NUMBERS = {
    "MESSAGES": "messages",
    "UIDNEXT": "uid_next",
    "UIDVALIDITY": "uid_validity",
    "HIGHESTMODSEQ": "highest_modseq",
    "UNSEEN": "unseen",
    "RECENT": "recent",
    "DELETED": "deleted",
    "SIZE": "size",
}


class Parser:
    """Makes responses of frames, for one session.

    Attributes:
        names: decodes the mailbox names.
    """

    def __init__(self, names: NameCodec) -> None:
        self.names = names
        self._fetch = fetching.FetchReader()
        self._readers: dict[str, Callable[[Cursor], Untagged]] = {
            "ACL": self._acl,
            "ANNOTATION": self._annotation,
            "CAPABILITY": self._capability,
            "ENABLED": self._enabled,
            "ESEARCH": self._esearch,
            "FLAGS": self._flags,
            "ID": self._id,
            "LIST": self._list,
            "LISTRIGHTS": self._listrights,
            "LSUB": self._lsub,
            "METADATA": self._metadata,
            "MYRIGHTS": self._myrights,
            "NAMESPACE": self._namespace,
            "QUOTA": self._quota,
            "QUOTAROOT": self._quotaroot,
            "SEARCH": self._search,
            "STATUS": self._status,
            "VANISHED": self._vanished,
            "XLIST": self._list,
        }

    def parse(self, frame: Frame) -> Response:
        """Make the value of one response.

        Raises:
            ImapProtocolError: it is no IMAP.
        """
        quick = self._fetch.quick(frame)
        if quick is not None:
            return quick
        line = frame[0]
        if line[:2] == b"* ":
            return self._untagged(frame)
        if line[:1] == b"+":
            return Continuation(line[1:].strip())
        if match := _TAGGED.match(line):
            code, text = parse_text(_rest(frame, match.end()))
            return Tagged(match[1], match[2].decode("ascii").upper(), code, text)
        raise ImapProtocolError("the server sent something that is no IMAP response", data=line)

    def _untagged(self, frame: Frame) -> Untagged:
        head = _HEAD.match(frame[0])
        if head is None:
            return Unknown("", None, frame)
        name = head[2].decode("ascii").upper()
        if head[1]:
            return self._numbered(int(head[1]), name, frame, head.end())
        if name in _CONDITIONS:
            code, text = parse_text(_rest(frame, head.end()))
            return Condition(name, code, text)
        reader = self._readers.get(name)
        if reader is None:
            return Unknown(name, None, frame)
        cursor = Cursor(frame, head.end())
        try:
            return reader(cursor)
        except ImapUsageError as error:  # rights that are no letters
            raise ImapProtocolError(f"the server's {name} cannot be read", data=frame[0]) from error

    def _numbered(self, number: int, name: str, frame: Frame, position: int) -> Untagged:
        if number > MAX_NUMBER:
            raise ImapProtocolError("the server sent a number that is out of range", data=frame[0])
        match name:
            case "EXISTS":
                return Exists(number)
            case "RECENT":
                return Recent(number)
            case "EXPUNGE":
                return Expunge(number)
            case "FETCH":
                return self._fetch.read(number, Cursor(frame, position))
        return Unknown(name, number, frame)

    # One method for each response that has data of its own, in alphabetical order.

    def _acl(self, cursor: Cursor) -> AclEntries:
        name = self.names.decode(cursor.astring())
        entries: dict[str, Rights] = {}
        while not cursor.at_end():
            identifier = _text(cursor.astring())
            entries[identifier] = Rights.parse(_text(cursor.astring()))
        return AclEntries(name, MappingProxyType(entries))

    def _annotation(self, cursor: Cursor) -> Metadata:
        """Read the forerunner of METADATA, with its attributes made part of the entry's name.

        ``* ANNOTATION "INBOX" "/comment" ("value.shared" "x")`` tells of ``/shared/comment``.
        """
        name = self.names.decode_or_empty(cursor.astring())
        entries: dict[str, bytes | None] = {}
        while not cursor.at_end():
            entry = _text(cursor.astring())
            values = iter(cursor.items(cursor.nstring))
            for attribute, value in zip(values, values, strict=False):
                kind, _, scope = _text(attribute or b"").partition(".")
                if kind == "value" and scope in ("shared", "priv"):
                    entries[("/private" if scope == "priv" else "/shared") + entry] = value
        return Metadata(name, MappingProxyType(entries))

    def _capability(self, cursor: Cursor) -> CapabilityList:
        return CapabilityList(_capabilities(cursor))

    def _enabled(self, cursor: Cursor) -> Enabled:
        return Enabled(_capabilities(cursor).names)

    def _esearch(self, cursor: Cursor) -> Searched:
        tag = b""
        found: UidSet | None = None
        count: int | None = None
        modseq: int | None = None
        cursor.space()
        if cursor.peek() == b"(":
            parts = cursor.value()
            if isinstance(parts, tuple) and len(parts) == 2 and isinstance(parts[1], bytes):
                tag = bytes(parts[1])
        while not cursor.at_end():
            match cursor.atom().upper():
                case b"UID":
                    pass
                case b"ALL":
                    found = UidSet.parse(cursor.atom())
                case b"COUNT":
                    count = cursor.number()
                case b"MODSEQ":
                    modseq = cursor.number()
                case _:
                    cursor.value()
        return Searched(found, count, modseq, tag)

    def _flags(self, cursor: Cursor) -> MailboxFlags:
        return MailboxFlags(frozenset(_text(flag) for flag in cursor.items(cursor.atom)))

    def _id(self, cursor: Cursor) -> ServerId:
        cursor.space()
        if cursor.peek() != b"(":
            return ServerId(MappingProxyType({}))
        values = iter(cursor.items(cursor.nstring))
        pairs = zip(values, values, strict=False)
        return ServerId(MappingProxyType({_text(key or b"").lower(): _text(value or b"") for key, value in pairs}))

    def _lsub(self, cursor: Cursor) -> Listed:
        return self._listed(cursor, lsub=True)

    def _list(self, cursor: Cursor) -> Listed:
        return self._listed(cursor, lsub=False)

    def _listed(self, cursor: Cursor, *, lsub: bool) -> Listed:
        attributes = frozenset(_text(word).lower() for word in cursor.items(cursor.atom))
        separator = _text(cursor.nstring() or b"")
        name = self.names.decode(cursor.astring())
        old_name: str | None = None
        children: frozenset[str] = frozenset()
        if not cursor.at_end():
            cursor.expect(b"(")
            while not cursor.closes():
                match cursor.astring().upper():
                    case b"OLDNAME":
                        old_name = self.names.decode(cursor.only(cursor.astring))
                    case b"CHILDINFO":
                        children = frozenset(_text(word).upper() for word in cursor.items(cursor.astring))
                    case _:
                        cursor.value()
        return Listed(name, separator, attributes, old_name, children, lsub=lsub)

    def _listrights(self, cursor: Cursor) -> GrantableRights:
        name = self.names.decode(cursor.astring())
        identifier = _text(cursor.astring())
        required = Rights.parse(_text(cursor.astring()))
        optional: list[Rights] = []
        while not cursor.at_end():
            # A group of nothing but "c" or "d" tells of the old rights and repeats what the new ones say.
            letters = _text(cursor.astring())
            if set(letters) - {"c", "d"}:
                optional.append(Rights.parse(letters))
        return GrantableRights(name, identifier, required, tuple(optional))

    def _metadata(self, cursor: Cursor) -> Metadata:
        name = self.names.decode_or_empty(cursor.astring())
        cursor.space()
        if cursor.peek() == b"(":
            return Metadata(name, MappingProxyType(_pairs(cursor)))
        changed: list[str] = []
        while not cursor.at_end():
            changed.append(_text(cursor.astring()).lower())
        return Metadata(name, MappingProxyType({}), frozenset(changed))

    def _myrights(self, cursor: Cursor) -> MyRights:
        name = self.names.decode(cursor.astring())
        return MyRights(name, Rights.parse("" if cursor.at_end() else _text(cursor.astring())))

    def _namespace(self, cursor: Cursor) -> Namespaces:
        groups = [self._namespace_group(cursor.value()) for _ in range(3)]
        return Namespaces(*groups)

    def _namespace_group(self, value: Value) -> tuple[Namespace, ...]:
        out: list[Namespace] = []
        for entry in value if isinstance(value, tuple) else ():
            if isinstance(entry, tuple) and len(entry) >= 2 and isinstance(entry[0], bytes):
                separator = entry[1] if isinstance(entry[1], bytes) else b""
                out.append(Namespace(self.names.decode_or_empty(entry[0]), _text(separator)))
        return tuple(out)

    def _quota(self, cursor: Cursor) -> Quota:
        root = _text(cursor.astring())
        words = iter(cursor.items(cursor.astring))
        resources: dict[str, QuotaUse] = {}
        for name, used, limit in zip(words, words, words, strict=False):
            if used.isdigit() and limit.isdigit() and len(used) < 20 and len(limit) < 20:
                resources[_text(name).upper()] = QuotaUse(int(used), int(limit))
        return Quota(root, MappingProxyType(resources))

    def _quotaroot(self, cursor: Cursor) -> QuotaRoots:
        name = self.names.decode(cursor.astring())
        roots: list[str] = []
        while not cursor.at_end():
            roots.append(_text(cursor.astring()))
        return QuotaRoots(name, tuple(roots))

    def _search(self, cursor: Cursor) -> Searched:
        numbers: list[int] = []
        modseq: int | None = None
        while not cursor.at_end():
            if cursor.skip(b"("):
                cursor.atom()
                modseq = cursor.number()
                cursor.expect(b")")
            else:
                numbers.append(cursor.number())
        if any(not 1 <= number <= MAX_NUMBER for number in numbers):
            raise ImapProtocolError("the server found a number that is out of range")
        return Searched(UidSet.of(numbers), modseq=modseq)

    def _status(self, cursor: Cursor) -> MailboxStatus:
        name = self.names.decode(cursor.astring())
        values: dict[str, int] = {}
        mailbox_id: str | None = None
        cursor.space()
        cursor.expect(b"(")
        while not cursor.closes():
            item = _text(cursor.atom()).upper()
            if item in _STATUS_NUMBERS:
                values[_STATUS_NUMBERS[item]] = cursor.number()
            elif item in ("MAILBOXID", "X-GUID"):
                mailbox_id = _text(cursor.only(cursor.astring))
            else:
                cursor.value()
        return MailboxStatus(name, StatusItems(**values, mailbox_id=mailbox_id))

    def _vanished(self, cursor: Cursor) -> Vanished:
        cursor.space()
        earlier = cursor.skip(b"(")
        if earlier:
            cursor.atom()
            cursor.expect(b")")
        return Vanished(UidSet.parse(cursor.atom()), earlier)


def parse_text(data: bytes) -> tuple[Code | None, str]:
    """Part the text of a status response into its code and the words for people. Never fails."""
    code: Code | None = None
    if match := _CODE.match(data):
        code = Code(match[1].decode("ascii").upper(), match[2] or b"")
        data = data[match.end() :]
    return code, _text(data).strip()


def _rest(frame: Frame, position: int) -> bytes:
    return b"".join(frame)[position:] if len(frame) > 1 else frame[0][position:]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _capabilities(cursor: Cursor) -> Capabilities:
    words: list[str] = []
    while not cursor.at_end():
        words.append(_text(cursor.astring()))
    return Capabilities.of(words)


def _pairs(cursor: Cursor) -> dict[str, bytes | None]:
    """Read entries and their values; entry names are compared in lower case (RFC 5464 section 4)."""
    items = iter(cursor.items(cursor.nstring))
    return {_text(entry or b"").lower(): value for entry, value in zip(items, items, strict=False)}
