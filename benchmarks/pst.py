"""The PST engine beside its peers, in one run: reading, writing, appending, opening, listing, peak memory.

Usage: ``python benchmarks/pst.py [--messages 10000] [--keep DIR]``. Every measurement is a process of its own, so that
its peak memory is its own; the processes run one after the other. Beside the time that passed stands the processor time
of the process, which other work on the machine disturbs less. Ratios are of processor times, and compare figures of
this run only: machines are noisy. Peers: libpff-python (imported) and readpst (Debian package pst-utils), each passed
over when it is not there.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mailconnector import pst
from mailconnector.mapi import tags
from mailconnector.mapi.named import PidNameKeywords
from mailconnector.mapi.objects import AttachmentObject, MessageObject, RecipientObject
from mailconnector.mapi.types import FileTime

_WORDS = (
    *("lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "do", "eiusmod", "tempor"),
    *("incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "minim", "veniam", "quis", "nostrud"),
)


def make_messages(count: int) -> Iterator[MessageObject]:
    """Yield messages as mail is: text and HTML bodies, headers, recipients, and an attachment at every fourth."""
    rng = random.Random(20)
    blob = rng.randbytes(1 << 20)
    text = " ".join(rng.choice(_WORDS) for _ in range(60_000))
    start = 130_000_000_000_000_000
    for number in range(count):
        at = rng.randrange(len(text) // 2)
        body = text[at : at + int(rng.lognormvariate(7.2, 0.8))]
        when = FileTime(start + number * 600_000_000)
        sender = f"Sender {number % 97}"
        address = f"sender{number % 97}@example.org"
        headers = (
            f"Received: from mx.example.org by mail.example.net; {number}\r\nFrom: {sender} <{address}>\r\n"
            f"Message-ID: <{number}@example.org>\r\nSubject: {text[at : at + 40]}\r\nMIME-Version: 1.0\r\n"
        ) * 2
        message = MessageObject(
            properties={
                tags.PidTagMessageClass: "IPM.Note",
                tags.PidTagSubject: f"RE: {text[at : at + 40]} {number}",
                tags.PidTagConversationTopic: text[at : at + 40],
                tags.PidTagConversationIndex: blob[at : at + 22],
                tags.PidTagSentRepresentingName: sender,
                tags.PidTagSentRepresentingAddressType: "SMTP",
                tags.PidTagSentRepresentingEmailAddress: address,
                tags.PidTagSenderName: sender,
                tags.PidTagSenderAddressType: "SMTP",
                tags.PidTagSenderEmailAddress: address,
                tags.PidTagSenderEntryId: blob[at : at + 90],
                tags.PidTagClientSubmitTime: when,
                tags.PidTagMessageDeliveryTime: when,
                tags.PidTagCreationTime: when,
                tags.PidTagLastModificationTime: when,
                tags.PidTagMessageFlags: number % 3 and 1,
                tags.PidTagImportance: 1,
                tags.PidTagPriority: 0,
                tags.PidTagSensitivity: 0,
                tags.PidTagInternetCodepage: 65001,
                tags.PidTagInternetMessageId: f"<{number}@example.org>",
                tags.PidTagTransportMessageHeaders: headers,
                tags.PidTagBody: body,
                tags.PidTagHtml: b"<html><body><p>" + body.encode() + b"</p></body></html>",
                PidNameKeywords: ["Work"] if number % 5 == 0 else ["Home", "Later"],
            },
            recipients=[
                RecipientObject(
                    {
                        tags.PidTagRecipientType: 1 + (index > 1),
                        tags.PidTagDisplayName: f"Reader {index}",
                        tags.PidTagAddressType: "SMTP",
                        tags.PidTagEmailAddress: f"reader{index}@example.com",
                        tags.PidTagSmtpAddress: f"reader{index}@example.com",
                    }
                )
                for index in range(1 + number % 4)
            ],
        )
        if number % 4 == 0:
            size = int(rng.lognormvariate(9.9, 1.1))
            message.attachments.append(
                AttachmentObject(
                    {
                        tags.PidTagAttachMethod: 1,
                        tags.PidTagAttachLongFilename: f"report-{number}.pdf",
                        tags.PidTagAttachMimeTag: "application/pdf",
                    },
                    data=blob[at : at + size] if size < 1 << 19 else blob[: 1 << 19],
                )
            )
        yield message


class _Clock:
    """Time since it was made: as it passed, and of the processor."""

    def __init__(self) -> None:
        self._begin, self._begin_cpu = time.perf_counter(), time.process_time()

    def seconds(self) -> float:
        """Return the seconds that passed."""
        return time.perf_counter() - self._begin

    def cpu(self) -> float:
        """Return the processor's seconds."""
        return time.process_time() - self._begin_cpu

    def figures(self) -> dict[str, float]:
        """Return both."""
        return {"seconds": self.seconds(), "cpu": self.cpu()}


