"""The private servers: that they are what they say, and that they are gone afterwards, whatever happens."""

from __future__ import annotations

import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailconnector import lab
from mailconnector.lab import CyrusServer, DovecotServer, LabFolderError, LabMissingError, LabStartError, MailServer
from mailconnector.lab.processes import STATE_FILE, Kept, Process
from mailconnector.lab.server import Launch, Server

MESSAGE = b"From: alice@localhost\r\nTo: bob@localhost\r\nSubject: %s\r\n\r\nHello\r\n"


@contextmanager
def session(server: MailServer, user: str, password: str | None = None) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4(server.host, server.imap_port, timeout=60) as client:
        client.login(user, password or server.password(user))
        yield client


def folders(client: imaplib.IMAP4) -> set[str]:
    lines = [line for line in client.list()[1] if isinstance(line, bytes)]
    return {line.decode().split(' "/" ')[1].strip('"') for line in lines}


def trusting(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def ok(answer: tuple[str, list[Any]]) -> list[Any]:
    assert answer[0] == "OK", answer
    return answer[1]


def soon(condition: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="mc-t-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


# -- mail servers ------------------------------------------------------------------------------------------------------


def test_the_certificate_is_checked(mail_server):
    user = mail_server.users[0]
    secure = trusting(mail_server)
    for name in (mail_server.host, "localhost"):
        with imaplib.IMAP4_SSL(name, mail_server.imaps_port, ssl_context=secure, timeout=60) as client:
            ok(client.login(user, mail_server.password(user)))
        with imaplib.IMAP4(name, mail_server.imap_port, timeout=60) as client:
            ok(client.starttls(secure))
            ok(client.login(user, mail_server.password(user)))
    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL("localhost", mail_server.imaps_port, ssl_context=ssl.create_default_context(), timeout=60)


def test_passwords_are_checked(mail_server):
    for user in (*mail_server.users, mail_server.fresh_user()):
        with session(mail_server, user) as client:
            ok(client.select())
        with pytest.raises(imaplib.IMAP4.error, match=r"(?i)authentic|login|password"), session(mail_server, user, "x"):
            pass
    with pytest.raises(imaplib.IMAP4.error), session(mail_server, "nobody-of-the-four"):
        pass


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "dovecot",
            "ACL METADATA QUOTA NOTIFY CONDSTORE QRESYNC COMPRESS=DEFLATE SPECIAL-USE NAMESPACE MULTIAPPEND MOVE",
        ),
        ("dovecot_sdbox", "ACL METADATA QUOTA NOTIFY CONDSTORE QRESYNC COMPRESS=DEFLATE SPECIAL-USE NAMESPACE"),
        ("cyrus", "ACL METADATA ANNOTATEMORE QUOTA CONDSTORE QRESYNC COMPRESS=DEFLATE OBJECTID CREATE-SPECIAL-USE"),
        ("cyrus_inbox", "ACL METADATA QUOTA CONDSTORE QRESYNC LIST-MYRIGHTS"),
    ],
)
def test_capabilities(request, name, wanted):
    server = request.getfixturevalue(name)
    with session(server, server.users[0]) as client:
        assert set(wanted.split()) <= set(ok(client.capability())[-1].decode().split())
        assert server.log_tail() or server.kind == "cyrus"  # which writes to the system's log


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("dovecot", ['(("" "/"))', '(("shared/" "/"))', '(("Public/" "/"))']),
        ("cyrus", ['(("" "/"))', '(("Other Users/" "/"))', '(("Shared Folders/" "/"))']),
        ("cyrus_inbox", ['(("INBOX/" "/"))', '(("user/" "/"))', '(("" "/"))']),
    ],
)
def test_a_fresh_user_has_an_empty_mailbox_with_the_special_folders(request, name, layout):
    server = request.getfixturevalue(name)
    one, other = server.fresh_user(), server.fresh_user()
    assert one != other
    above = "INBOX/" if name == "cyrus_inbox" else ""
    with session(server, one) as client, session(server, other) as second:
        (line,) = ok(client.namespace())
        assert line.decode() == " ".join(layout)
        assert {"INBOX", *(above + each for each in ("Drafts", "Sent", "Trash", "Junk"))} <= folders(client)
        assert client.select()[1] == [b"0"]
        ok(client.append("INBOX", "", "", MESSAGE % b"mine"))
        assert client.select()[1] == [b"1"]
        assert second.select()[1] == [b"0"]


