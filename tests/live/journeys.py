"""Journeys of mail: from one server into a PST file and on to another server, read at each stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mailconnector import pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.profile import Account
from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.imap import Upload
from mailconnector.lab import MailServer
from mailconnector.mapi.objects import MessageObject
from tests.live.accounts import account_of, command, profile_on

Format = Literal["unicode", "ansi"]
Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """A message as a server holds it.

    Attributes:
        data: Its bytes.
        flags: Flags and keywords in lower case, without \\Recent.
        date: When the server received it.
    """

    data: bytes
    flags: frozenset[str]
    date: datetime | None


@dataclass(frozen=True)
class Stop:
    """A user's mailbox on a server that a PST file is kept in step with.

    Attributes:
        profile: The profile of this account alone, so that several may share the PST file.
        account: The account.
    """

    profile: Path
    account: Account

    def sync(self, *arguments: object) -> None:
        """Synchronise; both sides must be in step."""
        answer = command("sync", "--profile", self.profile, *arguments)
        assert answer.code == 0, answer.out + answer.err

    def is_quiet(self) -> bool:
        """Synchronise once more, and tell whether there was nothing to do."""
        answer = command("sync", "--profile", self.profile, "--json")
        assert answer.code == 0, answer.out
        outcome = answer.json["accounts"][0]
        return not outcome["done"] and not outcome["folders"]

    def put(self, mailbox: str, letters: Iterable[Letter]) -> None:
        """Put messages onto the server."""
        with connect(self.account) as client:
            if not client.mailboxes.exists(mailbox):
                client.mailboxes.create(mailbox)
            uploads = [Upload(one.data, one.flags, one.date) for one in letters]
            for outcome in client.uploads.append_many(mailbox, uploads):
                assert outcome.error is None, (uploads[outcome.index].data[:200], outcome.error)

    def takes(self, letters: Sequence[Letter]) -> list[Letter]:
        """Those of some messages that the server takes at all."""
        with connect(self.account) as client:
            client.mailboxes.create("Trial")
            outcomes = list(client.uploads.append_many("Trial", [Upload(one.data) for one in letters]))
            client.mailboxes.delete("Trial")
        return [letters[outcome.index] for outcome in outcomes if outcome.error is None]

    def names(self) -> list[str]:
        """The names of the user's mailboxes that can be selected, as the server has them."""
        with connect(self.account) as client:
            return sorted(one.name for one in client.mailboxes.list() if one.selectable)

    def letters(self, mailbox: str) -> list[Letter]:
        """The messages of a mailbox."""
        with connect(self.account) as client:
            selected = client.select(mailbox)
            uids = selected.search()
            if not uids:
                return []
            return [
                Letter(
                    one.body or b"",
                    frozenset(flag.lower() for flag in one.flags or ()) - {"\\recent"},
                    one.internal_date,
                )
                for one in selected.fetch(uids)
            ]


def stop(server: MailServer, directory: Path, file: Path, user: str = "") -> Stop:
    """A new user of a server whose mailbox belongs to a PST file."""
    user = user or server.fresh_user()
    directory.mkdir(parents=True, exist_ok=True)
    profile = profile_on(server, directory, user, pst=str(file))
    return Stop(profile, account_of(profile, user))


def new_file(path: Path, format: Format = "unicode") -> Path:
    """A new PST file with the usual folders."""
    pst.create_store(path, format=format, usual_folders=True).close()
    return path


_NO_MAIL = ("IPF.Appointment", "IPF.Contact", "IPF.Task", "IPF.StickyNote", "IPF.Journal")


def stored(file: Path) -> Iterator[tuple[Path_, MessageObject]]:
    """What is in the mail folders of a PST file, with its folder; the file is open as long as this goes on."""
    with pst.open_store(file) as store:
        for walked in walk_folders(store.ipm_subtree, _fail):
            other = walked.folder.is_search_folder or walked.folder.container_class.startswith(_NO_MAIL)
            if walked.path and not other:
                for message in walked.folder.messages():
                    yield walked.path, message.to_object()


def _fail(folder: object, error: Exception) -> None:
    raise error
