"""Synchronising a PST file with a mailbox, beside mbsync and offlineimap with a Maildir, in one run.

Usage: ``python benchmarks/sync.py [--messages 20000] [--parsers 1] [--peers mbsync,offlineimap]``

A private Dovecot gets a mailbox of messages of 2 to 60 KB, the same in each run. Measured are the first
synchronisation into an empty file, a run with nothing changed, one with 100 new messages and 100 changed flags, and
the way up: the PST file into an empty mailbox. Each run is a process of its own, measured from its start to its end, so
processor time and peak memory are its own; the memory of other programs is never told as less than what this one has
itself. Ours makes everything durable that it counts as done; so does mbsync by default, and it is measured without that
as well.

Which Python it is counts: one that was built without profile-guided optimisation, as version managers build it by
default, takes up to a sixth longer than that of Debian: name the latter with ``make PYTHON=/usr/bin/python3``.

``--large 30`` measures the way in and the way up of so many messages of 20 MB alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from mailconnector import pst
from mailconnector.imap import Endpoint, ImapClient, Password, Security, Upload
from mailconnector.imap.sets import UidSet
from mailconnector.lab import DovecotServer
from mailconnector.stores import ImapStore, PstStore
from mailconnector.sync import State, synchronise

_FOLDER = "Benchmark"
_AVERAGE = 13_100
_PATIENCE = 3600


@dataclass(frozen=True)
class Mailbox:
    """A user on the server."""

    host: str
    port: int
    user: str
    password: str

    def connect(self) -> ImapClient:
        """Log in."""
        return ImapClient.connect(Endpoint(self.host, self.port, Security.PLAIN), Password(self.user, self.password))


@dataclass(frozen=True)
class Figures:
    """What a run took; the memory of all its processes is added up."""

    seconds: float
    cpu: float
    megabytes: float
    note: str = ""


def make_uploads(first: int, count: int) -> Iterator[Upload]:
    """Yield messages of 2 to 60 KB."""
    rng = random.Random(first + 7)
    lines = [("".join(rng.choices("abcdefghij klmnop qrstuvwxyz", k=74)) + "\r\n").encode() for _ in range(4000)]
    start = datetime(2019, 5, 1, tzinfo=UTC)
    for number in range(first, first + count):
        header = (
            f"Message-ID: <{number}.bench@example.org>\r\nFrom: Sender {number % 97} <s{number % 97}@example.org>\r\n"
            f"To: Reader <reader@example.net>\r\nSubject: Benchmark {number}\r\n"
            f"Date: {start + timedelta(minutes=number):%a, %d %b %Y %H:%M:%S +0000}\r\nMIME-Version: 1.0\r\n\r\n"
        ).encode()
        size = min(60_000, max(2_000, int(rng.expovariate(1 / _AVERAGE))))
        at = rng.randrange(3000)
        body = b"".join(lines[(at + line) % 4000] for line in range(size // 76))
        yield Upload(header + body, frozenset({"\\Seen"} if number % 3 else ()), start + timedelta(minutes=number))


def make_large(count: int) -> Iterator[Upload]:
    """Yield messages with a file of 20 MB as it is sent."""
    rng = random.Random(11)
    for number in range(count):
        message = EmailMessage()
        message["Message-ID"] = f"<{number}.large@example.org>"
        message["From"], message["To"] = "sender@example.org", "reader@example.net"
        message["Subject"] = f"Large {number}"
        message.set_content("The file that you asked for.\n")
        message.add_attachment(rng.randbytes(15_000_000), maintype="application", subtype="zip", filename="it.zip")
        yield Upload(message.as_bytes(policy=SMTP))


def fill(mailbox: Mailbox, made: Iterator[Upload]) -> int:
    """Put messages into the folder, and return their bytes."""
    size = 0

    def uploads() -> Iterator[Upload]:
        nonlocal size
        for upload in made:
            size += len(upload.data)
            yield upload

    with mailbox.connect() as client:
        if not client.mailboxes.exists(_FOLDER):
            client.mailboxes.create(_FOLDER)
        failed = [done for done in client.uploads.append_many(_FOLDER, uploads()) if done.error]
    assert not failed, failed[0]
    return size


def flag(mailbox: Mailbox, count: int) -> None:
    """Change the flags of as many messages."""
    with mailbox.connect() as client:
        folder = client.select(_FOLDER)
        folder.store(UidSet.of(list(folder.search())[: 3 * count : 3]), ["\\Flagged"])


def synchronise_once(mailbox: Mailbox, directory: Path, state: str, parsers: int) -> str:
    """Synchronise a PST file in a directory with a mailbox, and tell what was done."""
    path = directory / "mail.pst"
    if not path.exists():
        pst.create_store(path, usual_folders=True).close()
    with ExitStack() as stack:
        local = stack.enter_context(PstStore.open(path, directory / "mail.index"))
        remote = stack.enter_context(ImapStore(mailbox.connect, parsers=parsers, preparation=lambda: local.preparation))
        report = synchronise(stack.enter_context(State(str(directory / state))), local, remote)
    if report.troubles:
        raise SystemExit(str(report.troubles[0].error))
    words = [f"{count} {step.value} {side.value}" for (step, side), count in sorted(report.done.items(), key=str)]
    return ", ".join(words) or "nothing"


def own_peak(usage: resource.struct_rusage) -> int:
    """Return the most memory that this process had, in KiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return usage.ru_maxrss
    # The system's own figure is never less than what the process had that started this one.
    return int(status.read_text("ascii", "replace").partition("VmHWM:")[2].split()[0])