def test_rights_between_users(mail_server):
    owner, friend, stranger = (mail_server.fresh_user() for _ in range(3))
    with session(mail_server, friend), session(mail_server, stranger):
        pass  # mailboxes come into being with the first login
    above = "INBOX/" if mail_server.kind == "cyrus" and not mail_server._altnamespace else ""
    with session(mail_server, owner) as client:
        ok(client.create(above + "Team"))
        ok(client.append(above + "Team", "", "", MESSAGE % b"shared"))
        ok(client.setacl(above + "Team", friend, "lrs"))
    with session(mail_server, friend) as client:
        (shared,) = (name for name in folders(client) if owner in name and name.endswith("Team"))
        assert client.select(f'"{shared}"')[1] == [b"1"]
        assert client.append(f'"{shared}"', "", "", MESSAGE % b"not allowed")[0] == "NO"
    with session(mail_server, stranger) as client:
        assert not any(owner in name for name in folders(client))
        assert client.select(f'"{shared}"')[0] == "NO"
    with session(mail_server, owner) as client:
        ok(client.setacl(above + "Team", "anyone", "lr"))
    with session(mail_server, stranger) as client:
        assert shared in folders(client)
        assert client.select(f'"{shared}"', readonly=True)[1] == [b"1"]
    with session(mail_server, owner) as client:
        ok(client.deleteacl(above + "Team", "anyone"))
        ok(client.deleteacl(above + "Team", friend))
    with session(mail_server, friend) as client:
        assert client.select(f'"{shared}"')[0] == "NO"


def test_groups_of_dovecot(dovecot):
    with session(dovecot, "dave") as client:
        client.create("ForStaff")
        ok(client.setacl("ForStaff", "$staff", "lr"))
    with session(dovecot, "alice") as client:
        assert "shared/dave/ForStaff" in folders(client)
    with session(dovecot, "carol") as client:
        assert "shared/dave/ForStaff" not in folders(client)


def test_public_folders_of_dovecot(dovecot):
    with session(dovecot, "alice") as client:
        assert client.create("Public/Mine")[0] == "NO"
    with session(dovecot, "dave") as client:
        client.create("Public/Board")
        ok(client.setacl("Public/Board", "anyone", "lrs"))
        ok(client.append("Public/Board", "", "", MESSAGE % b"for all"))
    for user in ("alice", "bob", "alice"):
        with session(dovecot, user) as client:
            assert client.select("Public/Board")[1] == [b"1"]
            assert b"\\Seen" not in ok(client.fetch("1", "FLAGS"))[0], "it is each user's own"
            if user == "bob":
                ok(client.store("1", "+FLAGS", "\\Seen"))
                assert b"\\Seen" in ok(client.fetch("1", "FLAGS"))[0]
    with session(dovecot, "dave") as client:
        client.delete("Public/Board")  # everybody's PST would have it in the tests that follow


def test_annotations_quota_and_notify(dovecot):
    with session(dovecot, dovecot.fresh_user()) as client:
        imaplib.Commands.update(dict.fromkeys(("SETMETADATA", "GETMETADATA", "NOTIFY"), ("AUTH", "SELECTED")))
        ok(client.xatom("SETMETADATA", "INBOX", '(/shared/vendor/kolab/folder-type "mail.inbox")'))
        ok(client.xatom("GETMETADATA", "INBOX", "/shared/vendor/kolab/folder-type"))
        assert b"mail.inbox" in client.response("METADATA")[1][0]
        ok(client.xatom("NOTIFY", "SET (personal (MessageNew MessageExpunge FlagChange))"))
        assert b"User quota" in ok(client.getquotaroot("INBOX"))[1][0]


def test_a_mailbox_can_be_full(short):
    with DovecotServer(short / "d", quota_mb=1) as server, session(server, "alice") as client:
        answer = client.append("INBOX", "", "", MESSAGE % b"large" + b"x" * 80 * 20_000)
        assert (answer[0], b"OVERQUOTA" in answer[1][0]) == ("NO", True)


# -- SMTP --------------------------------------------------------------------------------------------------------------


