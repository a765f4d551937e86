"""Messages to the server: APPEND, MULTIAPPEND in batches, REPLACE."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailconnector.imap.commands import Command, CommandLine
from mailconnector.imap.dates import format_internal_date
from mailconnector.imap.errors import (
    ImapCommandError,
    ImapLimitError,
    ImapNotFoundError,
    ImapPermissionError,
    ImapThrottledError,
)
from mailconnector.imap.responses import Code, Condition, Exists
from mailconnector.imap.selected import SelectedMailbox
from mailconnector.imap.session import Session
from mailconnector.imap.sets import UidSet

# What one message's fault cannot be: the rest of them will fare no better.
_HOPELESS = (ImapNotFoundError, ImapPermissionError, ImapThrottledError)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Upload:
    """A message to be put into a mailbox.

    Attributes:
        data: the message; its lines end in CRLF, which some servers insist on.
        flags: to be set from the start; those that the mailbox cannot store are dropped by the server.
        date: the INTERNALDATE, aware; None for now.
    """

    data: bytes = field(repr=False)
    flags: frozenset[str] = frozenset()
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What came of one upload.

    Attributes:
        index: which of the uploads it was, from 0.
        uid_validity: of the mailbox; 0 where the server does not tell.
        uid: its UID; None where the server does not tell (no UIDPLUS, or no right to read), or it failed. It can
            be found by its Message-ID then.
        error: why it was refused; None when it is there.
    """

    index: int
    uid_validity: int = 0
    uid: int | None = None
    error: ImapCommandError | ImapLimitError | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    first: int
    uploads: tuple[Upload, ...]


