"""One connection: the protocol over the line, with deadlines, for the use of one thread.

    Protocol (bytes <-> values)  <->  Connection  <->  Stream (socket, TLS, deflate)

`execute` runs one command, `pipeline` keeps several under way. What the server says unasked is kept in `pushed` for
whoever wants to know; what it wants a person to read, in `alerts`.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mailconnector.imap.commands import Command
from mailconnector.imap.errors import (
    ImapByeError,
    ImapCommandError,
    ImapConnectionError,
    ImapError,
    ImapOvertakenError,
    ImapTimeoutError,
    refusal,
)
from mailconnector.imap.framing import Limits
from mailconnector.imap.protocol import MailboxState, Protocol, State
from mailconnector.imap.responses import Condition, Continuation, Response, Tagged
from mailconnector.imap.stream import Endpoint, Stream
from mailconnector.login import Mechanism

R = TypeVar("R")

_MOST_PUSHED = 10_000
_MOST_ALERTS = 50


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: for the connection, and again for TLS.
        silence: for the next byte while a command is under way.
        command: for the end of one command; in a pipeline, for the next thing that was asked for.
    """

    connect: float = 20.0
    silence: float = 90.0
    command: float = 1800.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a command that was carried out."""

    tagged: Tagged
    responses: tuple[Response, ...] = ()

    def all(self, kind: type[R]) -> list[R]:
        """The responses of one kind, in their order."""
        return [response for response in self.responses if isinstance(response, kind)]

    def last(self, kind: type[R]) -> R | None:
        """The last response of one kind, or None."""
        return next((response for response in reversed(self.responses) if isinstance(response, kind)), None)


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one command of a pipeline, carried out or refused."""

    command: Command
    tagged: Tagged


