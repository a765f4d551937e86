"""Messages from a server as items: whole, by their headers, and by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce

from mailconnector import formats
from mailconnector.formats import FormatError
from mailconnector.imap import (
    Fetched as Message,
)
from mailconnector.imap import (
    ImapClient,
    ImapError,
    ImapNoError,
    ImapOvertakenError,
    SelectedMailbox,
    UidSet,
    searching,
)
from mailconnector.imap.selected import HEADER, MESSAGE, SUMMARY
from mailconnector.imap.sets import MAX_NUMBER
from mailconnector.items import FolderKind, Mail
from mailconnector.stores.imap.changes import item_state
from mailconnector.stores.imap.errors import of_item, translated
from mailconnector.stores.imap.line import LOST, Line
from mailconnector.stores.imap.parsing import Parsed, Parsers, Source, parsed
from mailconnector.sync.errors import FolderError
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Failure, Fetched, Identity, ItemState

# All that a name is made of; the charset of the content is that of a subject in raw bytes.
_NAMING = (*SUMMARY, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT CONTENT-TYPE)]")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
# A Message-ID that every server finds as it is written.
_PLAIN_ID = re.compile(r"<[!-;=?-~]{1,500}>")
_SEARCHED_AT_ONCE = 25  # names in one SEARCH
_MOST_SEARCHED = 500  # beyond that, reading all headers costs less
_RECENT = 2000  # messages that a server's index may not know yet
_MOST_LOSSES = 3
_FEW = 20  # messages that are waited for rather than to log in again


class Reader:
    """Reads the messages of one server.

    Args:
        line: To the server.
        parsers: Parses messages elsewhere; None to do it here.
    """

    def __init__(self, line: Line, parsers: Parsers | None = None) -> None:
        self._line = line
        self._parsers = parsers

    # -- names -------------------------------------------------------------------------------------------------------

    def identify(self, folder: str, ids: Iterable[str], *, kind: FolderKind = FolderKind.MAIL) -> Iterator[ItemState]:
        """Give the states of messages with their names."""
        return self._named(folder, uids_of(ids), kind)

    def find(self, folder: str, names: Sequence[str], *, kind: FolderKind = FolderKind.MAIL) -> Iterator[ItemState]:
        """Look for messages by name.

        The server's index serves where it can. What it does not find is looked for among the latest messages, which
        an index may not know yet, and a name that no index can know, in the end, among all headers. In a folder that
        is not for mail no index knows a name for sure: other programs put the UID into the calendar or card alone.
        """
        wanted = {name for name in names if name}
        if not wanted:
            return
        self._line.open(folder)
        self._line.read(lambda client: client.noop(), folder)  # to see what others have put there
        there = self._search(folder, searching.ALL)
        plain = {name for name in wanted if _PLAIN_ID.fullmatch(name)}
        looked_at = UidSet()
        for uids in self._places(folder, there, plain, odd=bool(wanted - plain) or kind is not FolderKind.MAIL):
            found = set()
            for state in self._named(folder, (uids & there) - looked_at, kind):
                if _name(state) in wanted:
                    found.add(_name(state))
                    yield state
            looked_at |= uids
            wanted -= found
            if not wanted:
                return

    def _places(self, folder: str, there: UidSet, plain: set[str], *, odd: bool) -> Iterator[UidSet]:
        """Say where to look for names, one set of UIDs after the other, as long as there are any left to find."""
        likely: UidSet | None = None
        if len(plain) <= _MOST_SEARCHED:
            with suppress(FolderError):  # some servers refuse to look for so much
                likely = self._searched(folder, sorted(plain))
                if odd:  # most of them are made up for want of a Message-ID
                    likely |= self._search(folder, ~searching.header("Message-ID", ""))
        if likely is not None:
            yield likely
            yield UidSet.of(list(there)[-_RECENT:])
        if likely is None or odd:
            yield there

    def _searched(self, folder: str, names: Sequence[str]) -> UidSet:
        found = UidSet()
        for start in range(0, len(names), _SEARCHED_AT_ONCE):
            some = [searching.header("Message-ID", name) for name in names[start : start + _SEARCHED_AT_ONCE]]
            found |= self._search(folder, reduce(lambda one, other: one | other, some))
        return found

    def _search(self, folder: str, query: searching.Query) -> UidSet:
        return self._line.read(lambda _: self._line.open(folder).search(query), folder)

    def _named(self, folder: str, uids: UidSet, kind: FolderKind) -> Iterator[ItemState]:
        if kind is not FolderKind.MAIL:
            # A name stands in the calendar or card, and such messages are small: the digest comes along.
            for got in self.fetch(folder, map(str, uids), headers_only=False, kind=kind):
                if isinstance(got, Fetched):
                    yield got.state
            return
        nameless: list[int] = []
        for uid, state, header in self._headers(folder, uids, _NAMING):
            mail = _header_mail(header)
            if mail.message_id.strip():
                yield replace(state, identity=_without_digest(mail))
            else:
                nameless.append(uid)
        # A name that is made of what a header says wants the header as it is, faults included: what a server takes
        # for a field may be none to us, and the other way round.
        for _, state, header in self._headers(folder, UidSet.of(nameless), HEADER):
            yield replace(state, identity=_without_digest(_header_mail(header)))

    def _headers(self, folder: str, uids: UidSet, items: tuple[str, ...]) -> Iterator[tuple[int, ItemState, bytes]]:
        done: set[int] = set()

        def begin(mailbox: SelectedMailbox) -> Iterator[Message]:
            return mailbox.fetch(uids - UidSet.of(done), items)

        if not uids:
            return
        for message in self._line.stream(folder, begin):
            state, header = item_state(message), _header_of(message)
            if state is not None and header is not None and message.uid and message.uid not in done:
                done.add(message.uid)
                yield message.uid, state, header

    # -- content -----------------------------------------------------------------------------------------------------

    def fetch(
        self, folder: str, ids: Iterable[str], *, headers_only: bool, kind: FolderKind = FolderKind.MAIL
    ) -> Iterator[Fetched | Failure]:
        """Read messages, in the server's order.

        A message at which the connection breaks is left out as a failure, so that it does not keep the others back.

        Args:
            folder: Where they are.
            ids: Which.
            headers_only: Leave their bodies out.
            kind: What the folder is made for.
        """
        uids = uids_of(ids)
        if not uids:
            return
        # What an item other than mail is and is called stands in its body.
        short = headers_only and kind is FolderKind.MAIL
        messages = self._messages(folder, uids, HEADER if short else MESSAGE)
        if self._parsers is None or headers_only or not self._parsers.pay_for(len(uids)):
            for message in messages:
                yield message if isinstance(message, Failure) else _result(folder, *_read(message, headers_only, kind))
        else:
            sources = (m if isinstance(m, Failure) else _source(m, kind) for m in messages)
            for got in self._parsers.run(sources):
                yield got if isinstance(got, Failure) else _result(folder, *got)

    def _messages(self, folder: str, uids: UidSet, items: tuple[str, ...]) -> Iterator[Message | Failure]:
        """Stream messages, past lost connections and messages that the server cannot read."""
        left = set(uids)
        losses = 0
        suspect = 0
        while left:
            mailbox = self._line.open(folder)
            try:
                part = UidSet.of([suspect]) if suspect in left else UidSet.of(left)
                for message in mailbox.fetch(part, items):
                    if message.uid in left and _is_whole(message):
                        left.discard(message.uid)
                        losses = 0
                        yield message
                if suspect in left:
                    left.discard(suspect)  # it is gone
                elif not suspect:
                    return
                suspect = 0
            except GeneratorExit:
                if len(left) > _FEW:
                    self._line.drop()  # what was asked for is still to come, and nobody wants it
                raise
            except ImapOvertakenError:
                continue
            except LOST as error:
                self._line.drop()
                losses += 1
                if losses >= _MOST_LOSSES:
                    raise translated(error) from error
                if suspect in left:
                    left.discard(suspect)
                    yield Failure(str(suspect), of_item(error, folder, str(suspect)))
                suspect = min(left, default=0)
            except ImapNoError as error:
                yield from self._one_by_one(folder, sorted(left), items, error)
                return
            except ImapError as error:
                raise translated(error, folder) from error

    def _one_by_one(
        self, folder: str, left: Sequence[int], items: tuple[str, ...], refused: ImapNoError
    ) -> Iterator[Message | Failure]:
        """Find out which messages a server refuses that refused some of many."""
        there = self._line.read(lambda _: self._line.open(folder).still_there(UidSet.of(left)), folder)
        for uid in there:
            try:
                found = self._line.read(partial(self._one, folder, uid, items), folder)
            except FolderError as error:
                yield Failure(str(uid), of_item(error, folder, str(uid)))
                continue
            yield found if found is not None else Failure(str(uid), of_item(refused, folder, str(uid)))

    def _one(self, folder: str, uid: int, items: tuple[str, ...], _: ImapClient) -> Message | None:
        found = list(self._line.open(folder).fetch(UidSet.of([uid]), items))
        return next((message for message in found if message.uid == uid and _is_whole(message)), None)


def uids_of(ids: Iterable[str]) -> UidSet:
    """Return the UIDs among ids; those that are none are left out, as nothing has them."""
    return UidSet.of(int(id_) for id_ in ids if _NUMBER.fullmatch(id_) and int(id_) <= MAX_NUMBER)


def _header_mail(header: bytes) -> Mail:
    try:
        return formats.parse(header)
    except FormatError:
        return Mail()


def _without_digest(mail: Mail) -> Identity:
    """Return the name and the title of a mail whose content is not known."""
    return replace(identify(mail), digest="")


def _is_whole(message: Message) -> bool:
    told = message.flags is not None and message.size is not None
    return told and (message.body is not None or _header_of(message) is not None)


def _header_of(message: Message) -> bytes | None:
    for name, value in message.other.items():
        if name.startswith("BODY[HEADER") and (value is None or isinstance(value, bytes)):
            return value or b""
    return None


def _name(state: ItemState) -> str:
    return state.identity.name if state.identity else ""


def _read(message: Message, headers_only: bool, kind: FolderKind) -> tuple[ItemState, Parsed | Exception]:
    state, source = _source(message, kind)
    try:
        return state, parsed(source, headers_only=headers_only)
    except Exception as error:  # whatever is wrong with one message, the others are to come
        return state, error


def _source(message: Message, kind: FolderKind) -> tuple[ItemState, Source]:
    state = item_state(message)
    assert state is not None
    body = message.body if message.body is not None else _header_of(message) or b""
    return state, Source(body, state.flags, message.internal_date, kind)


def _result(folder: str, state: ItemState, got: Parsed | Exception) -> Fetched | Failure:
    if isinstance(got, Exception):
        return Failure(state.id, of_item(got, folder, state.id))
    return Fetched(replace(state, identity=got.identity), got.content, got.notice)
