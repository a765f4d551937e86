"""Threads: message ids, and the conversation topic and index ([MS-OXOMSG] 2.2.1.2 and 2.2.1.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b

from mailconnector.items import Mail
from mailconnector.items.headers import first, unfolded
from mailconnector.items.message_ids import MADE_DOMAIN
from mailconnector.items.subject import normalized
from mailconnector.mapi import reading, tags
from mailconnector.mapi.conversation import ConversationIndex, ResponseLevel
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import FileTime
from mailconnector.mapping.attachments import file_time_of

OWNED = frozenset(
    tag >> 16
    for tag in (
        tags.PidTagInternetMessageId,
        tags.PidTagInReplyToId,
        tags.PidTagInternetReferences,
        tags.PidTagConversationTopic,
        tags.PidTagConversationIndex,
        tags.PidTagConversationId,
    )
)
"""Ids of the properties that place a message in its thread."""

# All that is known of a thread's beginning is its first message's id, so all indexes that are made begin here:
# what they have in common is what makes Outlook show them together.
_BEGINNING = FileTime.from_datetime(datetime(2000, 1, 1, tzinfo=UTC))
_HEAD = ConversationIndex.new(_BEGINNING).head
_ID = re.compile(r"<[^<>\s]+>")


def thread_properties(mail: Mail) -> Properties:
    """Return the properties that place a mail in its thread."""
    properties: Properties = {
        tags.PidTagConversationTopic: _clean(mail.conversation_topic or normalized(mail.subject)),
    }
    parents = (mail.in_reply_to, mail.references)
    index = mail.conversation_index or _made_index(mail.message_id, parents, mail.date)
    if index:
        properties[tags.PidTagConversationIndex] = index
    if mail.message_id:
        properties[tags.PidTagInternetMessageId] = _clean(mail.message_id)
    if mail.in_reply_to:
        properties[tags.PidTagInReplyToId] = _clean(mail.in_reply_to)
    if mail.references:
        properties[tags.PidTagInternetReferences] = _clean(" ".join(mail.references))
    return properties


def _clean(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def _made_index(message_id: str, parents: tuple[str, tuple[str, ...]], date: datetime | None) -> bytes:
    """Return the same index for the same mail, and one with the same beginning for all of its thread."""
    in_reply_to, references = parents
    root = references[0] if references else in_reply_to or message_id
    if not root:
        return b""
    digest = blake2b(root.encode("utf-8", "replace"), digest_size=16, person=b"conversation").digest()
    if root == message_id:
        return _HEAD + digest
    written = file_time_of(date) if date else None
    return _HEAD + digest + ResponseLevel.between(_BEGINNING, written or _BEGINNING, digest[0]).to_bytes()


def read_topic(properties: Properties, subject: str) -> str:
    """Return the conversation topic of a message as `Mail` has it: only one that is not the subject's."""
    topic = reading.text(properties, tags.PidTagConversationTopic)
    return "" if topic == normalized(subject) else topic


def read_index(
    properties: Properties, message_id: str, parents: tuple[str, tuple[str, ...]], date: datetime | None
) -> bytes:
    """Return the conversation index of a message as `Mail` has it: only one that was not made for want of another.

    Args:
        properties: The message's.
        message_id: What was read of it.
        parents: In reply to, and references, as they were read of it.
        date: What was read of it.
    """
    index = reading.data(properties, tags.PidTagConversationIndex)
    return b"" if index == _made_index(message_id, parents, date) else index


def read_message_id(properties: Properties, headers: bytes, is_made_here: bool) -> str:
    """Return the message id, if need be of the header.

    A message that was made in a store has none before it is sent; its own is made of the search key, which it has
    for life. One that came without an id keeps none.

    Args:
        properties: The message's.
        headers: Its header block.
        is_made_here: It did not come by the wire.
    """
    found = reading.text(properties, tags.PidTagInternetMessageId)
    if not found and headers:
        return _text(first(headers, b"message-id"))
    if not found and is_made_here and len(key := reading.data(properties, tags.PidTagSearchKey)) >= 16:
        return f"<{key.hex()}@{MADE_DOMAIN}>"
    return found


def read_parents(properties: Properties, headers: bytes) -> tuple[str, tuple[str, ...]]:
    """Return (in reply to, references) of a message, if need be from the header."""
    parent = reading.text(properties, tags.PidTagInReplyToId)
    if not parent and headers:
        parent = _text(first(headers, b"in-reply-to"))
        parent = _ID.findall(parent)[0] if _ID.search(parent) else ""
    references = reading.text(properties, tags.PidTagInternetReferences)
    if not references and headers:
        references = _text(first(headers, b"references"))
    found = _ID.findall(references)
    return parent, tuple(found or references.split())


def _text(raw: bytes | None) -> str:
    return unfolded(raw).decode("utf-8", "replace").replace("\0", "") if raw else ""
