"""Accounts coming, changing and going: the profile, the keyring, the PST and the program's own files together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mailconnector import pst
from mailconnector.app.account.found import SERVICES, Service
from mailconnector.app.account.model import ACCOUNT_NAME, Account, Server
from mailconnector.app.account.profile import Profile
from mailconnector.app.account.secrets import forget_secret, keep_secret, kept_secret
from mailconnector.app.errors import AppDiskError, AppUsageError
from mailconnector.app.lock import held_lock

_SQLITE_ENDINGS = ("", "-wal", "-shm")
_SET_ASIDE = ".old"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class NewPst:
    """A PST that is to be made.

    Attributes:
        format: `ansi` is for Outlook 97 to 2002.
    """

    format: Literal["unicode", "ansi"] = "unicode"


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of a change.

    Attributes:
        account: as it is now.
        set_aside: the files of the synchronisation that were renamed, as the account is another now.
    """

    account: Account
    set_aside: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What stays when an account goes, and what goes with it.

    Attributes:
        pst: the PST file, which stays; None where there is none.
        pst_size: its size in bytes.
        data: the program's own files about the account, which go.
        passwords: the servers whose password in the keyring goes: `LOGIN at HOST`.
    """

    pst: Path | None
    pst_size: int
    data: tuple[Path, ...]
    passwords: tuple[str, ...]


def suggested_name(address: str, profile: Profile) -> str:
    """Return a name for the account of an address that no account has: the first part of its domain if that will do."""
    local, _, domain = address.lower().partition("@")
    first = domain.split(".")[0]
    names = [name for name in (first, f"{local}-{first}", local) if ACCOUNT_NAME.fullmatch(name)]
    names += [f"{names[0] if names else 'mail'}{number}" for number in range(2, len(profile.accounts) + 3)]
    taken = {name.lower() for name in profile.accounts}
    return next(name for name in names if name not in taken)


def written_path(path: Path, profile: Path) -> str:
    """Return how a path is written into a profile: relative to it where it is below its directory, else absolute."""
    path = path.expanduser().absolute()
    directory = profile.parent
    return path.relative_to(directory).as_posix() if path.is_relative_to(directory) else str(path)


def add_account(
    path: Path | None,
    key: str,
    values: Mapping[str, Any],
    *,
    secrets: Mapping[Service, str] | None = None,
    new_pst: NewPst | None = None,
) -> Account:
    """Add an account to a profile; all of it, or nothing.

    Args:
        path: the profile; None for the user's.
        key: what the account is to be called.
        values: what is to stand in the profile, tables as mappings in mappings; see `model.AccountTable`.
        secrets: passwords or tokens that are to be kept in the keyring.
        new_pst: makes the PST; None to take one that is there, or to leave that to the first synchronisation.

    Raises:
        AppUsageError: there is an account of the name, or one on this PST.
        ProfileError: a value is not as it has to be.
        SecretError: there is no keyring.
        PstError: the PST cannot be made or used.
    """
    with Profile.change(path) as draft:
        draft.add(key, values)
        profile = draft.profile()
        account = profile.accounts[key]
        _refuse_shared_pst(profile, account)
        if new_pst is None:
            _check_pst(account.pst_path)
        with _kept(account, secrets or {}):
            if new_pst is not None:
                _make_pst(account, new_pst)
    return account


def edit_account(
    path: Path | None,
    key: str,
    changes: Mapping[tuple[str, ...], Any],
    *,
    secrets: Mapping[Service, str] | None = None,
    same_server: bool = False,
) -> Edited:
    """Change values of an account; all of them, or none.

    Where the account is another one after it - another server, login or PST - what is known of earlier
    synchronisations would be wrong. It is set aside then: the next run compares both sides by content, and deletes
    nothing.

    Args:
        path: the profile; None for the user's.
        key: the account.
        changes: new values by their paths, as ("imap", "port"); None takes a value away.
        secrets: passwords or tokens that are to be kept in the keyring.
        same_server: it is the same server, login and PST under another name: what is known still holds.

    Raises:
        AppUsageError: there is no such account, or another one is on the PST.
        AppInUseError: the account is being synchronised.
        ProfileError: a value is not as it has to be.
        SecretError: there is no keyring.
    """
    with Profile.change(path) as draft:
        before = draft.profile().account(key)
        for name, value in changes.items():
            draft.set(before.key, name, value)
        profile = draft.profile()
        account = profile.accounts[before.key]
        if account.pst_path != before.pst_path:
            _refuse_shared_pst(profile, account)
            _check_pst(account.pst_path)
        other = not same_server and _identity(before) != _identity(account)
        with _kept(account, secrets or {}):
            aside = _set_aside(account, index=before.pst_path != account.pst_path) if other else ()
    return Edited(account, aside)


def remove_account(path: Path | None, key: str) -> Leftovers:
    """Remove an account from a profile, with its password and the program's own files about it. The PST stays.

    Raises:
        AppUsageError: there is no such account.
        AppInUseError: it is being synchronised.
    """
    account = Profile.load(path).account(key)
    with _at_rest(account):
        with Profile.change(path) as draft:
            profile = draft.profile()
            left = leftovers(profile, profile.account(key))
            draft.remove(account.key)
        for server in _own_keyring_entries(profile, account):
            forget_secret(server)
        _remove(file for file in left.data if file.suffix != _LOCK)
    _remove(file for file in left.data if file.suffix == _LOCK)
    return left


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise AppDiskError(f"cannot remove {file}: {error.strerror or error}", path=str(file)) from error


def leftovers(profile: Profile, account: Account) -> Leftovers:
    """Return what would stay, and what would go, if an account was removed."""
    file = account.pst_path
    try:
        size = file.stat().st_size
    except OSError:
        size = -1
    return Leftovers(
        pst=file if size >= 0 else None,
        pst_size=max(size, 0),
        data=tuple(_data_files(account)),
        passwords=tuple(f"{one.login} at {one.keyring_host}" for one in _own_keyring_entries(profile, account)),
    )


def warnings_about(profile: Profile, account: Account) -> tuple[str, ...]:
    """Return what is questionable about an account that can be used."""
    found = []
    if account.outbox == "send" and account.smtp is None:
        found.append(f"{account.key}: what lies in the Outbox cannot be sent: there is no SMTP server")
    for server in servers_of(account):
        if server.is_exposed:
            found.append(
                f"{account.key}: password and mail go to {server} in plain text: everybody on the way can read them"
            )
        if server.ca_file is not None and not server.ca_file.is_file():
            found.append(f"{account.key}: there is no file of certificates {server.ca_file}")
    if others := profile.sharing_pst(account.pst_path, apart_from=account.key):
        found.append(
            f"{account.key}: {account.pst_path} is the PST of {', '.join(others)}, too: their mail would get mixed up"
        )
    return tuple(found)


def servers_of(account: Account) -> tuple[Server, ...]:
    """Return the servers of an account."""
    return (account.imap_server, *((account.smtp_server,) if account.smtp_server else ()))


def _server_of(account: Account, service: Service) -> Server:
    server = account.imap_server if service == "imap" else account.smtp_server
    if server is None:
        raise AppUsageError(f"the account {account.key} has no {service.upper()} server to keep a password for")
    return server


def _identity(account: Account) -> tuple[object, ...]:
    return account.imap_server.host.lower(), account.imap_server.login, account.pst_path


def _refuse_shared_pst(profile: Profile, account: Account) -> None:
    if others := profile.sharing_pst(account.pst_path, apart_from=account.key):
        raise AppUsageError(
            f"{account.pst_path} is the PST of the account {others[0]} already",
            path=str(account.pst_path),
            hint="Each account needs a PST of its own, else the mail of both would end up on both servers.",
        )


def _check_pst(path: Path) -> None:
    """Make sure that a file that is there is a PST that can be changed."""
    if not path.exists():
        if not path.parent.is_dir():
            raise AppUsageError(f"there is no folder {path.parent} for the PST", path=str(path), hint="Make it first.")
        return
    pst.open_store(path, writable=True).close()


def _make_pst(account: Account, wanted: NewPst) -> None:
    if not account.pst_path.parent.is_dir():
        raise AppUsageError(
            f"there is no folder {account.pst_path.parent} for the PST",
            path=str(account.pst_path),
            hint="Make it first.",
        )
    pst.create_store(account.pst_path, format=wanted.format, name=account.key, usual_folders=True).close()


@contextmanager
def _kept(account: Account, secrets: Mapping[Service, str]) -> Iterator[None]:
    """Keep secrets in the keyring, and take them out again if what follows fails."""
    before: list[tuple[Server, str | None]] = []
    try:
        for service in SERVICES:
            if service in secrets:
                server = _server_of(account, service)
                before.append((server, kept_secret(server)))
                keep_secret(server, secrets[service])
        yield
    except BaseException:
        for server, old in before:
            if old is None:
                forget_secret(server)
            else:
                keep_secret(server, old)
        raise


def _own_keyring_entries(profile: Profile, account: Account) -> list[Server]:
    """Return the servers of an account, one for each entry in the keyring that no other account uses."""
    others = {
        (server.keyring_host.lower(), server.login)
        for other in profile.accounts.values()
        if other.key != account.key
        for server in servers_of(other)
    }
    own = {
        (server.keyring_host.lower(), server.login): server for server in servers_of(account) if server.secret.keyring
    }
    return [server for entry, server in own.items() if entry not in others]


def _data_files(account: Account) -> Iterator[Path]:
    for path in (account.kinds_path, account.views_path):
        if path.exists():
            yield path
    for path in (account.state_path, account.index_path, account.outbox_path):
        for aside in ("", _SET_ASIDE):
            for ending in (*_SQLITE_ENDINGS, _LOCK):
                file = path.with_name(path.name + aside + ending)
                if file.exists():
                    yield file


@contextmanager
def _at_rest(account: Account) -> Iterator[None]:
    """Make sure that nobody synchronises an account meanwhile."""
    if not account.data_directory.is_dir():
        yield
        return
    with held_lock(account.state_path.with_name(account.state_path.name + _LOCK), what=f"the account {account.key}"):
        yield


def _set_aside(account: Account, *, index: bool) -> tuple[Path, ...]:
    """Rename what is known of earlier synchronisations; what was set aside before goes."""
    renamed = []
    paths = (account.state_path, *((account.index_path,) if index else ()))
    with _at_rest(account):
        try:
            account.kinds_path.unlink(missing_ok=True)
            account.views_path.unlink(missing_ok=True)
            for path in paths:
                if not path.exists():
                    continue
                for ending in _SQLITE_ENDINGS:
                    path.with_name(path.name + _SET_ASIDE + ending).unlink(missing_ok=True)
                for ending in _SQLITE_ENDINGS:
                    file = path.with_name(path.name + ending)
                    if file.exists():
                        file.rename(path.with_name(path.name + _SET_ASIDE + ending))
                renamed.append(path.with_name(path.name + _SET_ASIDE))
        except OSError as error:
            raise AppDiskError(f"cannot set aside {paths[0]}: {error.strerror or error}", path=str(paths[0])) from error
    return tuple(renamed)
