"""Meeting requests are sent on to delegates by the owner's connector, where the server's filter cannot do it.

It looks through what is new in the Inbox on the server, whatever the PST says, and gives a copy of each meeting request
to the account's submission server. The states that a copy goes through:

1. Found: it is WAITING in the ledger, in one commit with the place up to which the Inbox was looked through. So no
   message is found twice, and none is missed.
2. The message has gone but the mark of its end: SENDING. Before that commit the server cannot take it.
3. The server has answered: SENT, or WAITING again, or FAILED.
4. SENDING that is found at the start of a run, or an answer that never came: UNKNOWN. That is told, and not sent again.

A message that comes into the Inbox again - moved there and back, or under other UIDs - is known by its name, and an old
one by when it was delivered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from mailconnector.app.delegate.ledger import Copy, Fate, Ledger, read_ledger, write_ledger
from mailconnector.app.delegate.record import OWN_ENTRY, Delegate, Place, Record, read_own
from mailconnector.app.delegate.requests import Request, find_requests
from mailconnector.app.delegate.resending import resent
from mailconnector.app.errors import AppError
from mailconnector.errors import MailConnectorError
from mailconnector.imap import ImapClient, ImapProtocolError, SelectedMailbox, UidSet
from mailconnector.imap import searching as search
from mailconnector.smtp import SmtpClient, SmtpError, SmtpUnknownError
from mailconnector.sync import State

INBOX = "INBOX"

_MOST = 100  # copies of one run
_AT_ONCE = 200  # messages that are asked about in one command
_MAX_UID = (1 << 32) - 1
_MOST_TRIES = 20
_FIRST_PAUSE, _LAST_PAUSE = 60.0, 6 * 3600.0
_PATIENCE = 5 * 86_400.0  # seconds until a copy is given up that no server takes


class CopyError(AppError):
    """A copy did not go, or nobody knows whether it did."""


@dataclass(frozen=True, slots=True)
class CopyTrouble:
    """What went wrong with a copy, or with all of them.

    Attributes:
        subject: the meeting request; empty where it is about all.
        to: for whom it was; empty where it is about all.
        error: what went wrong.
    """

    subject: str
    to: str
    error: MailConnectorError


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a run has done for delegates.

    Attributes:
        sent: the copies that went.
        waiting: how many are to go in later runs.
        troubles: what went wrong.
    """

    sent: tuple[Copy, ...] = ()
    waiting: int = 0
    troubles: tuple[CopyTrouble, ...] = ()


