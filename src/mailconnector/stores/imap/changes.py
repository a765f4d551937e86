"""What has changed in a mailbox since it was last looked at, by the cheapest way that the server knows.

A cursor is ``validity:modseq:uidnext:messages``, what STATUS and SELECT tell of a mailbox with mod-sequences (RFC
7162). Where it is as it was, there is nothing to ask. Where it moved, the server streams what changed, and with QRESYNC
what vanished; without, that is what is missing among all UIDs. Without mod-sequences there is no cursor, and a listing
of all flags, dates and sizes.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import chain

from mailconnector.imap import Fetched, ImapClient, ImapCommandError, SelectedMailbox, UidSet
from mailconnector.imap.protocol import MailboxState
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.responses import StatusItems, Vanished
from mailconnector.imap.selected import SUMMARY
from mailconnector.stores.imap.flags import MOST_KEYWORDS, from_server, kept_flags
from mailconnector.stores.imap.folders import cursor_of, rights_of
from mailconnector.stores.imap.line import Line
from mailconnector.sync.flags import DELETED, FlagDomain
from mailconnector.sync.store import Changes, ItemState, Rights

_CURSOR = re.compile(r"([0-9]{1,10}):([0-9]{1,20}):([0-9]{1,10}):([0-9]{1,10})")
_MOST_VANISHED = 20_000  # beyond that, and beyond twice the messages there are, a listing of all costs less
_RIGHTS_LAST = 600.0  # seconds for which MYRIGHTS is believed


@dataclass(frozen=True, slots=True)
class Mark:
    """A cursor that was read."""

    validity: int
    modseq: int
    uid_next: int
    messages: int

    @classmethod
    def read(cls, cursor: str) -> Mark | None:
        """Return what a cursor says; None for one that is not ours."""
        match = _CURSOR.fullmatch(cursor)
        return cls(*(int(number) for number in match.groups())) if match else None


class ChangeReader:
    """Reads the changes of one server's mailboxes.

    Args:
        line: To the server.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._rights: dict[str, tuple[float, Rights]] = {}

    def know_rights(self, folder: str, rights: Rights) -> None:
        """Note what a listing has told of the rights on a folder."""
        self._rights[folder] = (time.monotonic(), rights)

    def changes(self, folder: str, cursor: str) -> Changes:
        """Open a folder and tell what is different since a cursor; everything for one that does not fit."""
        selected = self._line.look(folder)
        state = selected.state
        self._line.validities[folder] = state.uid_validity
        now = cursor_of(_status(state))
        rights, flags = self._allowed(folder, state)
        validity = str(state.uid_validity)
        mark = Mark.read(cursor)
        if mark and now and mark.validity == state.uid_validity:
            if cursor == now:
                return Changes((), now, (), False, validity, rights, flags)
            # A mod-sequence that fell, or stood still while messages came, is not to be trusted.
            if mark.modseq < (state.highest_modseq or 0) and mark.uid_next <= (state.uid_next or 0):
                found = self._since(folder, selected, mark)
                if found is not None:
                    items, vanished = found
                    return Changes(items, now, vanished, False, validity, rights, flags)
        everything = self._line.stream(folder, lambda mailbox: mailbox.fetch(None, SUMMARY))
        return Changes(_items(everything), now, (), True, validity, rights, flags)

    def _since(
        self, folder: str, selected: SelectedMailbox, mark: Mark
    ) -> tuple[Iterable[ItemState], Iterable[str]] | None:
        """Begin to read what changed; None where so much vanished that a listing of everything costs less."""
        state = selected.state
        ever = UidSet.span(1, (state.uid_next or 1) - 1)
        most = max(_MOST_VANISHED, 2 * state.exists)
        gone: list[UidSet] = []
        if "QRESYNC" not in selected.session.enabled and (state.exists, state.uid_next) != (
            mark.messages,
            mark.uid_next,
        ):
            gone.append(ever - self._line.read(lambda client: self._line.open(folder).search(), folder))
        stream = self._line.stream(folder, lambda mailbox: mailbox.delta(mark.modseq))
        changed = _without_vanished(stream, gone)
        # What vanished comes before what changed (RFC 7162 section 3.2.6): with the first change all of it is known.
        first = next(changed, None)
        if sum(len(uids & ever) for uids in gone) > most:
            return None
        items = _items(chain((first,), changed) if first else ())
        return items, (str(uid) for uids in gone for uid in uids & ever)

    def _allowed(self, folder: str, state: MailboxState) -> tuple[Rights, FlagDomain]:
        quirks = self._line.client.quirks
        keywords = frozenset(flag for flag in state.flags if not flag.startswith("\\"))
        is_full = Quirk.KEYWORDS_ARE_FEW in quirks and len(keywords) >= MOST_KEYWORDS
        domain = kept_flags(
            state.permanent_flags,
            read_only=state.read_only,
            short=Quirk.KEYWORDS_ARE_SHORT in quirks,
            keywords=keywords if is_full else None,
        )
        rights, told = self._told_rights(folder)
        if state.read_only and not told:
            rights &= ~Rights.ADD
        if not domain.flags:
            rights &= ~Rights.FLAGS
        if DELETED not in domain.flags:
            rights &= ~Rights.DELETE
        return rights, domain

    def _told_rights(self, folder: str) -> tuple[Rights, bool]:
        at, rights = self._rights.get(folder, (float("-inf"), Rights.ALL))
        if time.monotonic() - at < _RIGHTS_LAST:
            return rights, True

        def ask(client: ImapClient) -> Rights | None:
            if client.session.has("ACL"):
                # Some servers offer ACL and refuse MYRIGHTS.
                with contextlib.suppress(ImapCommandError):
                    return rights_of(client.access.mine(folder))
            return None

        told = self._line.read(ask, folder)
        if told is None:
            return Rights.ALL, False
        self.know_rights(folder, told)
        return told, True


def item_state(message: Fetched) -> ItemState | None:
    """Return a message as a listing shows it; None for an answer that does not tell all of it."""
    if message.uid is None or message.flags is None or message.size is None:
        return None
    when = message.internal_date
    return ItemState(
        str(message.uid), from_server(message.flags), revision_of(message), message.size, when and when.astimezone(UTC)
    )


def revision_of(message: Fetched) -> str:
    """Return what differs between a message and one that a program put in its place: its size and its date."""
    when = message.internal_date
    return f"{message.size}:{int(when.timestamp()) if when else ''}"


def _items(messages: Iterable[Fetched]) -> Iterator[ItemState]:
    for message in messages:
        if (state := item_state(message)) is not None:
            yield state


def _without_vanished(stream: Iterator[Fetched | Vanished], gone: list[UidSet]) -> Iterator[Fetched]:
    for answer in stream:
        if isinstance(answer, Vanished):
            gone.append(answer.uids)
        else:
            yield answer


def _status(state: MailboxState) -> StatusItems:
    return StatusItems(state.exists, state.uid_next, state.uid_validity, state.highest_modseq)
