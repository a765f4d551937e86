"""Private servers: real ones, unprivileged, on loopback, in a folder of their own. For the demo and the tests.

>>> from mailconnector.lab import DovecotServer
>>> with DovecotServer() as server:
...     client = imaplib.IMAP4(server.host, server.imap_port)
...     client.login("alice", server.password("alice"))
"""

from mailconnector.lab.dovecot import DovecotServer
from mailconnector.lab.errors import LabError, LabFolderError, LabMissingError, LabStartError
from mailconnector.lab.mail_server import MailServer
from mailconnector.lab.server import Server

__all__ = [
    "DovecotServer",
    "LabError",
    "LabFolderError",
    "LabMissingError",
    "LabStartError",
    "MailServer",
    "Server",
]