@dataclass(slots=True)
class Copying:
    """A connector that makes copies of meeting requests.

    Attributes:
        owner: the owner's address.
        state: the state file.
        connect: opens a session with the mail server.
        submission: opens a session with the submission server, for the length of a `with` block.
        cancelled: asked between two messages whether to end.
        clock: returns the time, POSIX seconds.
    """

    owner: str
    state: State
    connect: Callable[[], ImapClient]
    submission: Callable[[], AbstractContextManager[SmtpClient]]
    cancelled: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.time
    _sent: list[Copy] = field(default_factory=list)
    _troubles: list[CopyTrouble] = field(default_factory=list)
    _client: ImapClient | None = None
    _ledger: Ledger = field(default_factory=lambda: Ledger("", 0.0))

    def run(self) -> CopyReport | None:
        """Find what is new and send it on; None where this connector makes no copies.

        Raises:
            ImapError: the mail server does not answer.
            SecretError: a password cannot be had.
            StateError: the state file cannot be written.
            CopyLedgerError: what this connector knows of copies is damaged.
        """
        ledger = read_ledger(self.state)
        if ledger is None:
            return None
        self._ledger = ledger
        self._tell_unknown()
        try:
            record = read_own(self._connected().annotations.get(INBOX, [OWN_ENTRY]).get(OWN_ENTRY))
            mailbox = self._find(record)
            addresses = {one.address for one in record.copied_to}
            self._keep([copy for copy in self._ledger.copies if copy.fate is not Fate.WAITING or copy.to in addresses])
            self._send(mailbox)
        finally:
            self._disconnect()
        waiting = len(self._waiting())
        if record.copier != ledger.copier and not waiting and not self.cancelled():
            write_ledger(self.state, None)  # somebody else makes them from here on, or nobody
        else:
            self._write(self._ledger.pruned(self.clock()))
        return CopyReport(tuple(self._sent), waiting, tuple(self._troubles))

    # -- finding -----------------------------------------------------------------------------------------------------

    def _find(self, record: Record) -> SelectedMailbox:
        """Write down the copies that are to be made of what is new in the Inbox, which is selected afterwards."""
        mailbox = self._connected().select(INBOX, read_only=True)
        validity, uid_next = mailbox.state.uid_validity, mailbox.state.uid_next or 1
        last = _MAX_UID
        if record.copier != self._ledger.copier:
            if record.until is None or record.until.validity != validity:
                return mailbox
            last = record.until.uid - 1
        looked = self._ledger.looked
        if looked is None:
            looked = min(
                (one.since for one in record.copied_to if one.since and one.since.validity == validity),
                key=lambda place: place.uid,
                default=Place(validity, uid_next),
            )
            mailbox = self._begin(mailbox, looked)
        if looked.validity == validity:
            new = search.uids(UidSet.span(looked.uid, last)) if looked.uid <= last else None
        else:
            # All UIDs are other ones. What waits gets its own again when it is found.
            self._write(replace(self._ledger, copies=tuple(replace(copy, uid=0) for copy in self._ledger.copies)))
            new = search.since(_day(self._ledger.since))
            looked = Place(validity, 1)
        found = mailbox.search(new) & UidSet.span(looked.uid, last) if new is not None else UidSet()
        for some in found.split(count=_AT_ONCE):
            if self.cancelled():
                return mailbox
            mailbox, requests = self._requests(mailbox, some)
            for request in requests:
                self._note(request, record, validity)
            self._write(replace(self._ledger, looked=Place(validity, max(some) + 1)))
        end = max(looked.uid, min(uid_next, last + 1), *(uid + 1 for uid in found))
        if self._ledger.looked != Place(validity, end):
            self._write(replace(self._ledger, looked=Place(validity, end)))
        return mailbox

    def _begin(self, mailbox: SelectedMailbox, start: Place) -> SelectedMailbox:
        """Note the requests that came shortly before: their UIDs, and the time, may not tell that they did."""
        recent = mailbox.search(search.since(_day(self._ledger.since))) & UidSet.span(1, start.uid - 1)
        for some in recent.split(count=_AT_ONCE):
            mailbox, requests = self._requests(mailbox, some)
            for one in requests:
                if one.arrived >= self._ledger.since:
                    self._ledger = self._ledger.having(Copy(one.name, "", one.uid, "", Fate.OLD, self.clock()))
        return mailbox

    def _requests(self, mailbox: SelectedMailbox, uids: UidSet) -> tuple[SelectedMailbox, list[Request]]:
        """Return the requests among messages. One whose form cannot be read keeps none of the others back."""
        try:
            return mailbox, find_requests(mailbox, uids)
        except ImapProtocolError as error:
            self._disconnect()
            mailbox = self._connected().select(INBOX, read_only=True)
            numbers = list(uids)
            if len(numbers) == 1:
                text = f"the message with the UID {numbers[0]} in your Inbox cannot be looked into: {error}"
                self._trouble(CopyError(text, hint="Look whether it is a meeting request that delegates should see."))
                return mailbox, []
        half = len(numbers) // 2
        mailbox, first = self._requests(mailbox, UidSet.of(numbers[:half]))
        mailbox, rest = self._requests(mailbox, UidSet.of(numbers[half:]))
        return mailbox, first + rest

    def _note(self, request: Request, record: Record, validity: int) -> None:
        """Note the copies of one request; none where it is one itself, or an old message that came back."""
        known = [copy for copy in self._ledger.copies if copy.name == request.name]
        for copy in known:
            if copy.fate is Fate.WAITING and copy.uid != request.uid:
                self._ledger = self._ledger.having(replace(copy, uid=request.uid))
        if request.is_copy or request.arrived < self._ledger.since:
            return
        ours = record.copier == self._ledger.copier
        for one in record.copied_to:
            if not ours and one.since is None:
                continue  # somebody who came when it was not us any more
            if {one.address.lower(), one.login.lower()} & request.had_by or self._ledger.knows(
                request.name, one.address
            ):
                continue
            if _is_before(request, one, validity) or (known and not _has_place(one, validity)):
                continue
            self._ledger = self._ledger.having(
                Copy(request.name, one.address, request.uid, request.subject, Fate.WAITING, self.clock())
            )

    # -- sending -----------------------------------------------------------------------------------------------------

    def _send(self, mailbox: SelectedMailbox) -> None:
        waiting = self._waiting()[:_MOST]
        if not waiting or self.clock() < self._ledger.pause or self.cancelled():
            return
        try:
            with self.submission() as session:
                for copy in waiting:
                    if self.cancelled() or not session.is_open:
                        return
                    self._send_one(mailbox, session, copy)
        except (SmtpError, AppError) as error:
            self._pause()
            self._trouble(error)
            return
        if self._ledger.failures:
            self._write(replace(self._ledger, failures=0, pause=0.0))

    def _send_one(self, mailbox: SelectedMailbox, session: SmtpClient, copy: Copy) -> None:
        message = self._message(mailbox, copy.uid)
        if message is None:
            self._settle(copy, Fate.FAILED, CopyError("it is not in your Inbox any more"))
            return
        content = resent(
            message, owner=self.owner, to=copy.to, name=copy.name, now=datetime.fromtimestamp(self.clock(), UTC)
        )

        def ending(accepted: Sequence[str]) -> None:
            self._put(replace(copy, fate=Fate.SENDING, at=self.clock()))

        try:
            session.submit(self.owner, [copy.to], content, ending=ending)
        except SmtpUnknownError as error:
            self._settle(copy, Fate.UNKNOWN, error)
        except SmtpError as error:
            late = copy.tries + 1 >= _MOST_TRIES or self.clock() - copy.at > _PATIENCE
            if error.lasting or late:
                self._settle(copy, Fate.FAILED, error)
            else:
                self._put(replace(copy, tries=copy.tries + 1))
                self._pause()
                self._trouble(error, copy)
        else:
            done = replace(copy, fate=Fate.SENT, at=self.clock())
            self._put(done)
            self._sent.append(done)

    def _message(self, mailbox: SelectedMailbox, uid: int) -> bytes | None:
        if not uid:
            return None
        for answer in mailbox.fetch(UidSet.of((uid,)), ("BODY.PEEK[]",)):
            if answer.uid == uid and answer.body is not None:
                return answer.body
        return None

    def _tell_unknown(self) -> None:
        """Tell what was under way when an earlier run ended: nobody knows whether it went."""
        for copy in self._ledger.copies:
            if copy.fate is Fate.SENDING:
                error = CopyError(
                    "nobody knows whether it went: the program ended before the server answered",
                    hint=f"Ask {copy.to}, and forward the request where it did not come.",
                )
                self._settle(copy, Fate.UNKNOWN, error)

    # -- the ledger --------------------------------------------------------------------------------------------------

    def _waiting(self) -> list[Copy]:
        return [copy for copy in self._ledger.copies if copy.fate is Fate.WAITING]

    def _settle(self, copy: Copy, fate: Fate, error: MailConnectorError) -> None:
        self._put(replace(copy, fate=fate, at=self.clock()))
        self._trouble(error, copy)

    def _put(self, copy: Copy) -> None:
        self._write(self._ledger.having(copy))

    def _keep(self, copies: Sequence[Copy]) -> None:
        if len(copies) != len(self._ledger.copies):
            self._write(replace(self._ledger, copies=tuple(copies)))

    def _pause(self) -> None:
        """Leave the servers alone for a while, the longer the more often it failed: a login that is wrong locks."""
        pause = min(_FIRST_PAUSE * 2 ** min(self._ledger.failures, 20), _LAST_PAUSE)
        self._write(replace(self._ledger, failures=self._ledger.failures + 1, pause=self.clock() + pause))

    def _write(self, ledger: Ledger) -> None:
        if ledger is not self._ledger:
            write_ledger(self.state, ledger)
            self._ledger = ledger

    def _trouble(self, error: MailConnectorError, copy: Copy | None = None) -> None:
        self._troubles.append(CopyTrouble(copy.subject if copy else "", copy.to if copy else "", error))

    # -- the line ----------------------------------------------------------------------------------------------------

    def _connected(self) -> ImapClient:
        if self._client is None or self._client.closed:
            self._client = self.connect()
        return self._client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.logout()
            self._client = None


def _day(at: float) -> date:
    """Return a day that has not begun later anywhere on the earth: servers count days in a time zone of their own."""
    return datetime.fromtimestamp(at - 86_400.0, UTC).date()


def _is_before(request: Request, delegate: Delegate, validity: int) -> bool:
    """Tell whether a request came in before somebody was to get copies."""
    return _has_place(delegate, validity) and delegate.since is not None and request.uid < delegate.since.uid


def _has_place(delegate: Delegate, validity: int) -> bool:
    return delegate.since is not None and delegate.since.validity == validity
