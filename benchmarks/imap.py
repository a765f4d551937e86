"""The IMAP client beside a raw reader and imaplib, in one run: draining a mailbox, filling one, noticing changes.

Usage: ``python benchmarks/imap.py [--messages 20000] [--runs 3]`` on a private Dovecot, or with ``--target JSON`` on
another server. It fills a mailbox of its own and deletes it.

Each reading is a process of its own, so that its processor time and peak memory are its own. The raw reader is the
ceiling: a blocking socket, 500 messages a FETCH, four commands under way, nothing looked at but the tags.
"""

from __future__ import annotations

import argparse
import imaplib
import json
import random
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailconnector.imap import Endpoint, ImapClient, KnownState, Password, Security, Upload
from mailconnector.imap.selected import FLAGS
from mailconnector.imap.sets import UidSet
from mailconnector.lab import DovecotServer

_MAILBOX = "Benchmark"
_AVERAGE = 13_100


@dataclass(frozen=True)
class Target:
    """Where to measure: two ports of one server, and a user on it."""

    host: str
    plain_port: int
    tls_port: int
    user: str
    password: str
    ca_file: str

    def connect(self, *, tls: bool = False) -> ImapClient:
        """Log in with our client."""
        security, port = (Security.TLS, self.tls_port) if tls else (Security.PLAIN, self.plain_port)
        endpoint = Endpoint(self.host, port, security, Path(self.ca_file))
        return ImapClient.connect(endpoint, Password(self.user, self.password))


