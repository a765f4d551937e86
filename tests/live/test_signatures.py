"""Signed and encrypted mail goes through a PST file to another server, and those who made it still accept it."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailconnector.lab import CyrusServer, DovecotServer
from tests.live.journeys import Format, Letter, new_file, stop

pytestmark = pytest.mark.interop

# What programs that write mail anew would change: blanks at line ends, dots, "From ", soft line ends, tabs.
TEXT = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe aus K=C3=B6ln, with a line that is folded softly and goes =\r\non here=20\r\n"
    b".\r\n..\r\n=46rom here\tto there\r\n\r\n\r\n-- =20\r\nsigned\r\n"
)
ATTACHED = (
    b'Content-Type: multipart/mixed;\r\n\tboundary="inner"\r\n\r\nA preamble.\r\n--inner\r\n'
    + TEXT + b"\r\n--inner\r\n"
    b'Content-Type: application/pdf;\r\n name="r\xc3\xa9sum\xc3\xa9.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    b"Content-Disposition: attachment\r\n\r\n" + base64.encodebytes(bytes(range(256)) * 3).replace(b"\n", b"\r\n")
    + b"--inner--\r\nAn epilogue.\r\n"
)  # fmt: skip
HEADER = (
    b"From: Alice <alice@example.org>\r\nTo: bob@example.org\r\nSubject: signed\r\n"
    b"Message-ID: <%s@example.org>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
)


def run(*command: str | Path, data: bytes = b"") -> bytes:
    """Run a program; it must succeed."""
    done = subprocess.run([str(each) for each in command], input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def crlf(data: bytes) -> bytes:
    """The same with the line ends of mail."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


Way = Callable[[list[bytes]], list[bytes]]


@pytest.fixture(params=["unicode", "ansi"])
def way(request: pytest.FixtureRequest, dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path) -> Way:
    """A function that sends messages from a server through a PST file to another one, and returns what arrives."""
    format_: Format = request.param

    def send(messages: list[bytes]) -> list[bytes]:
        file = new_file(tmp_path / "mail.pst", format_)
        alice, bob = stop(dovecot, tmp_path / "alice", file), stop(cyrus, tmp_path / "bob", file)
        alice.put("INBOX", [Letter(each, frozenset({"\\Seen"}), None) for each in messages])
        alice.sync()
        bob.sync()
        arrived = {one.data.split(b"Message-ID: ")[1].split(b"\r\n")[0]: one.data for one in bob.letters("INBOX")}
        assert len(arrived) == len(messages)
        return [arrived[each.split(b"Message-ID: ")[1].split(b"\r\n")[0]] for each in messages]

    return send


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_smime(way: Way, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Alice",
        "-addext", "extendedKeyUsage=emailProtection", "-keyout", key, "-out", certificate)  # fmt: skip
    signer = ("-signer", certificate, "-inkey", key)
    messages = []
    for number, entity in enumerate((TEXT, ATTACHED)):
        for kind, command in (
            ("clear", ("-sign", "-binary", "-crlfeol", *signer)),
            ("opaque", ("-sign", "-nodetach", "-binary", *signer)),
            ("secret", ("-encrypt", "-binary", "-aes-256-cbc", certificate)),
        ):
            made = crlf(run("openssl", "smime", *command, data=entity))
            messages.append(HEADER % f"{kind}-{number}".encode() + made)
    arrived = way(messages)
    assert arrived == messages
    for number, entity in enumerate((TEXT, ATTACHED)):
        clear, opaque, secret = arrived[number * 3 : number * 3 + 3]
        for signed in (clear, opaque):
            verified = run("openssl", "smime", "-verify", "-binary", "-CAfile", certificate, data=signed)
            assert crlf(verified) == entity
        with pytest.raises(AssertionError):
            run("openssl", "smime", "-verify", "-CAfile", certificate, data=clear.replace(b"aus K", b"aus L"))
        decrypt = ("-decrypt", "-binary", "-recip", certificate, "-inkey", key)
        assert crlf(run("openssl", "smime", *decrypt, data=secret)) == entity


@pytest.fixture
def gpg() -> Iterator[tuple[str | Path, ...]]:
    """GnuPG with a key of Alice's, in a home of its own, whose path has to be short."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg (Debian's gnupg) is not installed")
    with tempfile.TemporaryDirectory(prefix="mc-gpg-", dir="/tmp") as home:
        base = ("gpg", "--homedir", home, "--batch", "--quiet", "--trust-model", "always")
        user = "Alice <alice@example.org>"
        try:
            run(*base, "--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "never")
            yield base
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True)


def test_pgp(way: Way, gpg: tuple[str | Path, ...], tmp_path: Path) -> None:
    messages = []
    for number, entity in enumerate((TEXT, ATTACHED)):
        signature = crlf(run(*gpg, "--armor", "--detach-sign", data=entity))
        messages.append(
            HEADER % f"pgp-{number}".encode() + b"MIME-Version: 1.0\r\n"
            b'Content-Type: multipart/signed; micalg=pgp-sha512;\r\n\tprotocol="application/pgp-signature";'
            b' boundary="outer"\r\n\r\n--outer\r\n' + entity + b"\r\n--outer\r\n"
            b'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n' + signature + b"\r\n--outer--\r\n"
        )
    inline = crlf(run(*gpg, "--clear-sign", data="Grüße, inline\n- with a dash\n".encode()))
    messages.append(HEADER % b"pgp-inline" + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + inline)
    arrived = way(messages)
    assert arrived == messages
    for message in arrived[:2]:
        _, entity, rest = message.split(b"--outer\r\n")
        (tmp_path / "signature").write_bytes(rest)
        run(*gpg, "--verify", tmp_path / "signature", "-", data=entity.removesuffix(b"\r\n"))
        with pytest.raises(AssertionError):
            run(*gpg, "--verify", tmp_path / "signature", "-", data=entity)
    run(*gpg, "--verify", data=arrived[2].split(b"\r\n\r\n", 1)[1])
