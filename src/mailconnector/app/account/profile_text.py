"""The profile's text: TOML in, accounts out, and errors that say where in the file and what is allowed there."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailconnector.app.account.model import (
    ACCOUNT_NAME,
    Account,
    AccountTable,
    FolderTable,
    Secret,
    ServerTable,
    SyncTable,
)
from mailconnector.app.errors import AppError

_MOST_READS = 100  # of a file in which a line is looked for
_MOST_SHOWN = 5
_AT_LINE = re.compile(r"\s*\(at line ([0-9]+), column [0-9]+\)")
_TABLES: dict[str, type[BaseModel]] = {
    "imap": ServerTable,
    "smtp": ServerTable,
    "sync": SyncTable,
    "folders": FolderTable,
}


_MESSAGES = {
    "missing": "is missing",
    "bool_type": "is to be true or false",
    "string_type": "is to be a text in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_too_long": "is too long",
    "too_long": "is too long",
    "string_pattern_mismatch": "is to be a name of letters, digits and _",
    "model_type": "is to be a table",
    "model_attributes_type": "is to be a table",
    "dict_type": "is to be a table",
    "mapping_type": "is to be a table",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a profile.

    Attributes:
        key: the value's path, as `accounts.work.imap.port`; empty for the file itself.
        line: where it stands, or its table where it is missing; 0 if that is not known.
        message: what is wrong, and what is allowed.
    """

    key: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.key} {self.message}" if self.key else self.message


