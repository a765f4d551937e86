"""Wire formats: bytes to items and items to bytes."""

from mailconnector.formats.errors import FormatError
from mailconnector.formats.mailbox import (
    MailboxFormatError,
    MaildirName,
    MboxMessage,
    maildir_name,
    maildir_unique,
    mbox_entry,
    parse_maildir_name,
    read_mbox,
)
from mailconnector.formats.mime import MimeFormatError, parse
from mailconnector.formats.rendering import render

__all__ = [
    "FormatError",
    "MailboxFormatError",
    "MaildirName",
    "MboxMessage",
    "MimeFormatError",
    "maildir_name",
    "maildir_unique",
    "mbox_entry",
    "parse",
    "parse_maildir_name",
    "read_mbox",
    "render",
]
