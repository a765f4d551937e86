"""What happens to alice's mail in the demonstration: on the server as by other programs, in the PST as by Outlook."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconnector import formats, mapping, pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.model import Account
from mailconnector.app.demo import letters
from mailconnector.app.demo.letters import Letter
from mailconnector.app.errors import AppError
from mailconnector.imap import ImapClient, SelectedMailbox, UidSet, Upload, searching
from mailconnector.items import Address, Flags, Mail
from mailconnector.lab import StandingLab
from mailconnector.mapi import tags
from mailconnector.pst import Message, Store
from mailconnector.sync.identity import identify

_DELIVERY = 15.0  # seconds
_MAILBOXES: dict[tuple[str, ...], str] = {letters.INBOX: "INBOX", letters.SENT: "Sent"}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to alice's mail.

    Attributes:
        side: where: "local" for the PST, "remote" for the server.
        text: what.
    """

    side: str
    text: str


class DemoError(AppError):
    """The demonstration could not be shown: something in it did not go as it always goes."""


# -- the beginning -----------------------------------------------------------------------------------------------------


def fill_server(account: Account, mail: Iterable[Letter]) -> int:
    """Put mail onto the server, its folders made where they are missing; return how many messages it was."""
    by_mailbox: dict[str, list[Letter]] = {}
    for letter in mail:
        by_mailbox.setdefault(_MAILBOXES.get(letter.folder) or "/".join(letter.folder), []).append(letter)
    with connect(account) as client:
        for mailbox, found in by_mailbox.items():
            _put(client, mailbox, found)
    return sum(map(len, by_mailbox.values()))


def _put(client: ImapClient, mailbox: str, mail: list[Letter]) -> None:
    if not client.mailboxes.exists(mailbox):
        client.mailboxes.create(mailbox)
        client.mailboxes.subscribe(mailbox)
    uploads = (Upload(letter.data, letter.flags, letter.received) for letter in mail)
    for outcome in client.uploads.append_many(mailbox, uploads):
        if outcome.error is not None:
            raise outcome.error


def fill_pst(account: Account, mail: Iterable[Letter]) -> int:
    """Make the PST and put mail into it; return how many messages it was."""
    count = 0
    with pst.create_store(account.pst_path, name="Alice", usual_folders=True) as store, store.transaction():
        for letter in mail:
            flags = Flags(
                seen=letters.SEEN in letter.flags,
                answered=letters.ANSWERED in letter.flags,
                flagged=letters.FLAGGED in letter.flags,
            )
            item = formats.parse(letter.data, flags=flags, received=letter.received)
            store.folder_at(letter.folder, create=True).add_message(mapping.to_mapi(item))
            count += 1
    return count


# -- what others do on the server --------------------------------------------------------------------------------------


def change_server(account: Account, standing: StandingLab, now: datetime) -> Iterator[Deed]:
    """Do what happens on the server: deliveries, marks, a move, a deletion, folders."""
    for sender, data in letters.delivered(now):
        _send(standing, sender, account.address, data)
    _await_delivery(account, len(letters.delivered(now)))
    yield Deed("remote", "bob and carol send a message each, by SMTP")
    with connect(account) as client:
        inbox = client.select("INBOX")
        inbox.store(_uids(inbox, "Figures for the third quarter"), ["\\Flagged", "Budget"])
        yield Deed("remote", "Figures for the third quarter: flagged, keyword Budget")
        inbox.store(_uids(inbox, "Re: Ordre du jour de jeudi"), ["\\Seen"])
        yield Deed("remote", "Re: Ordre du jour de jeudi: read, on the phone")
        house = "/".join(letters.HOUSE)
        inbox.move(_uids(inbox, "見積書の件"), house)
        yield Deed("remote", f"見積書の件: moved to {house}")
        news = client.select("Newsletters")
        news.remove(_uids(news, "Neu in der Stadtbücherei, Nr. 118"))
        yield Deed("remote", "Neu in der Stadtbücherei, Nr. 118: deleted")
        news.remove(_uids(news, "Neu in der Stadtbücherei, Nr. 117"))
        yield Deed("remote", "Neu in der Stadtbücherei, Nr. 117: deleted")
        tax = letters.tax_letter(now)
        _put(client, "/".join(tax.folder), [tax])
        yield Deed("remote", f"new folder {tax.folder[0]}, with a message in it")
        client.mailboxes.rename("/".join(letters.MEETINGS), "Réunions du jeudi")
        yield Deed("remote", "folder Réunions: renamed to Réunions du jeudi")


