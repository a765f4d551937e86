"""A certificate authority made for one server, so that clients check its certificate as they would a real one's."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mailconnector.lab.errors import LabMissingError, LabStartError

_DAYS = 825
_REQUESTS = """
[req]
distinguished_name = empty
[empty]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are, all of them PEM.

    Attributes:
        authority: the authority's certificate, which clients are to trust.
        certificate: the server's, for the name localhost and the address 127.0.0.1.
        key: the server's private key.
    """

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a server's certificate in a folder, or return those that are there.

    The authority's private key is thrown away, so nothing else can ever be signed with it.

    Raises:
        LabMissingError: there is no `openssl` command.
        LabStartError: it failed.
    """
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if made.authority.exists():
        return made
    with tempfile.TemporaryDirectory(prefix="mc-ca-") as scratch:
        config, key, authority = (Path(scratch, name) for name in ("openssl.cnf", "ca.key", "ca.pem"))
        config.write_text(_REQUESTS)
        _openssl(config, "/CN=Mail Connector lab CA", "authority", key, authority)
        _openssl(config, "/CN=localhost", "server", made.key, made.certificate, signer=(authority, key))
        made.authority.write_bytes(authority.read_bytes())
    return made


def _openssl(
    config: Path, subject: str, extensions: str, key: Path, out: Path, signer: tuple[Path, Path] | None = None
) -> None:
    command = ["openssl", "req", "-x509", "-config", str(config), "-extensions", extensions, "-subj", subject]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", str(_DAYS)]
    command += ["-keyout", str(key), "-out", str(out)]
    if signer:
        command += ["-CA", str(signer[0]), "-CAkey", str(signer[1])]
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    except FileNotFoundError as error:
        raise LabMissingError(
            "The command openssl is missing.", packages=("openssl",), hint="sudo apt-get install openssl"
        ) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise LabStartError(
            "The certificates could not be made.", log=(error.stderr or b"").decode(errors="replace")
        ) from error
