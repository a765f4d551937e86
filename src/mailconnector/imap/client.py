"""The IMAP client: what the rest of the program sees of a server.

>>> with ImapClient.connect(Endpoint("imap.example.org"), Password("alice", "...")) as client:
...     inbox = client.select("INBOX")
...     for message in inbox.fetch(inbox.search(searching.since(date(2024, 1, 1)))):
...         print(message.uid, message.flags, len(message.body or b""))

A client is one connection, for one thread; two threads want two clients. Every wait has an end, see `Timeouts`; every
error is an `ImapError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from mailconnector.imap.access import AccessControl
from mailconnector.imap.annotations import Annotations
from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.commands import CommandLine
from mailconnector.imap.connection import Timeouts
from mailconnector.imap.errors import ImapNoError, ImapNotFoundError
from mailconnector.imap.framing import Limits
from mailconnector.imap.mailboxes import Mailboxes
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.quotas import Quotas
from mailconnector.imap.sasl import Credentials
from mailconnector.imap.selected import KnownState, SelectedMailbox
from mailconnector.imap.session import Session
from mailconnector.imap.stream import Endpoint
from mailconnector.imap.uploads import Uploads
from mailconnector.imap.watching import Watcher, WatchTimes


class ImapClient:
    """A session with an IMAP server.

    Attributes:
        session: the session, for commands that have no method here.
        mailboxes: listing, creating, renaming ...
        uploads: messages to the server.
        access: access control lists.
        annotations: METADATA.
        quotas: how much fits in.
        watcher: waits for changes.
    """

    def __init__(self, session: Session, *, watch: WatchTimes | None = None) -> None:
        self.session = session
        self.mailboxes = Mailboxes(session)
        self.uploads = Uploads(session)
        self.access = AccessControl(session)
        self.annotations = Annotations(session)
        self.quotas = Quotas(session)
        self.watcher = Watcher(session, watch)

    @classmethod
    def connect(
        cls,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        watch: WatchTimes | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> ImapClient:
        """Connect, make the line private, log in, and switch on what the server offers.

        Args:
            endpoint: the server, and how the line is made private.
            credentials: a password or a token.
            timeouts: how long to wait.
            limits: how much a server may make us keep.
            watch: how to wait for changes.
            trace: is given a line for each command and its end, without arguments: nothing secret, no content.

        Raises:
            ImapNameError: the server's name is not known.
            ImapTlsError: the line cannot be made private.
            ImapLoginError: the login is refused.
            ImapConnectionError: nothing answers there (`ImapTimeoutError`), or it hangs up (`ImapByeError`).
            ImapThrottledError: the server asks for patience.
            ImapUnsupportedError: there is no login that both sides know.
            ImapProtocolError: there is something else than an IMAP server.
        """
        session = Session.begin(endpoint, credentials, timeouts=timeouts, limits=limits, trace=trace)
        return cls(session, watch=watch)

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do."""
        return self.session.capabilities

    @property
    def identity(self) -> Mapping[str, str]:
        """What the server says of itself, as ``name`` and ``version``; often nothing."""
        return self.session.identity

    @property
    def quirks(self) -> frozenset[Quirk]:
        """The server's known oddities."""
        return self.session.quirks

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self.session.connection.closed

    def select(self, name: str, *, read_only: bool = False, known: KnownState | None = None) -> SelectedMailbox:
        """Select a mailbox; what was selected before is left. See `SelectedMailbox.select`.

        Raises:
            ImapNotFoundError: it does not exist.
            ImapNoError: the server refuses it for another reason.
        """
        try:
            return SelectedMailbox.select(self.session, name, read_only=read_only, known=known)
        except ImapNoError as error:
            if error.code or self.mailboxes.exists(name):
                raise
            raise ImapNotFoundError(
                error.text, command=error.command, mailbox=name, server=error.server, hint=error.hint
            ) from error

    def noop(self) -> None:
        """Ask whether the server is there, and let it tell what is new."""
        self.session.run(CommandLine("NOOP"))

    def logout(self) -> None:
        """Say good-bye and close the line. Never raises."""
        self.session.logout()

    def close(self) -> None:
        """Close the line without a word."""
        self.session.connection.close()

    def __enter__(self) -> ImapClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.logout()
        else:
            self.close()
