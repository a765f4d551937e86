"""What we write, others read: libpff-python, readpst and lspst on files that we made and changed."""

from __future__ import annotations

import contextlib
import email
import email.policy
import io
import mailbox
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from mailconnector import pst
from mailconnector.mapi.objects import AttachmentObject, MessageObject, RecipientObject
from tests.oracle import examples, libpff, soundness

pytestmark = pytest.mark.interop
needs_readpst = pytest.mark.skipif(
    not (shutil.which("readpst") and shutil.which("lspst")), reason="readpst and lspst (pst-utils) are not installed"
)
COUNT = 12
# Inline, in a subnode, over one XBLOCK (some blocks), over an XXBLOCK (1,021 blocks of 8,176 bytes, 2,043 of 8,180).
BIG = {"inline.bin": 1000, "subnode.bin": 5000, "xblock.bin": 200_000}
XXBLOCK = {"unicode": 8_400_000, "ansi": 16_800_000}
TEXTS = {"unicode": "Grüße, Привет, 日本語, שלום", "ansi": "Grüße, façade, año"}


def mail(number: int, text: str, *attachments: AttachmentObject) -> MessageObject:
    """Return a plain mail."""
    return MessageObject(
        {
            0x001A001F: "IPM.Note",
            0x0037001F: f"Mail {number}: {text}",
            0x1000001F: f"Body {number}\r\n{text}\r\n" + "more lines\r\n" * number * 60,
            0x0042001F: "Sender",
            0x0064001F: "SMTP",
            0x0065001F: "sender@example.org",  # which is where readpst looks
            0x0C1A001F: "Sender",
            0x0C1E001F: "SMTP",
            0x0C1F001F: "sender@example.org",
            0x0E070003: 1,
        },
        [RecipientObject({0x3001001F: f"To {number}", 0x3002001F: "SMTP", 0x3003001F: f"to{number}@example.org"})],
        list(attachments),
    )


def attached(name: str, data: bytes) -> AttachmentObject:
    """Return an attachment by value."""
    return AttachmentObject({0x3707001F: name, 0x3704001F: name, 0x37050003: 1}, data=data)


@pytest.fixture(params=[(f, e) for f in ("unicode", "ansi") for e in ("none", "permute", "cyclic")], ids="-".join)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, dict[str, bytes]]:
    """A file that we made, closed, and changed in place; its text, and its attachments by name."""
    format_: Literal["unicode", "ansi"]
    format_, encryption = request.param
    path = tmp_path / "written.pst"
    data = {name: random.Random(name).randbytes(size) for name, size in BIG.items()}
    data["xxblock.bin"] = random.Random(1).randbytes(XXBLOCK[format_])
    text = TEXTS[format_]
    with pst.create_store(path, format=format_, encryption=encryption, usual_folders=True) as store:
        inbox = store.folder_at("Inbox")
        with store.transaction():
            for number in range(COUNT + 3):
                inbox.add_message(mail(number, "first version"))
            inner = AttachmentObject({0x3001001F: "inner", 0x37050003: 5}, embedded=mail(99, f"inner {text}"))
            inbox.add_message(mail(50, text, *(attached(name, content) for name, content in data.items()), inner))
    with pst.open_store(path, writable=True) as store:
        inbox = store.folder_at("Inbox")
        messages = list(inbox.messages())
        for number, message in enumerate(messages[:COUNT]):
            message.set_properties({0x0037001F: f"Mail {number}: {text}", 0x1000001F: f"Body {number}\r\n{text}\r\n"})
        for message in messages[COUNT : COUNT + 3]:
            message.delete()
        messages[0].move_to(inbox.create_folder(f"Below {text}", "IPF.Note"))
    return path, text, data


def test_libpff_reads_what_we_wrote(written: tuple[Path, str, dict[str, bytes]]):
    path, _, _ = written
    with pst.open_store(path) as store, path.open("rb") as file:
        assert libpff.differences(file, store) == []
        assert soundness.faults(file) == set()


@needs_readpst
def test_readpst_and_lspst_read_what_we_wrote(written: tuple[Path, str, dict[str, bytes]], tmp_path: Path):
    path, text, data = written
    target = tmp_path / "eml"
    target.mkdir()
    run("readpst", "-j", "0", "-q", "-D", "-e", "-o", str(target), str(path))
    mails = [
        email.message_from_bytes(found.read_bytes(), policy=email.policy.default) for found in target.rglob("*.eml")
    ]
    subjects = sorted(str(one["subject"]) for one in mails)
    assert subjects == sorted([*(f"Mail {number}: {text}" for number in range(COUNT)), f"Mail 50: {text}"])
    for one in mails:
        body = one.get_body(("plain",))
        assert body is not None and text in body.get_content()
        number = str(one["subject"]).split()[1].rstrip(":")
        # readpst takes the names of PidTagDisplayTo; it does not look at the recipients' addresses.
        assert f"To {number}" in str(one["to"]) and "sender@example.org" in str(one["from"])
    (big,) = (one for one in mails if str(one["subject"]).startswith("Mail 50"))
    parts = {part.get_filename(): part for part in big.iter_attachments()}
    for name, content in data.items():
        assert parts[name].get_content() == content, name
    # readpst writes a line of an mbox before the header of the part, which the standard library does not skip.
    (inner,) = (part for part in big.walk() if part.get_content_type() == "message/rfc822")
    whole = re.sub(rb"\A.*?\n>?From [^\n]*\n", b"", inner.as_bytes(), flags=re.DOTALL)
    assert f"inner {text}" in str(email.message_from_bytes(whole, policy=email.policy.default)["subject"])
    assert any(f"Below {text}" in folder.name for folder in target.rglob("*") if folder.is_dir())

    boxes = tmp_path / "mbox"
    boxes.mkdir()
    run("readpst", "-j", "0", "-q", "-D", "-r", "-o", str(boxes), str(path))
    in_boxes = 0
    for found in boxes.rglob("mbox"):
        with contextlib.closing(mailbox.mbox(found, create=False)) as box:
            in_boxes += len(box)
    assert in_boxes >= COUNT + 1

    listing = run("lspst", str(path))
    for count in range(COUNT):
        assert f"Subject: Mail {count}:" in listing  # the rest is in the code page of the file


def run(*command: str) -> str:
    """Run a program and return what it prints; it must succeed."""
    done = subprocess.run(command, check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    return done.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("script", ["кириллица и ещё", "日本語の件名です", "ελληνικά", "ภาษาไทย"])
def test_an_ansi_file_takes_other_scripts_by_the_code_page_of_the_message(script: str):
    file = io.BytesIO()
    with pst.Store.create(file, format="ansi") as store:
        made = store.ipm_subtree.add_message(mail(1, script, examples.make_attachment(4, 100, wide=False)))
        assert store.message(made.nid).subject == f"Mail 1: {script}"
        assert libpff.differences(file, store) == []
