"""Messages of a PST file as items of synchronisation, read and written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import BinaryIO, cast

from mailconnector.errors import MailConnectorError
from mailconnector.imap.names import decode_utf7, encode_utf7
from mailconnector.items import Attachment, Item, Mail, mail_of, with_mail
from mailconnector.items.mail import StoredContent
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey, find
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import flag_changes, flag_keys, from_mapi, read_flags, to_mapi
from mailconnector.pst import Fingerprints, Message, MessageDraft, PstDiskError, Store
from mailconnector.stores.pst.index import IndexedItem, NodePlace, stored_moment
from mailconnector.sync.flags import ALL_FLAGS, DELETED, FlagDomain, FlagSet, flags_of, kept, to_flags, to_text
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery

KEPT_FLAGS = FlagDomain(ALL_FLAGS - {DELETED})
"""The flags that last in a PST file. A message that is marked as deleted is what Outlook has Deleted Items for."""

_READ_KEYS: tuple[PropertyKey, ...] = (
    tags.PidTagMessageFlags,
    tags.PidTagLastVerbExecuted,
    tags.PidTagIconIndex,
    tags.PidTagFlagStatus,
    named.PidNameKeywords,
)
# What Outlook's own accounts write on the mail that they receive or send.
_ACCOUNT_KEYS: tuple[PropertyKey, ...] = (named.PidLidInternetAccountName, named.PidLidInternetAccountStamp)
_LONGEST_CATEGORY = 255  # Outlook's limit; longer ones are taken as they are
_MAX_HELD = 8 << 20  # contents of attachments up to here are held in memory, larger ones in a file


class _SpooledContent(StoredContent):
    """The content of a large attachment in a file of its own, which goes with it."""

    __slots__ = ()

    def __del__(self) -> None:
        self.stream.close()


class MessageReader:
    """Reads messages, and writes them.

    Args:
        store: The open store. After one of its transactions was rolled back, make a new reader.
        own_addresses: Lower-case addresses of the mailbox's owner.
    """

    def __init__(self, store: Store, own_addresses: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._own_addresses = own_addresses
        self._ansi = store.format == "ansi"
        self._fingerprints: dict[frozenset[PropertyKey], Fingerprints] = {}

    # -- reading -----------------------------------------------------------------------------------------------------

    def look(self, known: IndexedItem) -> IndexedItem:
        """Return what a message is now, as far as synchronisation wants to know before it fetches it.

        Args:
            known: Its place, and what it was when it was last looked at; no revision when it is new.

        Raises:
            PstDiskError: The system refused to read.
        """
        try:
            message = self._store.message(known.nid)
            properties = message.properties
            revision = self._fingerprints_for(properties.text(tags.PidTagMessageClass)).of(message)
            flags = self._flags_in(properties.get, message.codec)
            name = _clean(properties.text(tags.PidTagInternetMessageId)).strip()
            if not name:
                name = identify(from_mapi(message.to_object())).name
            return known._replace(
                flags=to_text(flags),
                revision=revision,
                size=properties.number(tags.PidTagMessageSize),
                date=_date_of(properties.get),
                born=_born(properties.get),
                name=name,
                digest=known.digest if revision == known.revision else "",
                title=_clean(message.subject),
                arrived=_has_arrived(message),
                partial=bool(properties.get(named.PidLidHeaderItem)),
            )
        except PstDiskError:
            raise
        except MailConnectorError:
            # Damaged. Fetching it says how; until it changes, it stays as it is.
            return known._replace(revision=f"damaged-{known.bid_data:x}-{known.bid_sub:x}", digest="")

    def born(self, nid: int) -> int:
        """Return when a message was made (PidTagCreationTime), 0 where that cannot be read."""
        try:
            return _born(self._store.message(nid).properties.get)
        except PstDiskError:
            raise
        except MailConnectorError:
            return 0

    def item(self, nid: int, *, whole: bool = True) -> Item:
        """Return a message's content.

        Args:
            nid: The message's NID.
            whole: Read the contents of its attachments as well, so that the item does not need the store any more.

        Raises:
            PstError: It is damaged.
            MapiError: A value in it is.
        """
        item = from_mapi(self._store.message(nid).to_object())
        return _held(item) if whole else item

    def _fingerprints_for(self, message_class: str) -> Fingerprints:
        """Return what tells whether messages of a class have changed, their flags aside."""
        keys = flag_keys(message_class)
        if keys not in self._fingerprints:
            self._fingerprints[keys] = Fingerprints(self._store, (*keys, *_ACCOUNT_KEYS))
        return self._fingerprints[keys]

    # -- writing -----------------------------------------------------------------------------------------------------

    def message_of(self, delivery: Delivery) -> MessageObject:
        """Return a delivery as the message that is to be stored."""
        item = delivery.item
        mail = mail_of(item)
        flags, received = to_flags(kept(delivery.flags, KEPT_FLAGS)), delivery.date or mail.received
        if flags != mail.flags or received != mail.received:
            mail = replace(mail, flags=flags, received=received)
        message = to_mapi(with_mail(item, mail), own_addresses=self._own_addresses)
        message.associated = False
        for key in _ACCOUNT_KEYS:
            found = find(message.properties, key)
            if found is not None:
                del message.properties[found]
        # Outlook shows by these that there is only a header, and how much there is to come.
        message.properties.pop(named.PidLidHeaderItem, None)
        message.properties.pop(named.PidLidRemoteTransferSize, None)
        if delivery.partial:
            message.properties[named.PidLidHeaderItem] = 1
            message.properties[named.PidLidRemoteTransferSize] = min(delivery.size, 0x7FFFFFFF)
        return message

    def fill(self, draft: MessageDraft, message: MessageObject) -> None:
        """Have a draft take over a message that `message_of` made."""
        draft.fill(message)
        self._fit_categories(draft, message.properties)

    def _fit_categories(self, draft: MessageDraft, given: Mapping[PropertyKey, Value]) -> None:
        """In an ANSI file, write categories that a draft's code page has no room for in modified UTF-7."""
        names = given.get(named.PidNameKeywords)
        if self._ansi and isinstance(names, list):
            fitted = [_fitted_category(name, draft.codec) for name in names if isinstance(name, str)]
            if fitted != names:
                draft.set(named.PidNameKeywords, fitted)

    def _flags_in(self, get: Callable[[PropertyKey], Value], codec: str) -> FlagSet:
        """Return the flags that a message's properties say, those that last here.

        Categories that no flag can be called are left out.
        """
        told = [tuple(value) if isinstance(value, list) else value for value in map(get, _READ_KEYS)]
        return _flags_told(codec if self._ansi else "", *told)

    def written(
        self, draft: MessageDraft, message: MessageObject, delivery: Delivery, place: NodePlace, mark: int
    ) -> IndexedItem:
        """Return what the index notes of a delivery that was just written, without reading it again.

        Args:
            draft: Wrote it.
            message: What `message_of` made of the delivery.
            delivery: What was delivered.
            place: Where it is.
            mark: The mark of the change.
        """
        # A code page may have no room for what was given.
        get: Callable[[PropertyKey], Value] = draft.get if self._ansi else message.properties.get
        identity = delivery.identity
        if not identity.name or not identity.digest:
            own = identify(delivery.item)
            identity = replace(own, name=identity.name or own.name, digest=identity.digest or own.digest)
        return IndexedItem(
            place.nid,
            place.parent,
            place.bid_data,
            place.bid_sub,
            mark,
            to_text(self._flags_in(get, draft.codec)),
            self._fingerprints_for(_text(draft.get(tags.PidTagMessageClass))).of_draft(draft),
            draft.number(tags.PidTagMessageSize >> 16),
            _date_of(draft.get),
            _born(draft.get),
            identity.name,
            identity.digest,
            subject_of(delivery.item),
            partial=delivery.partial,
        )

    def mark(self, message: Message, flags: FlagSet) -> tuple[FlagSet, int] | None:
        """Give a message other flags and leave all else as it is.

        Args:
            message: The message.
            flags: What it should have.

        Returns:
            What it has then, and its size; None when it has them already.
        """
        found: Properties = {}
        properties = message.properties
        keys = flag_keys(properties.text(tags.PidTagMessageClass))
        for key in keys:
            value = properties.get(key)
            if value is not None:
                found[key] = value
        changes = {
            key: value for key, value in flag_changes(found, to_flags(flags), message.subject).items() if key in keys
        }
        if not changes:
            return None
        with message.edit() as draft:
            for key, value in changes.items():
                if value is None:
                    draft.delete(key)
                else:
                    draft.set(key, value)
            self._fit_categories(draft, changes)
        return self._flags_in(draft.get, draft.codec), draft.number(tags.PidTagMessageSize >> 16)


