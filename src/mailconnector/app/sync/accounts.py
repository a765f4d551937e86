"""From a profile to what is synchronised: which accounts, and how their stores are opened."""

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mailconnector import pst
from mailconnector.app import send
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.profile import Account, Profile, ProfileError
from mailconnector.app.account.submission import connect_smtp
from mailconnector.app.delegate.copying import INBOX, Copying, CopyReport
from mailconnector.app.errors import AppUsageError
from mailconnector.app.send.fates import OutboxReport
from mailconnector.app.send.ledger import next_try
from mailconnector.app.sync.folder_choices import follow_renames
from mailconnector.app.sync.job import Job, OpenStore, WaitingStore
from mailconnector.stores import ImapStore, Preparation, PstStore
from mailconnector.sync import State


def chosen_accounts(profile: Profile, key: str | None) -> list[Account]:
    """Return the account that the user named, or all that are to be kept in step.

    Raises:
        AppUsageError: there is none, or the one named is not to be kept in step.
    """
    if key is not None:
        account = profile.account(key)
        if not account.mapping:
            raise AppUsageError(
                f"the account {account.key} is not to be kept in step: its mapping is off",
                path=str(profile.path),
                hint=f"Run `mailconnector account edit {account.key} --mapping`.",
            )
        return [account]
    if not profile.accounts:
        return [profile.account()]  # says that there is none, and what to do
    found = [account for account in profile.accounts.values() if account.mapping]
    if not found:
        raise AppUsageError(f"no account in {profile.path} is to be kept in step: the mapping of all is off")
    return found


def job_for(account: Account, current: Callable[[], Account] | None = None) -> Job:
    """Return an account's job.

    Args:
        account: the account.
        current: returns the account as the user wants it by now; None for as it is given.
    """
    wanted = current or (lambda: account)
    stores = _Stores(account)

    def copy_requests(state: State, cancelled: Callable[[], bool]) -> CopyReport | None:
        return Copying(
            account.address, state, partial(connect, account), partial(connect_smtp, account), cancelled
        ).run()

    def send_waiting(asked: bool, cancelled: Callable[[], bool]) -> OutboxReport | None:
        if wanted().outbox != "send":
            return None
        # Whoever asks for a run has perhaps mended what was in the way.
        return send.deliver(account, job, send.Choice(insist=asked), send.Means(cancelled=cancelled))

    def send_again() -> float | None:
        return next_try(account.outbox_path) if wanted().outbox == "send" else None

    def announce() -> None:
        with connect(account) as client:
            client.access.announce(INBOX)

    job = Job(
        account.key,
        account.state_path,
        lambda: wanted().settings(),
        stores.open_local,
        stores.open_remote,
        account.pst_path,
        partial(follow_renames, account),
        copy_requests,
        send_waiting,
        send_again,
        announce,
    )
    return job


@dataclass(slots=True)
class _Stores:
    """The two stores of an account. The remote one parses mail, and makes it ready for the local one that is open."""

    account: Account
    _opened: Callable[[], PstStore | None] = lambda: None

    def open_local(self) -> OpenStore:
        account = self.account
        _make_missing(account)
        store = PstStore.open(account.pst_path, account.index_path, own_addresses=account.own_addresses)
        self._opened = weakref.ref(store)
        return store

    def open_remote(self) -> WaitingStore:
        account = self.account
        return ImapStore(
            lambda: connect(account),
            parsers=_parsers(),
            book=account.kinds_path,
            preparation=self._preparation,
            views=account.views_path,
            login=account.imap_server.login,
            language=self._language,
        )

    def _preparation(self) -> Preparation | None:
        local = self._opened()
        return None if local is None else local.preparation

    def _language(self) -> str:
        local = self._opened()
        return "" if local is None else local.language


def _parsers() -> int:
    """Return how many processes may parse mail: one where there is a core for it beside the one that stores."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if usable > 1 else 0


def _make_missing(account: Account) -> None:
    """Make the PST of an account that was never synchronised; one that was there once gets no empty successor."""
    path = account.pst_path
    if path.exists():
        return
    if account.index_path.exists():
        raise AppUsageError(
            f"the PST {path} of the account {account.key} is gone",
            path=str(path),
            hint="Bring it back, or connect the drive that it is on. To begin with a new one: "
            f"`mailconnector pst create {path}`; what is on the server is then brought into it.",
        )
    if not path.parent.is_dir():
        raise AppUsageError(f"there is no folder {path.parent} for the PST", path=str(path), hint="Make it first.")
    pst.create_store(path, name=account.key, usual_folders=True).close()


@dataclass(slots=True)
class LiveProfile:
    """A profile that is read again when its file was changed, for a service that stays.

    A profile that makes no sense just now, as while it is being edited, is passed over: what was read last holds.

    Attributes:
        profile: what was read last.
    """

    profile: Profile
    _stamp: tuple[int, int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._stamp = _stamp(self.profile.path)

    def jobs(self, key: str | None) -> Sequence[Job]:
        """Return the jobs of the accounts that the user named; their settings follow the file."""
        return [job_for(account, partial(self._current, account)) for account in chosen_accounts(self.profile, key)]

    def _current(self, account: Account) -> Account:
        with self._lock:
            now = _stamp(self.profile.path)
            if now is not None and now != self._stamp:
                self._stamp = now
                with contextlib.suppress(ProfileError):
                    self.profile = Profile.load(self.profile.path)
            return self.profile.accounts.get(account.key, account)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
