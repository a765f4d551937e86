"""A session from the greeting to the login, and what every part of the client needs of it afterwards."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from mailconnector.imap import quirks, sasl
from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.commands import Command, CommandLine
from mailconnector.imap.connection import Connection, Ended, Result, Timeouts
from mailconnector.imap.errors import (
    ImapBadError,
    ImapByeError,
    ImapCommandError,
    ImapConnectionError,
    ImapLoginError,
    ImapTlsError,
    ImapUnsupportedError,
    login_refusal,
)
from mailconnector.imap.framing import Limits
from mailconnector.imap.protocol import MailboxState, State
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.responses import Response, ServerId, Tagged
from mailconnector.imap.stream import Endpoint, Security

R = TypeVar("R", bound=Response)

_OUR_NAME = "Mail Connector"
_WANTED = ("QRESYNC", "CONDSTORE", "UTF8=ACCEPT", "IMAP4REV2")


class Session:
    """A session that is logged in.

    Attributes:
        connection: the connection below it.
        endpoint: the server.
        identity: what the server says of itself by ID, by the field's name in lower case.
        quirks: the server's known oddities.
    """

    def __init__(self, connection: Connection, endpoint: Endpoint) -> None:
        self.connection = connection
        self.endpoint = endpoint
        self.identity: Mapping[str, str] = MappingProxyType({})
        self.quirks: frozenset[Quirk] = frozenset()

    @classmethod
    def begin(
        cls,
        endpoint: Endpoint,
        credentials: sasl.Credentials,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> Session:
        """Connect, make the line private, log in, and switch on what the server offers.

        Raises:
            ImapConnectionError: and its kinds `ImapNameError`, `ImapTlsError`, `ImapTimeoutError`, `ImapByeError`.
            ImapLoginError: the login was refused.
            ImapThrottledError: the server cannot check logins now.
            ImapUnsupportedError: there is no login that both sides know.
        """
        connection = Connection.open(endpoint, timeouts=timeouts, limits=limits, trace=trace)
        try:
            session = cls(connection, endpoint)
            session.make_private()
            session.login(credentials)
            session.get_ready()
        except BaseException:
            connection.close()
            raise
        return session

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do, at this moment."""
        return self.connection.protocol.capabilities

    @property
    def enabled(self) -> frozenset[str]:
        """What was switched on by ENABLE, in capitals."""
        return self.connection.protocol.enabled

    def has(self, capability: str) -> bool:
        """Whether the server offers a capability."""
        return capability in self.capabilities

    def need(self, capability: str, *, hint: str = "") -> None:
        """Raise `ImapUnsupportedError` when the server does not offer a capability."""
        if not self.has(capability):
            raise ImapUnsupportedError(capability, server=self.connection.server, hint=hint)

    def line(self, name: str, mailbox: str | None = None) -> CommandLine:
        """Begin a command, with the mailbox as its first argument if there is one."""
        if mailbox is None:
            return CommandLine(name)
        return CommandLine(name, mailbox=mailbox).name(mailbox, self.connection.protocol.names)

    def run(self, line: CommandLine, *kinds: type[Response], selects: MailboxState | None = None) -> Result:
        """Run one command; see `Connection.execute`."""
        return self.connection.execute(line.command(), *kinds, selects=selects)

    def pipeline(self, commands: Iterable[Command], *kinds: type[R], depth: int = 4) -> Iterator[R | Ended]:
        """Run several commands at once; see `Connection.pipeline`."""
        return self.connection.pipeline(commands, *kinds, depth=depth)

    def refused(self, ended: Ended) -> ImapCommandError:
        """Make the error for a refused command of a pipeline."""
        return self.connection.refused(ended.command, ended.tagged)

    def make_private(self) -> None:
        """Begin TLS, where the endpoint wants it by STARTTLS.

        Raises:
            ImapTlsError: the server does not offer it, or has logged us in already, which somebody in the line could
                have made up to keep us in the open (RFC 9051 section 11.1).
        """
        if self.endpoint.security is not Security.STARTTLS or self.connection.stream.private:
            return
        server = self.connection.server
        if self.connection.protocol.state is not State.CONNECTED:
            raise ImapTlsError("the server leaves no room for STARTTLS", server=server, hint="Use TLS on port 993.")
        if not self.capabilities:
            self.ask_capabilities()
        if not self.has("STARTTLS"):
            raise ImapTlsError("the server does not offer STARTTLS", server=server, hint="Use TLS on port 993.")
        self.run(CommandLine("STARTTLS"))
        self.connection.start_tls(self.endpoint)

    def ask_capabilities(self) -> Capabilities:
        """Ask for the capabilities and return them."""
        self.run(CommandLine("CAPABILITY"))
        return self.capabilities

    def login(self, credentials: sasl.Credentials) -> None:
        """Log in by the best way that both sides know.

        Raises:
            ImapLoginError: the server refuses it.
            ImapThrottledError: the server cannot check it now.
            ImapUnsupportedError: there is no such way.
        """
        protocol = self.connection.protocol
        if protocol.state is State.AUTHENTICATED:
            return
        before = protocol.capabilities or self.ask_capabilities()
        names = sasl.choose(before.mechanisms, credentials, private=self.connection.stream.private)
        if isinstance(credentials, sasl.Password) and credentials.act_for and "LOGIN" in names:
            names.remove("LOGIN")
        tagged: Tagged | None = None
        for name in names:
            tagged = self._authenticate(name, credentials)
            if tagged.kind != "BAD":
                break
        if (tagged is None or tagged.kind == "BAD") and self._may_use_login(credentials):
            assert isinstance(credentials, sasl.Password)
            tagged = self._plain_login(credentials)
        if tagged is None:
            if "LOGINDISABLED" in before and not self.connection.stream.private:
                raise ImapTlsError(
                    "the server takes no login in the open", server=self.connection.server, hint="Use STARTTLS or TLS."
                )
            raise ImapUnsupportedError(
                "a login for these credentials",
                server=self.connection.server,
                hint="Offered: " + (", ".join(sorted(before.mechanisms)) or "nothing"),
            )
        if not tagged.ok:
            code = tagged.code.name if tagged.code else ""
            server = self.connection.server
            raise login_refusal(tagged.kind, tagged.text, command="the login", code=code, server=server)
        protocol.authenticated()
        if protocol.capabilities is before:
            self.ask_capabilities()

    def get_ready(self) -> None:
        """Ask who the server is, and switch on what it offers."""
        if self.has("ID"):
            # Some servers let nobody in who does not introduce themselves.
            with contextlib.suppress(ImapCommandError):
                result = self.run(CommandLine("ID").open().text("name").text(_OUR_NAME).close(), ServerId)
                if server_id := result.last(ServerId):
                    self.identity = server_id.fields
        greeting = self.connection.protocol.greeting
        self.quirks = quirks.detect(greeting.text if greeting else "", self.capabilities, self.identity)
        wanted = [name for name in _WANTED if name in self.capabilities.names]
        if "QRESYNC" in wanted and "CONDSTORE" in wanted:
            wanted.remove("CONDSTORE")
        if wanted and self.has("ENABLE"):
            line = CommandLine("ENABLE")
            for name in wanted:
                line.word(name)
            with contextlib.suppress(ImapCommandError):
                self.run(line)

    def compress(self) -> bool:
        """Compress both directions, if the server offers it. Pays on slow lines only. Says whether it is on."""
        if not self.has("COMPRESS=DEFLATE"):
            return False
        self.run(CommandLine("COMPRESS").word("DEFLATE"))
        self.connection.stream.start_compression()
        return True

    def logout(self) -> None:
        """Say good-bye and close the line; a line that is broken already is no error."""
        try:
            if not self.connection.closed:
                with contextlib.suppress(ImapConnectionError, ImapCommandError):
                    self.connection.execute(CommandLine("LOGOUT").command(), timeout=10.0)
        finally:
            self.connection.close()

    def _may_use_login(self, credentials: sasl.Credentials) -> bool:
        return isinstance(credentials, sasl.Password) and not (credentials.act_for or self.has("LOGINDISABLED"))

    def _plain_login(self, credentials: sasl.Password) -> Tagged:
        line = CommandLine("LOGIN").text(credentials.user).text(credentials.password)
        try:
            return self.run(line).tagged
        except ImapCommandError as error:
            kind = "BAD" if isinstance(error, ImapBadError) else "NO"
            server = self.connection.server
            raise login_refusal(kind, error.text, command="the login", code=error.code, server=server) from None

    def _authenticate(self, name: str, credentials: sasl.Credentials) -> Tagged:
        mechanism = sasl.mechanism(name, credentials, host=self.endpoint.host, port=self.endpoint.port)
        line = CommandLine("AUTHENTICATE").word(name)
        first = mechanism.first()
        if first is not None and self.has("SASL-IR"):
            line.raw(base64.b64encode(first) or b"=")
            first = None
        try:
            return self.connection.authenticate(line.command(continued=True), mechanism, first)
        except ImapByeError as error:
            # Some servers hang up on a wrong password in place of saying NO.
            if error.code in ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED"):
                raise ImapLoginError(
                    error.text, command="the login", code=error.code, server=error.server, hint=error.hint
                ) from error
            raise