@lru_cache(maxsize=1024, typed=True)
def _flags_told(codec: str, *values: object) -> FlagSet:
    """Return the flags that the values of `_READ_KEYS` say; most messages have one of a few sets of them.

    Args:
        codec: Of an ANSI file; else empty.
        values: In the order of the keys, lists as tuples.
    """
    properties: Properties = {}
    for key, value in zip(_READ_KEYS, values, strict=True):
        if value is not None:
            properties[key] = cast("Value", list(value) if isinstance(value, tuple) else value)
    flags = kept(flags_of(read_flags(properties)), KEPT_FLAGS)
    if codec:
        flags = frozenset(_read_category(name, codec) for name in flags)
    return frozenset(name for name in flags if name and "\n" not in name)


def _fitted_category(name: str, codec: str) -> str:
    """Return a category as an ANSI file can hold it: in modified UTF-7 where it has to be, or could be taken for it."""
    plain = _encodes(name, codec) and _read_category(name, codec) == name
    return name if plain else encode_utf7(name).decode("ascii")


def _read_category(name: str, codec: str) -> str:
    """Return the category that `_fitted_category` made a stored name of."""
    if "&" in name and name.isascii() and len(name) <= _LONGEST_CATEGORY:
        with suppress(ValueError):
            found = decode_utf7(name.encode("ascii"))
            if found != name and encode_utf7(found).decode("ascii") == name and _fitted_category(found, codec) == name:
                return found
    return name


