"""Which mail has what no mail can say, so that it travels as an item with its MAPI properties.

Mail that came by the wire goes back as the bytes that it was, and so has no room for more. Of mail that was made in
Outlook most of what is left over is its own housekeeping; what a user or a form has put there is not.
"""

from __future__ import annotations

from uuid import UUID

from mailconnector.formats.mail.mime import OPAQUE_CLASS, SIGNED_CLASS
from mailconnector.items import Attachment, Item, Mail, mail_of
from mailconnector.mapi import named, tags
from mailconnector.mapi.named import PROPERTY_SETS, PropertyName
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.values import Value

# Classes of mail that readers know without properties of their own, in lower case; of reports all below them.
_CLASSES = frozenset({"", "ipm", "ipm.note", "ipm.post", OPAQUE_CLASS.lower(), SIGNED_CLASS.lower()})
_REPORT = "report.ipm.note."
_REPORT_ENDINGS = frozenset({"ndr", "dr", "delayed", "ipnrn", "ipnnrn"})

# What a user or a form has put into a mail.
_NAMES: frozenset[PropertyName] = frozenset(
    tag.name
    for tag in (
        named.PidLidVerbStream,
        named.PidLidVerbResponse,
        named.PidLidFormStorage,
        named.PidLidFormPropStream,
        named.PidLidPageDirStream,
        named.PidLidPropertyDefinitionStream,
        named.PidLidScriptStream,
        named.PidLidCustomFlag,
        named.PidLidFlagRequest,
        named.PidLidTaskStartDate,
        named.PidLidTaskDueDate,
        named.PidLidTaskDateCompleted,
        named.PidLidBilling,
        named.PidLidMileage,
        named.PidLidCompanies,
        named.PidLidContacts,
    )
)
_TAGS = frozenset(
    {tags.PidTagExpiryTime, tags.PidTagReplyTime, tags.PidTagDeferredDeliveryTime, tags.PidTagFlagCompleteTime}
)
# Property sets in which programs keep what they found out about a mail: headers, threads, marks of servers.
_RECORDS = frozenset(PROPERTY_SETS.values()) | {UUID("33eba41f-7aa8-422e-be7b-79e1a98e54b3")}
_ADDRESS = ("http:", "https:", "urn:")


def is_plain(item: Item) -> bool:
    """Tell whether an item is a mail that the bytes of a mail say."""
    mail = mail_of(item)
    if mail.layout:
        # As it came by the wire, so it stays, whatever Outlook takes it for.
        return True
    if not isinstance(item, Mail):
        return False
    if mail.original:
        return True
    if not _is_known(mail.message_class.lower()) and mail.leftover:
        # The class itself has a header field; which properties its form needs nobody knows.
        return False
    if mail.headers:
        return True
    return not any(map(_is_more, mail.attachments)) and not has_more(mail.leftover)


def _is_known(message_class: str) -> bool:
    if message_class in _CLASSES:
        return True
    return message_class.startswith(_REPORT) and message_class.removeprefix(_REPORT) in _REPORT_ENDINGS


def _is_more(attachment: Attachment) -> bool:
    """Tell whether an attachment is an item that no mail can say."""
    return attachment.item is not None and not is_plain(attachment.item)


def has_more(leftover: Properties) -> bool:
    """Tell whether what is left over of a mail has anything that a user or a form has put there."""
    return any(_matters(key, value) for key, value in leftover.items())


def _matters(key: PropertyKey, value: Value) -> bool:
    if isinstance(key, int):
        return key in _TAGS
    if key == named.PidLidReminderSet:
        return value is True
    name = key.name
    if name.guid == named.PS_PUBLIC_STRINGS:
        # Fields that a user has defined are there; programs keep theirs under what looks like an address.
        return isinstance(name.name, str) and not name.name.lower().startswith(_ADDRESS)
    return name in _NAMES or name.guid not in _RECORDS
