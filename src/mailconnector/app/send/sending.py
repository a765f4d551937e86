"""Sending one message that the user names: it goes by way of the Outbox, so that it is not lost whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.send.delivering import Choice, Means, deliver
from mailconnector.app.send.fates import Told
from mailconnector.app.send.ledger import Ledger, LetterState
from mailconnector.app.send.letters import Letter, made_ready, new_id
from mailconnector.app.send.outbox import Outbox
from mailconnector.app.send.trust import Trusted
from mailconnector.app.sync.job import Job
from mailconnector.items import Address, Flags, Item, mail_of, with_mail
from mailconnector.stores.pst.errors import open_for_sync

_WAIT = 60.0  # seconds for a round of the account to end


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a message is to be sent.

    Attributes:
        on_behalf_of: in whose name; empty for what the message says.
        again: it is another message, though one of its id has gone.
    """

    on_behalf_of: str = ""
    again: bool = False


def letter_of(item: Item, account: Account, job: Job, wanted: Wanted, means: Means) -> Letter:
    """Return a message that the user names as it would be sent; nothing is done.

    Raises:
        NotAllowedError: it is in the name of somebody who does not let the user send on their behalf.
        LetterError: it has no recipients, or one without an address.
        ImapError: whether the user may is not to be found out.
    """
    mail = mail_of(item)
    author = mail.author
    if wanted.on_behalf_of and (author is None or author.email.lower() != wanted.on_behalf_of.lower()):
        author = Address("", wanted.on_behalf_of)
    # What somebody did with a copy of it is not the new message's.
    mail = replace(mail, author=author, flags=Flags(seen=True), received=None)
    if wanted.again:
        mail = replace(mail, message_id=new_id(account), date=None)
    may_act_for = means.may_act_for or Trusted(account, job).may_act_for
    return made_ready(with_mail(item, mail), account, may_act_for, datetime.fromtimestamp(means.clock(), UTC))


def send_item(item: Item, account: Account, job: Job, wanted: Wanted | None = None, means: Means | None = None) -> Told:
    """Send a message; what became of it is returned. Where it does not go now, it is in the Outbox.

    Args:
        item: the message, with its recipients.
        account: whose user sends it.
        job: its job.
        wanted: how.
        means: what to go by.

    Raises:
        NotAllowedError: it is in the name of somebody who does not let the user send on their behalf.
        AppUsageError: it cannot be sent so, or has gone already.
        AppInUseError: the account is in use.
        MailConnectorError: the PST cannot be used. In each case nothing was sent, nor put into the Outbox.
    """
    wanted, means = wanted or Wanted(), means or Means()
    with held_lock(job.lock_path, f"the account {job.account}", wait=_WAIT):
        letter = letter_of(item, account, job, wanted, means)
        _refuse_twice(letter, account)
        if not account.pst_path.exists():
            job.open_local().close()
        with open_for_sync(account.pst_path) as store, store.transaction():
            nid = Outbox(store).add(letter, datetime.fromtimestamp(means.clock(), UTC))
        # What allowed it a moment ago need not be asked again.
        owner = letter.authorship.author.email
        means = replace(means, may_act_for=lambda address: address == owner)
        report = deliver(account, job, Choice(frozenset((nid,)), insist=True), means)
    if report.error is not None:
        raise report.error
    return report.letters[0]


def _refuse_twice(letter: Letter, account: Account) -> None:
    if not account.outbox_path.exists():
        return
    with Ledger(account.outbox_path) as ledger:
        known = ledger.get(letter.message_id)
    if known is not None:
        went = datetime.fromtimestamp(known.at, UTC)
        gone = known.state in (LetterState.FILED, LetterState.GONE)
        raise AppUsageError(
            f"this message {'was sent' if gone else 'is in the Outbox'} already: {letter.message_id}, {went:%Y-%m-%d}",
            hint="--again sends it as another message." if gone else "See `mailconnector outbox list`.",
        )
