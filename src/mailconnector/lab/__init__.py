"""Private servers: real ones, unprivileged, on loopback, in a folder of their own. For the demo and the tests.

>>> from mailconnector.lab import DovecotServer
>>> with DovecotServer() as server:
...     client = imaplib.IMAP4(server.host, server.imap_port)
...     client.login("alice", server.password("alice"))
"""

from mailconnector.lab.cyrus import CyrusServer
from mailconnector.lab.dovecot import DovecotServer
from mailconnector.lab.errors import LabError, LabFolderError, LabMissingError, LabStartError
from mailconnector.lab.installing import install
from mailconnector.lab.mail_server import MailServer
from mailconnector.lab.server import Server
from mailconnector.lab.smtp import SmtpServer
from mailconnector.lab.standing import StandingLab, StandingServer, down, status, up

__all__ = [
    "CyrusServer",
    "DovecotServer",
    "LabError",
    "LabFolderError",
    "LabMissingError",
    "LabStartError",
    "MailServer",
    "Server",
    "SmtpServer",
    "StandingLab",
    "StandingServer",
    "down",
    "install",
    "status",
    "up",
]
