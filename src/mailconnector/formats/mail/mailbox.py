"""Mail in files: mbox, of all its dialects, and the file names of Maildir.

Nothing here opens a file: mbox comes from and goes to bytes and binary streams, one message in memory at a time;
of Maildir there are the names, in which it keeps its flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from mailconnector.formats.errors import FormatError
from mailconnector.formats.mail import dates, words
from mailconnector.items import Flags
from mailconnector.items.headers import fields as header_fields

MAX_MESSAGE = 1 << 30
"""Bytes of the longest message that is read from an mbox."""

_CHUNK = 1 << 20
# What may be the line before a message: it counts once its neighbours have been looked at.
_CANDIDATE = re.compile(rb"\n(From [^\n]{0,1000}\n)([^\n]{0,400})")
_FIELD = re.compile(rb"(?:[!-9;-~]{1,100}[ \t]*:|>?From )")
_DATED = re.compile(rb"From (?:- ?|.*\b\d{1,2}:\d{2}\b.*\b\d{4}\b.*)\r?\n?\Z")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_QUOTABLE = re.compile(rb"^(>*From )", re.MULTILINE)
_INNER_FROM = re.compile(rb"\n\r?\nFrom ")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Fields in which programs keep a message's state within the file; no part of the message.
_STATE_FIELDS = frozenset(
    {
        b"status",
        b"x-status",
        b"x-keywords",
        b"x-mozilla-status",
        b"x-mozilla-status2",
        b"x-mozilla-keys",
        b"content-length",
    }
)


class MailboxFormatError(FormatError):
    """A file is no mbox, or a message in it is larger than anything that is mail.

    Attributes:
        offset: Where in the file, in bytes.
    """

    def __init__(self, message: str, *, offset: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class MboxMessage:
    """One message of an mbox.

    Attributes:
        data: The message as it was sent, without the file's quoting and state fields; line ends are the file's.
        sender: Envelope sender; may be empty.
        received: When it was put into the file, aware; None when the file does not say.
        flags: Its state; None when the file keeps none.
        offset: Where its "From " line stands in the file.
    """

    data: bytes
    sender: str
    received: datetime | None
    flags: Flags | None
    offset: int


def read_mbox(stream: BinaryIO) -> Iterator[MboxMessage]:
    """Yield the messages of an mbox, one at a time.

    Reads mboxo, mboxrd, mboxcl and mboxcl2. A Content-Length is believed when a message follows right where it
    says; otherwise a line "From " begins one if a header field stands beneath it and, when no empty line is
    above it, if it bears a date. One level of ">" is taken from quoted "From " lines, but not from a message
    that has unquoted ones in it.

    Args:
        stream: Readable; need not be seekable.

    Raises:
        MailboxFormatError: The file does not begin with a "From " line, or a message is over `MAX_MESSAGE` bytes.
    """
    buffer = _Buffer(stream)
    buffer.skip_empty_lines()
    if buffer.is_empty():
        return
    if not buffer.data.startswith(b"From ", buffer.start):
        raise MailboxFormatError(
            "the file does not begin with a From line",
            offset=buffer.offset,
            hint="Is it a single message (.eml) and not an mbox?",
        )
    while not buffer.is_empty():
        size = _message_size(buffer)
        yield _message(buffer.data[buffer.start : buffer.start + size], buffer.offset)
        buffer.start += size
        buffer.skip_empty_lines()


class _Buffer:
    """A window on a stream: what comes before `start` has been dealt with."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.data = b""
        self.start = 0
        self.passed = 0
        self.at_end = False

    @property
    def offset(self) -> int:
        """Where `start` is in the stream."""
        return self.passed + self.start

    def size(self) -> int:
        return len(self.data) - self.start

    def is_empty(self) -> bool:
        self.fill(1)
        return self.size() == 0

    def fill(self, size: int) -> None:
        """Have at least so many bytes from `start` on, unless the stream ends."""
        if self.size() >= size or self.at_end:
            return
        self.passed += self.start
        pieces = [self.data[self.start :]]
        have = len(pieces[0])
        while have < size:
            piece = self.stream.read(max(_CHUNK, size - have))
            if not piece:
                self.at_end = True
                break
            pieces.append(piece)
            have += len(piece)
        self.data = b"".join(pieces)
        self.start = 0

    def skip_empty_lines(self) -> None:
        while not self.is_empty() and self.data[self.start] in b"\r\n":
            self.start += 1


