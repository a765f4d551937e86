"""A server that says what a script tells it to: for what no real server would do, or only rarely.

A script is a list of steps. ``b"C: ..."`` waits for a line that matches (``*`` stands for the tag, which later ``TAG``
in what the server says stands for; ``...`` at the end for any rest), ``b"S: ..."`` sends a line, ``b"R: ..."`` sends
bytes as they are, ``b"L: n"`` reads n bytes, ``b"W: s"`` waits s seconds. What goes otherwise is raised at the end.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from mailconnector.imap.client import ImapClient
from mailconnector.imap.connection import Connection, Timeouts
from mailconnector.imap.framing import Limits
from mailconnector.imap.session import Session
from mailconnector.imap.stream import Endpoint, Security, Stream

ENDPOINT = Endpoint("imap.example.org", 143, Security.PLAIN)
QUICK = Timeouts(connect=2.0, silence=2.0, command=5.0)


class ScriptedServer(threading.Thread):
    """Plays one script on one end of a socket pair."""

    def __init__(self, sock: socket.socket, steps: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.failure: Exception | None = None
        self.heard: list[bytes] = []
        self._socket = sock
        self._file = sock.makefile("rwb", buffering=0)
        self._steps = steps

    def run(self) -> None:
        tag = b""
        try:
            for step in self._steps:
                kind, text = step[:3], step[3:]
                if kind == b"C: ":
                    line = self._line()
                    expected = text
                    if text.startswith(b"* "):
                        tag, _, line = line.partition(b" ")
                        expected = text[2:]
                    wanted = expected.removesuffix(b"...")
                    if not (line.startswith(wanted) if wanted != expected else line == wanted):
                        raise AssertionError(f"expected {expected!r}, heard {line!r}")
                elif kind == b"W: ":
                    time.sleep(float(text))
                elif kind == b"L: ":
                    self.heard.append(self._bytes(int(text)))
                else:
                    data = text.replace(b"TAG", tag)
                    self._socket.sendall(data + (b"\r\n" if kind == b"S: " else b""))
        except Exception as error:  # handed to the test
            self.failure = error
        finally:
            self._file.close()
            self._socket.close()

    def _line(self) -> bytes:
        line: bytes = self._file.readline() or b""
        self.heard.append(line)
        return line.removesuffix(b"\r\n")

    def _bytes(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._file.read(count - len(data))
            if not piece:
                raise AssertionError("the client hung up")
            data += piece
        return data


@contextlib.contextmanager
def connected(*steps: bytes, timeouts: Timeouts = QUICK, limits: Limits | None = None) -> Iterator[Connection]:
    """Give a connection whose greeting has been read; the script is over, and went as written, at the end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5.0)
    server = ScriptedServer(theirs, [b"S: * OK ready", *steps])
    server.start()
    connection = Connection(Stream(ours, "imap.example.org:143"), timeouts=timeouts, limits=limits)
    try:
        connection.greet()
        yield connection
    finally:
        connection.close()
        server.join(5.0)
    if server.failure:
        raise server.failure


@contextlib.contextmanager
def client_of(capabilities: bytes, *steps: bytes, timeouts: Timeouts = QUICK) -> Iterator[ImapClient]:
    """Give a client that is logged in, to a server with these capabilities."""
    first = (b"S: * CAPABILITY IMAP4rev1 " + capabilities, b"S: TAG OK done")
    with connected(b"C: * CAPABILITY", *first, *steps, timeouts=timeouts) as connection:
        session = Session(connection, ENDPOINT)
        session.ask_capabilities()
        connection.protocol.authenticated()
        yield ImapClient(session)


SELECTED = (
    b"S: * 3 EXISTS",
    b"S: * OK [UIDVALIDITY 7] ok",
    b"S: * OK [UIDNEXT 30] ok",
    b"S: * OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] ok",
    b"S: TAG OK [READ-WRITE] selected",
)
