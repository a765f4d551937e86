"""Wire formats: bytes to items and items to bytes."""

from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.forms import ItemForm
from mailconnector.formats.item_message import ReadItem, parse_item, render_item
from mailconnector.formats.mail.mailbox import (
    MailboxFormatError,
    MaildirName,
    MboxMessage,
    maildir_name,
    maildir_unique,
    mbox_entry,
    parse_maildir_name,
    read_mbox,
)
from mailconnector.formats.mail.mime import MimeFormatError, parse
from mailconnector.formats.mail.rendering import render
from mailconnector.formats.outgoing import as_sent, render_outgoing

__all__ = [
    "FormatError",
    "ItemForm",
    "MailboxFormatError",
    "MaildirName",
    "MboxMessage",
    "MimeFormatError",
    "ReadItem",
    "as_sent",
    "maildir_name",
    "maildir_unique",
    "mbox_entry",
    "parse",
    "parse_item",
    "parse_maildir_name",
    "read_mbox",
    "render",
    "render_item",
    "render_outgoing",
]
