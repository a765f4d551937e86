"""Messages on their way from the Outbox to the submission server, each at most once.

1. Nothing goes that the ledger does not know of: it is written down before the mark of the message's end is sent.
2. A message whose end was sent and not answered is held, whoever asks, until its user has decided.
3. A message that has gone leaves the Outbox in one transaction of the file; cut off before it, the next run does that
   and sends nothing.
4. A message in somebody's name who does not allow it stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from mailconnector.app.account.model import Account
from mailconnector.app.account.steps import StepError, StepName
from mailconnector.app.account.submission import connect_smtp
from mailconnector.app.errors import AppUsageError, SecretError
from mailconnector.app.send.authorship import NotAllowedError
from mailconnector.app.send.fates import Fate, OutboxReport, Told
from mailconnector.app.send.ledger import Entry, Ledger, LetterState, NotDelivered
from mailconnector.app.send.letters import Letter, LetterError, letter_id, made_ready, new_id
from mailconnector.app.send.notes import note_about
from mailconnector.app.send.outbox import Outbox, Waiting
from mailconnector.app.send.trust import Trusted
from mailconnector.app.sync.job import Job
from mailconnector.errors import MailConnectorError
from mailconnector.formats import FormatError
from mailconnector.imap import ImapError
from mailconnector.items import Item
from mailconnector.mapi.types import MapiError
from mailconnector.pst import PstDiskError, PstError, Store
from mailconnector.smtp import SmtpClient, SmtpError, SmtpRefusedError, SmtpUnknownError, Submitted
from mailconnector.stores.pst.errors import open_for_sync

_FIRST_PAUSE, _LAST_PAUSE = 60.0, 3600.0  # seconds until a message is tried again
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages are to be sent.

    Attributes:
        only: the places of these; None for all that lie ready.
        insist: try those as well that were refused, or whose next try is later.
        again: send those again of which nobody knows whether they have gone.
    """

    only: frozenset[int] | None = None
    insist: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What sending goes by.

    Attributes:
        connect: makes a session with an account's submission server.
        may_act_for: tells whether the owner of an address lets the user send on their behalf; None to ask the server.
        clock: returns the time, POSIX seconds.
        cancelled: asked between two messages whether to end.
    """

    connect: Callable[[Account], SmtpClient] = connect_smtp
    may_act_for: Callable[[str], bool] | None = None
    clock: Callable[[], float] = lambda: datetime.now(UTC).timestamp()
    cancelled: Callable[[], bool] = lambda: False


def deliver(account: Account, job: Job, choice: Choice | None = None, means: Means | None = None) -> OutboxReport:
    """Send what lies ready in an account's Outbox. The caller holds the account's lock.

    Whatever becomes of single messages is in the report; the rest of them goes on.

    Args:
        account: whose Outbox.
        job: its job.
        choice: which messages; those that lie ready and are due by default.
        means: what to go by.
    """
    told: list[Told] = []
    try:
        if account.smtp is None:
            raise AppUsageError(
                f"the account {account.key} has no server to send by",
                path=str(account.profile),
                hint=f"Run `mailconnector account edit {account.key} --smtp-host HOST`.",
            )
        if not account.pst_path.exists():
            return OutboxReport()
        with open_for_sync(account.pst_path) as store:
            waiting = Outbox(store).messages()
            if not waiting and not account.outbox_path.exists():
                return OutboxReport()
            with (
                Ledger(account.outbox_path) as ledger,
                _Run(account, job, store, ledger, choice or Choice(), means or Means()) as run,
            ):
                run.begin(waiting)
                for one in waiting:
                    if run.means.cancelled():
                        break
                    found = run.one(one)
                    if found is not None:
                        told.append(found)
    except MailConnectorError as error:
        return OutboxReport(tuple(told), error)
    return OutboxReport(tuple(told))


class _Run:
    """One run through the Outbox, with one session at most."""

    def __init__(self, account: Account, job: Job, store: Store, ledger: Ledger, choice: Choice, means: Means) -> None:
        self.means = means
        self._account = account
        self._store = store
        self._outbox = Outbox(store)
        self._ledger = ledger
        self._choice = choice
        self._client: SmtpClient | None = None
        self._down: MailConnectorError | None = None
        self._may_act_for = means.may_act_for or Trusted(account, job).may_act_for

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.__exit__(kind, error, trace)

    def begin(self, waiting: list[Waiting]) -> None:
        """Bring the ledger up to date."""
        # What its user has opened again is a message of its own from then on.
        self._ledger.settle({one.nid for one in waiting if one.ready}, self.means.clock())

    def one(self, waiting: Waiting) -> Told | None:
        """Do what is to be done about a message now; None where nothing is, and nothing is known."""
        choice = self._choice
        if not waiting.ready or (choice.only is not None and waiting.nid not in choice.only):
            return None
        now = self.means.clock()
        try:
            item = self._outbox.item(waiting.nid)
            if not letter_id(item, self._account):
                with self._store.transaction():
                    waiting = self._outbox.name(waiting.nid, new_id(self._account))
                item = self._outbox.item(waiting.nid)
        except PstDiskError:
            raise
        except (PstError, MapiError) as error:
            return Told(waiting.nid, waiting.title, Fate.REFUSED, reason=f"it cannot be read: {error}", hint=error.hint)
        known = self._known(waiting, item)
        if known.state is LetterState.GONE:
            return self._file(waiting, item, known)
        if held := self._held(waiting, known, now):
            return held
        return self._try(waiting, item, replace(known, attempts=known.attempts + 1, at=now))

    def _known(self, waiting: Waiting, item: Item) -> Entry:
        """Return what is known of a message."""
        id_ = letter_id(item, self._account)
        known = self._ledger.get(id_) or Entry(id_, waiting.nid)
        known = replace(known, nid=waiting.nid, title=waiting.title)
        if known.state is LetterState.FILED:
            went = datetime.fromtimestamp(known.at, UTC)
            reason = f"a message of the same id went on {went:%Y-%m-%d %H:%M} UTC"
            known = replace(known, state=LetterState.UNKNOWN, reason=reason, hint="", accepted=(), refused=())
        if known.state is LetterState.REFUSED and known.version != waiting.version:
            known = replace(known, state=LetterState.WAITING, next_try=0.0, attempts=0)
        return known

    def _held(self, waiting: Waiting, known: Entry, now: float) -> Told | None:
        """Return why a message is not tried now; None where it is."""
        if known.state is LetterState.UNKNOWN and not self._choice.again:
            return told_of(waiting, known)
        if known.state is LetterState.REFUSED and not self._choice.insist:
            return told_of(waiting, known)
        if waiting.due is not None and waiting.due.timestamp() > now:
            if not known.reason and known.next_try != waiting.due.timestamp():
                known = self._ledger.put(replace(known, next_try=waiting.due.timestamp()))
            return told_of(waiting, known)
        # Without a reason it waited for its time, which its user may have changed.
        if known.state is LetterState.WAITING and known.reason and known.next_try > now and not self._choice.insist:
            return told_of(waiting, known)
        return None

    # -- one try -----------------------------------------------------------------------------------------------------

    def _try(self, waiting: Waiting, item: Item, known: Entry) -> Told:
        now = datetime.fromtimestamp(known.at, UTC)
        try:
            letter = made_ready(item, self._account, self._may_act_for, now)
        except (NotAllowedError, LetterError, FormatError) as error:
            return self._refuse(waiting, known, error)
        except (ImapError, SecretError) as error:
            reason = f"whether you may send on somebody's behalf is not known: {error}"
            return self._later(waiting, known, reason, error.hint)
        left = _left(letter, known)
        if not left:
            return self._finish(waiting, letter, known)
        try:
            done = self._session().submit(
                letter.sender, left, letter.data, ending=lambda accepted: self._under_way(known, accepted)
            )
        except SmtpUnknownError as error:
            entry = replace(
                known, state=LetterState.UNKNOWN, reason=error.message, hint=error.hint, stake=error.recipients
            )
            return told_of(waiting, self._ledger.put(entry))
        except SmtpRefusedError as error:
            return self._refused(waiting, letter, known, error)
        except SmtpError as error:
            if error.lasting:
                return self._refuse(waiting, known, error)
            if self._client is not None:
                self._client.close()
            return self._later(waiting, known, str(error), error.hint)
        except (StepError, SecretError) as error:
            # The others would meet the same, and wrong passwords lock accounts.
            self._down = error
            return self._later(waiting, known, str(error), error.hint, slowly=_wants_user(error))
        return self._taken(waiting, letter, known, done)

    def _session(self) -> SmtpClient:
        if self._down is not None:
            raise self._down
        if self._client is None or not self._client.is_open:
            self._client = self.means.connect(self._account)
        return self._client

    def _under_way(self, known: Entry, accepted: Sequence[str]) -> None:
        self._ledger.put(replace(known, state=LetterState.UNDER_WAY, stake=tuple(accepted), reason="", hint=""))

    def _refused(self, waiting: Waiting, letter: Letter, known: Entry, error: SmtpRefusedError) -> Told:
        """Deal with a server that took nothing: of the sender, of the message, or of all recipients that are left."""
        if not error.refused:
            if error.lasting:
                return self._refuse(waiting, known, error)
            return self._later(waiting, known, str(error), error.hint)
        return self._taken(waiting, letter, known, Submitted((), error.refused))

    def _taken(self, waiting: Waiting, letter: Letter, known: Entry, done: Submitted) -> Told:
        """Write down who got the message; the others are tried again, or told of."""
        accepted = (*known.accepted, *done.accepted)
        lasting = [NotDelivered(one.recipient, f"{one.code} {one.text}") for one in done.refused if one.lasting]
        passing = [one for one in done.refused if not one.lasting]
        known = replace(known, accepted=accepted, refused=(*known.refused, *lasting), stake=())
        if passing:
            words = "; ".join(f"{one.recipient}: {one.code} {one.text}" for one in passing)
            return self._later(waiting, known, f"the server does not take it for all yet: {words}", "")
        if not accepted:
            words = "; ".join(f"{one.recipient}: {one.text}" for one in known.refused)
            # To be tried as a whole when its user wants it so.
            known = replace(known, refused=())
            entry = replace(known, state=LetterState.REFUSED, version=waiting.version, reason=words, hint=_ADDRESSES)
            return told_of(waiting, self._ledger.put(entry))
        return self._finish(waiting, letter, known)

    def _finish(self, waiting: Waiting, letter: Letter, known: Entry) -> Told:
        known = self._ledger.put(replace(known, state=LetterState.GONE, reason="", hint=""))
        return self._filed(waiting, letter, known)

    def _file(self, waiting: Waiting, item: Item, known: Entry) -> Told:
        """File a message that went when the program ended before it could."""
        now = datetime.fromtimestamp(self.means.clock(), UTC)
        letter = made_ready(item, self._account, lambda owner: True, now)
        return self._filed(waiting, letter, known)

    def _filed(self, waiting: Waiting, letter: Letter, known: Entry) -> Told:
        now = datetime.fromtimestamp(self.means.clock(), UTC)
        with self._store.transaction():
            self._outbox.file(waiting.nid, letter, now)
            if known.refused:
                self._outbox.tell(note_about(letter, known.refused, self._account, now))
        self._ledger.put(replace(known, state=LetterState.FILED, at=now.timestamp()))
        fate = Fate.PARTLY if known.refused else Fate.SENT
        return Told(waiting.nid, waiting.title, fate, known.id, known.accepted, known.refused)

    def _refuse(self, waiting: Waiting, known: Entry, error: MailConnectorError) -> Told:
        entry = replace(
            known, state=LetterState.REFUSED, version=waiting.version, reason=str(error), hint=error.hint, stake=()
        )
        return told_of(waiting, self._ledger.put(entry))

    def _later(self, waiting: Waiting, known: Entry, reason: str, hint: str, *, slowly: bool = False) -> Told:
        pause = (
            _LAST_PAUSE if slowly else min(_FIRST_PAUSE * 2.0 ** min(known.attempts - 1, _MOST_DOUBLINGS), _LAST_PAUSE)
        )
        entry = replace(known, state=LetterState.WAITING, reason=reason, hint=hint, next_try=known.at + pause, stake=())
        return told_of(waiting, self._ledger.put(entry))


_ADDRESSES = "Check the addresses, and send it again."


def _left(letter: Letter, known: Entry) -> list[str]:
    done = {*known.accepted, *(one.recipient for one in known.refused)}
    return [one for one in letter.recipients if one not in done]


def _wants_user(error: MailConnectorError) -> bool:
    """Whether an error stays until somebody does something."""
    return not isinstance(error, StepError) or error.step not in (StepName.NAME, StepName.CONNECTION, StepName.PROTOCOL)


def told_of(waiting: Waiting, known: Entry | None) -> Told:
    """Return what is known of a message in the Outbox."""
    if not waiting.ready:
        return Told(waiting.nid, waiting.title, Fate.OPEN)
    due = waiting.due
    if known is None:
        return Told(waiting.nid, waiting.title, Fate.READY if due is None else Fate.DEFERRED, again=due)
    fate = {
        LetterState.REFUSED: Fate.REFUSED,
        LetterState.UNKNOWN: Fate.UNKNOWN,
        LetterState.UNDER_WAY: Fate.UNKNOWN,
        LetterState.FILED: Fate.UNKNOWN,
    }.get(known.state, Fate.WAITING)
    again = datetime.fromtimestamp(known.next_try, UTC) if fate is Fate.WAITING and known.next_try else None
    if fate is Fate.WAITING and not known.reason:
        fate, again = (Fate.READY, None) if due is None else (Fate.DEFERRED, due)
    return Told(
        waiting.nid,
        waiting.title,
        fate,
        known.id,
        known.accepted,
        known.refused,
        known.reason,
        known.hint,
        again,
    )