class Connection:
    """A session with a server. Not for use by two threads at once, but for `interrupt`.

    Attributes:
        server: ``host:port``.
        protocol: the state of the session.
        pushed: what the server said unasked, oldest first; the oldest are dropped beyond 10,000.
        alerts: what the server wants a person to read.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        """Take over a connected stream.

        Args:
            stream: to the server.
            timeouts: how long to wait.
            limits: how much a server may make us keep.
            trace: is given a line for each command, by its name and mailbox only, and for each end of one.
        """
        self.server = stream.server
        self.stream = stream
        self.timeouts = timeouts or Timeouts()
        self.protocol = Protocol(limits)
        self.pushed: deque[Response] = deque(maxlen=_MOST_PUSHED)
        self.alerts: deque[str] = deque(maxlen=_MOST_ALERTS)
        self._queue: deque[Response] = deque()
        self._turn = 0  # counts what was begun: a pipeline that is not the last of it has lost its answers
        self._trace = trace

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> Connection:
        """Connect and read the greeting; the line is private by then, if it is to be at the start.

        Raises:
            ImapConnectionError: and its kinds for a name, TLS, a timeout, a BYE.
            ImapProtocolError: there is no IMAP server.
        """
        timeouts = timeouts or Timeouts()
        stream = Stream.connect(endpoint, timeout=timeouts.connect)
        connection = cls(stream, timeouts=timeouts, limits=limits, trace=trace)
        try:
            connection.greet()
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self.protocol.state is State.CLOSED

    def greet(self) -> Condition:
        """Wait for the server's greeting and return it."""
        deadline = time.monotonic() + self.timeouts.silence
        while self.protocol.greeting is None:
            self._take(deadline)
        greeting = self.protocol.greeting
        if greeting.kind == "BYE":
            self.close()
            code = greeting.code.name if greeting.code else ""
            raise ImapByeError(greeting.text, code=code, server=self.server, hint="Try again later.")
        return greeting

    def execute(
        self,
        command: Command,
        *kinds: type[Response],
        selects: MailboxState | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run one command.

        Args:
            command: the command.
            kinds: the kinds of responses that belong to its result; others go to `pushed`.
            selects: for SELECT and EXAMINE: the state that the answers fill in.
            timeout: most seconds for the whole command, instead of `Timeouts.command`.

        Raises:
            ImapCommandError: the server refused it; see the kinds of `ImapNoError`.
            ImapConnectionError: the connection was lost; the command may or may not have been carried out.
            ImapProtocolError, ImapLimitError, ImapUidValidityError: the session cannot go on.
        """
        deadline = time.monotonic() + (timeout or self.timeouts.command)
        self.settle()
        tag = self._send(command, selects)
        responses: list[Response] = []
        while True:
            response = self._take(deadline)
            if isinstance(response, Tagged):
                if response.tag == tag:
                    break
            elif isinstance(response, kinds):
                responses.append(response)
            else:
                self._notice(response)
        self._done(command, response)
        if not response.ok:
            raise self.refused(command, response)
        return Result(response, tuple(responses))

    def pipeline(self, commands: Iterable[Command], *kinds: type[R], depth: int = 4) -> Iterator[R | Ended]:
        """Run commands with several under way at once.

        The iterator may be given up at any time; the next command then waits for those under way.

        Args:
            commands: taken one by one, as there is room.
            kinds: the kinds of responses to hand out; others go to `pushed`.
            depth: how many commands may be under way.

        Yields:
            Responses of these kinds, and an `Ended` for each command, refused ones included.

        Raises:
            ImapConnectionError, ImapProtocolError, ImapLimitError: as with `execute`.
            ImapOvertakenError: another command was run before the iterator came to its end.
        """
        self.settle()
        turn = self._turn
        source = iter(commands)
        active: dict[bytes, Command] = {}
        exhausted = False
        deadline = 0.0
        while True:
            while not exhausted and len(active) < depth:
                command = next(source, None)
                if command is None:
                    exhausted = True
                else:
                    active[self._send(command)] = command
                    deadline = time.monotonic() + self.timeouts.command
            if not active:
                return
            response = self._queue.popleft() if self._queue else self._take(deadline)
            if isinstance(response, kinds):
                yield response
                if self._turn != turn:
                    raise ImapOvertakenError("another command came between", server=self.server)
            elif isinstance(response, Tagged):
                command = active.pop(response.tag)
                self._done(command, response)
                yield Ended(command, response)
                if self._turn != turn and (active or not exhausted):
                    raise ImapOvertakenError("another command came between", server=self.server)
            else:
                self._notice(response)
                continue
            # It goes on, and what the caller did meanwhile is not the server's time.
            deadline = time.monotonic() + self.timeouts.command

    def authenticate(self, command: Command, mechanism: Mechanism, unsent: bytes | None) -> Tagged:
        """Run AUTHENTICATE and return its end, which may be a refusal.

        Args:
            command: AUTHENTICATE with the mechanism's name and, with SASL-IR, its first message.
            mechanism: answers the challenges.
            unsent: the first message, where the command does not hold it; None where it does, or there is none.
        """
        deadline = time.monotonic() + self.timeouts.silence
        self.settle()
        tag = self._send(command)
        failure: ImapError | None = None
        while True:
            response = self._take(deadline)
            if isinstance(response, Tagged) and response.tag == tag:
                break
            if not isinstance(response, Continuation):
                self._notice(response)
                continue
            try:
                if unsent is not None:
                    answer, unsent = unsent, None
                else:
                    answer = mechanism.answer(base64.b64decode(response.data, validate=True))
                self.protocol.reply(base64.b64encode(answer))
            except (binascii.Error, ImapError) as error:
                failure = (
                    error
                    if isinstance(error, ImapError)
                    else ImapConnectionError("the server's login challenge cannot be read", server=self.server)
                )
                self.protocol.reply(b"*")
        self._done(command, response)
        if failure:
            raise failure
        if response.ok:
            mechanism.check()
        return response

    def idle(self, command: Command, seconds: float) -> None:
        """Run IDLE until the server says something, `interrupt` is called, or the time is over (RFC 2177).

        What was said is in `pushed`. A server that does not end IDLE in time is taken for gone.
        """
        self.settle()
        tag = self._send(command)
        begun = time.monotonic()
        while not isinstance(response := self._take(begun + self.timeouts.silence), Continuation):
            if isinstance(response, Tagged) and response.tag == tag:
                raise self.refused(command, response)
            self._notice(response)
        self.wait(begun + seconds - time.monotonic())
        if tag in self.protocol.in_flight:
            self.protocol.reply(b"DONE")
        deadline = time.monotonic() + self.timeouts.silence
        while not isinstance(response := self._take(deadline), Tagged):
            self._notice(response)
        self._done(command, response)
        if not response.ok:
            raise self.refused(command, response)

    def wait(self, seconds: float) -> None:
        """Wait, without a command, until the server says something or the time is over, and note it in `pushed`."""
        deadline = time.monotonic() + seconds
        while True:
            heard = False
            while self._queue and not isinstance(self._queue[0], Tagged):
                response = self._queue.popleft()
                heard = heard or not isinstance(response, Condition)
                self._notice(response)
            left = deadline - time.monotonic()
            if heard or self._queue or left <= 0:
                return
            if self.closed:
                raise self._over()
            batch = self._read(left, interruptible=True)
            if batch is None:
                return
            self._queue.extend(batch)

    def start_tls(self, endpoint: Endpoint) -> None:
        """Begin TLS, after STARTTLS was carried out.

        Raises:
            ImapTlsError: the line cannot be made private.
            ImapProtocolError: something was said in the open after the answer.
        """
        try:
            self.protocol.private_from_now(left=bool(self._queue))
        except ImapError:
            self.close()
            raise
        self.stream.start_tls(endpoint, timeout=self.timeouts.connect)

    def interrupt(self) -> None:
        """End a wait of `idle` or `wait` from another thread."""
        self.stream.interrupt()

    def settle(self) -> None:
        """Wait for the commands of a pipeline that was given up."""
        self._turn += 1
        deadline = time.monotonic() + self.timeouts.command
        while self._queue or self.protocol.in_flight:
            response = self._take(deadline)
            if not isinstance(response, Tagged):
                self._notice(response)

    def close(self) -> None:
        """Close the line without a word; a second time does nothing."""
        self.protocol.state = State.CLOSED
        self.stream.close()

    def refused(self, command: Command, tagged: Tagged) -> ImapCommandError:
        """Make the error for a command that was refused."""
        return refusal(
            tagged.kind,
            tagged.text,
            command=command.name,
            mailbox=command.mailbox,
            code=tagged.code.name if tagged.code else "",
            server=self.server,
        )

    def _send(self, command: Command, selects: MailboxState | None = None) -> bytes:
        tag = self.protocol.send(command, selects=selects)
        if self._trace:
            self._trace(f"C: {tag.decode()} {command.name} {command.mailbox}".rstrip())
        self.stream.write(self.protocol.take_output())
        return tag

    def _take(self, deadline: float) -> Response:
        """Return the next response."""
        while not self._queue:
            if self.closed:
                raise self._over()
            left = deadline - time.monotonic()
            sent = self.stream.sent
            batch = self._read(min(left, self.timeouts.silence)) if left > 0 else None
            if batch is None and left > self.timeouts.silence and self.stream.sent > sent:
                continue  # a long message on a slow line: the server is taking it
            if batch is None:
                self.close()
                waited = self.timeouts.silence if left > self.timeouts.silence else self.timeouts.command
                raise ImapTimeoutError(
                    "the server does not answer any more", seconds=waited, server=self.server, hint="Try again."
                )
            self._queue.extend(batch)
        return self._queue.popleft()

    def _over(self) -> ImapError:
        self.close()
        error = self.protocol.end_of_stream() or ImapConnectionError("the session is over")
        error.server = error.server or self.server
        return error

    def _read(self, timeout: float, *, interruptible: bool = False) -> list[Response] | None:
        """Send what is in line and return what came; None when nothing came in time."""
        try:
            self.stream.write(self.protocol.take_output())
            data = self.stream.read(timeout, interruptible=interruptible)
            if data is None:
                return None
            if not data:
                raise self._over()
            return self.protocol.receive(data)
        except ImapError as error:
            self.close()
            error.server = error.server or self.server
            raise

    def _notice(self, response: Response) -> None:
        if isinstance(response, Condition):
            if response.code and response.code.name == "ALERT":
                self.alerts.append(response.text)
            if response.kind == "BYE" and self.closed:
                self.close()
                code = response.code.name if response.code else ""
                raise ImapByeError(response.text, code=code, server=self.server)
        else:
            self.pushed.append(response)

    def _done(self, command: Command, tagged: Tagged) -> None:
        if self._trace:
            code = f" [{tagged.code.name}]" if tagged.code else ""
            self._trace(f"S: {tagged.tag.decode()} {command.name} {tagged.kind}{code}")
        if tagged.code and tagged.code.name == "ALERT":
            self.alerts.append(tagged.text)
