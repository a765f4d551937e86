"""Items made ready for a PST file: here, or in the processes that parse mail, which do not have the file open.

What comes of it is opaque to synchronisation, which carries it from one store to the other beside the item. The PST
store uses it where it was made for the same item, flags and date and for the file as it is now, and else makes its own:
in the file it is the same.
"""

from __future__ import annotations

import pickle
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from mailconnector import mapping
from mailconnector.errors import MailConnectorError
from mailconnector.items import Item, Mail, mail_of, message_id_of, with_mail
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, PropertyKey, find
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import decode
from mailconnector.mapping import flag_keys, own
from mailconnector.pst import FingerprintKeys, NewMessage, PreparedMessage, Preparer
from mailconnector.stores.pst.flags import KEPT_FLAGS, flags_told
from mailconnector.stores.pst.moments import stored_moment
from mailconnector.sync.flags import FlagSet, kept, to_flags, to_text

# What Outlook's own accounts write on the mail that they receive or send.
_ACCOUNT_KEYS: tuple[PropertyKey, ...] = (named.PidLidInternetAccountName, named.PidLidInternetAccountStamp)
EXPECTED = (
    own.HEADER_BYTES,
    own.MIME_LAYOUT,
    named.PidNameKeywords,
    named.PidLidFlagRequest,
    named.PidLidToDoTitle,
    named.PidLidTaskStatus,
    named.PidLidTaskComplete,
    named.PidLidPercentComplete,
)
"""The named properties of a mail with all that mail from a server has: known beforehand, they let the first messages be
made elsewhere too."""
DATES = (tags.PidTagMessageDeliveryTime, tags.PidTagClientSubmitTime, tags.PidTagCreationTime)
"""When a message was received, sent, made: the first that it has is its date."""

_CREATED, _CLASS, _SIZE = tags.PidTagCreationTime >> 16, tags.PidTagMessageClass >> 16, tags.PidTagMessageSize >> 16
_KEY_SIZE = 16


class Facts(NamedTuple):
    """What the index notes of a message that it has the same of wherever it lies; as in `IndexedItem`."""

    flags: str
    revision: str
    size: int
    date: int | None
    born: int


class Ready(NamedTuple):
    """An item that is ready to be put into a file.

    Attributes:
        flags: The flags that it was made with.
        date: The date that it was made with.
        message: What goes into the file.
        facts: What the index notes of it.
        subject: That of the item.
    """

    flags: FlagSet
    date: datetime | None
    message: PreparedMessage
    facts: Facts
    subject: str


def not_counted(keys: frozenset[PropertyKey]) -> tuple[PropertyKey, ...]:
    """Return the properties that do not count in fingerprints of messages whose flags are in these."""
    return (*keys, *_ACCOUNT_KEYS)


def message_of(item: Item, flags: FlagSet, date: datetime | None, own_addresses: frozenset[str]) -> MessageObject:
    """Return an item as the message that is to be stored.

    Args:
        item: The item; its own flags do not count.
        flags: Its flags, those that last here.
        date: When it was received; None for when it says.
        own_addresses: Lower-case addresses of the mailbox's owner.
    """
    mail = mail_of(item)
    own_flags, received = _flags(flags), date or mail.received
    # What was not received says when it was written.
    if own_flags != mail.flags or (received or mail.date) != (mail.received or mail.date):
        item = with_mail(item, replace(mail, flags=own_flags, received=received))
    message = mapping.to_mapi(item, own_addresses=own_addresses)
    message.associated = False
    properties = message.properties
    if mail.leftover:  # these come from nowhere else
        for key in _ACCOUNT_KEYS:
            found = find(properties, key)
            if found is not None:
                del properties[found]
        properties.pop(named.PidLidHeaderItem, None)
        properties.pop(named.PidLidRemoteTransferSize, None)
    if not isinstance(item, Mail) and find(properties, tags.PidTagSearchKey) is None and not mail.message_id:
        # The key that the file is going to make would be another name than the one by which its source knows it.
        properties[tags.PidTagInternetMessageId] = message_id_of(item)
    return message


_flags = lru_cache(maxsize=1024)(to_flags)


