"""The IMAP protocol as seen by a client, without I/O: bytes in, responses out; commands in, bytes out.

States of the session (RFC 9051 section 3), and what leads from one to the next:

    GREETING --OK--> CONNECTED --login--> AUTHENTICATED --SELECT, EXAMINE--> SELECTED
        \\--PREAUTH------------------------^      ^--CLOSE, UNSELECT, failed SELECT--/
    any state --BYE, LOGOUT, end of stream, malformed data--> CLOSED

Commands wait in a line. Each is sent up to its first synchronizing literal; there the line stands still until the
server says ``+``, or refuses the command, whose rest is then dropped. A command that is itself `continued`
(AUTHENTICATE, IDLE) holds the line until it ends, and each ``+`` for it is handed out. So any number of commands may be
under way; which of them must not be is the caller's affair (RFC 9051 section 5.5).

    protocol.send(command) -> tag          protocol.take_output() -> bytes for the socket
    protocol.receive(data) -> responses    protocol.mailbox      -> what is known of the selected mailbox

Invariants:
1. A tag is in `in_flight` from `send` until its Tagged response was handed out.
2. Nothing is handed out after CLOSED.
3. After an error of the stream the state is CLOSED: there is no way back into step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.commands import Command, Literal
from mailconnector.imap.errors import (
    ImapByeError,
    ImapConnectionError,
    ImapError,
    ImapProtocolError,
    ImapUidValidityError,
    ImapUsageError,
)
from mailconnector.imap.framing import Framer, Limits
from mailconnector.imap.names import NameCodec
from mailconnector.imap.parsing import Parser
from mailconnector.imap.responses import (
    CapabilityList,
    Code,
    Condition,
    Continuation,
    Enabled,
    Exists,
    Expunge,
    MailboxFlags,
    Response,
    Tagged,
    Vanished,
)


class State(Enum):
    """Where the session is."""

    GREETING = "greeting"
    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    CLOSED = "closed"


@dataclass(slots=True)
class MailboxState:
    """What the server has said of the selected mailbox so far. It changes as the server speaks.

    Attributes:
        name: the mailbox.
        read_only: whether it was opened so, by us or by the server.
        exists: the number of messages.
        uid_validity: 0 until the server has told it.
        uid_next: None where the server has not told it.
        highest_modseq: None where the mailbox keeps no mod-sequences.
        flags: those in use.
        permanent_flags: those that can be stored; None where the server has not said (then all can).
        new_keywords: whether keywords can be made up (``\\*`` among the permanent flags).
        mailbox_id: what stays when the mailbox is renamed (RFC 8474), or empty.
    """

    name: str
    read_only: bool = False
    exists: int = 0
    uid_validity: int = 0
    uid_next: int | None = None
    highest_modseq: int | None = None
    flags: frozenset[str] = frozenset()
    permanent_flags: frozenset[str] | None = None
    mailbox_id: str = ""

    @property
    def new_keywords(self) -> bool:
        """Whether flags that are not in use yet can be stored."""
        return self.permanent_flags is None or "\\*" in self.permanent_flags


@dataclass(slots=True)
class _Pending:
    """A command under way: what of it is still to be sent, and what its end means."""

    tag: bytes
    command: Command
    selects: MailboxState | None
    chunks: deque[list[bytes]]  # each but the first has to be asked for by the server
    blocked: bool = False  # whether the line waits for the server to answer this one


class Protocol:
    """One session.

    Attributes:
        state: where it is.
        capabilities: those last told; empty when they are not known, after TLS or a login.
        enabled: what ENABLE has switched on, in capitals.
        names: encodes and decodes mailbox names.
        mailbox: the selected mailbox, or None.
        greeting: the greeting, once it came.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.state = State.GREETING
        self.capabilities = Capabilities()
        self.enabled: frozenset[str] = frozenset()
        self.names = NameCodec()
        self.mailbox: MailboxState | None = None
        self.greeting: Condition | None = None
        self._framer = Framer(limits)
        self._parser = Parser(self.names)
        self._count = 0
        self._in_flight: dict[bytes, _Pending] = {}
        self._waiting: deque[_Pending] = deque()  # not, or not wholly, sent
        self._output: list[bytes] = []
        self._bye: Condition | None = None
        self._leaving = False
        self._failure: ImapError | None = None
        self._meanings: dict[type, Callable[[Any], bool]] = {
            CapabilityList: self._on_capability,
            Condition: self._on_condition,
            Continuation: self._on_continuation,
            Enabled: self._on_enabled,
            Exists: self._on_exists,
            Expunge: self._on_expunge,
            MailboxFlags: self._on_flags,
            Tagged: self._on_tagged,
            Vanished: self._on_vanished,
        }

    @property
    def in_flight(self) -> Sequence[bytes]:
        """The tags of the commands that have not ended, in the order in which they were given."""
        return tuple(self._in_flight)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way in either direction."""
        return self._framer.idle and not self._in_flight and not self._output

    def send(self, command: Command, *, selects: MailboxState | None = None) -> bytes:
        """Put a command in line and return its tag.

        Args:
            command: the command.
            selects: for SELECT and EXAMINE, the state that the answers are to fill in.

        Raises:
            ImapUsageError: the session is closed, or the greeting has not come.
        """
        if self.state in (State.CLOSED, State.GREETING):
            raise ImapUsageError(f"{command.name} cannot be sent, the session is {self.state.value}")
        self._count += 1
        tag = b"a%d" % self._count
        pending = _Pending(tag, command, selects, _chunks(tag, command, self.capabilities.literal_limit))
        self._in_flight[tag] = pending
        self._waiting.append(pending)
        if command.name == "LOGOUT":
            self._leaving = True
        self._advance()
        return tag

    def reply(self, data: bytes) -> None:
        """Answer a ``+`` of a `continued` command: a line, without its end."""
        self._output.append(data + b"\r\n")

    def take_output(self) -> list[bytes]:
        """Return the bytes that may be sent now, and forget them."""
        output = self._output
        self._output = []
        return output

    def receive(self, data: bytes) -> list[Response]:
        """Take bytes from the server and return the responses that they complete.

        Raises:
            ImapProtocolError: they are no IMAP.
            ImapLimitError: they are too many.
            ImapUidValidityError: the selected mailbox is another one now.
        """
        out: list[Response] = []
        if self._failure:
            raise self._failure
        try:
            for frame in self._framer.feed(data):
                if self.state is State.CLOSED:
                    break
                response = self._parser.parse(frame)
                meaning = self._meanings.get(type(response))
                if meaning is None or meaning(response):
                    out.append(response)
        except ImapError as error:
            self.state = State.CLOSED
            if not out:
                raise
            self._failure = error  # what came before it is whole: it is handed out first
        return out

    def end_of_stream(self) -> ImapError | None:
        """Tell that the server has closed the stream; the error that this means, None after a LOGOUT."""
        self.state = State.CLOSED
        if self._failure:
            return self._failure
        if self._leaving and self._framer.idle:
            return None
        if self._bye:
            return ImapByeError(self._bye.text, code=self._bye.code.name if self._bye.code else "")
        return ImapConnectionError("the server closed the connection", hint="Try again.")

    @property
    def bye(self) -> Condition | None:
        """The server's BYE, if it has said so."""
        return self._bye

    def private_from_now(self, *, left: bool = False) -> None:
        """Tell that TLS begins: what was learnt before may have been forged (RFC 9051 section 11.1).

        Args:
            left: whether responses came behind the answer to STARTTLS.

        Raises:
            ImapProtocolError: the server, or somebody between, has sent more than the answer to STARTTLS.
        """
        if left or not self.at_rest:
            self.state = State.CLOSED
            raise ImapProtocolError("data came between STARTTLS and TLS: somebody may be in the line")
        self.capabilities = Capabilities()

    def authenticated(self) -> None:
        """Tell that the login has succeeded."""
        self.state = State.AUTHENTICATED

    def left_mailbox(self) -> None:
        """Tell that no mailbox is selected any more."""
        self.mailbox = None
        if self.state is State.SELECTED:
            self.state = State.AUTHENTICATED

    # What each response means for the session. The value says whether it is handed out.

    def _on_continuation(self, response: Continuation) -> bool:
        head = self._waiting[0] if self._waiting else None
        if head is None or not head.blocked:
            raise ImapProtocolError("the server asks for more where nothing is left", data=response.data)
        if not head.chunks:
            return True
        head.blocked = False
        self._advance()
        return False

    def _on_tagged(self, response: Tagged) -> bool:
        pending = self._in_flight.pop(response.tag, None)
        if pending is None:
            raise ImapProtocolError("the server ends a command that was not given", data=response.tag)
        if response.code and response.code.name == "CAPABILITY":
            self._learn(response.code)
        if pending.selects is not None:
            self._selected(pending.selects, response)
        elif pending.command.name in ("CLOSE", "UNSELECT") and response.ok:
            self.left_mailbox()
        elif self.mailbox and response.code and response.code.name == "HIGHESTMODSEQ":
            self._mailbox_code(self.mailbox, response.code)
        if self._waiting and self._waiting[0] is pending:
            self._waiting.popleft()
            self._advance()
        elif pending in self._waiting:
            raise ImapProtocolError("the server ends a command that was not sent yet", data=response.tag)
        return True

    def _selected(self, state: MailboxState, response: Tagged) -> None:
        if not response.ok:
            if self.mailbox is state:
                self.left_mailbox()
            return
        if response.code:
            state.read_only = response.code.name == "READ-ONLY"
        self.mailbox = state
        self.state = State.SELECTED

    def _on_condition(self, response: Condition) -> bool:
        if self.state is State.GREETING:
            self._greeted(response)
        if response.kind == "BYE":
            self._bye = response
            if not self._leaving:
                self.state = State.CLOSED
        if response.code is None:
            return True
        if response.code.name == "CAPABILITY":
            self._learn(response.code)
        elif state := self._speaking_of():
            self._mailbox_code(state, response.code)
        return True

    def _greeted(self, response: Condition) -> None:
        if response.kind not in ("OK", "PREAUTH", "BYE"):
            raise ImapProtocolError("the server greets in no known way", data=response.kind.encode())
        self.greeting = response
        self.state = {"OK": State.CONNECTED, "PREAUTH": State.AUTHENTICATED, "BYE": State.CLOSED}[response.kind]

    def _speaking_of(self) -> MailboxState | None:
        """The mailbox that untagged data is about: the one being selected, else the selected one."""
        for pending in self._in_flight.values():
            if pending.selects is not None:
                return pending.selects
        return self.mailbox

    def _mailbox_code(self, state: MailboxState, code: Code) -> None:
        match code.name:
            case "UIDVALIDITY":
                found = code.number
                if state.uid_validity not in (0, found):
                    raise ImapUidValidityError(state.name, expected=state.uid_validity, found=found)
                state.uid_validity = found
            case "UIDNEXT":
                state.uid_next = code.number
            case "HIGHESTMODSEQ":
                state.highest_modseq = code.number
            case "NOMODSEQ":
                state.highest_modseq = None
            case "PERMANENTFLAGS":
                state.permanent_flags = code.words
            case "MAILBOXID":
                state.mailbox_id = code.text
            case "CLOSED":  # RFC 7162 section 3.2.11: what follows is about the mailbox being selected
                self.mailbox = None

    def _on_capability(self, response: CapabilityList) -> bool:
        self.capabilities = response.capabilities
        return True

    def _on_enabled(self, response: Enabled) -> bool:
        self.enabled |= response.names
        if self.enabled & {"UTF8=ACCEPT", "IMAP4REV2"}:
            self.names.utf8 = True
        return True

    def _on_exists(self, response: Exists) -> bool:
        if state := self._speaking_of():
            state.exists = response.count
        return True

    def _on_expunge(self, response: Expunge) -> bool:
        if state := self._speaking_of():
            state.exists = max(0, state.exists - 1)
        return True

    def _on_vanished(self, response: Vanished) -> bool:
        if not response.earlier and (state := self._speaking_of()):
            state.exists = max(0, state.exists - len(response.uids))
        return True

    def _on_flags(self, response: MailboxFlags) -> bool:
        if state := self._speaking_of():
            state.flags = response.flags
        return True

    def _learn(self, code: Code) -> None:
        words = code.data.decode("ascii", "replace").split()
        self.capabilities = Capabilities.of(words)

    def _advance(self) -> None:
        """Move what may be sent into the output, from the head of the line on."""
        while self._waiting and not self._waiting[0].blocked:
            head = self._waiting[0]
            self._output.extend(head.chunks.popleft())
            if head.chunks or head.command.continued:
                head.blocked = True
            else:
                self._waiting.popleft()


def _chunks(tag: bytes, command: Command, literal_limit: int) -> deque[list[bytes]]:
    """Write a command as lists of bytes, cut behind each literal's announcement that the server has to answer."""
    chunks: deque[list[bytes]] = deque([[tag, b" "]])
    for part in command.parts:
        if isinstance(part, Literal):
            unasked = len(part.data) <= literal_limit
            chunks[-1].append(
                b"%s{%d%s}\r\n" % (b"~" if part.binary else b"", len(part.data), b"+" if unasked else b"")
            )
            if not unasked:
                chunks.append([])
            chunks[-1].append(part.data)
        else:
            chunks[-1].append(part)
    chunks[-1].append(b"\r\n")
    return chunks
