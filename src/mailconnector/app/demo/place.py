"""Where the demonstration lives: a folder with a PST, a profile and, there or nearby, private servers."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from mailconnector import lab
from mailconnector.app.account.model import Account
from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppDiskError, AppUsageError

_MARK = ".mailconnector-demo"
_LONGEST_LAB = 48  # bytes; the paths of a server's sockets are bounded


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demonstration lives.

    Attributes:
        directory: what it makes is in here.
        lab: the folder of the private servers.
    """

    directory: Path
    lab: Path

    @property
    def profile(self) -> Path:
        """The profile's file."""
        return self.directory / "profile.toml"

    @property
    def pst(self) -> Path:
        """The PST file."""
        return self.directory / "alice.pst"


def place_at(directory: Path) -> Place:
    """Return the place for a directory: its servers are in it where servers can live there, else below /var/tmp."""
    directory = directory.expanduser().absolute()
    inside = directory / "lab"
    if len(os.fsencode(inside)) <= _LONGEST_LAB and _can_be_reached(directory):
        return Place(directory, inside)
    name = f"mailconnector-demo-{os.getuid()}-{crc32(os.fsencode(directory)):08x}"
    return Place(directory, Path("/var/tmp", name))


def _can_be_reached(directory: Path) -> bool:
    """Tell whether the servers, which for root run as another account, can get there."""
    if os.getuid() != 0:
        return True
    return all(not above.exists() or above.stat().st_mode & stat.S_IXOTH for above in (directory, *directory.parents))


def clear(place: Place) -> None:
    """Make the place anew; what an earlier demonstration left is removed, its servers stopped first.

    Raises:
        AppUsageError: something else is in the directory.
        AppDiskError: the system refused.
        LabError: a server does not end.
    """
    directory = place.directory
    if directory.exists() and any(directory.iterdir()) and not (directory / _MARK).exists():
        raise AppUsageError(
            f"{directory} holds something else",
            path=str(directory),
            hint="Name another directory with --directory, or empty this one.",
        )
    if place.lab.exists():
        lab.down(place.lab)
    try:
        for old in (directory, place.lab):
            if old.exists():
                shutil.rmtree(old)
        directory.mkdir(parents=True)
        (directory / _MARK).touch()
    except OSError as error:
        raise AppDiskError(f"cannot use {directory}: {error.strerror or error}", path=str(directory)) from error


@contextmanager
def servers(place: Place) -> Iterator[lab.StandingLab]:
    """Run a Dovecot and an SMTP server that delivers into it for the length of a `with` block.

    Raises:
        LabError: they could not be had.
    """
    try:
        yield lab.up(place.lab)
    finally:
        lab.down(place.lab)


def write_profile(place: Place, standing: lab.StandingLab) -> Account:
    """Write the profile with the one account, and return that."""
    mail, smtp = standing.server("dovecot"), standing.server("smtp")
    assert mail is not None
    assert smtp is not None
    login = {"login": "alice", "secret": {"command": ["printf", "%s", standing.passwords["alice"]]}}
    values = {
        "name": "Alice Moreau",
        "address": "alice@localhost",
        "pst": place.pst.name,
        "imap": {"host": mail.host, "port": mail.ports["imaps"], "ca_file": str(mail.ca_file), **login},
        "smtp": {"host": smtp.host, "port": smtp.ports["smtps"], "ca_file": str(smtp.ca_file), **login},
        "sync": {"mode": "push"},
    }
    with Profile.change(place.profile) as draft:
        draft.add("alice", values)
    profile = Profile.load(place.profile)
    profile.make_data_directory()
    return profile.account("alice")
