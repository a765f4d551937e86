"""A TCP proxy that misbehaves as told: what a flaky line does to a client, at a chosen command or byte.

Commands are counted over all connections, as IMAP has them: a line from the client with its literals. Inside TLS
nothing can be counted but bytes.
"""

import contextlib
import re
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from mailconnector.lab.processes import HOST

_CHUNK = 64 * 1024
_MOST_HELD = 1 << 20  # bytes held for one side; while there are more, the other is not read
_FLUSH = 5.0  # seconds for what still passes before a cut
_POLL = 0.1  # seconds between looks at whether to end
_LITERAL = re.compile(rb"\{(\d+)\+?\}$")
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class CutAtCommand:
    """Cut the connection at a command.

    Attributes:
        number: which, counted from 1 over all connections since the fault was set.
        when: `before` the server gets it; in the `middle`, when the server has half of its first line; or `answered`,
            when the server has done it, but the client gets no answer.
        reset: whether with a reset instead of an orderly end.
    """

    number: int
    when: Literal["before", "middle", "answered"] = "before"
    reset: bool = False


@dataclass(frozen=True, slots=True)
class CutAfterBytes:
    """Cut the connection after so many bytes one way, counted over all connections since the fault was set.

    Attributes:
        count: how many still pass.
        towards: whose bytes are counted: those towards the `client` or the `server`.
        reset: whether with a reset instead of an orderly end.
    """

    count: int
    towards: Literal["client", "server"] = "client"
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """From a command on, let nothing pass any more on this connection, but leave it open.

    Attributes:
        number: which command, counted from 1 over all connections since the fault was set; it does not arrive.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold back whatever passes, either way, on every connection, for as long as it is set.

    Attributes:
        seconds: how long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """Cut the next connections as soon as they are made.

    Attributes:
        count: how many.
    """

    count: int = 1


Fault = CutAtCommand | CutAfterBytes | Stall | Delay | Refuse


class FaultyProxy:
    """A proxy in front of a server on the loopback address, for as long as the `with` lasts.

    One fault is set at a time. Having struck, it is gone, and everything passes: what a client does next works. Only
    `Delay` stays until something else is set.

    >>> with FaultyProxy(server.imap_port) as proxy:
    ...     proxy.set(CutAtCommand(3, "answered"))
    """

    host = HOST

    def __init__(self, port: int, host: str = HOST) -> None:
        self._target = (host, port)
        self._listener = socket.create_server((HOST, 0))
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._fault: Fault | None = None
        self._struck = False
        self._commands = 0
        self._bytes = {"client": 0, "server": 0}

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listener.getsockname()[1])

    def set(self, fault: Fault | None) -> None:
        """Set the next fault, or none, and count from nothing again."""
        with self._lock:
            self._fault = fault
            self._struck = False
            self._commands = 0
            self._bytes = {"client": 0, "server": 0}

    @property
    def struck(self) -> bool:
        """Whether the fault that was set last has happened."""
        return self._struck

    @property
    def commands(self) -> int:
        """How many commands clients have sent since a fault was set."""
        return self._commands

    @property
    def bytes_to_client(self) -> int:
        """How many bytes have gone to clients since a fault was set."""
        return self._bytes["client"]

    @property
    def bytes_to_server(self) -> int:
        """How many bytes have gone to the server since a fault was set."""
        return self._bytes["server"]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            if not select.select([self._listener], [], [], _POLL)[0]:
                continue
            client, _ = self._listener.accept()
            if self._refuses():
                client.close()
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(_Connection(self, client, server).run)

    # -- what connections ask and tell ---------------------------------------------------------------------------------

    def _refuses(self) -> bool:
        with self._lock:
            if not isinstance(self._fault, Refuse):
                return False
            left = self._fault.count - 1
            self._fault = Refuse(left) if left > 0 else None
            self._struck = True
            return True

    def count_command(self) -> CutAtCommand | Stall | None:
        """Count a command that comes from a client; return the fault that strikes at it."""
        with self._lock:
            self._commands += 1
            fault = self._fault
            if not isinstance(fault, CutAtCommand | Stall) or fault.number != self._commands:
                return None
            self._strike()
            return fault

    def count_bytes(self, count: int, towards: str) -> tuple[int, CutAfterBytes | None]:
        """Count bytes that come; return how many may pass, and the fault that strikes after them."""
        with self._lock:
            before = self._bytes[towards]
            fault = self._fault
            if isinstance(fault, CutAfterBytes) and fault.towards == towards and before + count >= fault.count:
                passing = fault.count - before
                self._strike()
            else:
                passing, fault = count, None
            self._bytes[towards] += passing
            return passing, fault

    def delay(self) -> None:
        """Wait as long as the fault says."""
        fault = self._fault
        if isinstance(fault, Delay):
            self._struck = True
            time.sleep(fault.seconds)

    def _strike(self) -> None:
        self._fault = None
        self._struck = True

    def closes(self) -> bool:
        """Tell whether the proxy ends."""
        return self._closing.is_set()


class _Cut(Exception):
    """The connection is to be cut now.

    Attributes:
        reset: whether with a reset.
    """

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class _Connection:
    """One connection through the proxy."""

    def __init__(self, proxy: FaultyProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._splitter = CommandSplitter()
        self._stalled = False
        # What is held for each side until it takes it: neither may keep the other waiting, as both can be sending.
        self._held = {client: bytearray(), server: bytearray()}
        # Of a command whose answer is withheld: the tag and the fault; and what is left of the server's last line.
        self._withheld: tuple[bytes, CutAtCommand] | None = None
        self._line = b""

    def run(self) -> None:
        """Pass bytes on until an end is reached or the proxy ends."""
        with self._client, self._server, contextlib.suppress(OSError):
            reset = False
            try:
                self._pass_on()
            except _Cut as cut:
                reset = cut.reset
            for side, held in self._held.items():
                side.settimeout(_FLUSH)
                with contextlib.suppress(OSError):
                    side.sendall(held)
            if reset:
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _pass_on(self) -> None:
        sides = (self._client, self._server)
        for side in sides:
            side.setblocking(False)
        while not self._proxy.closes():
            readers = [side for side, other in (sides, sides[::-1]) if len(self._held[other]) < _MOST_HELD]
            readable, writable, _ = select.select(readers, [side for side in sides if self._held[side]], [], _POLL)
            for side in writable:
                del self._held[side][: side.send(self._held[side])]
            for side in readable:
                data = side.recv(_CHUNK)
                if not data:
                    return
                if self._stalled:
                    continue
                self._proxy.delay()
                if side is self._client:
                    self._from_client(data)
                else:
                    self._from_server(data)

    def _from_client(self, data: bytes) -> None:
        for piece, is_new in self._splitter.feed(data):
            fault = self._proxy.count_command() if is_new else None
            if isinstance(fault, Stall):
                self._stalled = True
                return
            if fault is None:
                self._send(self._server, piece, "server")
            elif fault.when == "before":
                raise _Cut(fault.reset)
            elif fault.when == "middle":
                self._send(self._server, piece[: len(piece) // 2], "server")
                raise _Cut(fault.reset)
            else:
                self._withheld = piece.split(b" ", 1)[0], fault
                self._send(self._server, piece, "server")

    def _from_server(self, data: bytes) -> None:
        if self._withheld is None:
            self._send(self._client, data, "client")
            return
        tag, fault = self._withheld
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if line.startswith(tag + b" "):
                raise _Cut(fault.reset)
            if line.startswith(b"+"):
                # Without it the client would not send the literal.
                self._send(self._client, line + b"\n", "client")

    def _send(self, target: socket.socket, data: bytes, towards: str) -> None:
        passing, fault = self._proxy.count_bytes(len(data), towards)
        self._held[target] += data[:passing]
        if fault:
            raise _Cut(fault.reset)


class CommandSplitter:
    """Finds where IMAP commands begin in what a client sends.

    A command is a line, which goes on after each literal. The line that ends IDLE and those that answer a challenge are
    no commands.
    """

    def __init__(self) -> None:
        self._literal = 0  # bytes of a literal that are still to come
        self._line = b""  # the line so far
        self._continues = False  # whether the line is the rest of a command
        self._undecided = b""  # the beginning of a line that may be an answer or a command
        self._dialogue = False  # whether the command before asked for a dialogue: AUTHENTICATE, IDLE

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """Split bytes into pieces; each is given with whether a command begins with it.

        The first piece of a command is as much of its first line as has come. Held back is only the beginning of a line
        in a dialogue, until it shows whether it is an answer.
        """
        pieces: list[tuple[bytes, bool]] = []
        data, self._undecided = self._undecided + data, b""
        while data:
            if self._literal:
                piece, data = data[: self._literal], data[self._literal :]
                self._literal -= len(piece)
                pieces.append((piece, False))
                continue
            end = data.find(b"\n") + 1 or len(data)
            piece, data = data[:end], data[end:]
            starts = not self._line and not self._continues
            if starts and self._dialogue and not _has_tag(piece) and not piece.endswith(b"\n"):
                self._undecided = piece
                break
            self._line += piece
            is_new = starts and not (self._dialogue and not _has_tag(piece))
            pieces.append((piece, is_new))
            if piece.endswith(b"\n"):
                self._end_line()
        return pieces

    def _end_line(self) -> None:
        line = self._line.rstrip(b"\r\n")
        literal = _LITERAL.search(line)
        if not self._continues and _has_tag(line):
            self._dialogue = line.split(b" ")[1].upper() in (b"AUTHENTICATE", b"IDLE")
        self._literal = int(literal[1]) if literal else 0
        self._continues = literal is not None
        self._line = b""


def _has_tag(line: bytes) -> bool:
    # Answers to challenges are one base64 word, and IDLE ends with DONE: nothing with a space in it.
    return b" " in line