class ProfileError(AppError):
    """A profile cannot be used as it is.

    Attributes:
        problems: all that is wrong with it.
    """

    def __init__(self, path: Path, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        self.problems = problems
        shown = [f"line {one.line}: {one}" if one.line else str(one) for one in problems[:_MOST_SHOWN]]
        if len(problems) > _MOST_SHOWN:
            shown.append(f"and {len(problems) - _MOST_SHOWN} more")
        where = f"{path}, " if problems[0].line else f"{path} " if not problems[0].key else f"{path}: "
        super().__init__(where + "; ".join(shown), path=str(path), hint=hint or "Mend it with an editor.")

    @classmethod
    def of(cls, path: Path, message: str, *, line: int = 0, hint: str = "") -> ProfileError:
        """Make one of a single problem with the file itself."""
        return cls(path, (Problem("", line, message),), hint=hint)


def read_accounts(text: str, path: Path, *, hint: str = "") -> dict[str, Account]:
    """Return the accounts of a profile.

    Args:
        text: TOML.
        path: where it is from; relative paths in it begin there.
        hint: what to do where it is wrong, other than to edit it.

    Raises:
        ProfileError: it is no TOML, or a value is not as it has to be.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = _AT_LINE.search(str(error))
        message = f"is no TOML: {_AT_LINE.sub('', str(error))}"
        raise ProfileError.of(path, message, line=int(match[1]) if match else 0) from error
    accounts: dict[str, Account] = {}
    problems = [
        Problem(name, _line(text, (name,)), "is not known here; accounts stand below [accounts.NAME]")
        for name in document
        if name != "accounts"
    ]
    tables = document.get("accounts", {})
    if not isinstance(tables, dict):
        problems.append(Problem("accounts", _line(text, ("accounts",)), "is to be a table: [accounts.NAME]"))
        tables = {}
    for key, table in tables.items():
        where = ("accounts", key)
        if not ACCOUNT_NAME.fullmatch(key):
            message = "is no name for an account: letters, digits, and . _ - after the first, at most 64"
            problems.append(Problem(_dotted(where), _line(text, where), message))
        elif any(key.lower() == other.lower() for other in tables if other != key):
            message = "differs from another account's name by case only"
            problems.append(Problem(_dotted(where), _line(text, where), message))
        try:
            values = AccountTable.model_validate(table)
            fields = {name: getattr(values, name) for name in AccountTable.model_fields}
            accounts[key] = Account(key=key, profile=path, **fields)
        except ValidationError as error:
            problems += [_problem(text, where, detail) for detail in error.errors(include_url=False)]
    if problems:
        # One value may be wrong in several ways, one for each kind that it could be of.
        first = {problem.key: problem for problem in reversed(problems)}
        raise ProfileError(path, tuple(sorted(first.values(), key=lambda problem: problem.line)), hint=hint)
    return accounts


def _problem(text: str, where: tuple[str, ...], detail: ErrorDetails) -> Problem:
    place = (*where, *_place(detail["loc"]))
    return Problem(_dotted(place), _line(text, place), _message(place, detail))


def _place(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the path of a value; pydantic puts the kinds that it tried behind it."""
    names: list[str] = []
    model: type[BaseModel] | None = AccountTable
    parts = list(location)
    while parts:
        name = str(parts.pop(0))
        names.append(name)
        if model is AccountTable and name in _TABLES:
            if name == "folders" and parts:
                names.append(str(parts.pop(0)))
            model = _TABLES[name]
        elif model is ServerTable and name == "secret":
            model = Secret
        else:
            break
    return tuple(names)


def _model(place: tuple[str, ...]) -> type[BaseModel]:
    """Return what the table is that holds a value."""
    if len(place) <= 3:
        return AccountTable
    return Secret if place[3] == "secret" and len(place) > 4 else _TABLES.get(place[2], AccountTable)


def _message(place: tuple[str, ...], detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(place)
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"is to be one of: {context['expected']}"
    if kind in ("greater_than_equal", "less_than_equal") or kind.startswith(("int_", "float_")):
        return f"is to be a number{_range(place)}"
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    message = detail["msg"]
    return message[:1].lower() + message[1:]


def _range(place: tuple[str, ...]) -> str:
    return {
        "port": " from 1 to 65535",
        "minutes": " of minutes from 1 to 10080, a week",
        "max_size": ' of bytes, or a text as "5 MB", or "all"',
        "brake_share": " from 0 to 1",
        "brake_free": ", 0 or more",
        "log_days": " of days from 1 to 3660",
    }.get(place[-1], "")


def _unknown(place: tuple[str, ...]) -> str:
    name = place[-1]
    if name.lower() in ("password", "passwd", "token", "pass"):
        return (
            'is not kept in the profile: use secret = { keyring = true }, { command = [...] } or { variable = "NAME" }'
        )
    known = list(_model(place).model_fields)
    close = difflib.get_close_matches(name, known, 1)
    return f"is not known; {f'did you mean {close[0]}? ' if close else ''}Known are: {', '.join(known)}"


def _dotted(names: tuple[str, ...]) -> str:
    return ".".join(name if re.fullmatch(r"[\w-]+", name) else f'"{name}"' for name in names)


def _line(text: str, place: tuple[str, ...]) -> int:
    """Return the line in which a value begins, or the innermost table of its path that there is; 0 if it is not found.

    TOML's readers do not tell. A value stands behind the longest beginning of the text that is TOML without it; the
    text as a whole is TOML.
    """
    lines = text.split("\n")
    wanted = _depth(tomllib.loads(text), place)
    without, within = 0, len(lines)
    reads = _MOST_READS
    while wanted and within - without > 1:
        # In the midst of a value that takes several lines a beginning is no TOML: the next one is taken.
        middle = (without + within) // 2
        for number in (*range(middle, within), *range(middle - 1, without, -1)):
            if not (reads := reads - 1):
                return 0
            try:
                depth = _depth(tomllib.loads("\n".join(lines[:number])), place)
            except tomllib.TOMLDecodeError:
                continue
            without, within = (without, number) if depth >= wanted else (number, within)
            break
        else:
            break
    return without + 1 if wanted else 0


def _depth(document: Mapping[str, Any], place: tuple[str, ...]) -> int:
    """Return how much of a path there is."""
    table: Any = document
    for depth, name in enumerate(place):
        if not isinstance(table, Mapping) or name not in table:
            return depth
        table = table[name]
    return len(place)
