"""An SMTP server that delivers into a private mail server."""

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from mailconnector.lab.errors import LabMissingError
from mailconnector.lab.mail_server import MailServer
from mailconnector.lab.server import Launch, Server


class SmtpServer(Server):
    """A submission server: STARTTLS or TLS, then AUTH PLAIN or LOGIN, then delivery by LMTP without a queue.

    The users, their passwords and the certificate are those of the mail server. A recipient that is unknown there is
    refused at once.

    Args:
        deliver_to: the mail server; started, and to be ended later.
        folder: see `Server`.
        stay: see `Server`.
    """

    kind = "smtp"
    services: ClassVar[tuple[str, ...]] = ("smtp", "smtps")

    def __init__(self, deliver_to: MailServer, folder: Path | None = None, *, stay: bool = False) -> None:
        super().__init__(folder, stay=stay)
        self.mail_server = deliver_to

    @property
    def smtp_port(self) -> int:
        """The port that starts in the clear and wants STARTTLS before anything else."""
        return self._ports["smtp"]

    @property
    def smtps_port(self) -> int:
        """The port for TLS from the first byte."""
        return self._ports["smtps"]

    def check(self) -> None:
        if find_spec("aiosmtpd") is None:
            raise LabMissingError(
                "The Python package aiosmtpd is missing.",
                server=self.kind,
                hint="Run: pip install 'mailconnector[lab]'",
            )

    def _make_certificates(self, folder: Path) -> None:
        # The mail server's: clients then have one authority to trust for both.
        for name in ("ca.pem", "server.pem", "server.key"):
            shutil.copy2(self.mail_server.home / name, folder / name)

    def _prepare(self) -> Launch:
        orders = {
            **self._ports,
            "host": self.host,
            "lmtp": self.mail_server.lmtp_port,
            "imap": self.mail_server.imap_port,
            "certificate": str(self.home / "server.pem"),
            "key": str(self.home / "server.key"),
        }
        program = Path(__file__).with_name("smtp_process.py")
        # As ourselves: another account may not reach our Python. -P keeps the modules beside it from being imported.
        return Launch(
            (sys.executable, "-P", str(program), json.dumps(orders)),
            {self._ports["smtp"]: b"220"},
            # It finds aiosmtpd where we did.
            environment={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            drops=False,
        )
