"""In whose name a message goes: From and Sender by one rule (RFC 5322 section 3.6.2, [MS-OXOMSG] 2.2.1.48 to 2.2.1.57).

From is the user, or somebody who lets the user send on their behalf; then Sender is the user. A message never goes
under the user's own name because it may not go under another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppError
from mailconnector.items import Address, Mail


class NotAllowedError(AppError):
    """A message is in the name of somebody who does not let the user send on their behalf.

    Attributes:
        owner: in whose name; an address, or a name where that is all that is known.
    """

    def __init__(self, message: str, *, owner: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who a message is from.

    Attributes:
        author: From.
        sender: Sender: the user, on somebody's behalf; None for a message of the user's own.
    """

    author: Address
    sender: Address | None = None

    @property
    def submitter(self) -> Address:
        """The user, under the address that the server knows the message by."""
        return self.sender or self.author


def authorship(mail: Mail, account: Account, may_act_for: Callable[[str], bool]) -> Authorship:
    """Return who a message is from.

    Outlook has the owner in PidTagSentRepresenting* and the delegate in PidTagSender*, or nobody there yet.

    Args:
        mail: the message.
        account: the user's.
        may_act_for: tells whether the owner of an address lets the user send on their behalf; asked only when needed.

    Raises:
        NotAllowedError: it is in the name of somebody who does not.
    """
    author = mail.author
    if author is None:
        return Authorship(_myself(account))
    if _is_own(author, account):
        return Authorship(author if author.name else Address(account.name, author.email))
    if author.kind != "SMTP" or "@" not in author.email:
        who = author.name or author.email
        raise NotAllowedError(
            f"the message is from {who}, of whom no Internet address is known",
            owner=who,
            hint="Choose a sender with an Internet address in Outlook, and send it again.",
        )
    if not may_act_for(author.email):
        raise NotAllowedError(
            f"{author.email} does not let you send on their behalf",
            owner=author.email,
            hint="They can, with `mailconnector delegate add ACCOUNT YOU --on-behalf`. If the address is your own, it "
            "is one of the account's `aliases`.",
        )
    sender = mail.sender if mail.sender is not None and _is_own(mail.sender, account) else _myself(account)
    return Authorship(author, sender)


def _myself(account: Account) -> Address:
    return Address(account.name, account.address)


def _is_own(address: Address, account: Account) -> bool:
    return address.email.lower() in account.own_addresses
