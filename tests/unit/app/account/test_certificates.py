"""Certificates that are not trusted: the reason is named, and what the certificate says."""

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.account.certificates import distrust, read_certificate, shown_certificate
from mailconnector.app.account.model import Secret, Server
from mailconnector.app.account.ping import ping
from mailconnector.app.account.steps import StepName

NOW = datetime.now(UTC).replace(microsecond=0)


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    """Makes out certificates for the name localhost and the address 127.0.0.1."""

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.name = "Test authority"
        made = self._builder(self.name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject, key, *, issuer=None, begins=-2, ends=30):
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(issuer or subject))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + timedelta(days=begins))
            .not_valid_after(NOW + timedelta(days=ends))
        )

    def context(self, *, own=False, names=("localhost",), **dates):
        """Return a server's context with a new certificate; `own`: one that it made out itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(name) for name in names] + [x509.IPAddress(ip_address("127.0.0.1"))]
        builder = self._builder("mail.test", key, issuer="mail.test" if own else self.name, **dates)
        made = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False).sign(
            key if own else self._key, hashes.SHA256()
        )
        file = self._folder / "server.pem"
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@contextmanager
def serving(context, before=()):
    """A TLS server for several connections; `before` is what it says in the open, a line to each that it hears."""
    ended = threading.Event()

    def serve():
        while True:
            sock, _ = listener.accept()
            if ended.is_set():
                sock.close()
                return
            with sock:
                sock.settimeout(5)
                try:
                    for number, line in enumerate(before):
                        if number:
                            line = line.replace(b"@TAG@", sock.recv(1000).split(b" ")[0])
                        sock.sendall(line)
                    with context.wrap_socket(sock, server_side=True) as private:
                        private.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
                        private.recv(1000)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join(6)


def server(port, *, service="imap", security="tls", ca_file=None, host="127.0.0.1"):
    return Server(
        service=service,
        host=host,
        port=port,
        security=security,
        login="alice",
        auth="password",
        secret=Secret(keyring=True),
        ca_file=ca_file,
        keyring_host=host,
    )


def failure(one):
    found = ping(one, secret=None, seconds=5).failed
    assert found is not None
    assert found.name is StepName.TLS
    return found.text, found.hint


def test_a_trusted_one(authority):
    with serving(authority.context()) as port:
        found = ping(server(port, ca_file=authority.file), secret=None, seconds=5)
    assert found.failed is None
    tls = next(step for step in found.steps if step.name is StepName.TLS)
    assert "certificate issued by Test authority" in tls.text


def test_an_authority_that_is_not_known(authority):
    with serving(authority.context()) as port:
        text, hint = failure(server(port))
    assert text == ("the certificate for mail.test is issued by Test authority, whom this computer does not know")
    assert "--imap-ca-file" in hint
    assert "SHA-256 fingerprint is " in hint


def test_one_that_vouches_for_itself(authority):
    with serving(authority.context(own=True)) as port:
        text, _ = failure(server(port))
    assert "self-signed" in text


def test_an_expired_one(authority):
    with serving(authority.context(ends=-1)) as port:
        text, hint = failure(server(port, ca_file=authority.file))
    assert text == f"the certificate for mail.test expired on {NOW - timedelta(days=1):%Y-%m-%d}"
    assert "renew" in hint


def test_one_that_is_not_valid_yet(authority):
    with serving(authority.context(begins=2)) as port:
        text, hint = failure(server(port, ca_file=authority.file))
    assert f"not valid before {NOW + timedelta(days=2):%Y-%m-%d}" in text
    assert "clock" in hint


def test_one_for_another_name(authority):
    with serving(authority.context(names=("mail.example.org",))) as port:
        text, hint = failure(server(port, host="localhost", ca_file=authority.file))
    assert "not made out to localhost and is for mail.example.org, 127.0.0.1" in text
    assert "name from the certificate" in hint


@pytest.mark.parametrize(
    ("service", "before"),
    [
        ("imap", (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n", b"@TAG@ OK go\r\n")),
        ("smtp", (b"220 hello\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n")),
    ],
)
def test_after_starttls(authority, service, before):
    with serving(authority.context(), before) as port:
        found = ping(server(port, service=service, security="starttls"), secret=None, seconds=5).failed
    assert found is not None
    assert found.name is StepName.TLS
    assert found.text == "the certificate for mail.test is issued by Test authority, whom this computer does not know"


@pytest.mark.parametrize(
    ("service", "before"),
    [
        ("imap", (b"* OK hello\r\n", b"* NOTE\r\na OK go\r\n")),
        ("smtp", (b"220-hello\r\n220 hello\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n")),
    ],
)
def test_a_certificate_is_shown_after_starttls(authority, service, before):
    with serving(authority.context(), before) as port:
        shown = shown_certificate(server(port, service=service, security="starttls"), 5)
    assert shown is not None
    assert (shown.subject, shown.issuer, shown.is_own) == ("mail.test", "Test authority", False)
    assert shown.names == ("localhost", "127.0.0.1")
    assert shown.ends == NOW + timedelta(days=30)


def test_a_version_of_tls_that_is_too_old(authority):
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    with serving(context) as port:
        text, hint = failure(server(port, ca_file=authority.file))
    assert "not safe any more" in text
    assert "TLS 1.2" in hint


def test_nothing_is_shown_where_nothing_answers():
    assert shown_certificate(server(1), 1) is None


@pytest.mark.parametrize("code", [2, 9, 10, 18, 19, 20, 21, 23, 62, 64, 99])
def test_each_reason_has_words_without_the_certificate(code):
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "a reason"
    text, hint = distrust(error, "mail.test", None)
    assert text.startswith("the certificate")
    assert hint


@given(st.binary(max_size=300))
def test_what_is_no_certificate(data):
    assert read_certificate(data) is None