def run_alone(arguments: str) -> None:
    """Do one run of ours in this process, and print its figures as JSON."""
    given = json.loads(arguments)
    begun = time.perf_counter()
    note = synchronise_once(Mailbox(**given["mailbox"]), Path(given["directory"]), given["state"], given["parsers"])
    seconds = time.perf_counter() - begun
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    memory = own_peak(own) + given["parsers"] * children.ru_maxrss
    print(json.dumps(asdict(Figures(seconds, cpu, memory / 1024, note))))


class Ours:
    """This program."""

    def __init__(self, directory: Path, parsers: int) -> None:
        self.name = "mailconnector" + (f", {parsers} parser(s)" if parsers else "")
        self._directory = directory
        self._parsers = parsers
        directory.mkdir()
        # As it runs where it is installed: the byte code of its modules is there before the first run, and the process
        # that parses does not load this program, as it would not load that of the command, which is next to nothing.
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            "PYTHONPYCACHEPREFIX": str(directory / "bytecode"),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", "import sync"], check=True, env=self._environment)

    def run(self, mailbox: Mailbox, state: str = "state.db") -> Figures:
        """Synchronise once."""
        arguments = {
            "mailbox": asdict(mailbox),
            "directory": str(self._directory),
            "state": state,
            "parsers": self._parsers,
        }
        command = [sys.executable, "-c", f"import sync; sync.run_alone({json.dumps(arguments)!r})"]
        begun = time.perf_counter()
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE, env=self._environment
        )
        seconds = time.perf_counter() - begun
        found = Figures(**json.loads(done.stdout))
        return replace(found, seconds=seconds, note=f"{found.note}; {found.seconds:.2f} s but for its start")

    def count(self) -> int:
        """How many messages the folder has here."""
        with pst.open_store(self._directory / "mail.pst") as store:
            return next(folder.content_count for folder in store.walk() if folder.name == _FOLDER)


class Peer:
    """A program that synchronises with a Maildir.

    Args:
        name: What it is called in the table.
        command: Returns the command from a file that holds its configuration.
        configuration: Returns that from the mailbox and the directory.
        directory: Where its files are.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[Path], list[str]],
        configuration: Callable[[Mailbox, Path], str],
        directory: Path,
    ) -> None:
        self.name = name
        self._command = command
        self._configuration = configuration
        self._directory = directory
        (directory / "mail").mkdir(parents=True)

    def run(self, mailbox: Mailbox) -> Figures:
        """Synchronise once."""
        file = self._directory / "configuration"
        file.write_text(self._configuration(mailbox, self._directory), encoding="utf-8")
        begun = time.perf_counter()
        process = subprocess.Popen(
            self._command(file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        note = "" if process.returncode == 0 else f"failed with {process.returncode}"
        return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, note)

    def count(self) -> int:
        """How many messages the folder has here."""
        return sum(1 for name in ("cur", "new") for _ in (self._directory / "mail" / _FOLDER / name).iterdir())


def mbsync_configuration(fsync: bool) -> Callable[[Mailbox, Path], str]:
    """Return what writes a configuration of mbsync."""

    def configuration(mailbox: Mailbox, directory: Path) -> str:
        return f"""FSync {"yes" if fsync else "no"}
