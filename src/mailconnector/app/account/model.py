"""What an account is: the tables of the profile, as pydantic checks them, and what follows from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic import model_validator as validated

from mailconnector import imap
from mailconnector.app.folder_path import split_path
from mailconnector.sync import Brake, FolderOptions, Form, Mode, Settings

SecurityWord = Literal["tls", "starttls", "none"]
AuthWord = Literal["password", "oauth2"]
FormWord = Literal["author", "own"]
OutboxWord = Literal["send", "leave"]
ModeWord = Literal["selection", "start", "interval", "push", "demand", "never"]

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an account may be called: its files are named after it, on any system."""

IMAP_PORTS: Mapping[SecurityWord, int] = {"tls": 993, "starttls": 143, "none": 143}
SMTP_PORTS: Mapping[SecurityWord, int] = {"tls": 465, "starttls": 587, "none": 587}

_SECURITIES = {"tls": imap.Security.TLS, "starttls": imap.Security.STARTTLS, "none": imap.Security.PLAIN}
_SIZE = re.compile(r"([0-9]{1,9})\s*(|B|KB|MB|GB)", re.IGNORECASE)
_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_LOOPBACK = re.compile(r"localhost|::1|127(\.[0-9]{1,3}){3}", re.IGNORECASE)


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown, as a line's end")
    return text


def _is_address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,255}", text):
        raise ValueError("is no mail address, which looks like alice@example.org")
    return text


def _is_host(text: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,255}", text):
        raise ValueError("is no name of a server, which looks like imap.example.org, nor an IP address")
    return text


