"""The profile: the user's accounts in a TOML file, which the user may edit as well.

It is read as it stands. It is changed under a lock, with comments and order kept, and put in place in one step when it
is whole and makes sense: readers never wait, and see the old profile or the new one.

    profile.toml          the accounts
    profile.toml.lock     who changes it
    profile.data/         what the program keeps for the accounts; private
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from mailconnector.app.account.model import Account
from mailconnector.app.account.profile_text import ProfileError, read_accounts
from mailconnector.app.errors import AppDiskError, AppInUseError, AppUsageError, ProfileLockedError
from mailconnector.app.lock import held_lock

__all__ = ["Account", "Profile", "ProfileDraft", "ProfileError", "ProfileLockedError", "default_profile_path"]

HOME_VARIABLE = "MAILCONNECTOR_HOME"
_FILE = "profile.toml"
_MOST_BYTES = 4 << 20
_LOCK_SECONDS = 10.0
_UNCHANGED = "Nothing was changed."
_TABLE = re.compile(r"""[ \t]*(\[(?:"(?:\\.|[^"\\])*"|'[^']*'|[^"'\]#])*\])(?=[ \t]*(?:#.*)?\r?$)""", re.MULTILINE)
_HEADING = "The accounts of Mail Connector. `mailconnector account` changes them, and so may you: comments stay.\n"


def default_profile_path(environment: Mapping[str, str] | None = None) -> Path:
    """Return where the profile is unless the user says otherwise.

    Args:
        environment: its MAILCONNECTOR_HOME names the directory; without it, it is the system's for configuration.
    """
    home = (os.environ if environment is None else environment).get(HOME_VARIABLE)
    directory = Path(home).expanduser() if home else platformdirs.user_config_path("mailconnector", appauthor=False)
    return directory / _FILE


@dataclass(frozen=True, slots=True)
class Profile:
    """The accounts of a user.

    Attributes:
        path: the file, absolute.
        accounts: by what they are called, in the order of the file.
    """

    path: Path
    accounts: Mapping[str, Account]

    @classmethod
    def load(cls, path: Path | None = None) -> Profile:
        """Read a profile; where there is no file, it has no accounts.

        Args:
            path: the file, or a directory that holds `profile.toml`; None for the user's.

        Raises:
            ProfileError: it is no TOML, or a value is not as it has to be; says which, where, and what is allowed.
            AppDiskError: it cannot be read.
        """
        path = _place(path)
        return cls(path, MappingProxyType(read_accounts(_read(path), path)))

    def account(self, key: str | None = None) -> Account:
        """Return an account; None for the only one.

        Raises:
            AppUsageError: there is none of the name, or more than one to choose from.
        """
        names = ", ".join(self.accounts)
        if key is None:
            if len(self.accounts) == 1:
                return next(iter(self.accounts.values()))
            if not self.accounts:
                raise AppUsageError(
                    f"there is no account in {self.path}",
                    path=str(self.path),
                    hint="Run `mailconnector account add` to make one.",
                )
            raise AppUsageError("there are several accounts", hint=f"Name one of them: {names}.")
        found = self.accounts.get(key) or next(
            (account for name, account in self.accounts.items() if name.lower() == key.lower()), None
        )
        if found is None:
            hint = f"There are: {names}." if names else "Run `mailconnector account add` to make one."
            raise AppUsageError(f"there is no account {key} in {self.path}", path=str(self.path), hint=hint)
        return found

    def sharing_pst(self, path: Path, *, apart_from: str = "") -> list[str]:
        """Return the accounts that use a PST file, by whatever path to it."""
        return [
            account.key
            for account in self.accounts.values()
            if account.key != apart_from and _same_file(account.pst_path, path)
        ]

    def make_data_directory(self) -> Path:
        """Make the directory of `Account.state_path` and `Account.index_path`, which the user alone can enter.

        Raises:
            AppDiskError: the system refused.
        """
        directory = self.path.with_suffix(".data")
        with _disk_errors(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) != 0o700:
                directory.chmod(0o700)
        return directory

    @classmethod
    @contextlib.contextmanager
    def change(cls, path: Path | None = None) -> Iterator[ProfileDraft]:
        """Change a profile: what is done to the draft is written when the `with` ends without an error.

        Raises:
            ProfileError: what there is, or what would become of it, makes no sense; nothing was changed.
            ProfileLockedError: another process is at it.
            AppDiskError: the system refused.
        """
        path = _place(path)
        with _disk_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            text = _read(path)
            read_accounts(text, path)
            draft = ProfileDraft(text, path)
            yield draft
            changed = draft.text()
            if changed != text:
                read_accounts(changed, path, hint=_UNCHANGED)
                _write(path, changed)


class ProfileDraft:
    """A profile being changed, in `Profile.change`. Values are plain ones, as TOML has them.

    The text is changed by a library that keeps comments and order. It fails at some of the many ways to write the same
    in TOML, so each change is made to plain values as well, and a text that says something else is not used.

    Raises:
        ProfileError: the text cannot be changed.
    """

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self._plain: dict[str, Any] = tomllib.loads(text)
        try:
            self._document = tomlkit.parse(text)
        except TOMLKitError as error:
            raise self._unfit() from error
        if not text:
            self._document.add(tomlkit.comment(_HEADING.strip()))
            self._document.add(tomlkit.nl())

    def text(self) -> str:
        """Return the profile as it is now.

        Raises:
            ProfileError: it is written in a way that could not be changed without harm.
        """
        # What was removed leaves its blank lines; those at the end are nobody's.
        text = tomlkit.dumps(self._document).rstrip() + "\n"
        try:
            says = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._unfit() from error
        if _without_empty(says) != _without_empty(self._plain):
            raise self._unfit()
        return text

    def profile(self) -> Profile:
        """Return the profile as it would be read.

        Raises:
            ProfileError: it makes no sense.
        """
        return Profile(self.path, MappingProxyType(read_accounts(self.text(), self.path, hint=_UNCHANGED)))

    def add(self, key: str, values: Mapping[str, Any]) -> None:
        """Add an account, its tables as mappings in mappings.

        Raises:
            AppUsageError: there is one of that name.
        """
        if any(name.lower() == key.lower() for name in self._plain.get("accounts", {})):
            raise AppUsageError(f"there is an account {key} already", hint="Choose another name for the new one.")
        for name, value in _leaves(values):
            self.set(key, name, value)

    def set(self, key: str, name: tuple[str, ...], value: Any) -> None:
        """Set a value of an account, as ("imap", "port"); None removes it, and the profile's default holds again.

        A mapping as the value becomes an inline table. Tables that are missing are made.

        Raises:
            ProfileError: the text cannot be changed in this way.
        """
        path = ("accounts", key, *name)
        if value is None:
            self._remove(path)
            return
        value = written = _as_toml(value)
        if isinstance(value, dict):
            written = tomlkit.inline_table()
            written.update(value)
        with self._translated():
            _set(self._plain, path, value, lambda name: {})
            _set(self._document, path, written, _new_table)

    def folder_names(self, key: str) -> list[str]:
        """Return the folders of an account that have options, as they are written."""
        return list(self._plain.get("accounts", {}).get(key, {}).get("folders", {}))

    def rename_folders(self, key: str, names: Mapping[str, str]) -> None:
        """Give options of folders to folders of other names, all at once; those that a new name had give way.

        Where options stand in a table of their own, its heading alone is changed.

        Raises:
            ProfileError: the text cannot be changed in this way.
        """
        place = ("accounts", key, "folders")
        folders = self._plain.get("accounts", {}).get(key, {}).get("folders", {})
        wanted = {old: new for old, new in names.items() if old in folders and old != new}
        for name in [name for name in folders if name not in wanted and name in wanted.values()]:
            self._remove((*place, name))
        values = {old: folders[old] for old in wanted}
        lines, done = _renamed(tomlkit.dumps(self._document).splitlines(keepends=True), place, wanted)
        with self._translated():
            self._document = tomlkit.parse("".join(lines))
        for old in wanted.keys() - done:
            with self._translated():
                _unset(self._document, (*place, old))
        for old, new in wanted.items():
            del folders[old]
            if old not in done:
                with self._translated():
                    _set(self._document, (*place, new), values[old], _new_table)
        folders.update({wanted[old]: value for old, value in values.items()})

    def remove(self, key: str) -> None:
        """Remove an account and all its tables."""
        self._remove(("accounts", key))

    def _remove(self, path: tuple[str, ...]) -> None:
        with self._translated():
            _unset(self._plain, path)
            _unset(self._document, path)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (TOMLKitError, TypeError, AttributeError, KeyError, ValueError) as error:
            raise self._unfit() from error

    def _unfit(self) -> ProfileError:
        return ProfileError.of(
            self.path,
            "is written in a way that a program cannot change without harm",
            hint="Nothing was changed. Write each account as a table, [accounts.NAME], or make the change by hand.",
        )


def _as_toml(value: Any) -> Any:
    """Return a value as it is read again."""
    if isinstance(value, Mapping):
        return {key: _as_toml(each) for key, each in value.items()}
    return [_as_toml(each) for each in value] if isinstance(value, list | tuple) else value


def _new_table(name: str) -> Table:
    # Tables that hold nothing but tables have no heading of their own.
    return tomlkit.table(is_super_table=name in ("accounts", "folders"))


def _renamed(lines: list[str], place: tuple[str, ...], names: Mapping[str, str]) -> tuple[list[str], frozenset[str]]:
    """Change the last name in the headings of tables in a table, and return the lines and the names that were found."""
    done: set[str] = set()
    for number, line in enumerate(lines):
        match = _TABLE.match(line)
        path = _heading(match[1]) if match else ()
        if match and path[:-1] == place and path[-1] in names:
            keys = ".".join(tomlkit.key(name).as_string() for name in (*place, names[path[-1]]))
            lines[number] = f"{line[: match.start(1)]}[{keys}]{line[match.end(1) :]}"
            done.add(path[-1])
    return lines, frozenset(done)


def _heading(text: str) -> tuple[str, ...]:
    """Return the names in the heading of a table; none where it is no heading."""
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        ((name, table),) = table.items()
        names.append(name)
    return tuple(names)


def _set(table: Any, path: tuple[str, ...], value: Any, make: Callable[[str], Any]) -> None:
    """Set a value in tables of tables, whether plain or of the text; `make` makes those that are missing."""
    for part in path[:-1]:
        if part not in table:
            table[part] = make(part)
        table = table[part]
    table[path[-1]] = value


def _unset(table: Any, path: tuple[str, ...]) -> None:
    """Remove a value; a table of options that says nothing then goes as well, and the account's own stays."""
    tables = [table]
    for part in path[:-1]:
        if part not in tables[-1]:
            return
        tables.append(tables[-1][part])
    if path[-1] in tables[-1]:
        del tables[-1][path[-1]]
        for depth in range(len(path) - 2, 1, -1):
            if not tables[depth + 1]:
                del tables[depth][path[depth]]


def _without_empty(value: Any) -> Any:
    """Leave out tables without a value: whether they are written or not says nothing."""
    if not isinstance(value, dict):
        return value
    inner = ((key, _without_empty(each)) for key, each in value.items())
    return {key: each for key, each in inner if each != {}}


def _leaves(values: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return values with their paths, plain ones before tables, as TOML wants them; a secret is one value."""
    for name, value in sorted(values.items(), key=lambda pair: isinstance(pair[1], Mapping) and pair[0] != "secret"):
        if isinstance(value, Mapping) and name != "secret":
            yield from _leaves(value, (*above, name))
        elif value is not None:
            yield (*above, name), value


def _place(path: Path | None) -> Path:
    path = default_profile_path() if path is None else path.expanduser()
    # A link, as programs that manage configuration make, stays one: what it leads to is changed.
    return ((path / _FILE) if path.is_dir() else path).resolve()


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AppDiskError(f"cannot use {path}: {reason}", path=str(path), hint="Check the place.") from error


def _read(path: Path) -> str:
    with _disk_errors(path):
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return ""
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise ProfileError.of(
            path, "can be changed by anybody on this machine, and it names programs to run", hint=f"chmod 600 {path}"
        )
    if len(data) > _MOST_BYTES:
        raise ProfileError.of(path, f"is larger than {_MOST_BYTES >> 20} MB: that is no profile")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError.of(path, "is not UTF-8 text", line=line, hint="Save it as UTF-8.") from error


def _write(path: Path, text: str) -> None:
    """Put a file in place in one step; the user alone can read it."""
    with _disk_errors(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that changes of a profile are made under, waiting a while for it."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(held_lock(path.with_name(path.name + ".lock"), str(path), wait=_LOCK_SECONDS))
        except AppInUseError as error:
            raise ProfileLockedError(
                f"another program is changing {path}", path=str(path), hint="Wait until it has ended."
            ) from error
        yield
