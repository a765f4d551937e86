"""A user with a PST, and a submission server that says what a test has it say."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from mailconnector import pst
from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.account.steps import StepError, StepName
from mailconnector.app.send.delivering import Choice, Means, deliver
from mailconnector.app.send.fates import OutboxReport, Told
from mailconnector.app.sync.accounts import job_for
from mailconnector.app.sync.job import Job
from mailconnector.items import Address, Item, Mail
from mailconnector.mapi import tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.smtp import SmtpClient
from tests.scripted_smtp import Answer, Server, session

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
BOB = Address("Bob", "bob@x.example")
SUBMITTED, UNSENT, READ, FROM_ME = 0x04, 0x08, 0x01, 0x20


def letter(**values: Any) -> Mail:
    """A message as Outlook has it before it goes."""
    usual = Mail(subject="Hello", author=BOB, to=(Address("", "carol@x.example"),), text="Hi\n")
    return replace(usual, **values)


@dataclass
class User:
    """Bob, who sends.

    Attributes:
        server: what the submission server answers.
        extensions: what it can do.
        trusts: who lets Bob send on their behalf.
        down: why there is no session to be had.
        now: the time.
    """

    account: Account
    job: Job
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    extensions: str = "8BITMIME"
    trusts: frozenset[str] = frozenset()
    down: StepError | None = None
    now: datetime = NOW
    asked: list[str] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def means(self) -> Means:
        return Means(self._connect, self._may, self.now.timestamp)

    def _connect(self, account: Account) -> SmtpClient:
        if self.down is not None:
            raise self.down
        client, server = self._open.enter_context(session(self.extensions, **self.answers))
        self.servers.append(server)
        client.greet()
        return client

    def _may(self, address: str) -> bool:
        self.asked.append(address)
        return address in self.trusts

    @property
    def went(self) -> list[bytes]:
        """The messages that the server was given, whatever it said."""
        return [message for server in self.servers for message in server.messages]

    def put(self, item: Item, flags: int = SUBMITTED | UNSENT | READ, **values: Any) -> int:
        """Put a message into the Outbox as Outlook does; more properties by their names."""
        message = to_mapi(item)
        message.properties |= {tags.PidTagMessageFlags: flags, tags.PidTagSearchKey: b"0123456789abcdef"}
        message.properties |= {getattr(tags, name): value for name, value in values.items()}
        return self.add(message)

    def add(self, message: MessageObject, folder: str = "Outbox") -> int:
        with pst.open_store(self.account.pst_path, writable=True) as store, store.transaction():
            return store.folder_at(folder).add_message(message).nid

    def deliver(self, choice: Choice | None = None) -> OutboxReport:
        try:
            return deliver(self.account, self.job, choice, self.means)
        finally:
            self._open.close()

    def one(self, choice: Choice | None = None) -> Told:
        report = self.deliver(choice)
        assert report.error is None, report.error
        (told,) = report.letters
        return told

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def in_folder(self, path: str) -> list[Mail]:
        """What a folder of the PST holds, as mail."""
        with pst.open_store(self.account.pst_path) as store:
            items = [from_mapi(one.to_object()) for one in store.folder_at(path).messages()]
        return [item if isinstance(item, Mail) else item.mail for item in items]

    def properties(self, nid: int) -> Properties:
        with pst.open_store(self.account.pst_path) as store:
            return store.message(nid).to_object().properties

    def folder_of(self, nid: int) -> str:
        with pst.open_store(self.account.pst_path) as store:
            return store.message(nid).folder.name

    def folder_id(self, path: str) -> bytes:
        with pst.open_store(self.account.pst_path) as store:
            return store.entry_id(store.folder_at(path).nid)


def new_user(directory: Path, *, format: Literal["unicode", "ansi"] = "unicode", **values: Any) -> User:
    """Bob, with an empty PST."""
    with Profile.change(directory / "profile.toml") as draft:
        server = {"host": "127.0.0.1", "secret": {"variable": "NO_SECRET"}}
        told = {"name": "Bob", "address": "bob@x.example", "pst": "bob.pst", "imap": server, "smtp": server, **values}
        draft.add("bob", told)
    profile = Profile.load(directory / "profile.toml")
    profile.make_data_directory()
    account = profile.account("bob")
    pst.create_store(account.pst_path, format=format, name="bob", usual_folders=True).close()
    return User(account, job_for(account))


def no_connection() -> StepError:
    return StepError(StepName.CONNECTION, "nothing listens", hint="Check the port.")


def filetime(moment: datetime) -> FileTime:
    return FileTime.from_datetime(moment)
