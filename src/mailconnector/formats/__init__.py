"""Wire formats: bytes to items and items to bytes."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred
from mailconnector.formats.errors import FormatError

if TYPE_CHECKING:
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
    from mailconnector.formats.placeholder import (
        noted_shape,
        render_placeholder,
        seen_shape,
        shape_of,
        with_times_of,
    )
else:
    __getattr__ = deferred(
        __name__,
        ItemForm="item.forms",
        MailboxFormatError="mail.mailbox",
        MaildirName="mail.mailbox",
        MboxMessage="mail.mailbox",
        MimeFormatError="mail.mime",
        ReadItem="item_message",
        as_sent="outgoing",
        maildir_name="mail.mailbox",
        maildir_unique="mail.mailbox",
        mbox_entry="mail.mailbox",
        noted_shape="placeholder",
        parse="mail.mime",
        parse_item="item_message",
        parse_maildir_name="mail.mailbox",
        read_mbox="mail.mailbox",
        render="mail.rendering",
        render_item="item_message",
        render_outgoing="outgoing",
        render_placeholder="placeholder",
        seen_shape="placeholder",
        shape_of="placeholder",
        with_times_of="placeholder",
    )

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
    "noted_shape",
    "parse",
    "parse_item",
    "parse_maildir_name",
    "read_mbox",
    "render",
    "render_item",
    "render_outgoing",
    "render_placeholder",
    "seen_shape",
    "shape_of",
    "with_times_of",
]
