"""The proxy that misbehaves: each fault does what it says, once, at the place it says."""

from __future__ import annotations

import imaplib
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.lab.proxy import CommandSplitter, CutAfterBytes, CutAtCommand, Delay, FaultyProxy, Refuse, Stall

MESSAGE = b"From: alice@localhost\r\nSubject: through the proxy\r\n\r\n" + b"0123456789\r\n" * 2000


@pytest.fixture
def proxy(dovecot):
    with FaultyProxy(dovecot.imap_port) as made:
        yield made


@pytest.fixture
def login(dovecot, proxy):
    """A function that logs a user in through the proxy, for as long as a `with` lasts."""

    @contextmanager
    def make(user):
        client = imaplib.IMAP4(proxy.host, proxy.port, timeout=60)
        try:
            client.login(user, dovecot.password(user))
            yield client
        finally:
            client.shutdown()

    return make


def mailbox_size(dovecot, user):
    with imaplib.IMAP4(dovecot.host, dovecot.imap_port, timeout=60) as client:
        client.login(user, dovecot.password(user))
        return int(client.select()[1][0] or b"0")


def test_it_passes_everything_on(dovecot, proxy, login):
    user = dovecot.fresh_user()
    with login(user) as client:
        before = proxy.commands  # imaplib asks for capabilities before and after it logs in
        assert client.append("INBOX", "", "", MESSAGE)[0] == "OK"
        assert client.select()[1] == [b"1"]
        assert client.fetch("1", "BODY[]")[1][0][1] == MESSAGE
        assert proxy.commands == before + 3, "a literal is no command"
    assert proxy.bytes_to_server > len(MESSAGE)
    assert proxy.bytes_to_client > len(MESSAGE)
    assert not proxy.struck


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("middle", 0), ("answered", 1)])
@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_at_a_command(dovecot, proxy, login, when, stored, reset):
    user = dovecot.fresh_user()
    with login(user) as client:
        proxy.set(CutAtCommand(2, when, reset))
        client.noop()
        assert not proxy.struck
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.append("INBOX", "", "", MESSAGE)
    assert proxy.struck
    assert mailbox_size(dovecot, user) == stored
    with login(user) as client:
        assert client.select()[1] == [str(stored).encode()], "it strikes once"


def test_a_reset_is_a_reset(dovecot):
    for reset in (False, True):
        with FaultyProxy(dovecot.imap_port) as proxy, socket.create_connection((proxy.host, proxy.port)) as connection:
            connection.settimeout(60)
            assert connection.recv(1000).startswith(b"* OK")
            proxy.set(CutAtCommand(1, reset=reset))
            connection.sendall(b"a NOOP\r\n")
            if reset:
                with pytest.raises(ConnectionResetError):
                    connection.recv(1000)
            else:
                assert connection.recv(1000) == b""


def test_a_cut_after_bytes_to_the_client(dovecot, proxy):
    proxy.set(CutAfterBytes(7))
    with (
        socket.create_connection((proxy.host, proxy.port), timeout=60) as connection,
        connection.makefile("rb") as file,
    ):
        assert file.read() == b"* OK [C"
    assert proxy.struck
    assert proxy.bytes_to_client == 7


def test_a_cut_after_bytes_to_the_server(dovecot, proxy, login):
    user = dovecot.fresh_user()
    with login(user) as client:
        proxy.set(CutAfterBytes(10_000, towards="server"))
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.append("INBOX", "", "", MESSAGE)
    assert proxy.bytes_to_server == 10_000
    assert mailbox_size(dovecot, user) == 0


def test_a_stalled_line_stays_open(dovecot, proxy, login):
    with login(dovecot.fresh_user()) as client:
        client.sock.settimeout(0.5)
        proxy.set(Stall(1))
        with pytest.raises(TimeoutError):
            client.noop()
        assert proxy.struck


def test_a_delay_lasts(dovecot, proxy, login):
    with login(dovecot.fresh_user()) as client:
        proxy.set(Delay(0.1))
        for _ in range(2):
            begin = time.monotonic()
            client.noop()
            assert time.monotonic() - begin >= 0.2, "there and back"
        proxy.set(None)


def test_connections_refused(dovecot, proxy, login):
    user = dovecot.fresh_user()
    proxy.set(Refuse(2))
    for _ in range(2):
        with socket.create_connection((proxy.host, proxy.port), timeout=60) as connection:
            assert connection.recv(1000) == b""
    with login(user):
        assert proxy.struck


def test_much_goes_both_ways_at_once():
    sent = random.Random(1).randbytes(8 << 20)

    def echo(listener):
        connection, _ = listener.accept()
        with connection:
            while piece := connection.recv(65536):
                connection.sendall(piece)

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        FaultyProxy(listener.getsockname()[1]) as proxy,
        ThreadPoolExecutor() as threads,
    ):
        server = threads.submit(echo, listener)
        with socket.create_connection((proxy.host, proxy.port), timeout=60) as client:
            sender = threads.submit(client.sendall, sent)
            received = bytearray()
            while len(received) < len(sent):
                received += client.recv(1 << 20)
            sender.result()
        server.result()
        assert received == sent
        assert proxy.bytes_to_client == proxy.bytes_to_server == len(sent)


DIALOGUE = (
    b"a1 LOGIN {5}\r\nalice {12+}\r\nsecret-alice\r\na2 AUTHENTICATE PLAIN\r\nAGFsaWNl\r\n"
    b"a3 APPEND INBOX {9}\r\na x b\r\nc d {10}\r\n1234567890\r\na4 IDLE\r\nDONE\r\na5 NOOP\r\na6 LOGOUT\r\n"
)


@given(st.lists(st.integers(0, len(DIALOGUE)), max_size=12))
def test_commands_are_found_however_the_bytes_come(cuts):
    places = sorted({0, len(DIALOGUE), *cuts})
    splitter = CommandSplitter()
    pieces = [piece for begin, end in pairwise(places) for piece in splitter.feed(DIALOGUE[begin:end])]
    assert b"".join(piece for piece, _ in pieces) == DIALOGUE
    starts, position = [], 0
    for piece, is_new in pieces:
        if is_new:
            starts.append(position)
        position += len(piece)
    assert starts == [DIALOGUE.index(f"a{number} ".encode()) for number in range(1, 7)]
