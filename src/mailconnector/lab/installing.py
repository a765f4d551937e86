"""Making the programs ready that the private servers are made of."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mailconnector.lab import cyrus, dovecot
from mailconnector.lab.errors import LabMissingError
from mailconnector.lab.packages import cache_folder, install_packages, unpack_packages

SERVERS = ("dovecot", "cyrus")
"""What there is to install."""


def install(servers: Sequence[str] = SERVERS) -> tuple[str, ...]:
    """Make servers ready; what is there already is left alone.

    Dovecot is installed by apt, as root or through sudo where that asks for no password, and what its package starts of
    itself is stopped. Cyrus IMAP is unpacked into a folder of its own, for which any account will do.

    Args:
        servers: which, of `SERVERS`.

    Returns:
        Those that were not there before.

    Raises:
        LabMissingError: it is not possible here; the hint is the command to run.
        LabFolderError: the folder for unpacked programs cannot be used.
    """
    done = []
    if "dovecot" in servers and not _is_there(dovecot.DovecotServer()):
        install_packages(dovecot.PACKAGES, services=("dovecot.service", "dovecot.socket"))
        dovecot.DovecotServer().check()
        done.append("dovecot")
    if "cyrus" in servers and not _is_there(cyrus.CyrusServer()):
        with cache_folder() as folder:
            # Another may have done it while we waited for our turn.
            if not _is_there(cyrus.CyrusServer()):
                unpack_packages(cyrus.PACKAGES, Path(folder, cyrus.TREE))
        cyrus.CyrusServer().check()
        done.append("cyrus")
    return tuple(done)


def _is_there(server: "dovecot.DovecotServer | cyrus.CyrusServer") -> bool:
    with suppress(LabMissingError):
        server.check()
        return True
    return False