# -- what is measured; each runs in a process of its own -------------------------------------------------------------


def write(path: Path, variant: str, count: int) -> dict[str, float]:
    """Write the messages into a new file, in one transaction."""
    messages = make_messages(count)
    with pst.create_store(path, format="ansi" if variant == "ansi" else "unicode", usual_folders=True) as store:
        inbox = store.folder_at("Inbox")
        clock = _Clock()
        made = made_cpu = 0.0
        with store.transaction():
            while True:
                making = _Clock()
                message = next(messages, None)
                made += making.seconds()
                made_cpu += making.cpu()
                if message is None:
                    break
                inbox.add_message(message)
        seconds, cpu = clock.seconds() - made, clock.cpu() - made_cpu
    return {"seconds": seconds, "cpu": cpu, "megabytes": path.stat().st_size / 1e6, "items": count}


def read(path: Path) -> dict[str, float]:
    """Read every property of every message, recipient and attachment, and all their data."""
    clock = _Clock()
    count = total = 0
    with pst.open_store(path) as store:
        for folder in store.walk():
            for message in folder.messages():
                count += 1
                total += len(message.properties.to_dict()) + len(message.recipients)
                for attachment in message.attachments():
                    total += len(attachment.properties.to_dict())
    return clock.figures() | {"megabytes": path.stat().st_size / 1e6, "items": count}


def read_objects(path: Path) -> dict[str, float]:
    """Read every message as plain data, as the synchronisation does, and the bytes of its attachments."""
    clock = _Clock()
    count = total = 0
    with pst.open_store(path) as store:
        for folder in store.walk():
            for message in folder.messages():
                count += 1
                for attachment in message.to_object().attachments:
                    if attachment.data is not None and not isinstance(attachment.data, bytes):
                        total += len(attachment.data.read())
    return clock.figures() | {"megabytes": path.stat().st_size / 1e6, "items": count}


def read_libpff(path: Path) -> dict[str, float]:
    """The same with libpff-python: every record entry's data of every item."""
    import pypff  # noqa: PLC0415 - a peer, only where it is measured

    def entries(item: pypff.item) -> int:
        found = 0
        for record_set in item.record_sets:
            for entry in record_set.entries:
                found += len(entry.data or b"")
        return found

    clock = _Clock()
    file = pypff.file()
    file.open(str(path))
    count = 0
    pending = [file.get_root_folder()]
    while pending:
        folder = pending.pop()
        pending.extend(folder.sub_folders)
        for message in folder.sub_messages:
            count += 1
            entries(message)
            for attachment in range(message.number_of_attachments):
                found = message.get_attachment(attachment)
                entries(found)
            recipients = message.recipients
            if recipients is not None:
                entries(recipients)
    return clock.figures() | {"megabytes": path.stat().st_size / 1e6, "items": count}


def append(path: Path) -> dict[str, float]:
    """Append 100 messages in one transaction."""
    messages = list(make_messages(100))
    with pst.open_store(path, writable=True) as store:
        inbox = store.folder_at("Inbox")
        clock = _Clock()
        with store.transaction():
            for message in messages:
                inbox.add_message(message)
        return clock.figures()


def open_only(path: Path) -> dict[str, float]:
    """Open the file and look up the top folder; the median of several."""
    times = []
    for _ in range(9):
        clock = _Clock()
        with pst.open_store(path) as store:
            store.ipm_subtree.name  # noqa: B018
        times.append(clock.figures())
    return sorted(times, key=lambda figures: figures["seconds"])[4]


