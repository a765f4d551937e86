"""What a user is told in the Inbox: that a message did not reach some of its recipients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailconnector.app.account.model import Account
from mailconnector.app.send.ledger import NotDelivered
from mailconnector.app.send.letters import Letter, new_id
from mailconnector.items import Address, Mail

_NAME = "Mail Connector"


def note_about(letter: Letter, refused: Sequence[NotDelivered], account: Account, now: datetime) -> Mail:
    """Return the note that a message did not go to some of its recipients."""
    lines = "\n".join(f"    {one.recipient}\n        {one.text}" for one in refused)
    others = len(letter.recipients) - len(refused)
    return Mail(
        subject=f"Undeliverable: {letter.title}",
        author=Address(_NAME, account.address),
        to=(Address(account.name, account.address),),
        date=now,
        message_id=new_id(account),
        in_reply_to=letter.message_id,
        references=(letter.message_id,),
        text=(
            f"Your message\n\n    {letter.title}\n\nwas not delivered to these recipients; the server said:\n\n"
            f"{lines}\n\nIt went to the other {others}.\n"
        ),
    )
