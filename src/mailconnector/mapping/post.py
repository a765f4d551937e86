"""Articles of feeds ([MS-OXORSS])."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailconnector.items import Item
from mailconnector.items.post import Post
from mailconnector.mapi import named
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.fields import (
    groups_of,
    mail_part,
    number,
    put_fields,
    text,
    values,
    with_fields,
    without_fields,
)

_FIELDS = (
    text("channel", named.PidLidPostRssChannel),
    text("channel_link", named.PidLidPostRssChannelLink),
    text("item_link", named.PidLidPostRssItemLink),
    text("item_guid", named.PidLidPostRssItemGuid),
    number("item_hash", named.PidLidPostRssItemHash),
    text("item_xml", named.PidLidPostRssItemXml),
    text("subscription", named.PidLidPostRssSubscription),
)
_GROUPS = groups_of(_FIELDS)


def to_object(item: Post, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]) -> MessageObject:
    """Return an article as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Post:
    """Return a MAPI message as an article."""
    mail = mail_mapping.from_object(mail_part(message, _GROUPS), extract)
    item = Post(mail, **values(_FIELDS, message.properties))
    return replace(item, mail=with_fields(mail, item, _GROUPS, message.properties))