def list_folder(path: Path) -> dict[str, float]:
    """List the largest folder: subject, sender, date, size and flags of every message, from the contents table."""
    with pst.open_store(path) as store:
        folder = max(store.walk(), key=lambda found: found.content_count)
        wanted = (
            tags.PidTagSubject,
            tags.PidTagSentRepresentingName,
            tags.PidTagMessageDeliveryTime,
            tags.PidTagMessageSize,
            tags.PidTagMessageFlags,
        )
        clock = _Clock()
        count = sum(1 for row in folder.rows() if [row.get(tag) for tag in wanted])
        return clock.figures() | {"items": count}


_TASKS: dict[str, Callable[..., dict[str, float]]] = {
    "write": write,
    "read": read,
    "objects": read_objects,
    "libpff": read_libpff,
    "append": append,
    "open": open_only,
    "list": list_folder,
}


def _measure(task: str, path: Path, *more: object) -> dict[str, float] | None:
    """Run a task in a process of its own; None when it cannot run here."""
    command = [sys.executable, __file__, "--task", task, str(path), *map(str, more)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        print(f"  {task}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'failed'}", file=sys.stderr)
        return None
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _measure_readpst(path: Path) -> dict[str, float] | None:
    program = shutil.which("readpst")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        done = subprocess.run(
            [program, "-q", "-e", "-o", folder, str(path)], capture_output=True, check=False, timeout=1800
        )
        seconds = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        items = sum(1 for found in Path(folder).rglob("*") if found.is_file())
    if done.returncode:
        return None
    peak = after.ru_maxrss if after.ru_maxrss > before.ru_maxrss else 0
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "seconds": seconds,
        "cpu": cpu,
        "megabytes": path.stat().st_size / 1e6,
        "items": items,
        "peak": peak / 1024,
    }


def _row(label: str, result: dict[str, float] | None) -> None:
    if result is None:
        print(f"{label:<34} not available here")
        return
    seconds, cpu = result["seconds"], result["cpu"]
    size = result.get("megabytes", 0)
    rates = f"{size / seconds:7.1f} MB/s {size / cpu:7.1f} MB/CPU s" if size else " " * 29
    each = f"{cpu / result['items'] * 1e6:6.0f} CPU us/item" if result.get("items") else " " * 18
    peak = f"peak {result['peak']:4.0f} MB" if result.get("peak") else ""
    print(f"{label:<32} {seconds * 1000:9.1f} ms {cpu * 1000:9.1f} CPU ms {rates} {each} {peak}")


def main() -> None:
    """Run all the measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="a folder for the generated files, which are kept")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, path, *more = options.task
        arguments = [int(word) if word.isdigit() else word for word in more]
        result = _TASKS[task](Path(path), *arguments)
        result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        _run(folder, options.messages)


def _run(folder: Path, count: int) -> None:
    paths = {variant: folder / f"{variant}.pst" for variant in ("unicode", "ansi")}
    small = folder / "small.pst"
    for path in (*paths.values(), small):
        path.unlink(missing_ok=True)
    print(f"writing {count} messages")
    for variant, path in paths.items():
        _row(f"  ours, {variant}", _measure("write", path, variant, count))
    enron = Path(__file__).parents[2] / "shared/samples/pst/npm_pst-extractor_1.12.0__enron.pst"
    for name, path in (("the generated file", paths["unicode"]), ("ANSI", paths["ansi"]), ("enron sample", enron)):
        if not path.exists():
            print(f"reading {name}: not available here")
            continue
        print(f"reading {name}; ratio: the peer's processor time over ours")
        ours = _measure("read", path)
        _row("  ours, every property and byte", ours)
        base = ours["cpu"] if ours else None
        peers = (("  libpff-python, the same", _measure("libpff", path)), ("  readpst -e", _measure_readpst(path)))
        for label, result in peers:
            _row(label, result)
            if result and base:
                print(f"{'':<32} ratio {result['cpu'] / base:5.2f}")
        _row("  ours, as plain data", _measure("objects", path))
    print("opening, listing")
    _row("  opening", _measure("open", paths["unicode"]))
    _row("  listing the folder", _measure("list", paths["unicode"]))
    print("appending 100 messages; ratio: to the small file")
    _measure("write", small, "unicode", 100)
    little = _measure("append", small)
    _row("  to a file of 100", little)
    large = _measure("append", paths["unicode"])
    _row(f"  to the file of {count}", large)
    if little and large:
        print(f"{'':<32} ratio {large['cpu'] / little['cpu']:5.2f}")


if __name__ == "__main__":
    main()
