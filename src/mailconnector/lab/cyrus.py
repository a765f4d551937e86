"""Cyrus IMAP as a private server: the second of the two that everything is tried on."""

import subprocess
from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal

from mailconnector.lab.errors import LabMissingError, LabStartError
from mailconnector.lab.mail_server import GROUPS, USERS, MailServer, fill_in, write_private
from mailconnector.lab.packages import default_cache, library_path
from mailconnector.lab.server import Launch

PACKAGES = ("cyrus-imapd", "cyrus-common", "sasl2-bin", "libsasl2-modules", "libeatmydata1", "libnss-wrapper")
"""What Debian and Ubuntu call what has to be unpacked. Installing cyrus-imapd would remove Dovecot."""
TREE = "cyrus"
"""The name of the folder, in the cache, that they are unpacked into."""

_BIN = Path("usr/lib/cyrus/bin")
_PROGRAMS = (*(_BIN / name for name in ("master", "imapd", "lmtpd", "idled")), Path("usr/sbin/saslpasswd2"))
_SIEVE = _BIN / "timsieved"
_FIRST_GROUP = 61_000  # a number that no group of the system has
_FOLDERS = ("conf", *(f"conf/{name}" for name in ("socket", "db", "log", "msg", "proc", "lock", "quota", "user")))
# A library that turns fsync into nothing.
_NO_FSYNC = "libeatmydata.so"
# A library that shows other users and groups than the system's to who asks for them (getgrent): Cyrus takes its groups
# from there, and nobody but root could make some.
_OWN_GROUPS = "libnss_wrapper.so"


class CyrusServer(MailServer):
    """A Cyrus IMAP, whose users are alice, bob, carol, dave, and cyrus, the administrator.

    Alice and bob are in the group `staff`, carol and dave in `guests`, where `has_groups`.

    Args:
        folder: see `Server`.
        stay: see `Server`.
        altnamespace: where users' folders are: beside the Inbox, as most servers have it, with others' below
            `Other Users/NAME/` and public ones below `Shared Folders/`; or, False, all of them below `INBOX/`, with
            others' below `user/NAME/` and public ones at the top.
        separator: what stands between the names of a folder and of one in it: `/`, or `.` as on old servers.
        fsync: whether mail is safe on disk before it is acknowledged, as on a real server; tests need it not.
        quota_mb: how much each user may keep, in MiB.
        tree: a root folder with Cyrus in it; None for where `install` puts it, then for the system.
    """

    kind = "cyrus"
    services: ClassVar[tuple[str, ...]] = ("imap", "imaps", "lmtp", "sieve")

    def __init__(
        self,
        folder: Path | None = None,
        *,
        stay: bool = False,
        altnamespace: bool = True,
        separator: Literal["/", "."] = "/",
        fsync: bool = False,
        quota_mb: int = 4096,
        tree: Path | None = None,
    ) -> None:
        super().__init__(folder, stay=stay)
        self._altnamespace = altnamespace
        self._separator = separator
        self._fsync = fsync
        self._quota_mb = quota_mb
        self._trees = (tree,) if tree else (default_cache() / TREE, Path("/"))

    def fresh_user(self) -> str:
        """Return the name of a new user with empty mailboxes."""
        user = super().fresh_user()
        self._set_password(user)
        return user

    @property
    def _tree(self) -> Path:
        for tree in self._trees:
            if all((tree / name).exists() for name in _PROGRAMS):
                return tree
        raise LabMissingError(
            "Cyrus IMAP is not there.",
            server=self.kind,
            packages=PACKAGES,
            hint="Run `mailconnector lab install --server cyrus`, which unpacks it into a folder of its own.",
        )

    @property
    def has_sieve(self) -> bool:
        """Whether filters can be set over ManageSieve on the port `sieve`."""
        return (self._tree / _SIEVE).exists()

    @property
    def has_groups(self) -> bool:
        """Whether the users are in groups."""
        return self._library(_OWN_GROUPS)

    def check(self) -> None:
        _ = self._tree

    def _library(self, name: str) -> bool:
        folders = [*library_path(self._tree).split(":"), *library_path(Path("/")).split(":")]
        return any(Path(folder, name).exists() for folder in folders)

    def _environment(self) -> dict[str, str]:
        tree = self._tree
        libraries = library_path(tree)
        folders = [*libraries.split(":"), *library_path(Path("/")).split(":")]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": libraries,
            "SASL_PATH": ":".join(f"{folder}/sasl2" for folder in folders),
        }
        preloaded = [_NO_FSYNC] if not self._fsync and self._library(_NO_FSYNC) else []
        if self.has_groups:
            preloaded.append(_OWN_GROUPS)
            environment["NSS_WRAPPER_PASSWD"] = str(self.home / "passwd")
            environment["NSS_WRAPPER_GROUP"] = str(self.home / "group")
        if preloaded:
            environment["LD_PRELOAD"] = " ".join(preloaded)
        return environment

    def _prepare(self) -> Launch:
        for name in ("spool", "sieve", *_FOLDERS):
            (self.home / name).mkdir(exist_ok=True)
        config = self.home / "imapd.conf"
        values: dict[str, object] = {
            **self._ports,
            "home": self.home,
            "user": self.account.user,
            "group": self.account.group,
            "altnamespace": "yes" if self._altnamespace else "no",
            "slashes": "yes" if self._separator == "/" else "no",
            "others": "Other Users" if self._altnamespace else "user",
            "quota": self._quota_mb * 1024,
            "bin": self._tree / _BIN,
            "config": config,
            "sieve_service": "",
            "sendmail": self.write_sendmail(),
        }
        if self.has_sieve:
            sieve = f'cmd="{self._tree / _SIEVE} -C {config}" listen="127.0.0.1:{self._ports["sieve"]}" prefork=0'
            values["sieve_service"] = f"  sieve {sieve}"
        data = resources.files("mailconnector.lab")
        write_private(config, fill_in(data.joinpath("cyrus-imapd.conf.in").read_text(), values))
        master = self.home / "cyrus.conf"
        write_private(master, fill_in(data.joinpath("cyrus-master.conf.in").read_text(), values))
        if self.has_groups:
            self._write_groups()
        if not (self.home / "sasldb2").exists():
            for user in (*USERS, "cyrus"):
                self._set_password(user)
        program = self._tree / _BIN / "master"
        return Launch(
            (str(program), "-C", str(config), "-M", str(master), "-p", str(self.home / "master.pid"), "-D"),
            {self._ports["imap"]: b"* OK", self._ports["lmtp"]: b"220"},
            environment=self._environment(),
        )

    def _write_groups(self) -> None:
        """Write the users and groups of the system, and the groups of ours."""
        write_private(self.home / "passwd", Path("/etc/passwd").read_text())
        text = Path("/etc/group").read_text()
        members: dict[str, list[str]] = {}
        for user, group in GROUPS.items():
            members.setdefault(group, []).append(user)
        known = [line for line in text.splitlines() if line.partition(":")[0] not in members]
        ours = [f"{group}:x:{_FIRST_GROUP + n}:{','.join(users)}" for n, (group, users) in enumerate(members.items())]
        write_private(self.home / "group", "\n".join([*known, *ours, ""]))

    def _set_password(self, user: str) -> None:
        command = [str(self._tree / "usr/sbin/saslpasswd2"), "-p", "-c", "-f", str(self.home / "sasldb2")]
        try:
            subprocess.run(
                [*command, "-u", "localhost", user],
                input=self.password(user).encode(),
                env=self._environment(),
                check=True,
                capture_output=True,
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise LabStartError(f"The password of {user} could not be set.", server=self.kind) from error
