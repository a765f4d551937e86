"""Who makes the copies of meeting requests for delegates: the server's filter, else this connector. It is never both.

The filter comes first: it works while no program of ours runs. A connector takes its place where the server has no
filters, or none that can do it. The change from one to the other goes by places in the Inbox: what came in before is
the one's, what comes later the other's. So the rule is taken out of the filter before the place is looked up where a
connector begins, and the place where a connector ends is written down before the rule is put in.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum

from mailconnector.app.account.model import Account
from mailconnector.app.delegate.copying import INBOX
from mailconnector.app.delegate.delegating import Delegating
from mailconnector.app.delegate.filters import DEFAULT_PORT, NoFilterError, connect_filters, plan_requests_to
from mailconnector.app.delegate.ledger import Copy, CopyLedgerError, Ledger, read_ledger, write_ledger
from mailconnector.app.delegate.record import Delegate, Place, Record
from mailconnector.app.errors import AppUsageError, SecretError
from mailconnector.imap import ImapClient
from mailconnector.sieve import SieveError
from mailconnector.sync import State


class Way(Enum):
    """Who makes copies.

    Attributes:
        FILTER: The owner's filter on the server.
        CONNECTOR: This connector, whenever it synchronises.
        ELSEWHERE: A connector of the owner's on another computer, or with another profile.
    """

    FILTER = "filter"
    CONNECTOR = "connector"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Arranged:
    """What came of it.

    Attributes:
        record: what is noted down now.
        way: who makes copies now; None where there are none to make.
        failure: why it is not as wanted; empty where it is.
        why: why it is not the filter that makes them; empty where it is, or where that was the user's wish.
        moment: how many messages came in while one took over from the other: of these copies may be missing.
        unsure: why it is not known whether the filter, which had the rule, makes copies still; empty where it is.
    """

    record: Record
    way: Way | None
    failure: str = ""
    why: str = ""
    moment: int = 0
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Arranging:
    """Has copies made for the delegates of an account.

    Attributes:
        account: the account.
        delegating: its delegates.
        client: a session with its mail server.
        host: the server of filters; empty for the mail server.
        port: its port.
    """

    account: Account
    delegating: Delegating
    client: ImapClient
    host: str = ""
    port: int = DEFAULT_PORT

    def way(self, record: Record) -> Way | None:
        """Return who makes copies, as is noted down.

        Raises:
            CopyLedgerError: what this connector knows of copies is damaged.
        """
        if not record.copied_to:
            return None
        if not record.copier:
            return Way.FILTER
        ledger = self._ledger()
        return Way.CONNECTOR if ledger is not None and ledger.copier == record.copier else Way.ELSEWHERE

    def copies(self) -> tuple[Copy, ...]:
        """Return what this connector remembers of the copies that it made. Raises what `way` does."""
        ledger = self._ledger()
        return ledger.copies if ledger is not None else ()

    def arrange(self, before: Record, wanted: Record, by: Way | None = None) -> Arranged:
        """Have copies made for those who are to get them, and write the record down.

        What cannot be arranged is not written down either: all else of the record is. What this connector knew of
        copies is given up where it is damaged: whoever makes them begins anew.

        Args:
            before: what is noted down.
            wanted: what is to be.
            by: who is to make the copies; None for the filter where it can.

        Raises:
            ImapError: the mail server does not answer, or does not take the record.
        """
        was = self._way_of(before)
        if not wanted.copied_to:
            return self._none(before, wanted, was)
        if by is Way.CONNECTOR:
            return self._by_connector(before, wanted, was, why="", insists=True)
        arranged = self._by_filter(before, wanted, was)
        if not arranged.failure or by is Way.FILTER or was is Way.FILTER:
            # A filter that cannot be asked now may work nevertheless, and then each copy would come twice.
            return arranged
        return self._by_connector(before, wanted, was, why=arranged.failure, insists=False)

    def reduce(self, before: Record, wanted: Record) -> Arranged:
        """Have copies made for fewer delegates, by whoever makes them. Raises what `arrange` does."""
        was = self._way_of(before)
        if not wanted.copied_to:
            return self._none(before, wanted, was)
        if was is Way.FILTER:
            return self._by_filter(before, wanted, was)
        self.delegating.save(wanted)
        return Arranged(wanted, was)

    def _none(self, before: Record, wanted: Record, was: Way | None) -> Arranged:
        if was is Way.FILTER and (failure := self._without_rule()):
            kept = _requests_as_before(before, wanted)
            self.delegating.save(kept)
            return Arranged(kept, was, failure)
        record = replace(wanted, copier="", until=None)
        self.delegating.save(record)
        self._give_up_damaged()
        return Arranged(record, None)

    def _by_filter(self, before: Record, wanted: Record, was: Way | None) -> Arranged:
        kept = _requests_as_before(before, wanted)
        try:
            with connect_filters(self.account, self.host, self.port) as filters:
                put = plan_requests_to(filters, wanted.copied_to)
                until = before.until
                if was in (Way.CONNECTOR, Way.ELSEWHERE):
                    until = self._place()
                record = replace(wanted, copier="", until=until)
                if was is not Way.FILTER:
                    self.delegating.save(record)
                try:
                    put()
                except SieveError:
                    self.delegating.save(kept)
                    raise
        except _TROUBLE as error:
            self.delegating.save(kept)
            return Arranged(kept, self._way_of(kept), _words(error))
        self.delegating.save(record)
        self._give_up_damaged()
        ended = was in (Way.CONNECTOR, Way.ELSEWHERE) and until is not None
        moment = self._place().uid - until.uid if ended and until is not None else 0
        return Arranged(record, Way.FILTER, moment=moment)

    def _by_connector(self, before: Record, wanted: Record, was: Way | None, *, why: str, insists: bool) -> Arranged:
        if self.account.smtp_server is None:
            kept = _requests_as_before(before, wanted)
            self.delegating.save(kept)
            words = f"{why} " if why else ""
            failure = (
                f"{words}The account has no server to send by either, so Mail Connector cannot do it: "
                f"`mailconnector account edit {self.account.key} --smtp-host HOST`."
                if why
                else f"the account has no server to send by: `mailconnector account edit {self.account.key} "
                "--smtp-host HOST`"
            )
            return Arranged(kept, self._way_of(kept), failure)
        start = self._place()
        unsure = ""
        if was is Way.FILTER and (failure := self._without_rule()):
            if not insists:
                kept = _requests_as_before(before, wanted)
                self.delegating.save(kept)
                return Arranged(kept, was, failure)
            unsure = failure
        place = self._place()
        copier = self._own_name()
        until = before.until
        fresh = was is not Way.CONNECTOR
        if was is Way.ELSEWHERE:
            until = place  # the other one ends here
        if fresh and was is not Way.ELSEWHERE:
            until = None
        delegates = {
            login: one
            if not one.requests or (not fresh and one.since is not None and _had(before, login))
            else replace(one, since=place)
            for login, one in wanted.delegates.items()
        }
        record = replace(wanted, delegates=delegates, copier=copier, until=until)
        self.delegating.save(record)
        moment = place.uid - start.uid if was is Way.FILTER and place.validity == start.validity else 0
        return Arranged(record, Way.CONNECTOR, "", why, moment, unsure)

    def _without_rule(self) -> str:
        """Have the filter send requests to nobody; return why it cannot, empty where it does."""
        try:
            with connect_filters(self.account, self.host, self.port) as filters:
                plan_requests_to(filters, ())()
        except _TROUBLE as error:
            return _words(error)
        return ""

    def _place(self) -> Place:
        """Return where the next message of the Inbox will be."""
        status = self.client.mailboxes.status(INBOX)
        return Place(status.uid_validity or 0, status.uid_next or 1)

    def _own_name(self) -> str:
        """Return this connector's name; from then on it looks for requests whenever it synchronises."""
        self.account.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give_up_damaged()
        with closing(State(str(self.account.state_path))) as state:
            ledger = read_ledger(state)
            if ledger is None:
                ledger = Ledger.new(time.time())
                write_ledger(state, ledger)
            return ledger.copier

    def _ledger(self) -> Ledger | None:
        if not self.account.state_path.exists():
            return None
        with closing(State(str(self.account.state_path))) as state:
            return read_ledger(state)

    def _way_of(self, record: Record) -> Way | None:
        """Return who makes copies, not this connector where it does not know itself by its damaged ledger."""
        try:
            return self.way(record)
        except CopyLedgerError:
            return Way.ELSEWHERE

    def _give_up_damaged(self) -> None:
        """Remove a damaged ledger, once all is arranged that it stood for: until then each synchronisation tells."""
        try:
            self._ledger()
        except CopyLedgerError:
            with closing(State(str(self.account.state_path))) as state:
                write_ledger(state, None)


_TROUBLE = (SieveError, NoFilterError, AppUsageError, SecretError)


def _words(error: SieveError | NoFilterError | AppUsageError | SecretError) -> str:
    return f"{str(error).rstrip('.')}. {error.hint}".strip()


def _had(record: Record, login: str) -> bool:
    found = record.delegates.get(login)
    return found is not None and found.requests


def _requests_as_before(before: Record, wanted: Record) -> Record:
    """Return a record in which copies go on as they did, to those addresses, and all else is as wanted.

    Whoever gets copies still, and was to be struck out, is in it for that alone.
    """
    delegates = {}
    for login in dict.fromkeys((*before.delegates, *wanted.delegates)):
        was, one = before.delegates.get(login), wanted.delegates.get(login)
        if one is None:
            if was is not None and was.requests:
                delegates[login] = Delegate(login, was.address, requests=True, since=was.since)
        elif was is not None and was.requests:
            delegates[login] = replace(one, address=was.address, requests=True, since=was.since)
        else:
            delegates[login] = replace(one, requests=False, since=None)
    return Record(delegates, before.copier, before.until)
