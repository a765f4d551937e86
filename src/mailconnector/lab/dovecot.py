"""Dovecot as a private server: the first of the two that everything is tried on."""

import subprocess
from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal

from mailconnector.lab.errors import LabMissingError, LabStartError
from mailconnector.lab.mail_server import GROUPS, USERS, MailServer, fill_in, write_private
from mailconnector.lab.processes import find_program
from mailconnector.lab.server import Launch

PACKAGES = ("dovecot-imapd", "dovecot-lmtpd", "dovecot-managesieved", "dovecot-sieve")
"""What Debian and Ubuntu call what has to be installed; the last two are for filters and may be missing."""

_PROGRAMS = tuple(Path(folder) for folder in ("/usr/sbin", "/usr/local/sbin", "/sbin"))
_LIBEXEC = Path("/usr/lib/dovecot")
# What 2.3 and what 2.4 call it.
_LAYOUTS = (":LAYOUT=fs", "mailbox_list_layout = fs")
_SIEVE_PLUGINS = ("sieve", "sieve = yes")
_SIEVE_SCRIPTS = (
    "plugin {\n  sieve = file:~/sieve;active=~/.dovecot.sieve\n}",
    "sieve_script personal {\n  path = ~/sieve\n  active_path = ~/.dovecot.sieve\n}",
)
_SIEVE = """
service managesieve-login {
  chroot =
  inet_listener sieve {
    port = @port@
  }
}
@scripts@
"""


class DovecotServer(MailServer):
    """A Dovecot with ACL, METADATA, QUOTA, NOTIFY, CONDSTORE, QRESYNC and COMPRESS.

    Others' folders appear below `shared/NAME/`, public ones below `Public/`, where dave may create and administer.
    Alice and bob are in the group `staff`, carol and dave in `guests`. \\Seen in shared folders is each user's own.
    Besides the four users there is any whose name begins with `test-`.

    Args:
        folder: see `Server`.
        stay: see `Server`.
        mailbox_format: how mail is stored: `maildir`, or Dovecot's own `sdbox`.
        fsync: whether mail is safe on disk before it is acknowledged, as on a real server; tests need it not.
        quota_mb: how much each user may keep, in MiB.
    """

    kind = "dovecot"
    services: ClassVar[tuple[str, ...]] = ("imap", "imaps", "lmtp", "sieve")

    def __init__(
        self,
        folder: Path | None = None,
        *,
        stay: bool = False,
        mailbox_format: Literal["maildir", "sdbox"] = "maildir",
        fsync: bool = False,
        quota_mb: int = 4096,
    ) -> None:
        super().__init__(folder, stay=stay)
        self._format = mailbox_format
        self._fsync = fsync
        self._quota_mb = quota_mb

    @property
    def has_sieve(self) -> bool:
        """Whether filters can be set over ManageSieve on the port `sieve`."""
        return (_LIBEXEC / "managesieve").exists() and (_LIBEXEC / "modules/lib90_sieve_plugin.so").exists()

    def check(self) -> None:
        """Make sure that Dovecot is installed.

        Raises:
            LabMissingError: it is not.
        """
        self._program()

    def version(self) -> tuple[int, int]:
        """Return its version: 2.3, or 2.4 and later, whose configuration is another.

        Raises:
            LabMissingError: it is not installed.
            LabStartError: it does not tell.
        """
        try:
            done = subprocess.run(
                [self._program(), "--version"], capture_output=True, text=True, timeout=30, check=True, env={}
            )
            major, minor = done.stdout.split(".")[:2]
            return int(major), int(minor)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise LabStartError("Dovecot does not tell its version.", server=self.kind) from error

    def _program(self) -> Path:
        program = find_program("dovecot", _PROGRAMS)
        if program is None or not all((_LIBEXEC / name).exists() for name in ("imap", "lmtp")):
            raise LabMissingError(
                "Dovecot is not installed.",
                server=self.kind,
                packages=PACKAGES,
                hint="Run `mailconnector lab install --server dovecot`, or: sudo apt-get install " + " ".join(PACKAGES),
            )
        return program

    def _prepare(self) -> Launch:
        is_new = self.version() >= (2, 4)
        for name in ("mail", "public"):
            (self.home / name).mkdir(exist_ok=True)
        root = "Maildir" if self._format == "maildir" else "sdbox"
        if not is_new:
            self._let_dave_administer(self.home / "public" / root)
        write_private(self.home / "users", "".join(self._user_line(user) for user in USERS))
        values: dict[str, object] = {
            **self._ports,
            "home": self.home,
            "user": self.account.user,
            "group": self.account.group,
            "uid": self.account.uid,
            "gid": self.account.gid,
            "format": self._format,
            "root": root,
            "layout": _LAYOUTS[is_new] if self._format == "maildir" else "",
            "fsync": "optimized" if self._fsync else "never",
            "quota": self._quota_mb,
            "at": "@",
            "sieve_protocol": "sieve" if self.has_sieve else "",
            "sieve_plugin": _SIEVE_PLUGINS[is_new] if self.has_sieve else "",
            "sieve": fill_in(_SIEVE, {"port": self._ports["sieve"], "scripts": _SIEVE_SCRIPTS[is_new]})
            if self.has_sieve
            else "",
        }
        self.write_sendmail()
        template = "dovecot-2.4.conf.in" if is_new else "dovecot-2.3.conf.in"
        config = self.home / "dovecot.conf"
        write_private(config, fill_in(resources.files("mailconnector.lab").joinpath(template).read_text(), values))
        return Launch(
            (str(self._program()), "-F", "-c", str(config)),
            {self._ports["imap"]: b"* OK", self._ports["lmtp"]: b"220"},
        )

    def _user_line(self, user: str) -> str:
        ids = f"{self.account.uid}:{self.account.gid}"
        home = self.home / "mail" / user
        return f"{user}:{{PLAIN}}{self.password(user)}:{ids}::{home}::userdb_acl_groups={GROUPS[user]}\n"

    def _let_dave_administer(self, public: Path) -> None:
        public.mkdir(parents=True, exist_ok=True)
        acl = public / "dovecot-acl"
        if not acl.exists():
            acl.write_text("user=dave lrwstipekxa\n")