IMAPAccount lab
Host {mailbox.host}
Port {mailbox.port}
User {mailbox.user}
Pass {mailbox.password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account lab

MaildirStore near
Path {directory}/mail/
Inbox {directory}/inbox
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns {_FOLDER}
Create Near
SyncState {directory}/state-
"""

    return configuration


def offlineimap_configuration(mailbox: Mailbox, directory: Path) -> str:
    """Return a configuration of offlineimap."""
    return f"""[general]
accounts = lab
metadata = {directory}/metadata

[Account lab]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {directory}/mail

[Repository far]
type = IMAP
remotehost = {mailbox.host}
remoteport = {mailbox.port}
remoteuser = {mailbox.user}
remotepass = {mailbox.password}
ssl = no
starttls = no
auth_mechanisms = LOGIN
folderfilter = lambda name: name == '{_FOLDER}'
"""


def peers(wanted: frozenset[str], directory: Path) -> Iterator[Peer]:
    """Yield those of the other programs that are wanted and there."""
    programs = {"mbsync": "isync", "offlineimap": "offlineimap3"}
    for program, package in programs.items():
        if program not in wanted:
            continue
        if shutil.which(program) is None:
            print(f"{program} is not installed (Debian: {package}) and left out")
        elif program == "mbsync":
            for fsync, label in ((True, "mbsync"), (False, "mbsync without fsync")):
                yield Peer(
                    label,
                    lambda file: ["mbsync", "--quiet", "--config", str(file), "all"],
                    mbsync_configuration(fsync),
                    directory / label.replace(" ", "-"),
                )
        else:
            yield Peer(
                "offlineimap",
                lambda file: ["offlineimap", "-o", "-u", "quiet", "-c", str(file)],
                offlineimap_configuration,
                directory / "offlineimap",
            )


def show(title: str, rows: list[tuple[str, Figures]]) -> None:
    """Print a table; the first row is what the others are compared with."""
    print(f"\n{title:40}{'s':>8}{'CPU s':>8}{'peak MB':>9}{'ratio':>8}", flush=True)
    for name, row in rows:
        ratio = row.seconds / rows[0][1].seconds
        print(f"{name:40}{row.seconds:8.2f}{row.cpu:8.2f}{row.megabytes:9.0f}{ratio:8.2f}  {row.note}", flush=True)


def compare(server: DovecotServer, directory: Path, messages: int, parsers: int, wanted: frozenset[str]) -> None:
    """Fill a mailbox, measure everything, and print it."""

    def mailbox() -> Mailbox:
        user = server.fresh_user()
        return Mailbox(server.host, server.imap_port, user, server.password(user))

    full = mailbox()
    begun = time.perf_counter()
    size = fill(full, make_uploads(0, messages))
    print(f"{messages} messages, {size / 1e6:.0f} MB, put on the server in {time.perf_counter() - begun:.1f} s")
    ours = Ours(directory / "ours", parsers)
    programs: list[Ours | Peer] = [ours, *peers(wanted, directory)]

    def measure(title: str) -> None:
        show(title, [(program.name, program.run(full)) for program in programs])

    measure("first synchronisation")
    for program in programs:
        assert program.count() == messages, (program.name, program.count())
    for program in programs:
        program.run(full)  # what follows a first run may still have to learn that nothing came of it
    measure("nothing changed")
    fill(full, make_uploads(messages, 100))
    flag(full, 100)
    measure("100 new messages, 100 flags")
    for program in programs:
        assert program.count() == messages + 100, (program.name, program.count())
    show("up: the PST file into an empty mailbox", [(ours.name, ours.run(mailbox(), "up.db"))])


def measure_large(server: DovecotServer, directory: Path, count: int, parsers: int) -> None:
    """Measure large mail in and up."""
    ours = Ours(directory / "ours", parsers)
    for title, state in (("in: large mail", "state.db"), ("up: large mail", "up.db")):
        user = server.fresh_user()
        mailbox = Mailbox(server.host, server.imap_port, user, server.password(user))
        if state == "state.db":
            fill(mailbox, make_large(count))
        show(title, [(ours.name, ours.run(mailbox, state))])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--parsers", type=int, default=0, help="processes that parse messages for us")
    parser.add_argument("--peers", default="mbsync,offlineimap", help="other programs, joined by commas")
    parser.add_argument("--large", type=int, default=0, help="so many large messages, and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as directory, DovecotServer() as server:
        if options.large:
            measure_large(server, Path(directory), options.large, options.parsers)
            return
        compare(server, Path(directory), options.messages, options.parsers, frozenset(options.peers.split(",")))


if __name__ == "__main__":
    main()