def _send(standing: StandingLab, sender: str, to: str, data: bytes) -> None:
    server = standing.server("smtp")
    assert server is not None
    context = ssl.create_default_context(cafile=server.ca_file)
    try:
        with smtplib.SMTP_SSL(server.host, server.ports["smtps"], timeout=30, context=context) as smtp:
            smtp.login(sender, standing.passwords[sender])
            smtp.sendmail(f"{sender}@{letters.DOMAIN}", [to], data)
    except (OSError, smtplib.SMTPException) as error:
        raise DemoError(f"the message of {sender} could not be sent: {error}", hint=f"See {server.log_file}") from error


def _await_delivery(account: Account, count: int) -> None:
    until = time.monotonic() + _DELIVERY
    with connect(account) as client:
        while time.monotonic() < until:
            found = client.select("INBOX", read_only=True).search(searching.header("Message-ID", "thread-"))
            if len(found) >= count:
                return
            time.sleep(0.1)
    raise DemoError("the messages that were sent have not arrived")


def _uids(mailbox: SelectedMailbox, subject: str) -> UidSet:
    """Find a message by its whole subject."""
    for message in mailbox.fetch(None):
        if message.body is not None and message.uid and identify(formats.parse(message.body)).title == subject:
            return UidSet.of([message.uid])
    raise DemoError(f"the server has no message {subject!r}")


# -- what alice does in Outlook ----------------------------------------------------------------------------------------


def change_pst(account: Account, now: datetime) -> Iterator[Deed]:
    """Do what happens in the PST: a message written, marks, an edit, a move, a deletion, folders."""
    with pst.open_store(account.pst_path, writable=True) as store:
        with store.transaction():
            answer = Mail(
                subject="Re: Lunch on Friday?",
                author=Address("Alice Moreau", account.address),
                to=(Address("Bob Öztürk", f"bob@{letters.DOMAIN}"),),
                date=now,
                html="<html><body><p>Noon, then. I have booked a table at <b>Chez Élise</b>.</p></body></html>",
                text="Noon, then. I have booked a table at Chez Élise.\r\n",
                flags=Flags(seen=True),
            )
            store.folder_at("Sent Items").add_message(mapping.to_mapi(answer))
        yield Deed("local", "Re: Lunch on Friday?: written, now in Sent Items")
        with _message(store, letters.INBOX, "Grüße aus Köln") as message:
            _mark(message, Flags(seen=True, flagged=True, keywords=("Reise",)))
        yield Deed("local", "Grüße aus Köln: category Reise")
        with _message(store, letters.INBOX, "Welcome to the team") as message, message.edit() as draft:
            draft.set(tags.PidTagSubject, "Welcome to the team (first day: Monday)")
        yield Deed("local", "Welcome to the team: subject edited")
        news = "Neu in der Stadtbücherei, Nr. 117"
        with _message(store, ("Newsletters",), news) as message, message.edit() as draft:
            draft.set(tags.PidTagBody, "Note to myself: borrow the one about cheese.\r\n")
            draft.delete(tags.PidTagHtml)
        yield Deed("local", "Neu in der Stadtbücherei, Nr. 117: edited, while the server has lost it")
        with _message(store, letters.INBOX, "Lunch on Friday?") as message:
            message.move_to(store.folder_at(("Lunches",), create=True))
        yield Deed("local", "Lunch on Friday?: moved to a new folder Lunches")
        with _message(store, letters.OLD, "Invoice 2024-0117") as message:
            message.delete()
        yield Deed("local", "Invoice 2024-0117: deleted")
        store.folder_at(("Семья",)).rename("Семья и друзья")
        yield Deed("local", "folder Семья: renamed to Семья и друзья")


@contextmanager
def _message(store: Store, folder: tuple[str, ...], subject: str) -> Iterator[Message]:
    found = next((one for one in store.folder_at(folder).messages() if one.subject == subject), None)
    if found is None:
        raise DemoError(f"the PST has no message {subject!r} in {'/'.join(folder)}")
    yield found


def _mark(message: Message, flags: Flags) -> None:
    properties = message.to_object().properties
    message.set_properties(dict(mapping.flag_changes(properties, flags, message.subject)))


def moment() -> datetime:
    """Return the moment that the demonstration's mail is dated by."""
    return datetime.now(UTC).replace(microsecond=0)
