"""Messages of a PST file as items of synchronisation, read and written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, cast

from mailconnector import mapping
from mailconnector.errors import MailConnectorError
from mailconnector.items import Attachment, Item, Mail, mail_of, with_mail
from mailconnector.items.mail import StoredContent
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import flag_changes, flag_keys
from mailconnector.pst import Fingerprints, Message, MessageDraft, PstDiskError, PstFormatError, PstTooLargeError, Store
from mailconnector.stores.pst.flags import KEPT_FLAGS, fitted_category, flags_told
from mailconnector.stores.pst.index import IndexedItem, NodePlace
from mailconnector.stores.pst.moments import stored_moment
from mailconnector.stores.pst.preparing import DATES, Making, Preparation, Ready, message_of, not_counted
from mailconnector.sync.flags import FlagSet, kept, to_flags, to_text
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery, Identity

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
        self._making: Making | None = None

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
            message_class = properties.text(tags.PidTagMessageClass)
            revision = self._fingerprints_for(message_class).of(message)
            flags = self._flags_in(properties.get, message.codec)
            name = _clean(properties.text(tags.PidTagInternetMessageId)).strip()
            if not name or not mapping.is_mail(message_class):  # an entry of a calendar goes by its UID
                name = identify(mapping.from_mapi(message.to_object())).name
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
        item = mapping.from_mapi(self._store.message(nid).to_object())
        return _held(item) if whole else item

    def _fingerprints_for(self, message_class: str) -> Fingerprints:
        """Return what tells whether messages of a class have changed, their flags aside."""
        keys = flag_keys(message_class)
        if keys not in self._fingerprints:
            self._fingerprints[keys] = Fingerprints(self._store, not_counted(keys))
        return self._fingerprints[keys]

    # -- writing -----------------------------------------------------------------------------------------------------

    def message_of(self, delivery: Delivery) -> MessageObject:
        """Return a delivery as the message that is to be stored."""
        flags = kept(delivery.flags, KEPT_FLAGS)
        message = message_of(delivery.item, flags, delivery.date, self._own_addresses)
        if delivery.partial:
            # Outlook shows by these that there is only a header, and how much there is to come.
            message.properties[named.PidLidHeaderItem] = 1
            message.properties[named.PidLidRemoteTransferSize] = min(delivery.size, 0x7FFFFFFF)
        return message

    def begin_to_prepare(self) -> None:
        """Learn by what items are made ready for the file; until then, they are written by drafts."""
        if self._making is None:
            with suppress(PstFormatError, PstTooLargeError):  # of the names of properties: who needs them says it
                preparer = self._store.preparer()
                if preparer is not None:
                    self._making = Making(preparer, self._own_addresses)
                    self._making.expect_mail()

    @property
    def preparation(self) -> Preparation | None:
        """What makes items ready for this file in another process; None when nothing can be made so, or not yet."""
        return None if self._making is None else self._making.preparation

    def ready(self, delivery: Delivery) -> Ready | None:
        """Return a delivery ready to be put into the file, made elsewhere or here; None when it takes a draft."""
        if self._making is None or delivery.partial:
            return None
        flags = kept(delivery.flags, KEPT_FLAGS)
        ready = delivery.ready
        if (
            isinstance(ready, Ready)
            and ready.flags == flags
            and ready.date == delivery.date
            and ready.message.token == self._making.token
        ):
            return ready
        return self._making.prepare(delivery.item, flags, delivery.date)

    def fill(self, draft: MessageDraft, message: MessageObject) -> None:
        """Have a draft take over a message that `message_of` made."""
        draft.fill(message)
        self._fit_categories(draft, message.properties)

    def _fit_categories(self, draft: MessageDraft, given: Mapping[PropertyKey, Value]) -> None:
        """In an ANSI file, write categories that a draft's code page has no room for in modified UTF-7."""
        names = given.get(named.PidNameKeywords)
        if self._ansi and isinstance(names, list):
            fitted = [fitted_category(name, draft.codec) for name in names if isinstance(name, str)]
            if fitted != names:
                draft.set(named.PidNameKeywords, fitted)

    def _flags_in(self, get: Callable[[PropertyKey], Value], codec: str) -> FlagSet:
        return flags_told(get, codec if self._ansi else "")

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
        identity = _identity(delivery)
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

    def placed(self, ready: Ready, delivery: Delivery, place: NodePlace, mark: int) -> IndexedItem:
        """Return what the index notes of a delivery that was put into the file ready; see `written`."""
        identity = _identity(delivery)
        return IndexedItem(
            place.nid, place.parent, place.bid_data, place.bid_sub, mark, *ready.facts, identity.name, identity.digest,
            ready.subject,
        )  # fmt: skip

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


def _has_arrived(message: Message) -> bool:
    """Tell whether an account of Outlook's received a message; what it sent has no header of a transport."""
    properties = message.properties
    return bool(properties.text(named.PidLidInternetAccountName)) and tags.PidTagTransportMessageHeaders in properties


def _born(get: Callable[[PropertyKey], Value]) -> int:
    value = get(tags.PidTagCreationTime)
    return int(value) if isinstance(value, FileTime) else 0


def _date_of(get: Callable[[PropertyKey], Value]) -> int | None:
    """Return when a message was received, else sent, else made."""
    for tag in DATES:
        value = get(tag)
        if isinstance(value, FileTime) and (moment := value.to_datetime()) is not None:
            return stored_moment(moment)
    return None


def _identity(delivery: Delivery) -> Identity:
    """Return the identity by which a delivery is noted."""
    identity = delivery.identity
    if not identity.name or not identity.digest:
        own = identify(delivery.item)
        identity = replace(own, name=identity.name or own.name, digest=identity.digest or own.digest)
    return identity


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def subject_of(item: Item) -> str:
    """Return what a user calls an item."""
    return mail_of(item).subject


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
