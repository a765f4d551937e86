"""A message made ready: its people by rule, what is missing put in, and the bytes that go.

What goes is read again before it does: it says From and Sender as the rule does, and no blind copies.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppUsageError
from mailconnector.app.send.authorship import Authorship, authorship
from mailconnector.formats import as_sent, render_outgoing
from mailconnector.formats.mail import addresses, words
from mailconnector.items import Address, Item, Mail, mail_of, with_mail
from mailconnector.items.headers import fields as header_fields
from mailconnector.items.message_ids import MADE_DOMAIN


class LetterError(AppUsageError):
    """A message cannot be sent as it is: it has no recipients, or one without an address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is ready to go.

    Attributes:
        item: as its author keeps it: with blind copies, and with what was put in.
        authorship: who it is from.
        message_id: its id, angle brackets included.
        recipients: the addresses that it goes to.
        data: its bytes.
    """

    item: Item
    authorship: Authorship
    message_id: str
    recipients: tuple[str, ...]
    data: bytes

    @property
    def title(self) -> str:
        """What its author calls it."""
        return mail_of(self.item).subject

    @property
    def sender(self) -> str:
        """The address that the server knows it by, and where failures are reported to."""
        return self.authorship.submitter.email


def letter_id(item: Item, account: Account) -> str:
    """Return the Message-ID that a message has, or is going to have; the same one however often it is asked for.

    Empty for one that has neither an id nor a key in a store.
    """
    written = mail_of(item).message_id.strip()
    if not written:
        return ""
    local, _, domain = written.strip("<>").rpartition("@")
    # An id of the store's key is not for the world; the same key with our domain is.
    return f"<{local}@{account.address.rpartition('@')[2]}>" if domain == MADE_DOMAIN else written


def new_id(account: Account) -> str:
    """Return a Message-ID that nothing has."""
    return f"<{uuid.uuid4().hex}@{account.address.rpartition('@')[2]}>"


def made_ready(item: Item, account: Account, may_act_for: Callable[[str], bool], now: datetime) -> Letter:
    """Make a message ready.

    Args:
        item: the message as Outlook or a file has it.
        account: whose user sends it.
        may_act_for: see `authorship`.
        now: its date, where it has none.

    Raises:
        NotAllowedError: it is in the name of somebody who does not let the user send on their behalf.
        LetterError: it has no recipients, or one without an address.
        FormatError: it cannot be written.
    """
    found = authorship(mail_of(item), account, may_act_for)
    message_id = letter_id(item, account) or new_id(account)
    mail = mail_of(item)
    reply_to = mail.reply_to
    if account.reply_to and not reply_to and found.sender is None:
        reply_to = (Address(account.name, account.reply_to),)
    mail = replace(
        mail,
        author=found.author,
        sender=found.sender,
        reply_to=reply_to,
        message_id=message_id,
        date=mail.date or now,
    )
    item = with_mail(item, mail)
    recipients = tuple(dict.fromkeys(_recipients(as_sent(item))))
    data = _with_organization(render_outgoing(item), account)
    _check(data, found)
    return Letter(item, found, message_id, recipients, data)


def _recipients(mail: Mail) -> Iterator[str]:
    people = (*mail.to, *mail.cc, *mail.bcc)
    if not people:
        raise LetterError("the message has no recipients", hint="Name somebody in To, Cc or Bcc.")
    for one in people:
        if one.kind != "SMTP" or "@" not in one.email:
            who = one.name or one.email
            raise LetterError(
                f"the recipient {who} has no Internet address", hint="Give the address instead of the name."
            )
        yield one.email


def _with_organization(data: bytes, account: Account) -> bytes:
    if not account.organization or any(name.lower() == b"organization" for name, _ in _header(data)):
        return data
    return words.field("Organization", account.organization) + data


def _header(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for _, name, value in header_fields(data.partition(b"\r\n\r\n")[0] + b"\r\n")]


def _check(data: bytes, wanted: Authorship) -> None:
    """Look whether the bytes say what they are to say: a kept header has a mind of its own.

    Raises:
        LetterError: they do not.
    """
    people: dict[bytes, list[str]] = {b"from": [], b"sender": [], b"bcc": []}
    for name, value in _header(data):
        if name.lower() in people:
            people[name.lower()] += [one.email.lower() for one in addresses.parse(value)] or [""]
    sender = [wanted.sender.email.lower()] if wanted.sender is not None else []
    if people != {b"from": [wanted.author.email.lower()], b"sender": sender, b"bcc": []}:
        raise LetterError(
            "the message's header names several authors, or another sender than you",
            hint="Write one address into From, and no Sender.",
        )
