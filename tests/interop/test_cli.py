"""The commands as processes of their own, and their exports beside those of another program."""

import json
import mailbox
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import NamedTuple

import pytest

from mailconnector import pst

pytestmark = pytest.mark.interop
needs_readpst = pytest.mark.skipif(
    subprocess.run(["sh", "-c", "command -v readpst"], capture_output=True, check=False).returncode != 0,
    reason="readpst (Debian: pst-utils) is not installed",
)
COMMAND = (sys.executable, "-m", "mailconnector", "pst")
ENCODED = (
    b"From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: %s\nDate: Mon, 08 Jan 2024 09:00:00 +0000\n\nbody\n"
)
SUBJECTS = (b"plain", b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", b"a: b/c", b"[tag] re", b"")


def run(*arguments, **options):
    """Run a command to its end; its output is text."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False, **options
    )


def subjects_of(paths) -> Counter[str]:
    parser = BytesHeaderParser(policy=policy.default)
    found: Counter[str] = Counter()
    for path in paths:
        with path.open("rb") as file:
            found[" ".join(str(parser.parse(file).get("subject", "")).split())] += 1
    return found


def readpst_subjects(path: Path, directory: Path) -> Counter[str]:
    """Export with readpst, each mail into a file of its own, and return the subjects."""
    directory.mkdir()
    subprocess.run(
        ["readpst", "-j", "0", "-q", "-e", "-t", "e", "-o", directory, path],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return subjects_of(directory.rglob("*.eml"))


@pytest.fixture(params=["unicode", "ansi"])
def filled(request, tmp_path):
    """A PST file of each format with mail in several folders."""
    path = tmp_path / f"{request.param}.pst"
    assert run("create", path, "--format", request.param).returncode == 0
    for name in ("Inbox", "Archive/Deep"):
        directory = tmp_path / "mail" / name
        directory.mkdir(parents=True)
        for number, subject in enumerate(SUBJECTS):
            (directory / f"{number}.eml").write_bytes(ENCODED % subject)
        imported = run("import", path, directory, "--folder", name)
        assert (imported.returncode, imported.stderr) == (0, "")
    return path


@needs_readpst
def test_export_is_what_readpst_exports(filled, tmp_path):
    exported = run("export", filled, tmp_path / "out", "--json")
    assert exported.returncode == 0
    assert json.loads(exported.stdout)["exported"] == 2 * len(SUBJECTS)
    ours = subjects_of((tmp_path / "out").rglob("*.eml"))
    assert ours == readpst_subjects(filled, tmp_path / "theirs")
    assert ours["Grüße"] == 2


@needs_readpst
def test_export_of_a_sample_is_what_readpst_exports(samples, tmp_path):
    path = samples / "pst" / "npm_pst-extractor_1.12.0__enron.pst"
    if not path.exists():
        pytest.skip(f"no {path.name} among the samples")
    assert run("export", path, tmp_path / "out").returncode == 0
    ours = subjects_of((tmp_path / "out").rglob("*.eml"))
    theirs = readpst_subjects(path, tmp_path / "theirs")
    assert ours.total() == theirs.total() == 71
    assert ours == theirs


def test_every_sample_can_be_listed_shown_and_exported(pst_sample, tmp_path):
    exported = run("export", pst_sample, tmp_path / "out", "--json")
    assert exported.returncode == 0, exported.stderr
    told = json.loads(exported.stdout)
    assert told["failed"] == 0
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == told["exported"]
    listed = json.loads(run("ls", pst_sample, "--json", "--messages").stdout)["folders"]
    assert sum(len(folder["messages"]) for folder in listed) == told["exported"]
    for nid in [message["nid"] for folder in listed for message in folder["messages"][:1]][:2]:
        shown = run("show", pst_sample, hex(nid), "--json")
        assert shown.returncode == 0
        assert json.loads(shown.stdout)["error"] == ""


def test_real_mail_goes_in_and_comes_out(samples, tmp_path):
    mime = samples / "mime"
    if not mime.is_dir():
        pytest.skip(f"no mail at {mime}")
    path = tmp_path / "x.pst"
    run("create", path)
    imported = run("import", path, mime, "--folder", "Mail", "--json")
    told = json.loads(imported.stdout)
    assert told["imported"] > 10
    failures = [failure for source in told["sources"] for failure in source["failures"]]
    assert failures == []
    assert run("check", path).returncode in (0, 1)
    for kind in ("eml", "mbox", "maildir"):
        exported = run("export", path, tmp_path / kind, "--format", kind, "--json")
        assert exported.returncode == 0, exported.stderr
        assert json.loads(exported.stdout)["exported"] == told["imported"]


def test_output_into_a_pipe_that_closes(filled):
    process = subprocess.Popen(
        [*COMMAND, "ls", str(filled), "-m", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(300) == 141
    assert errors == b""


def test_an_encoding_without_the_letters_is_no_error(filled):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    listed = run("ls", filled, "-m", env=environment)
    assert listed.returncode == 0
    assert "Gr\\xfc\\xdfe" in listed.stdout


class Interrupted(NamedTuple):
    """An import that got a signal while it wrote."""

    path: Path
    code: int
    output: str
    errors: str


def interrupt_import(before: Path, tmp_path: Path, number: signal.Signals) -> Interrupted:
    """Import mail and a large mbox into a copy of a PST file, and send a signal once the file has grown by 8 MB.

    On a loaded machine an import may be through before anybody sees the file grow: then a larger one is tried.
    """
    for attempt, count in enumerate((1500, 6000, 24_000)):
        path = Path(shutil.copyfile(before, tmp_path / f"attempt{attempt}.pst"))
        box = tmp_path / "large.mbox"
        with box.open("wb") as file:
            for at in range(count):
                file.write(b"From x Mon Jan  1 00:00:00 2024\n" + ENCODED % b"%d" % at + b"text\n" * 4000 + b"\n")
        size = path.stat().st_size
        process = subprocess.Popen(
            [*COMMAND, "import", str(path), str(tmp_path / "mail"), str(box), "--folder", "New"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 300
        while path.stat().st_size < size + (8 << 20) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(number)  # nothing when it is through
        output, errors = process.communicate(timeout=300)
        through = count < _items(path)
        if not through:
            return Interrupted(path, process.returncode, output, errors)
        path.unlink()
    pytest.fail("each import was through before it could be interrupted")


def _items(path: Path) -> int:
    """Return how many messages are in the folder New; none when it does not exist."""
    with pst.open_store(path) as store:
        try:
            return sum(folder.content_count for folder in store.folder_at("New").walk())
        except pst.PstNotFoundError:
            return 0


@pytest.mark.skipif(sys.platform == "win32", reason="another way of interrupting there")
def test_ctrl_c_in_the_middle_of_an_import(filled, tmp_path):
    path, code, output, errors = interrupt_import(filled, tmp_path, signal.SIGINT)
    assert (code, output) == (130, "")
    assert "10 items of the first 1 source are in the PST" in errors
    assert run("check", path).returncode == 0
    assert _items(path) == 10


@pytest.mark.skipif(sys.platform == "win32", reason="another way of killing there")
def test_killed_in_the_middle_of_an_import(filled, tmp_path):
    path, code, _, _ = interrupt_import(filled, tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert _items(path) == 10
    assert run("import", path, tmp_path / "mail" / "Inbox", "--folder", "After").returncode == 0
    assert run("check", path).returncode == 0


def test_a_mailbox_that_another_library_wrote(tmp_path):
    path = tmp_path / "x.pst"
    run("create", path)
    maildir = mailbox.Maildir(tmp_path / "Maildir")
    maildir.add_folder("Sent.2024").add(ENCODED % b"sent")
    maildir.add(ENCODED % b"in")
    assert run("import", path, tmp_path / "Maildir", "--folder", "Mail").returncode == 0
    listed = json.loads(run("ls", path, "Mail", "--json").stdout)["folders"]
    assert [(folder["path"], folder["items"]) for folder in listed] == [
        ("Mail", 1),
        ("Mail/Sent", 0),
        ("Mail/Sent/2024", 1),
    ]
