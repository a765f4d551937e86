"""Real mail goes from a server into a PST file, on to another server, and back: it is the same at each stop."""

from __future__ import annotations

import email
import email.policy
import io
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.formats import read_mbox
from mailconnector.items import Address, Mail
from mailconnector.lab import CyrusServer, DovecotServer
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import from_mapi
from tests.live.accounts import in_pst, on_server
from tests.live.journeys import Format, Letter, new_file, stop, stored
from tests.oracle import libpff, soundness
from tests.unit.items.mails import mail_of

RECEIVED = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MARKS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"\\Seen"}),
    frozenset({"\\Seen", "\\Answered"}),
    frozenset({"\\Flagged"}),
    frozenset({"\\Seen", "$Forwarded"}),
    frozenset({"\\Draft", "\\Seen"}),
    frozenset({"\\Seen", "Project-X", "$Label1"}),
)
FOLDERS = ("INBOX", "Sent", "Bücher & Mehr", "Bücher & Mehr/2026")


@pytest.fixture(scope="module")
def letters(samples: Path) -> list[Letter]:
    """The sample messages, with CRLF line ends, marked in every way and received at different times."""
    found: list[bytes] = []
    for path in sorted((samples / "mime").iterdir()):
        data = path.read_bytes()
        found += [one.data for one in read_mbox(io.BytesIO(data))] if ".mbox." in path.name else [data]
    whole = [b"\r\n".join(data.replace(b"\r\n", b"\n").split(b"\n")) for data in found]
    return [
        Letter(data, MARKS[number % len(MARKS)], RECEIVED + timedelta(minutes=number))
        for number, data in enumerate(whole)
    ]


def as_told(letter: Letter) -> tuple[bytes, frozenset[str], datetime | None]:
    """What has to be the same: the bytes, the flags whatever their case, the time of receipt."""
    return letter.data, frozenset(flag.lower() for flag in letter.flags), letter.date


def as_cyrus_keeps(data: bytes) -> bytes:
    """A message as Cyrus keeps it: in the header, an X in the place of whatever is not ASCII."""
    header, end, body = data.partition(b"\r\n\r\n")
    return bytes(byte if byte < 0x80 else ord("X") for byte in header) + end + body


@pytest.mark.interop
@pytest.mark.skipif(not (shutil.which("readpst") and shutil.which("mbsync")), reason="pst-utils, isync are missing")
@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_mail_of_a_server_is_the_same_on_another_by_way_of_a_pst(
    format: Format, letters: list[Letter], dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst", format)
    alice, bob = stop(dovecot, tmp_path / "alice", file), stop(cyrus, tmp_path / "bob", file)
    letters = bob.takes(letters)  # Cyrus takes no message whose header has a line of blanks alone
    assert len(letters) > 65
    sent = {name: letters[number :: len(FOLDERS)] for number, name in enumerate(FOLDERS)}
    for name, some in sent.items():
        alice.put(name, some)
    alice.sync()
    bob.sync()
    for name, some in sent.items():
        assert Counter(map(as_told, alice.letters(name))) == Counter(map(as_told, some))
        wanted = [replace(one, data=as_cyrus_keeps(one.data)) for one in some]
        assert Counter(map(as_told, bob.letters(name))) == Counter(map(as_told, wanted)), name
    assert alice.is_quiet()
    assert bob.is_quiet()
    held = in_pst(bob.account)
    assert held.total() == len(letters)
    assert held == on_server(bob.account, tmp_path / "mbsync")
    strangers_agree(file, letters, tmp_path / "eml")


def strangers_agree(file: Path, letters: list[Letter], target: Path) -> None:
    """Libpff reads what the engine reads, and readpst finds every message with its subject."""
    with pst.open_store(file) as store, file.open("rb") as opened:
        assert libpff.differences(opened, store) == []
        assert soundness.faults(opened) == set()
    target.mkdir()
    subprocess.run(
        ["readpst", "-j", "0", "-q", "-D", "-8", "-e", "-o", target, file], check=True, capture_output=True, timeout=120
    )
    read = [email.message_from_bytes(one.read_bytes(), policy=email.policy.compat32) for one in target.rglob("*.eml")]
    names = Counter(name_of(email.message_from_bytes(one.data, policy=email.policy.compat32)) for one in letters)
    assert Counter(map(name_of, read)) == names


def name_of(message: Message) -> str:
    """The Message-ID of a message."""
    return "".join(str(message["Message-ID"] or "").split())


Said = tuple[object, ...]


def said(message: MessageObject) -> Said:
    """What a message of a PST file says to its reader."""
    mail = mail_of(from_mapi(message))
    return (
        mail.message_class, mail.subject, mail.text, mail.html, mail.rtf,
        mail.importance, mail.sensitivity, mail.read_receipt, mail.conversation_index,
        mail.date and mail.date.replace(microsecond=0),
        tuple(map(whom, (mail.author, *mail.to, *mail.cc, *mail.bcc))),
        tuple((one.name, one.content_id, one.content() if one.item is None else None) for one in mail.attachments),
        # A message that is marked as deleted is one that its user does not want any more: the mark is not handed on.
        replace(mail.flags, deleted=False, keywords=tuple(sorted(mail.flags.keywords))),
    )  # fmt: skip


def whom(address: Address | None) -> str:
    """Whom an address means, as far as Internet mail can say it."""
    if address is None:
        return ""
    # Exchange's addresses may have no Internet form; what is odd before the at sign is quoted on the way.
    by_address = address.kind == "SMTP" and address.email
    return address.email.lower().replace('"', "") if by_address else address.name.lower()


def test_mail_of_real_pst_files_is_the_same_in_a_new_one_by_way_of_a_server(
    pst_sample: Path, dovecot: DovecotServer, tmp_path: Path, writable_copy: Callable[[Path], Path]
) -> None:
    if pst_sample.suffix == ".ost":
        pytest.skip("an OST belongs to an account of Outlook's")
    first = writable_copy(pst_sample)
    alice = stop(dovecot, tmp_path / "one", first)
    again = stop(dovecot, tmp_path / "two", new_file(tmp_path / "again.pst"), alice.account.imap_server.login)
    alice.sync()
    again.sync()
    alice.sync()  # the new file has folders that the old one has not
    assert alice.is_quiet()
    before, after = content(first), content(again.account.pst_path)
    assert before == after
    with pst.open_store(again.account.pst_path) as store, again.account.pst_path.open("rb") as opened:
        assert libpff.differences(opened, store) == []


def content(file: Path) -> Counter[tuple[tuple[str, ...], Said]]:
    """What the mail of a PST file says, by folder; no folder of this name is possible in a Maildir."""
    return Counter(
        (tuple("tmp_" if name == "tmp" else name for name in path), said(one))
        for path, one in stored(file)
        if isinstance(from_mapi(one), Mail)
    )
