"""The PST engine: Outlook's Personal Folders files, ANSI and Unicode, read and changed in place.

>>> from mailconnector import pst
>>> with pst.open_store("archive.pst") as store:
...     for folder in store.walk():
...         for message in folder.messages():
...             print(folder.path, message.subject)
"""

from mailconnector.pst.errors import (
    NotAPstError,
    PstDiskError,
    PstError,
    PstFormatError,
    PstFullError,
    PstLockedError,
    PstNotFoundError,
    PstTooLargeError,
    PstUsageError,
)
from mailconnector.pst.files import create_store, open_store
from mailconnector.pst.messaging.draft import AttachmentDraft, MessageDraft
from mailconnector.pst.messaging.fingerprint import FingerprintKeys, Fingerprints
from mailconnector.pst.messaging.folder import Folder, Message
from mailconnector.pst.messaging.message import Attachment, MessageContent
from mailconnector.pst.messaging.prepared import NewMessage, PreparedMessage, Preparer
from mailconnector.pst.messaging.store import Store

__all__ = [
    "Attachment",
    "AttachmentDraft",
    "FingerprintKeys",
    "Fingerprints",
    "Folder",
    "Message",
    "MessageContent",
    "MessageDraft",
    "NewMessage",
    "NotAPstError",
    "PreparedMessage",
    "Preparer",
    "PstDiskError",
    "PstError",
    "PstFormatError",
    "PstFullError",
    "PstLockedError",
    "PstNotFoundError",
    "PstTooLargeError",
    "PstUsageError",
    "Store",
    "create_store",
    "open_store",
]
