"""What the tests of accounts share: a keyring, a name service, a web server, and mail servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
import httpx
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from tests.keyring_memory import LockedKeyring, MemoryKeyring, installed


@pytest.fixture
def keyring_() -> Iterator[MemoryKeyring]:
    """A keyring in memory in the place of the system's."""
    backend = MemoryKeyring()
    with installed(backend):
        yield backend


@pytest.fixture
def locked_keyring() -> Iterator[None]:
    """A keyring that refuses everything."""
    with installed(LockedKeyring()):
        yield


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """A machine without a keyring."""
    with installed(NoKeyring()):
        yield


class NameServer:
    """Answers questions about names from a table, over UDP on this machine."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.answers = True
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add(self, name: str, kind: str, *values: str) -> None:
        """Add records."""
        self.records[name, kind] = list(values)

    def resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks here, and does not wait long."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        resolver.timeout = 0.3
        return resolver

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name = question.name.to_text(omit_final_dot=True)
            kind = dns.rdatatype.to_text(question.rdtype)
            self.asked.append(f"{kind} {name}")
            if not self.answers:
                continue
            response = dns.message.make_response(query)
            values = self.records.get((name, kind))
            if values:
                response.answer.append(dns.rrset.from_text_list(question.name, 60, dns.rdataclass.IN, kind, values))
            elif not any(known == name for known, _ in self.records):
                response.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(response.to_wire(), client)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """A name service of the test's own, empty at first."""
    server = NameServer()
    yield server
    server.close()


class Web(httpx.BaseTransport):
    """A web server on this machine, and the transport that leads each known name there, whatever the scheme."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = web.pages[self.headers["X-Url"]]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self._http = httpx.HTTPTransport()

    def add(self, url: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """Add a page."""
        self.pages[url] = (status, headers, body)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        if url not in self.pages:
            raise httpx.ConnectError("Name or service not known", request=request)
        port = self._server.server_address[1]
        inner = httpx.Request("GET", f"http://127.0.0.1:{port}/", headers={"X-Url": url})
        return self._http.handle_request(inner)

    def close(self) -> None:
        pass  # a client closes its transport; this one serves a whole test

    def stop(self) -> None:
        self._http.close()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web of the test's own, empty at first."""
    found = Web()
    yield found
    found.stop()


class Scripted:
    """A server that says one thing to each line that it hears, and nothing when it has said all."""

    def __init__(self, *lines: bytes, hang_up: bool = False) -> None:
        self._lines = list(lines)
        self._hang_up = hang_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = b""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        tag = b""
        with sock, sock.makefile("rb") as file:
            for number, line in enumerate(self._lines):
                if number:
                    heard = file.readline()
                    self.heard += heard
                    if not heard:
                        return
                    # The rest of a command, as an answer to a challenge, has no tag.
                    tag = heard.split(b" ")[0] if b" " in heard else tag
                    line = line.replace(b"@TAG@", tag)
                sock.sendall(line)
            if not self._hang_up:
                self._ended.wait(10)

    def close(self) -> None:
        self._ended.set()
        # Wakes a thread that still waits for somebody to connect.
        self._listener.close()
        self._thread.join(0.2)


@pytest.fixture
def scripted() -> Iterator[type[Scripted]]:
    """Makes servers that follow a script, each for one connection."""
    made: list[Scripted] = []

    class Kept(Scripted):
        def __init__(self, *lines: bytes, hang_up: bool = False) -> None:
            super().__init__(*lines, hang_up=hang_up)
            made.append(self)

    yield Kept
    for one in made:
        one.close()
