"""The Outbox of a PST: what lies ready in it, and how a message leaves it ([MS-OXOMSG] 2.2.3, [MS-OXCMSG] 2.2.1.6).

Outlook marks a message that the user sent with MSGFLAG_SUBMIT; without it, it is open again, and not to be sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mailconnector.app.send.letters import Letter
from mailconnector.errors import MailConnectorError
from mailconnector.items import Item, mail_of
from mailconnector.mapi import tags
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.mapping.addresses import AUTHOR, SENDER, person_properties, written_person
from mailconnector.pst import Folder, Message, PstDiskError, Store
from mailconnector.stores.pst.specials import note_special
from mailconnector.sync.store import SpecialUse

_READ, _SUBMITTED, _UNSENT, _FROM_ME = 0x01, 0x04, 0x08, 0x20
_NAMES = {SpecialUse.OUTBOX: "Outbox", SpecialUse.SENT: "Sent Items", SpecialUse.DRAFTS: "Drafts"}
# When a message is to go at the earliest: as the transport has it, and as the user said.
_NOT_BEFORE = (tags.PidTagDeferredSendTime, tags.PidTagDeferredDeliveryTime)
# What tells Outlook's own transport what to do.
_TRANSPORTS: tuple[PropertyKey, ...] = (
    0x0E140003,  # PidTagSubmitFlags
    tags.PidTagSentMailEntryId,
    tags.PidTagDeleteAfterSubmit,
    tags.PidTagDeferredSendTime,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the Outbox.

    Attributes:
        nid: its place.
        title: its subject.
        ready: the user has sent it.
        due: when it is to go at the earliest; None for at once.
        version: what tells whether somebody changed it.
    """

    nid: int
    title: str
    ready: bool
    due: datetime | None
    version: str


class Outbox:
    """The Outbox of an open PST file.

    Args:
        store: the file; changes want it writable, and are made in transactions of its own or the caller's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = self._noted(tags.PidTagIpmOutboxEntryId)

    def messages(self) -> list[Waiting]:
        """Return what is in it, in the order in which it came there; what is damaged is passed over."""
        found = []
        for nid in sorted(self._folder.message_nids()) if self._folder is not None else ():
            try:
                found.append(self._look(nid))
            except PstDiskError:
                raise
            except MailConnectorError:
                continue
        return found

    def _look(self, nid: int) -> Waiting:
        message = self._store.message(nid)
        properties = message.properties
        moments = [found for tag in _NOT_BEFORE if (found := _moment(properties.get(tag))) is not None]
        changed = properties.get(tags.PidTagLastModificationTime)
        return Waiting(
            nid,
            message.subject,
            bool(message.flags & _SUBMITTED),
            max(moments, default=None),
            str(int(changed)) if isinstance(changed, FileTime) else "",
        )

    def item(self, nid: int) -> Item:
        """Return a message. Its attachments are read when they are wanted: the file must stay open.

        Raises:
            PstError: it is damaged.
            MapiError: a value in it is.
        """
        return from_mapi(self._store.message(nid).to_object())

    # -- changes; call them in a transaction -------------------------------------------------------------------------

    def add(self, letter: Letter, now: datetime) -> int:
        """Put a message into the Outbox, sent by its user, and return its place."""
        message = to_mapi(letter.item)
        message.properties |= self._people(letter)
        flags = message.properties.get(tags.PidTagMessageFlags)
        bits = flags if isinstance(flags, int) else 0
        message.properties[tags.PidTagMessageFlags] = bits | _READ | _SUBMITTED | _UNSENT | _FROM_ME
        message.properties[tags.PidTagClientSubmitTime] = FileTime.from_datetime(now)
        folder = self._folder = self._folder or self._made(SpecialUse.OUTBOX)
        return folder.add_message(message).nid

    def name(self, nid: int, message_id: str) -> Waiting:
        """Give a message an id, and return what it is then."""
        self._store.message(nid).set_properties({tags.PidTagInternetMessageId: message_id})
        return self._look(nid)

    def file(self, nid: int, letter: Letter, now: datetime) -> None:
        """Have a message that has gone leave the Outbox, as Outlook does: into the folder that it names, else Sent."""
        message = self._store.message(nid)
        if message.properties.get(tags.PidTagDeleteAfterSubmit) is True:
            message.delete()
            return
        target = self._named_by(message) or self._noted(tags.PidTagIpmSentMailEntryId) or self._made(SpecialUse.SENT)
        submitted = message.properties.get(tags.PidTagClientSubmitTime)
        moment = FileTime.from_datetime(mail_of(letter.item).date or now)
        with message.edit() as draft:
            for key in _TRANSPORTS:
                draft.delete(key)
            draft.update(self._people(letter))
            draft.set(tags.PidTagInternetMessageId, letter.message_id)
            draft.set(tags.PidTagClientSubmitTime, submitted if isinstance(submitted, FileTime) else moment)
            draft.set(tags.PidTagMessageDeliveryTime, FileTime.from_datetime(now))
            bits = message.flags & ~(_SUBMITTED | _UNSENT) | _READ | _FROM_ME
            draft.set(tags.PidTagMessageFlags, bits)
        message.move_to(target)

    def reopen(self, nid: int) -> None:
        """Put a message into Drafts, to be edited."""
        message = self._store.message(nid)
        with message.edit() as draft:
            draft.set(tags.PidTagMessageFlags, message.flags & ~_SUBMITTED | _UNSENT)
        message.move_to(self._drafts() or self._made(SpecialUse.DRAFTS))

    def tell(self, item: Item) -> None:
        """Put a message for the user into the Inbox."""
        inbox = self._store.receive_folder or self._store.folder_at(("Inbox",), create=True)
        inbox.add_message(to_mapi(item))

    def _people(self, letter: Letter) -> Properties:
        author = letter.authorship.author
        sender = letter.authorship.sender
        written = person_properties(author, SENDER) if sender is None else written_person(sender, SENDER)
        return written_person(author, AUTHOR) | written

    # -- folders -----------------------------------------------------------------------------------------------------

    def _drafts(self) -> Folder | None:
        for holder in (self._store.root, self._store.receive_folder):
            if holder is not None:
                found = self._folder_of(holder.properties.get(tags.PidTagIpmDraftsEntryId))
                if found is not None:
                    return found
        return None

    def _noted(self, tag: int) -> Folder | None:
        return self._folder_of(self._store.properties.get(tag))

    def _named_by(self, message: Message) -> Folder | None:
        return self._folder_of(message.properties.get(tags.PidTagSentMailEntryId))

    def _folder_of(self, entry_id: Value) -> Folder | None:
        """Return the folder of this file that an entry id means; None for any other value."""
        store = self._store
        if not isinstance(entry_id, bytes) or len(entry_id) != 24 or entry_id[4:20] != store.record_key:
            return None
        nid = int.from_bytes(entry_id[20:], "little")
        try:
            return store.folder(nid) if nid in store else None
        except PstDiskError:
            raise
        except MailConnectorError:
            return None

    def _made(self, use: SpecialUse) -> Folder:
        folder = self._store.folder_at((_NAMES[use],), create=True)
        note_special(self._store, folder, use)
        return folder


def _moment(value: Value) -> datetime | None:
    found = value.to_datetime() if isinstance(value, FileTime) else None
    return found.astimezone(UTC) if found is not None else None