def test_mail_sent_arrives(dovecot, smtp):
    one, two = dovecot.fresh_user(), dovecot.fresh_user()
    for number, make in enumerate((smtplib.SMTP, smtplib.SMTP_SSL)):
        if make is smtplib.SMTP:
            client = smtplib.SMTP("localhost", smtp.smtp_port, timeout=60)
            client.starttls(context=trusting(smtp))
        else:
            client = smtplib.SMTP_SSL("localhost", smtp.smtps_port, context=trusting(smtp), timeout=60)
        with client:
            client.ehlo()
            assert client.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
            client.login("alice", dovecot.password("alice"))
            to = [dovecot.address(one), dovecot.address(two), "nobody-of-the-four@localhost"]
            refused = client.sendmail("alice@localhost", to, MESSAGE % b"sent" + b"..\r\n.\r\n")
            assert {name: answer[0] for name, answer in refused.items()} == {"nobody-of-the-four@localhost": 550}
        for user in (one, two):
            with session(dovecot, user) as mailbox:
                assert mailbox.select()[1] == [str(number + 1).encode()]
                content = ok(mailbox.fetch("1", "BODY[]"))[0][1]
                assert b"Return-Path: <alice@localhost>\r\n" in content
                assert content.endswith(b"Subject: sent\r\n\r\nHello\r\n..\r\n.\r\n")
    assert f"to <{one}@localhost>: 250" in smtp.log_tail()


def test_nobody_sends_without_tls_and_login(dovecot, smtp):
    with smtplib.SMTP("localhost", smtp.smtp_port, timeout=60) as client:
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("MAIL", "FROM:<alice@localhost>")[0] == 530
        client.starttls(context=trusting(smtp))
        client.ehlo()
        assert client.docmd("MAIL", "FROM:<alice@localhost>")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("alice", "wrong")
    with smtplib.SMTP("localhost", smtp.smtp_port, timeout=60) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())


def test_filters_are_offered(dovecot):
    if not dovecot.has_sieve:
        pytest.skip("dovecot-managesieved is not installed")
    with socket.create_connection((dovecot.host, dovecot.ports["sieve"]), timeout=60) as connection:
        assert connection.recv(100).startswith(b'"IMPLEMENTATION" "Dovecot')


# -- beginning and end -------------------------------------------------------------------------------------------------


def test_nothing_is_left_behind():
    try:
        with DovecotServer() as server:
            folder = server.folder
            kept = Kept.read(folder / STATE_FILE)
            assert kept is not None
            assert kept.runs()
            assert kept.keeper.runs()
            assert Path(f"/proc/{kept.server.pid}").stat().st_uid != 0, "no mail server runs as root"
    except LabMissingError as error:
        pytest.skip(str(error))
    assert not folder.exists()
    assert not kept.runs()
    assert not kept.keeper.runs()
    assert not processes_of(folder)


def processes_of(folder: Path) -> list[int]:
    """The processes that name a folder in their arguments or have it as working folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (place / "cmdline").read_bytes() or (place / "cwd").readlink() == folder:
                found.append(int(place.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.mark.parametrize("kind", ["DovecotServer", "CyrusServer"])
def test_the_server_ends_when_its_starter_is_killed(kind):
    program = f"""
import sys
from mailconnector.lab import LabMissingError, {kind}
try:
    server = {kind}().start()
    print(server.folder, flush=True)