class Making:
    """Makes items ready for one file.

    Args:
        preparer: Of the file.
        own_addresses: Lower-case addresses of the mailbox's owner.
    """

    def __init__(self, preparer: Preparer, own_addresses: frozenset[str]) -> None:
        self._preparer = preparer
        self._own_addresses = own_addresses
        self._keys: dict[frozenset[PropertyKey], FingerprintKeys] = {}
        self._preparation: Preparation | None = None
        self._random = b""
        self.token = preparer.form.token

    def expect_mail(self) -> None:
        """Have the names that most mail needs in what is handed to other processes, where the file is open."""
        for tag in EXPECTED:
            self._preparer.expect(tag.name)

    @property
    def preparation(self) -> Preparation:
        """What makes items ready for the file elsewhere, by the names that it has by now."""
        form = self._preparer.form
        if self._preparation is None or self._preparation.names != len(form.names):
            self._preparation = Preparation(pickle.dumps((form, self._own_addresses)), len(form.names))
        return self._preparation

    def prepare(self, item: Item, flags: FlagSet, date: datetime | None) -> Ready | None:
        """Return an item ready for the file; None when it takes a draft.

        Args:
            item: The item.
            flags: Its flags, those that last here.
            date: When it was received; None for when it says.

        Raises:
            PstError: The file cannot hold it.
        """
        message = message_of(item, flags, date, self._own_addresses)
        new = self._preparer.encode(message, self._search_key, FileTime.now())
        prepared = None if new is None else self._preparer.pack(new)
        if new is None or prepared is None:
            return None
        told = to_text(flags_told(message.properties.get))
        values = new.values
        date_noted = next((moment for tag in DATES if (moment := _moment(new, tag >> 16)) is not None), None)
        size = int.from_bytes(values[_SIZE].data, "little")
        revision = self._keys_for(new).of_new(new)
        facts = Facts(told, revision, size, date_noted, int(_time(new, _CREATED) or 0))
        return Ready(flags, date, prepared, facts, mail_of(item).subject)

    def _search_key(self) -> bytes:
        if not self._random:
            self._random = secrets.token_bytes(64 * _KEY_SIZE)  # many at once, since each fetch is dear
        key, self._random = self._random[:_KEY_SIZE], self._random[_KEY_SIZE:]
        return key

    def _keys_for(self, message: NewMessage) -> FingerprintKeys:
        stored = message.values[_CLASS]
        keys = _class_keys(stored.type, stored.data, self._preparer.codec)
        if keys not in self._keys:
            self._keys[keys] = FingerprintKeys(self._preparer.name_of, not_counted(keys))
        return self._keys[keys]


@dataclass(frozen=True, slots=True)
class Preparation:
    """Makes items ready for a file in another process; it can be pickled.

    Attributes:
        form: What the file is like, pickled.
        names: How many names of properties are in it.
    """

    form: bytes = field(repr=False)
    names: int

    def __call__(self, item: Item, flags: FlagSet, date: datetime | None) -> Ready | None:
        """Return an item ready for the file; None when it has to be made where the file is open.

        Args:
            item: The item.
            flags: Its flags, also those that do not last there.
            date: When it was received.
        """
        with suppress(MailConnectorError):  # the file's own store is going to say what is wrong
            return _making(self.form).prepare(item, kept(flags, KEPT_FLAGS), date)
        return None


@lru_cache(maxsize=4)
def _making(form: bytes) -> Making:
    opened, own_addresses = pickle.loads(form)
    return Making(Preparer(opened), own_addresses)


@lru_cache(maxsize=256)
def _class_keys(ptype: int, data: bytes, codec: str) -> frozenset[PropertyKey]:
    """Return the keys of flags of messages of a class, which is given as it is stored."""
    text = decode(ptype, data, codec)
    return flag_keys(text if isinstance(text, str) else "")


def _time(message: NewMessage, pid: int) -> FileTime | None:
    stored = message.values.get(pid)
    if stored is None or stored.type != PropertyType.TIME or len(stored.data) != 8:
        return None
    return FileTime(int.from_bytes(stored.data, "little"))


def _moment(message: NewMessage, pid: int) -> int | None:
    found = _time(message, pid)
    return None if found is None else stored_moment(found.to_datetime())