class Uploads:
    """Puts messages into the mailboxes of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, mailbox: str, upload: Upload) -> Appended:
        """Put one message into a mailbox.

        Raises:
            ImapNotFoundError: the mailbox does not exist.
            ImapLimitError: the message is longer than the server takes.
            ImapNoError: the server refuses it.
        """
        if error := self._too_long(upload):
            raise error
        tagged = self._session.run(self._line(mailbox, (upload,))).tagged
        return next(_outcomes(_Batch(0, (upload,)), tagged.code))

    def append_many(
        self,
        mailbox: str,
        uploads: Iterable[Upload],
        *,
        batch: int = 100,
        batch_bytes: int = 8 << 20,
        depth: int = 2,
    ) -> Iterator[Appended]:
        """Put many messages into a mailbox, in batches where the server has MULTIAPPEND (RFC 3502).

        A batch is taken or refused as a whole; the messages of a refused one are tried each for itself, so that one
        bad message stops no other. At most `depth` batches are held in memory.

        Args:
            mailbox: where to.
            uploads: taken as there is room.
            batch: most messages in a batch.
            batch_bytes: most bytes in a batch, but for a single message.
            depth: how many batches may be under way.

        Yields:
            What came of each, as it becomes known; not in the order of the uploads. When an error is raised, those
            not yielded may or may not be there.

        Raises:
            ImapNotFoundError, ImapPermissionError, ImapThrottledError: the mailbox takes nothing at all now.
            ImapConnectionError: the connection was lost.
        """
        single = not self._session.has("MULTIAPPEND")
        source = _Batches(enumerate(uploads), 1 if single else batch, batch_bytes)
        while not source.exhausted:
            refused: list[_Batch] = []
            # Refused as too long before they are sent; `_batches` stops at the first batch refused by the server.
            skipped: deque[Appended] = deque()
            batches = self._batches(source, refused, skipped)
            yield from self._run(mailbox, batches, refused, 8 if single else depth)
            yield from skipped
            alone = [
                _Batch(whole.first + number, (upload,))
                for whole in refused
                for number, upload in enumerate(whole.uploads)
            ]
            failures: list[_Batch] = []
            yield from self._run(mailbox, iter(alone), failures, 1, final=True)

    def replace(self, selected: SelectedMailbox, uid: int, upload: Upload, *, target: str = "") -> Appended:
        """Put a message in the place of another: in one step by REPLACE (RFC 8508), else the new one first.

        Args:
            selected: where the old message is.
            uid: the old message.
            upload: the new one.
            target: where the new one goes; empty for the same mailbox.

        Raises:
            ImapNoError: the server refuses it. The old message is still there then.
        """
        target = target or selected.name
        session = self._session
        if not session.has("REPLACE"):
            if not selected.storable(["\\Deleted"]):
                raise ImapPermissionError(
                    "the old message cannot be removed",
                    command="UID REPLACE",
                    mailbox=selected.name,
                    code="NOPERM",
                    server=session.connection.server,
                    hint="Ask the owner of the folder for the right.",
                )
            appended = self.append(target, upload)
            selected.remove(UidSet.of([uid]))
            return appended
        if error := self._too_long(upload):
            raise error
        codec = session.connection.protocol.names
        line = CommandLine("UID REPLACE", mailbox=selected.name).raw(b"%d" % uid).name(target, codec)
        result = session.run(self._add(line, upload), Condition)
        codes = [condition.code for condition in result.all(Condition)]
        code = next((code for code in (*codes, result.tagged.code) if code and code.name == "APPENDUID"), None)
        return next(_outcomes(_Batch(0, (upload,)), code))

    def _batches(self, source: _Batches, refused: list[_Batch], skipped: deque[Appended]) -> Iterator[_Batch]:
        while not refused and (batch := source.next()) is not None:
            good: list[Upload] = []
            first = batch.first
            for number, upload in enumerate(batch.uploads):
                if error := self._too_long(upload):
                    if good:
                        yield _Batch(first, tuple(good))
                        good = []
                    first = batch.first + number + 1
                    skipped.append(Appended(batch.first + number, error=error))
                else:
                    good.append(upload)
            if good:
                yield _Batch(first, tuple(good))

    def _run(
        self, mailbox: str, batches: Iterator[_Batch], refused: list[_Batch], depth: int, *, final: bool = False
    ) -> Iterator[Appended]:
        """Append batches; those that are refused go to `refused`, or are yielded with their error if `final`."""
        waiting: deque[_Batch] = deque()

        def commands() -> Iterator[Command]:
            for batch in batches:
                waiting.append(batch)
                yield self._line(mailbox, batch.uploads).command()

        for ended in self._session.pipeline(commands(), Exists, depth=depth):
            if isinstance(ended, Exists):
                continue
            batch = waiting.popleft()
            if ended.tagged.ok:
                yield from _outcomes(batch, ended.tagged.code)
                continue
            error = self._session.refused(ended)
            if isinstance(error, _HOPELESS):
                raise error
            if final or len(batch.uploads) == 1:
                yield Appended(batch.first, error=error)
            else:
                refused.append(batch)

    def _too_long(self, upload: Upload) -> ImapLimitError | None:
        limit = self._session.capabilities.append_limit
        if limit is None or len(upload.data) <= limit:
            return None
        return ImapLimitError(
            f"a message of {len(upload.data)} bytes is longer than the server takes",
            limit=limit,
            server=self._session.connection.server,
            hint="Make its attachments smaller.",
        )

    def _line(self, mailbox: str, uploads: Sequence[Upload]) -> CommandLine:
        line = self._session.line("APPEND", mailbox)
        for upload in uploads:
            self._add(line, upload)
        return line

    def _add(self, line: CommandLine, upload: Upload) -> CommandLine:
        if upload.flags:
            line.flags(upload.flags)
        if upload.date:
            line.raw(format_internal_date(upload.date))
        if "UTF8=ACCEPT" in self._session.enabled and _has_8bit_header(upload.data):  # RFC 6855 section 4
            return line.raw(b"UTF8").open().literal(upload.data, binary=True).close()
        return line.literal(upload.data, binary=self._session.has("BINARY") and b"\0" in upload.data)


class _Batches:
    """Cuts uploads into batches, one when it is asked for."""

    def __init__(self, uploads: Iterator[tuple[int, Upload]], count: int, size: int) -> None:
        self._uploads = uploads
        self._count = count
        self._size = size
        self._next = next(uploads, None)

    @property
    def exhausted(self) -> bool:
        return self._next is None

    def next(self) -> _Batch | None:
        if self._next is None:
            return None
        first, upload = self._next
        batch, size = [upload], len(upload.data)
        self._next = next(self._uploads, None)
        while self._next and len(batch) < self._count and size + len(self._next[1].data) <= self._size:
            batch.append(self._next[1])
            size += len(self._next[1].data)
            self._next = next(self._uploads, None)
        return _Batch(first, tuple(batch))


def _outcomes(batch: _Batch, code: Code | None) -> Iterator[Appended]:
    validity, uids = code.append_uids() if code and code.name == "APPENDUID" else (0, [])
    told = len(uids) == len(batch.uploads)
    for number in range(len(batch.uploads)):
        yield Appended(batch.first + number, validity, uids[number] if told else None)


def _has_8bit_header(data: bytes) -> bool:
    match = _HEADER_END.search(data)
    return not (data[: match.start()] if match else data).isascii()