def _encodes(name: str, codec: str) -> bool:
    try:
        return name.encode(codec).decode(codec) == name
    except UnicodeError:
        return False


def _has_arrived(message: Message) -> bool:
    """Tell whether an account of Outlook's received a message; what it sent has no header of a transport."""
    properties = message.properties
    return bool(properties.text(named.PidLidInternetAccountName)) and tags.PidTagTransportMessageHeaders in properties


def _born(get: Callable[[PropertyKey], Value]) -> int:
    value = get(tags.PidTagCreationTime)
    return int(value) if isinstance(value, FileTime) else 0


def _date_of(get: Callable[[PropertyKey], Value]) -> int | None:
    """Return when a message was received, else sent, else made."""
    for tag in (tags.PidTagMessageDeliveryTime, tags.PidTagClientSubmitTime, tags.PidTagCreationTime):
        value = get(tag)
        if isinstance(value, FileTime) and (moment := value.to_datetime()) is not None:
            return stored_moment(moment)
    return None


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def subject_of(item: Item) -> str:
    """Return what a user calls an item."""
    return mail_of(item).subject


def without_bodies(item: Item) -> Item:
    """Return an item with no more than what its header says."""
    return with_mail(item, _bare(mail_of(item)))


def _bare(mail: Mail) -> Mail:
    return replace(mail, text=None, html=None, rtf=None, attachments=(), original=b"")


def _held(item: Item) -> Item:
    """Return an item that does not need the store: it may change, and what is damaged has to show now."""
    return with_mail(item, _held_mail(mail_of(item)))


def _held_mail(mail: Mail) -> Mail:
    if not mail.attachments:
        return mail
    return replace(mail, attachments=tuple(map(_held_attachment, mail.attachments)))


def _held_attachment(attachment: Attachment) -> Attachment:
    if attachment.item is not None:
        return replace(attachment, item=_held(attachment.item))
    data = attachment.data
    if not isinstance(data, StoredContent):
        return attachment
    if data.size() <= _MAX_HELD:
        return replace(attachment, data=data.read())
    data.stream.seek(0)
    spool = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - it closes with its content
    held = _SpooledContent(spool)
    shutil.copyfileobj(data.stream, spool, 1 << 20)
    return replace(attachment, data=held)