except LabMissingError as error:
    print("missing:", error, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as starter:
        assert starter.stdout is not None
        said = starter.stdout.readline().strip()
        if said.startswith("missing:"):
            starter.kill()
            pytest.skip(said)
        folder = Path(said)
        assert processes_of(folder)
        starter.kill()
    assert soon(lambda: not folder.exists())
    assert soon(lambda: not processes_of(folder))


class Scripted(Server):
    """A server that is a line of shell."""

    kind = "scripted"
    services = ("port",)

    def __init__(self, script: str) -> None:
        super().__init__()
        self._script = script

    def check(self) -> None:
        """Nothing is needed."""

    def _prepare(self) -> Launch:
        return Launch(("sh", "-c", self._script), {self._ports["port"]: b"* OK"})


def test_a_server_that_does_not_start_says_why():
    server = Scripted("echo 'Fatal: no good' >&2; exit 3")
    with pytest.raises(LabStartError, match="scripted did not start: Fatal: no good") as caught:
        server.start()
    assert caught.value.log == "Fatal: no good"
    assert caught.value.server == "scripted"
    assert not server.folder.exists()


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(LabMissingError) as caught:
        CyrusServer(tree=tmp_path).start()
    assert "cyrus-imapd" in caught.value.packages
    assert "mailconnector lab install" in caught.value.hint


def test_a_folder_has_to_be_short_and_our_own(short):
    with pytest.raises(LabFolderError, match="too long"):
        DovecotServer(short / ("x" * 60)).start()
    (short / "link").symlink_to("/tmp")
    with pytest.raises(LabFolderError, match="somebody else's"):
        DovecotServer(short / "link").start()
    with pytest.raises(LabFolderError, match="needs a folder"):
        DovecotServer(stay=True)


# -- a lab that stays --------------------------------------------------------------------------------------------------


@pytest.fixture
def standing(short: Path) -> Iterator[lab.StandingLab]:
    """A lab that stays, ended all the same."""
    try:
        yield lab.up(short / "l")
    except LabMissingError as error:
        pytest.skip(f"{error} {error.hint}")
    finally:
        lab.down(short / "l")


def mailbox_size(found: lab.StandingLab, user: str, add: bytes = b"") -> int:
    server = found.server("dovecot")
    assert server is not None
    with imaplib.IMAP4(server.host, server.ports["imap"], timeout=60) as client:
        client.login(user, found.passwords[user])
        if add:
            ok(client.append("INBOX", "", "", MESSAGE % add))
        return int(client.select()[1][0] or b"0")


def test_it_stays_and_comes_back_as_it_was(standing):
    assert [(server.kind, server.running) for server in standing.servers] == [("dovecot", True), ("smtp", True)]
    assert lab.up(standing.folder) == standing, "what runs is left alone"
    assert mailbox_size(standing, "alice", add=b"kept") == 1
    assert lab.down(standing.folder).running
    assert not lab.status(standing.folder).running
    assert not lab.down(standing.folder).running
    again = lab.up(standing.folder)
    assert again == standing, "the same ports"
    assert mailbox_size(again, "alice") == 1
    lab.down(standing.folder)
    with socket.create_server(("127.0.0.1", standing.servers[0].ports["imap"])):
        other = lab.up(standing.folder)
    assert other.servers[0].ports["imap"] != standing.servers[0].ports["imap"]
    assert mailbox_size(other, "alice") == 1


def test_one_mail_server_at_a_time(standing):
    with pytest.raises(LabFolderError, match="runs dovecot already"):
        lab.up(standing.folder, "cyrus")


def test_it_is_ended_even_where_its_keepers_were_killed(standing):
    kept = [each for server in standing.servers if (each := Kept.read(server.folder / STATE_FILE))]
    assert len(kept) == 2
    for each in kept:
        os.kill(each.keeper.pid, signal.SIGKILL)
    assert soon(lambda: not any(each.keeper.runs() for each in kept))
    assert all(each.runs() for each in kept)
    assert lab.status(standing.folder).running
    lab.down(standing.folder)
    assert not any(each.runs() for each in kept)
    assert not lab.status(standing.folder).running


def test_strangers_are_left_alone(short):
    folder = short / "l" / "dovecot"
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        # The number of a process that we started once has passed to somebody else.
        ours = [stranger.pid, 1]
        (folder / STATE_FILE).write_text(json.dumps({"keeper": ours, "server": ours}))
        (folder / "ports.json").write_text(json.dumps({"imap": 1}))
        assert not lab.status(short / "l").running
        lab.down(short / "l")
        assert stranger.poll() is None
        assert not Process(stranger.pid, 1).runs()
        stranger.kill()


def test_commands(short):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mailconnector", "lab", *arguments, "--folder", str(short / "l")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert run("status").returncode == 1
    up = run("up", "--json")
    if "Run" in up.stderr:
        pytest.skip(up.stderr)
    try:
        assert up.returncode == 0, up.stderr
        shown = json.loads(up.stdout)
        assert shown["passwords"]["carol"] == "secret-carol"
        assert mailbox_size(lab.status(short / "l"), "carol") == 0
        text = run("status")
        assert text.returncode == 0
        assert f"imap {shown['servers'][0]['ports']['imap']}" in text.stdout
        assert shown["servers"][0]["ca_file"] in text.stdout
    finally:
        down = run("down")
    assert (down.returncode, down.stderr) == (0, "Stopped dovecot and smtp.\n")
    assert run("status").returncode == 1