def _message_size(buffer: _Buffer) -> int:
    """Return the size of the message at the start of the buffer, and have it all in the buffer."""
    buffer.fill(_CHUNK // 16)
    counted = _counted_size(buffer)
    if counted:
        return counted
    position = 5
    while True:
        match = _CANDIDATE.search(buffer.data, buffer.start + position)
        if match and match.end() >= len(buffer.data) and not buffer.at_end:
            # What follows the candidate has not been read yet.
            position = match.start() - buffer.start
        elif match:
            if _is_separator(buffer.data, match):
                return match.start(1) - buffer.start
            position = match.end(1) - 1 - buffer.start
            continue
        elif buffer.at_end:
            return buffer.size()
        else:
            # A candidate may have been cut by the buffer's end.
            position = max(position, buffer.size() - 2000)
        if buffer.size() > MAX_MESSAGE:
            raise MailboxFormatError("a message in the mbox has no end", offset=buffer.offset)
        # Doubling keeps the copying in proportion to the message.
        buffer.fill(2 * buffer.size() + 1)


def _counted_size(buffer: _Buffer) -> int:
    """Return the size of the message by its Content-Length; 0 when it has none, or a wrong one."""
    empty_line = _HEADER_END.search(buffer.data, buffer.start)
    if empty_line is None:
        return 0
    length = _CONTENT_LENGTH.search(buffer.data, buffer.start, empty_line.end())
    if length is None:
        return 0
    size = empty_line.end() + int(length[1]) - buffer.start
    if size > MAX_MESSAGE:
        return 0
    buffer.fill(size + 512)
    rest = buffer.data[buffer.start + size : buffer.start + size + 512].lstrip(b"\r\n")
    if size > buffer.size() or (rest and not rest.startswith(b"From ")):
        return 0
    return size


def _is_separator(data: bytes, match: re.Match[bytes]) -> bool:
    if not _FIELD.match(match[2]):
        return False
    before = data[max(0, match.start(1) - 4) : match.start(1)]
    return before.endswith((b"\n\n", b"\n\r\n")) or _DATED.match(match[1]) is not None


def _message(raw: bytes, offset: int) -> MboxMessage:
    line, _, data = raw.partition(b"\n")
    sender, _, moment = line[5:].strip().partition(b" ")
    if data.endswith(b"\n\n"):
        data = data[:-1]
    elif data.endswith(b"\n\r\n"):
        data = data[:-2]
    if b">From " in data and not _INNER_FROM.search(data):
        data = _QUOTED.sub(rb"\1", data)
    data, flags = _without_state(data)
    return MboxMessage(
        data=data,
        sender="" if sender == b"-" else words.cleaned(words.text_of(sender)),
        received=dates.parse(words.text_of(moment)),
        flags=flags,
        offset=offset,
    )


def _without_state(data: bytes) -> tuple[bytes, Flags | None]:
    """Return a message without the fields of its state, and that state."""
    empty_line = _HEADER_END.search(data)
    header = data[: empty_line.end()] if empty_line else data
    state: dict[bytes, str] = {}
    kept: list[bytes] = []
    for whole, name, value in header_fields(header):
        name = name.lower()
        if name in _STATE_FIELDS:
            state.setdefault(name, words.unstructured(value))
        else:
            kept.append(whole)
    if not state:
        return data, None
    end = (b"\r\n" if header.endswith(b"\r\n") else b"\n") if empty_line else b""
    flags = _flags(state) if state.keys() - {b"content-length"} else None
    return b"".join(kept) + end + data[len(header) :], flags


def _flags(state: dict[bytes, str]) -> Flags:
    status = state.get(b"status", "") + state.get(b"x-status", "")
    try:
        mozilla = int(state.get(b"x-mozilla-status", "0"), 16)
    except ValueError:
        mozilla = 0
    keywords = f"{state.get(b'x-keywords', '')} {state.get(b'x-mozilla-keys', '')}".split()
    return Flags(
        seen="R" in status or bool(mozilla & 0x0001),
        answered="A" in status or bool(mozilla & 0x0002),
        flagged="F" in status or bool(mozilla & 0x0004),
        draft="T" in status,
        forwarded=bool(mozilla & 0x1000),
        deleted="D" in status or bool(mozilla & 0x0008),
        keywords=tuple(dict.fromkeys(_unescaped(keyword) for keyword in keywords)),
    )


def mbox_entry(data: bytes, *, sender: str = "", received: datetime | None = None, flags: Flags | None = None) -> bytes:
    """Return a message as it stands in an mbox: a "From " line, the message quoted as mboxrd, an empty line.

    Args:
        data: The message.
        sender: Envelope sender; one that cannot stand there becomes "MAILER-DAEMON".
        received: When it arrived, aware; None writes the beginning of 1970.
        flags: State to be kept in Status, X-Status and X-Keywords fields; None writes none.
    """
    moment = (received or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    name = sender if sender and sender.isascii() and sender.isprintable() and " " not in sender else "MAILER-DAEMON"
    clock = f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"
    day = f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment.day:2d}"
    line = f"From {name} {day} {clock} {moment.year:04d}\n".encode("ascii")
    body, _ = _without_state(data.replace(b"\r\n", b"\n"))
    if flags is not None:
        body = _with_state(body, flags)
    quoted = _QUOTABLE.sub(rb">\1", body) if b"From " in body else body
    return b"".join([line, quoted, b"" if quoted.endswith(b"\n") else b"\n", b"\n"])


def _with_state(body: bytes, flags: Flags) -> bytes:
    letters = "".join(
        letter
        for letter, is_set in (
            ("A", flags.answered),
            ("F", flags.flagged),
            ("T", flags.draft),
            ("D", flags.deleted),
        )
        if is_set
    )
    state = f"Status: {'RO' if flags.seen else 'O'}\n"
    if letters:
        state += f"X-Status: {letters}\n"
    if flags.forwarded:
        state += f"X-Mozilla-Status: {0x1000 | flags.seen:04x}\n"
    if flags.keywords:
        state += f"X-Keywords: {' '.join(map(_escaped, flags.keywords))}\n"
    if body.startswith(b"\n"):
        return state.encode("ascii") + body
    header, empty_line, rest = body.partition(b"\n\n")
    return header.rstrip(b"\n") + b"\n" + state.encode("ascii") + (b"\n" + rest if empty_line else b"\n")


_BLANK_OR_PERCENT = re.compile(rb"[^!-$&-~]")
_PERCENT = re.compile(r"((?:%[0-9A-F]{2})+)")


def _escaped(keyword: str) -> str:
    coded = _BLANK_OR_PERCENT.sub(lambda match: b"%%%02X" % match[0][0], keyword.encode("utf-8", "replace"))
    return coded.decode("ascii")


def _unescaped(keyword: str) -> str:
    return _PERCENT.sub(lambda match: bytes.fromhex(match[1].replace("%", "")).decode("utf-8", "replace"), keyword)


_MAILDIR_LETTERS = {
    "D": "draft",
    "F": "flagged",
    "P": "forwarded",
    "R": "answered",
    "S": "seen",
    "T": "deleted",
}
_FLAGS_MARK = ":2,"


@dataclass(frozen=True, slots=True)
class MaildirName:
    """The name of a message's file in `new` or `cur` of a Maildir.

    Attributes:
        unique: What comes before the flags; it never changes as long as the message is there.
        flags: Its marks.
        other: Letters that mean something to the program that wrote them, in order.
    """

    unique: str
    flags: Flags = field(default_factory=Flags)
    other: str = ""


def parse_maildir_name(name: str, keywords: Sequence[str] = ()) -> MaildirName:
    """Return what a file name of a Maildir says; without ":2," it says no flags.

    Args:
        name: File name without its folder. "!2," and ";2,", which are written where ":" cannot stand in a
            name, are read too.
        keywords: What the letters "a", "b" ... mean, from the Maildir's own list (Dovecot's `dovecot-keywords`).
    """
    unique, mark, letters = name.partition(_FLAGS_MARK)
    for other_mark in ("!2,", ";2,"):
        if not mark:
            unique, mark, letters = name.partition(other_mark)
    words_found: list[str] = []
    other: list[str] = []
    for letter in letters:
        index = ord(letter) - ord("a")
        if 0 <= index < len(keywords):
            words_found.append(keywords[index])
        elif letter not in _MAILDIR_LETTERS:
            other.append(letter)
    flags = Flags(
        draft="D" in letters,
        flagged="F" in letters,
        forwarded="P" in letters,
        answered="R" in letters,
        seen="S" in letters,
        deleted="T" in letters,
        keywords=tuple(dict.fromkeys(words_found)),
    )
    return MaildirName(unique, flags, "".join(sorted(set(other))))


def maildir_name(name: MaildirName, keywords: Sequence[str] = ()) -> str:
    """Return a file name for `cur`; letters are in alphabetical order, as the format asks.

    Args:
        name: What the name says.
        keywords: What the letters "a", "b" ... mean; keywords that are not among them are left out.
    """
    letters = [letter for letter, attribute in _MAILDIR_LETTERS.items() if getattr(name.flags, attribute)]
    letters += [chr(ord("a") + index) for index, word in enumerate(keywords[:26]) if word in name.flags.keywords]
    return name.unique + _FLAGS_MARK + "".join(sorted({*letters, *name.other}))


def maildir_unique(*, nanoseconds: int, process: int, count: int, host: str) -> str:
    """Return a name for a new message, of the parts that Maildir's rules ask for.

    A message is written under this name into `tmp` and renamed into `new`, or into `cur` with its flags; that is what
    makes its delivery atomic.

    Args:
        nanoseconds: The present time since 1970.
        process: Number of this process.
        count: Deliveries of this process before.
        host: Name of this machine.
    """
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    place = host.replace("/", "\\057").replace(":", "\\072") or "localhost"
    return f"{seconds}.M{rest // 1000}P{process}Q{count}.{place}"
