"""Synchronising calendar entries and contacts: from a PST file to a server, and from there into another file.

Usage: ``python benchmarks/items.py [--count 5000] [--parsers 1]``

A file gets as many recurring appointments, every twentieth with a changed and a deleted instance, and as many contacts,
the same in each run. Measured are the way up to a private Dovecot, a run with nothing changed, and the way down into an
empty file. Each run is a process of its own, so processor time and peak memory are its own; the memory of the processes
that parse is added.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from mailconnector import pst
from mailconnector.imap import Endpoint, ImapClient, Password, Security
from mailconnector.items import Address, Appointment, Contact, Item, Mail
from mailconnector.items.appointment import Attendee, ChangedInstance, Reminder
from mailconnector.items.contact import ContactEmail, PersonName, PhoneRole, PostalAddress
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.items.zones import LocalTime
from mailconnector.lab import DovecotServer
from mailconnector.stores import ImapStore, PstStore
from mailconnector.sync import State, synchronise
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery, SpecialUse

_BATCH = 500
_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_BERLIN = zone_of_iana("Europe/Berlin", 2020, 2035)
_RULES = (
    Recurrence(Frequency.WEEKLY, weekdays=(1, 3), count=40),
    Recurrence(Frequency.DAILY, interval=3, count=20),
    Recurrence(Frequency.MONTHLY, month_day=5, count=24),
    Recurrence(Frequency.YEARLY, month_day=5),
)


@dataclass(frozen=True)
class Figures:
    """What a run took; the memory of all its processes is added up."""

    seconds: float
    cpu: float
    megabytes: float
    note: str = ""


def appointments() -> Iterator[Item]:
    """Yield recurring appointments without end."""
    number = 0
    while True:
        number += 1
        day = _START + timedelta(days=7 * (number % 200), minutes=15 * (number % 30))
        text = "What is to be spoken of, in a few lines.\n" * (1 + number % 8)
        item = Appointment(
            Mail("IPM.Appointment", subject=f"Meeting {number}", text=text),
            day,
            day + timedelta(hours=1),
            _BERLIN,
            location=f"Room {number % 40}",
            reminder=Reminder(15),
            attendees=(
                Attendee(Address("Owner", "owner@example.org"), is_organizer=True),
                Attendee(Address(f"Guest {number % 97}", f"guest{number % 97}@example.org")),
            ),
            is_meeting=True,
            uid=f"meeting-{number}@bench.example.org",
            recurrence=_RULES[number % len(_RULES)],
        )
        if number % 20 == 1:
            wall = day.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
            times = [LocalTime(wall + timedelta(days=3, hours=hours)) for hours in (0, 2, 3)]
            changed = ChangedInstance(times[0], times[1], times[2], subject="Later")
            item = replace(item, changed=(changed,), deleted=((wall + timedelta(days=6)).date(),))
        yield item


def contacts() -> Iterator[Item]:
    """Yield contacts without end."""
    number = 0
    while True:
        number += 1
        name = PersonName(given=f"Given {number}", surname=f"Surname {number % 700}")
        address = PostalAddress(f"{number} Main Street", f"Town {number % 60}", postal_code=f"{number:05}")
        yield Contact(
            Mail("IPM.Contact", message_id=f"<contact-{number}@bench.example.org>", text="Met at the fair.\n"),
            name,
            company=f"Example {number % 300} Ltd.",
            job_title="Engineer",
            email1=ContactEmail(f"person{number}@example.org", f"Given {number} (person{number}@example.org)"),
            phones={PhoneRole.BUSINESS: f"+49 30 {number:06}", PhoneRole.MOBILE: f"+49 170 {number:07}"},
            work=address,
            home=address,
            birthday=date(1970, 1, 1) + timedelta(days=number % 9000),
        ).titled()


def fill(directory: Path, count: int) -> None:
    """Make a file with items."""
    directory.mkdir()
    pst.create_store(directory / "mail.pst", usual_folders=True).close()
    with PstStore.open(directory / "mail.pst", directory / "mail.index") as store:
        folders = {state.special: state.id for state in store.folders()}
        for use, items in ((SpecialUse.CALENDAR, appointments()), (SpecialUse.CONTACTS, contacts())):
            wanted = islice(items, count)
            while batch := list(islice(wanted, _BATCH)):
                deliveries = [Delivery(item, frozenset(), _START, 1000, identify(item)) for item in batch]
                failed = [one for one in store.add(folders[use], deliveries) if one.error]
                assert not failed, failed[0].error
                store.barrier()


def connect(port: int, user: str, password: str) -> ImapClient:
    """Log in."""
    return ImapClient.connect(Endpoint("127.0.0.1", port, Security.PLAIN), Password(user, password))


def run_alone(arguments: str) -> None:
    """Do one run in this process, and print its figures as JSON."""
    given = json.loads(arguments)
    directory = Path(given["directory"])
    if not directory.exists():
        directory.mkdir()
        pst.create_store(directory / "mail.pst", usual_folders=True).close()
    begun = time.perf_counter()
    with ExitStack() as stack:
        local = stack.enter_context(PstStore.open(directory / "mail.pst", directory / "mail.index"))
        login = partial(connect, given["port"], given["user"], given["password"])
        book, parsers = directory / "kinds.json", given["parsers"]
        remote = stack.enter_context(
            ImapStore(login, parsers=parsers, book=book, preparation=lambda: local.preparation)
        )
        report = synchronise(stack.enter_context(State(str(directory / "state.db"))), local, remote)
    assert not report.troubles, report.troubles[0].error
    seconds = time.perf_counter() - begun
    words = [f"{count} {step.value} {side.value}" for (step, side), count in sorted(report.done.items(), key=str)]
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    memory = own.ru_maxrss + parsers * children.ru_maxrss
    print(json.dumps(asdict(Figures(seconds, cpu, memory / 1024, ", ".join(words) or "nothing"))))


def main() -> None:
    """Measure, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="appointments, and as many contacts")
    parser.add_argument("--parsers", type=int, default=1, help="processes that parse")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        run_alone(options.alone)
        return
    with tempfile.TemporaryDirectory() as name, DovecotServer() as server:
        user = server.fresh_user()
        first, second = Path(name, "first"), Path(name, "second")
        fill(first, options.count)
        print(
            f"{options.count} appointments and {options.count} contacts, Dovecot {'.'.join(map(str, server.version()))}"
        )
        for title, directory in (("up", first), ("nothing changed", first), ("down", second)):
            given = {"directory": str(directory), "port": server.imap_port, "user": user, "parsers": options.parsers,
                     "password": server.password(user)}  # fmt: skip
            command = [sys.executable, __file__, "--alone", json.dumps(given)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = Figures(**json.loads(done.stdout))
            speed = "" if found.note == "nothing" else f"{2 * options.count / found.seconds:,.0f} items/s"
            used = f"{found.seconds:8.2f} s {found.cpu:8.2f} s CPU {found.megabytes:7.0f} MB"
            print(f"{title:16} {used} {speed:>14}  {found.note}")


if __name__ == "__main__":
    main()
