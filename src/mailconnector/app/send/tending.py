"""The Outbox in its user's hands: what lies in it and why, and what is to become of a message that is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mailconnector import pst
from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.send.delivering import told_of
from mailconnector.app.send.fates import Fate, Told
from mailconnector.app.send.ledger import Entry, Ledger, LetterState
from mailconnector.app.send.letters import letter_id, made_ready
from mailconnector.app.send.outbox import Outbox, Waiting
from mailconnector.app.sync.job import Job
from mailconnector.stores.pst.errors import open_for_sync

_WAIT = 60.0  # seconds for a round of the account to end


def outbox_letters(account: Account) -> tuple[Told, ...]:
    """Return what lies in the Outbox, and what is known of it.

    Raises:
        PstError: the file cannot be read.
        LedgerError: what is known of it cannot.
    """
    if not account.pst_path.exists():
        return ()
    with pst.open_store(account.pst_path) as store:
        outbox = Outbox(store)
        waiting = outbox.messages()
        if not account.outbox_path.exists():
            return tuple(told_of(one, None) for one in waiting)
        with Ledger(account.outbox_path) as ledger:
            return tuple(told_of(one, ledger.get(letter_id(outbox.item(one.nid), account))) for one in waiting)


def have_sent(account: Account, job: Job, nid: int) -> Told:
    """File a message among those that have gone: its user knows that it has.

    Raises:
        AppUsageError: there is no such message in the Outbox, or its user has not sent it.
        AppInUseError: the account is in use.
    """
    now = datetime.now(UTC)
    with held_lock(job.lock_path, f"the account {job.account}", wait=_WAIT), open_for_sync(account.pst_path) as store:
        outbox = Outbox(store)
        waiting = _found(outbox, account, nid)
        if not waiting.ready:
            raise AppUsageError(f"{waiting.title or 'the message'} was opened again, and not sent by its user")
        letter = made_ready(outbox.item(nid), account, lambda owner: True, now)
        with Ledger(account.outbox_path) as ledger:
            known = ledger.get(letter.message_id) or Entry(letter.message_id, nid, title=waiting.title)
            accepted = tuple(dict.fromkeys((*known.accepted, *(known.stake or letter.recipients))))
            known = ledger.put(replace(known, state=LetterState.GONE, accepted=accepted, stake=(), at=now.timestamp()))
            with store.transaction():
                outbox.file(nid, letter, now)
            ledger.put(replace(known, state=LetterState.FILED))
    return Told(nid, waiting.title, Fate.SENT, letter.message_id, accepted)


def take_back(account: Account, job: Job, nid: int) -> Told:
    """Put a message into Drafts; it is not sent.

    Raises:
        AppUsageError: there is no such message in the Outbox.
        AppInUseError: the account is in use.
    """
    with held_lock(job.lock_path, f"the account {job.account}", wait=_WAIT), open_for_sync(account.pst_path) as store:
        outbox = Outbox(store)
        waiting = _found(outbox, account, nid)
        known = letter_id(outbox.item(nid), account)
        with store.transaction():
            outbox.reopen(nid)
        if account.outbox_path.exists():
            with Ledger(account.outbox_path) as ledger:
                ledger.forget(known)
    return Told(nid, waiting.title, Fate.OPEN, known)


def _found(outbox: Outbox, account: Account, nid: int) -> Waiting:
    found = next((one for one in outbox.messages() if one.nid == nid), None)
    if found is None:
        raise AppUsageError(
            f"the Outbox of {account.key} has no message {nid:#x}",
            path=str(account.pst_path),
            hint=f"`mailconnector outbox list {account.key}` shows what it has.",
        )
    return found
