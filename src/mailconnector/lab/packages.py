"""Getting Debian's packages: installed through apt where we may, or only unpacked into a folder, which anybody may.

Dovecot has its paths built in and has to be installed. Cyrus IMAP, whose package cannot be installed beside Dovecot's,
takes all paths from its configuration: it is unpacked with what it needs and the system lacks, and nothing of the
system is touched.
"""

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mailconnector.lab.errors import LabFolderError, LabMissingError
from mailconnector.lab.server import make_private_folder

_INSTALL_DEADLINE = 900.0  # seconds
_INSTALLATION = re.compile(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", re.MULTILINE)
_APT = ("apt-get", "-qq", "--no-install-recommends")
# Messages in English and no questions.
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def install_packages(packages: Sequence[str], *, services: Sequence[str] = ()) -> None:
    """Install packages with apt, as root or through sudo without a password.

    Args:
        packages: their names.
        services: what these packages start of themselves. That would be a server open to the network that nobody
            asked for, so it is stopped and disabled.

    Raises:
        LabMissingError: that is not possible here; the hint says what to do.
    """
    by_hand = "sudo apt-get install --no-install-recommends " + " ".join(packages)
    if shutil.which("apt-get") is None:
        hint = "Install what Debian calls " + ", ".join(packages)
        raise LabMissingError("There is no apt-get here.", packages=tuple(packages), hint=hint)
    sudo = _root_command()
    if sudo is None:
        raise LabMissingError("Only root can install packages.", packages=tuple(packages), hint=f"Run: {by_hand}")
    # Of the environment sudo passes nothing on, so env sets it behind it. An update that fails matters only if the
    # installation does.
    as_root = (*sudo, "env", *(f"{name}={value}" for name, value in _ENVIRONMENT.items()))
    _run((*as_root, "apt-get", "-qq", "update"))
    done = _run((*as_root, *_APT, "-y", "install", *packages))
    if done.returncode:
        raise LabMissingError(
            f"apt-get could not install {', '.join(packages)}: {_complaint(done)}",
            packages=tuple(packages),
            hint=f"Run: {by_hand}",
        )
    if services and Path("/run/systemd/system").is_dir():
        _run((*as_root, "systemctl", "disable", "--now", *services))


def unpack_packages(packages: Sequence[str], folder: Path) -> None:
    """Unpack packages, and those that they need and the system lacks, into a folder. Nothing is installed.

    Args:
        packages: their names.
        folder: where `usr` and the rest come to be; made anew.

    Raises:
        LabMissingError: apt does not know them or cannot fetch them.
    """
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as scratch:
        debs, tree = Path(scratch, "debs"), Path(scratch, "tree")
        debs.mkdir()
        tree.mkdir()
        # Downloading as apt's own user, which root's apt does, needs a folder that it can get to.
        download = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download")
        done = _run((*download, *_wanted(packages)), cwd=debs)
        for deb in sorted(debs.glob("*.deb")) if done.returncode == 0 else ():
            done = _run(("dpkg-deb", "-x", str(deb), str(tree)))
            if done.returncode:
                break
        if done.returncode:
            raise LabMissingError(f"{packages[0]} could not be fetched: {_complaint(done)}", packages=tuple(packages))
        tree.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        tree.rename(folder)


def _wanted(packages: Sequence[str]) -> list[str]:
    """Return what apt would install for these packages, as NAME=VERSION."""
    simulation = (*_APT, "-s", "install", *packages)
    done = _run(simulation)
    if done.returncode and (sudo := _root_command()) is not None:
        # A fresh machine has no lists of packages yet.
        _run((*sudo, "apt-get", "-qq", "update"))
        done = _run(simulation)
    if done.returncode:
        raise LabMissingError(
            f"apt-get does not find {packages[0]}: {_complaint(done)}",
            packages=tuple(packages),
            hint="Perhaps its lists are missing. Run: sudo apt-get update",
        )
    found = dict(_INSTALLATION.findall(done.stdout))
    # What is installed already is unpacked as well where it was asked for by name: one place has it all.
    return [*(f"{name}={version}" for name, version in found.items()), *(set(packages) - found.keys())]


@contextlib.contextmanager
def cache_folder(given: Path | None = None) -> Iterator[Path]:
    """Yield the folder that packages are unpacked into, locked against another who would do the same now.

    Raises:
        LabFolderError: it cannot be used.
    """
    folder = given or default_cache()
    # Root's servers run as another account, which has to get at the programs: not in root's home.
    make_private_folder(folder)
    try:
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    except OSError as error:
        raise LabFolderError(f"{folder} cannot be used: {error.strerror}.", folder) from error


def default_cache() -> Path:
    """Return where unpacked packages are kept when nothing else is said."""
    if os.getuid() == 0:
        return Path("/var/cache/mailconnector-lab")
    return Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache", "mailconnector-lab")


def library_path(tree: Path) -> str:
    """Return the value of LD_LIBRARY_PATH with which programs of an unpacked tree find its libraries."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    return ":".join(str(tree / part) for part in (f"usr/lib/{multiarch}", f"lib/{multiarch}", "usr/lib"))


def _root_command() -> tuple[str, ...] | None:
    if os.getuid() == 0:
        return ()
    if shutil.which("sudo") and _run(("sudo", "-n", "true")).returncode == 0:
        return ("sudo", "-n")
    return None


def _run(
    command: Sequence[str], *, cwd: Path | None = None, environment: Mapping[str, str] = _ENVIRONMENT
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            env=dict(environment),
            timeout=_INSTALL_DEADLINE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def _complaint(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
    return lines[-1].removeprefix("E: ") if lines else f"exit code {done.returncode}"