def _as_size(value: object) -> object:
    """Make "5 MB" a number of bytes."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(match[1]) * _UNITS[match[2].upper()] if match else value


def _as_date(value: object) -> object:
    """Make "2024-01-31" a day; one without its quotes is one already."""
    if isinstance(value, str) and value != "all":
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("is no day, which looks like 2024-01-31") from error
    return value


Line = Annotated[StrictStr, Field(max_length=1000), AfterValidator(_one_line)]
Address = Annotated[Line, AfterValidator(_is_address)]
Host = Annotated[Line, AfterValidator(_is_host)]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
PathText = Annotated[Line, Field(min_length=1)]


class _Table(BaseModel):
    # Built when a profile is first read: most commands of a run need none of it.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Secret(_Table):
    """Where a password or a token comes from: exactly one of these.

    Attributes:
        keyring: the system's keyring.
        command: a program's first line: its name and arguments, or a line for the shell.
        variable: an environment variable.
    """

    keyring: Literal[True] | None = None
    command: Annotated[StrictStr, Field(min_length=1)] | tuple[StrictStr, ...] | None = None
    variable: Annotated[StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None

    @validated(mode="after")
    def _one_of_them(self) -> Secret:
        given = [value for value in (self.keyring, self.command, self.variable) if value is not None]
        if len(given) != 1 or given == [()]:
            raise ValueError('wants exactly one of: keyring = true, command = ["PROGRAM", ...], variable = "NAME"')
        return self


class ServerTable(_Table):
    """How to reach a server. What an SMTP server's table leaves out of login and secret is the IMAP server's.

    Attributes:
        host: name or address.
        port: None for the usual one.
        security: `none` is plain text, which has to be asked for.
        login: the user's name there; None for the mail address.
        auth: what the secret is.
        secret: where it comes from; None for the keyring.
        ca_file: certificates to trust in place of the system's; relative to the profile.
    """

    host: Host
    port: Port | None = None
    security: SecurityWord = "tls"
    login: Annotated[Line, Field(min_length=1)] | None = None
    auth: AuthWord | None = None
    secret: Secret | None = None
    ca_file: PathText | None = None


class FolderTable(_Table):
    """How a folder is synchronised; what is left out is the account's default.

    Attributes:
        mode: see `sync.Mode`.
        minutes: how often, in the mode `interval`.
        since: remote items received before that day are left there; `all` takes all though the default does not.
        max_size: of larger ones only the headers are taken, in bytes or as "5 MB"; `all` likewise.
        form: see `sync.Form`.
    """

    mode: ModeWord | None = None
    minutes: Annotated[StrictInt, Field(ge=1, le=10080)] | None = None
    since: Annotated[date | Literal["all"], BeforeValidator(_as_date)] | None = None
    max_size: Annotated[Annotated[StrictInt, Field(ge=0)] | Literal["all"], BeforeValidator(_as_size)] | None = None
    form: FormWord | None = None

    def over(self, default: FolderOptions) -> FolderOptions:
        """Return the options, those that are left out taken from others."""
        return FolderOptions(
            mode=Mode(self.mode) if self.mode else default.mode,
            minutes=self.minutes or default.minutes,
            since=default.since if self.since is None else None if self.since == "all" else self.since,
            max_size=default.max_size if self.max_size is None else None if self.max_size == "all" else self.max_size,
            form=Form(self.form) if self.form else default.form,
        )


class SyncTable(FolderTable):
    """How an account is synchronised: the default of its folders, and the brake on deletions.

    Attributes:
        brake_share: a run that would delete a larger part of a folder is held, 0 to 1.
        brake_free: so many deletions in a folder are never held.
        log_days: how long the log of changes goes back.
    """

    brake_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    brake_free: Annotated[StrictInt, Field(ge=0)] | None = None
    log_days: Annotated[StrictInt, Field(ge=1, le=3660)] | None = None


class AccountTable(_Table):
    """What stands in the profile below `[accounts.NAME]`.

    Attributes:
        name: the user's own name, for mail that is sent.
        address: the user's mail address.
        aliases: further addresses that are the user's own.
        reply_to: where answers go, if elsewhere.
        organization: for mail that is sent.
        pst: the PST file; relative to the profile.
        mapping: whether the PST and the server are kept in step; off, the account stays as it is and is passed over.
        outbox: whether what lies ready in the PST's Outbox is sent; Outlook may do that itself.
    """

    name: Line = ""
    address: Address
    aliases: tuple[Address, ...] = ()
    reply_to: Address | None = None
    organization: Line = ""
    pst: PathText
    mapping: StrictBool = True
    outbox: OutboxWord = "leave"
    imap: ServerTable
    smtp: ServerTable | None = None
    sync: SyncTable = SyncTable()
    folders: Mapping[StrictStr, FolderTable] = Field(default_factory=dict)


class Server(_Table):
    """A server with nothing left open.

    Attributes:
        service: `imap` or `smtp`.
        ca_file: absolute.
        keyring_host: the server whose password in the keyring is used; of an SMTP server that shares it, the IMAP one.
    """

    service: Literal["imap", "smtp"]
    host: str
    port: int
    security: SecurityWord
    login: str
    auth: AuthWord
    secret: Secret
    ca_file: Path | None
    keyring_host: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> imap.Endpoint:
        """Where it is, for the IMAP client."""
        return imap.Endpoint(self.host, self.port, _SECURITIES[self.security], self.ca_file)

    @property
    def is_exposed(self) -> bool:
        """Whether password and mail can be read by everybody between here and there."""
        return self.security == "none" and not _LOOPBACK.fullmatch(self.host)


class Account(AccountTable):
    """An account of a profile.

    Attributes:
        key: what it is called in the profile; `name` is the user's.
        profile: the profile's file.
    """

    key: str
    profile: Path

    @property
    def data_directory(self) -> Path:
        """Where the files are that the program keeps for the profile's accounts; see `Profile.make_data_directory`."""
        return self.profile.with_suffix(".data")

    @property
    def state_path(self) -> Path:
        """The SQLite file of the synchronisation's state."""
        return self.data_directory / f"{self.key.lower()}.state.sqlite"

    @property
    def index_path(self) -> Path:
        """The SQLite file that remembers what was seen in the PST."""
        return self.data_directory / f"{self.key.lower()}.index.sqlite"

    @property
    def kinds_path(self) -> Path:
        """The file that remembers what sort of items the server's folders hold."""
        return self.data_directory / f"{self.key.lower()}.kinds.json"

    @property
    def views_path(self) -> Path:
        """The file that remembers what was found in folders whose private items are hidden."""
        return self.data_directory / f"{self.key.lower()}.private.json"

    @property
    def outbox_path(self) -> Path:
        """The SQLite file that remembers what became of messages that were to be sent."""
        return self.data_directory / f"{self.key.lower()}.outbox.sqlite"

    @property
    def own_addresses(self) -> frozenset[str]:
        """The user's own addresses, in lower case."""
        return frozenset(one.lower() for one in (self.address, *self.aliases))

    @property
    def pst_path(self) -> Path:
        """The PST file."""
        return self._placed(self.pst)

    @property
    def imap_server(self) -> Server:
        """The IMAP server, with nothing left open."""
        return self._server("imap", self.imap, IMAP_PORTS, self.imap)

    @property
    def smtp_server(self) -> Server | None:
        """The SMTP server, with nothing left open, if there is one."""
        return self._server("smtp", self.smtp, SMTP_PORTS, self.imap) if self.smtp else None

    def settings(self) -> Settings:
        """Return what the synchronisation wants to know."""
        usual = Settings()
        default = self.sync.over(replace(usual.default, mode=Mode.PUSH))
        share, free, days = self.sync.brake_share, self.sync.brake_free, self.sync.log_days
        return Settings(
            default=default,
            folders={split_path(path): options.over(default) for path, options in self.folders.items()},
            brake=Brake(
                share=usual.brake.share if share is None else share, free=usual.brake.free if free is None else free
            ),
            log_days=usual.log_days if days is None else days,
        )

    def _placed(self, path: str) -> Path:
        return self.profile.parent / Path(path).expanduser()

    def _server(
        self,
        service: Literal["imap", "smtp"],
        table: ServerTable,
        ports: Mapping[SecurityWord, int],
        other: ServerTable,
    ) -> Server:
        # A login or a way of logging in of its own is another secret: the keyring then has an entry for it.
        shares = table.secret is None and table.login in (None, other.login) and table.auth in (None, other.auth)
        return Server(
            service=service,
            host=table.host,
            port=table.port or ports[table.security],
            security=table.security,
            login=table.login or other.login or self.address,
            auth=table.auth or (other.auth if shares else None) or "password",
            secret=table.secret or (other.secret if shares else None) or Secret(keyring=True),
            ca_file=self._placed(table.ca_file) if table.ca_file else None,
            keyring_host=other.host if shares else table.host,
        )