def make_uploads(count: int) -> Iterator[Upload]:
    """Yield messages of 2 to 60 KB."""
    rng = random.Random(7)
    lines = [("".join(rng.choices("abcdefghij klmnop qrstuvwxyz", k=74)) + "\r\n").encode() for _ in range(4000)]
    start = datetime(2019, 5, 1, tzinfo=UTC)
    for number in range(count):
        header = (
            f"Message-ID: <{number}.bench@example.org>\r\nFrom: Sender {number % 97} <s{number % 97}@example.org>\r\n"
            f"To: Reader <reader@example.net>\r\nSubject: Benchmark {number}\r\nMIME-Version: 1.0\r\n\r\n"
        ).encode()
        size = min(60_000, max(2_000, int(rng.expovariate(1 / _AVERAGE))))
        at = rng.randrange(3000)
        body = b"".join(lines[(at + line) % 4000] for line in range(size // 76))
        flags = frozenset({"\\Seen"} if number % 3 else ())
        yield Upload(header + body, flags, start + timedelta(minutes=number))


def drain_ours(target: Target) -> int:
    """Fetch every message with flags, date, size and mod-sequence."""
    with target.connect() as client:
        mailbox = client.select(_MAILBOX, read_only=True)
        return sum(len(message.body or b"") for message in mailbox.fetch(mailbox.search()))


def drain_ours_tls(target: Target) -> int:
    """The same over TLS."""
    with target.connect(tls=True) as client:
        mailbox = client.select(_MAILBOX, read_only=True)
        return sum(len(message.body or b"") for message in mailbox.fetch(mailbox.search()))


def drain_raw(target: Target) -> int:
    """Read the same bytes and look at nothing but the tags."""
    with socket.create_connection((target.host, target.plain_port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(f'l LOGIN "{target.user}" "{target.password}"\r\ne EXAMINE {_MAILBOX}\r\n'.encode())
        data = b""
        while b"\r\ne OK" not in data:
            data += sock.recv(65536)
        count = int(data.split(b" EXISTS")[0].rsplit(b" ", 1)[1])
        ranges = [(first, min(first + 499, count)) for first in range(1, count + 1, 500)]
        items = b"(UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])"
        total = sent = done = 0
        buffer, tail = bytearray(1 << 18), b""
        while done < len(ranges):
            while sent < len(ranges) and sent - done < 4:
                sock.sendall(b"t%d FETCH %d:%d %s\r\n" % (sent, *ranges[sent], items))
                sent += 1
            received = sock.recv_into(buffer)
            total += received
            window = tail + buffer[:received]
            while b"\r\nt%d OK" % done in window:
                done += 1
            tail = bytes(window[-16:])
        return total


def drain_imaplib(target: Target) -> int:
    """Fetch the same with the standard library, 500 messages a command."""
    imaplib._MAXLINE = 10_000_000  # type: ignore[attr-defined]
    client = imaplib.IMAP4(target.host, target.plain_port)
    client.login(target.user, target.password)
    count = int((client.select(_MAILBOX, readonly=True)[1][0] or b"0").decode())
    total = 0
    for first in range(1, count + 1, 500):
        _, data = client.fetch(f"{first}:{min(first + 499, count)}", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        total += sum(len(part[1]) for part in data if isinstance(part, tuple))
    client.logout()
    return total


_DRAINS: dict[str, Callable[[Target], int]] = {
    "raw reader": drain_raw,
    "mailconnector.imap": drain_ours,
    "mailconnector.imap, TLS": drain_ours_tls,
    "imaplib": drain_imaplib,
}


def measure_upload(target: Target, count: int) -> Iterator[tuple[str, float]]:
    """Yield the messages a second that go in by single commands and by batches."""
    with target.connect() as client:
        for label, batch, number in (("one APPEND each", 0, min(count, 1000)), ("MULTIAPPEND of 100", 100, count)):
            client.mailboxes.create(_MAILBOX + "Up")
            begun = time.perf_counter()
            if batch:
                taken = sum(1 for _ in client.uploads.append_many(_MAILBOX + "Up", make_uploads(number), batch=batch))
            else:
                taken = len([client.uploads.append(_MAILBOX + "Up", upload) for upload in make_uploads(number)])
            yield label, taken / (time.perf_counter() - begun)
            client.mailboxes.delete(_MAILBOX + "Up")


def measure_changes(target: Target) -> Iterator[tuple[str, float]]:
    """Yield the milliseconds that it takes to learn what is new."""
    with target.connect() as client:

        def timed(label: str, work: Callable[[], object]) -> tuple[str, float]:
            begun = time.perf_counter()
            work()
            return label, (time.perf_counter() - begun) * 1000

        mailbox = client.select(_MAILBOX)
        known = KnownState(mailbox.state.uid_validity, mailbox.state.highest_modseq or 1)
        time.sleep(3)  # Dovecot looks through a Maildir once more some seconds after it has changed
        client.select(_MAILBOX, known=known)
        yield timed("SELECT (QRESYNC), nothing new", lambda: client.select(_MAILBOX, known=known))
        mailbox.store(UidSet.of(range(1, 1000, 3)), ["\\Flagged"])
        yield timed("SELECT (QRESYNC), 333 changes", lambda: client.select(_MAILBOX, known=known))
        yield timed("UID SEARCH ALL", mailbox.search)
        yield timed("flags of all", lambda: sum(1 for _ in mailbox.fetch(None, FLAGS)))
        mailbox.store(UidSet.of(range(1, 1000, 3)), ["\\Flagged"], action="remove")


def run_alone(name: str, target: Target) -> None:
    """Measure one reading in this process and print it as JSON."""
    begun = time.perf_counter()
    size = _DRAINS[name](target)
    seconds = time.perf_counter() - begun
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "rss": usage.ru_maxrss / 1024, "bytes": size}))


def compare(target: Target, messages: int, runs: int) -> None:
    """Fill the mailbox, measure, print, and delete it."""
    with target.connect() as client:
        if client.mailboxes.exists(_MAILBOX):
            client.mailboxes.delete(_MAILBOX)
        client.mailboxes.create(_MAILBOX)
        begun = time.perf_counter()
        failed = [done for done in client.uploads.append_many(_MAILBOX, make_uploads(messages)) if done.error]
        print(f"filled with {messages - len(failed)} messages in {time.perf_counter() - begun:.1f} s")
    arguments = json.dumps(target.__dict__)
    print(f"\n{'draining':32}{'s':>8}{'CPU s':>8}{'RSS MB':>8}{'MB':>8}   (medians of {runs})")
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in _DRAINS}
    for _ in range(runs):
        for name, rows in figures.items():
            command = [sys.executable, __file__, "--alone", name, "--target", arguments]
            rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    for name, rows in figures.items():
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        print(f"{name:32}{middle['seconds']:8.2f}{middle['cpu']:8.2f}{middle['rss']:8.0f}{middle['bytes'] / 1e6:8.0f}")
    print(f"\n{'uploading':32}{'messages/s':>12}")
    for label, rate in measure_upload(target, min(messages, 5000)):
        print(f"{label:32}{rate:12.0f}")
    print(f"\n{'noticing changes':32}{'ms':>12}")
    for label, milliseconds in measure_changes(target):
        print(f"{label:32}{milliseconds:12.1f}")
    with target.connect() as client:
        client.mailboxes.delete(_MAILBOX)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--target", help="a server as JSON, in place of a private Dovecot: the fields of Target")
    parser.add_argument("--alone", choices=list(_DRAINS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.target:
        target = Target(**json.loads(options.target))
        if options.alone:
            run_alone(options.alone, target)
        else:
            compare(target, options.messages, options.runs)
        return
    with DovecotServer() as server:
        user = server.fresh_user()
        target = Target(
            server.host, server.imap_port, server.imaps_port, user, server.password(user), str(server.ca_file)
        )
        compare(target, options.messages, options.runs)


if __name__ == "__main__":
    main()
