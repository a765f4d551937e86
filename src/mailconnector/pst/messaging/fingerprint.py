"""A message's fingerprint: the same for as long as what the message says is the same, whatever programs note on it.

It is a digest over the stored values of the message, of its recipients and of its attachments with the messages in
them, taken in an order of its own. The same comes out of a stored message and of the draft that it was written from, so
a message that was just written has its fingerprint without being read again. It does not depend on where anything lies
in the file, on the order of tables, nor on the ids that named properties have in this file.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from struct import Struct
from typing import Protocol

from mailconnector.mapi import tags
from mailconnector.mapi.named import (
    PidLidCurrentVersion,
    PidLidCurrentVersionName,
    PidLidSmartNoAttach,
    PropertyName,
)
from mailconnector.mapi.objects import OF_THE_PLACE, PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.pst.ltp.node import NodeReader
from mailconnector.pst.ltp.property_context import INLINE_SIZES, PropertyContext, StoredValue
from mailconnector.pst.messaging.draft import AttachmentDraft, MessageDraft
from mailconnector.pst.messaging.message import (
    ATTACH_DATA,
    ATTACH_METHOD,
    METHOD_EMBEDDED,
    Attachment,
    MessageContent,
    Nesting,
)
from mailconnector.pst.messaging.names import FIRST_ID
from mailconnector.pst.messaging.prepared import NewMessage
from mailconnector.pst.messaging.properties import Allowance
from mailconnector.pst.messaging.session import Session
from mailconnector.pst.messaging.store import Store

_DIGEST_SIZE = 16
_AT_ONCE = 1 << 16  # values from here on are not joined with others before they are digested
_HEAD = Struct("<HQ")

# What stores work out themselves, and what programs write when they save a message that nobody changed.
_VOLATILE: tuple[PropertyKey, ...] = (
    tags.PidTagMessageSize,
    tags.PidTagMessageFlags,
    tags.PidTagMessageStatus,
    tags.PidTagRead,
    tags.PidTagHasAttachments,
    tags.PidTagMessageRecipients,
    tags.PidTagMessageAttachments,
    tags.PidTagDisplayTo,  # the recipients say it
    tags.PidTagDisplayCc,
    tags.PidTagDisplayBcc,
    tags.PidTagSubjectPrefix,  # the subject says it
    tags.PidTagNormalizedSubject,
    tags.PidTagCreationTime,  # with the next, which message it is and not what it says
    tags.PidTagSearchKey,
    tags.PidTagLastModificationTime,
    tags.PidTagLastModifierName,
    tags.PidTagChangeKey,
    tags.PidTagConversationId,  # made of the conversation index
    tags.PidTagAttachSize,
    tags.PidTagAttachNumber,
    *OF_THE_PLACE,
    0x10960003,  # PidTagBlockStatus: the user had the pictures shown
    tags.PidTagConversationIndexTracking,
    tags.PidTagLastModifierEntryId,
    tags.PidTagSourceKey,
    tags.PidTagPredecessorChangeList,
    PidLidCurrentVersion,
    PidLidCurrentVersionName,
    PidLidSmartNoAttach,
)
# Of a recipient: type, kind of address, address, name, SMTP address. Programs add others when they resolve a name.
_RECIPIENT_IDS = (0x0C15, 0x3002, 0x3003, 0x3001, 0x39FE)
# What came back from whom is invited to a meeting, and when; of all others it is missing or 0.
_ANSWER_IDS = (0x5FFF, 0x5FFB)
_OBJECT = int(PropertyType.OBJECT)


_Value = tuple[bytes, int, bytes, int]
"""What stands for a property, its type, its data, and the BID of the data where it is not at hand, else 0."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


class FingerprintKeys:
    """What stands for properties in fingerprints, whatever ids they have in a store.

    Args:
        name_of: gives the name of a property id.
        ignored: properties that do not count beside those that stores and programs change by themselves: the marks
            that users make on a message.
    """

    def __init__(
        self, name_of: Callable[[int], PropertyName | None], ignored: Iterable[PropertyKey | PropertyName] = ()
    ) -> None:
        self._name_of = name_of
        self.known: dict[int, bytes] = {}  # what `of` has answered
        self._ignored_ids: set[int] = set()
        self._ignored_names: set[PropertyName] = set()
        for key in (*_VOLATILE, *ignored):
            if isinstance(key, int):
                self._ignored_ids.add(key >> 16)
            else:
                self._ignored_names.add(key if isinstance(key, PropertyName) else key.name)

    def of(self, pid: int) -> bytes:
        """Return what stands for a property; empty for one that does not count."""
        key = b"" if pid in self._ignored_ids else pid.to_bytes(2, "little")
        if pid >= FIRST_ID:
            name = self._name_of(pid)
            if name is not None:
                text = name.name.lower() if isinstance(name.name, str) else f"{name.name:#x}"
                key = b"" if name in self._ignored_names else name.guid.bytes + text.encode("utf-8", "surrogatepass")
        self.known[pid] = key
        return key

    def of_new(self, message: NewMessage) -> str:
        """Return the fingerprint of a new message that has all its values at hand."""
        known, fixed, pack = self.known, INLINE_SIZES, _HEAD.pack
        values: list[tuple[bytes, int, bytes]] = []
        for pid, (ptype, data, _) in message.values.items():
            key = known.get(pid)
            if key is None:
                key = self.of(pid)
            if key and ptype != _OBJECT:
                if ptype in fixed and len(data) != fixed[ptype]:
                    data = _whole(data, fixed[ptype])
                values.append((key, ptype, data))
        values.sort()
        digest = sha256(usedforsecurity=False)
        parts: list[bytes] = []
        for key, ptype, data in values:
            size = len(data)
            parts += (pack(ptype, size), key, data)
            if size > _AT_ONCE:
                digest.update(b"".join(parts[:-1]))
                digest.update(data)
                parts.clear()
        digest.update(b"".join(parts))
        for cells in message.recipients:
            _take_recipient(digest, cells)
        return digest.digest()[:_DIGEST_SIZE].hex()


class Fingerprints:
    """The fingerprints of a store's messages.

    Args:
        store: the store. After one of its transactions was rolled back, make a new object.
        ignored: properties that do not count, as `FingerprintKeys` takes them.
    """

    def __init__(self, store: Store, ignored: Iterable[PropertyKey | PropertyName] = ()) -> None:
        self._session: Session = store._session
        self._keys = FingerprintKeys(self._session.names.name_of, ignored)

    def of(self, message: MessageContent) -> str:
        """Return the fingerprint of a stored message.

        Raises:
            PstFormatError: the message is damaged.
        """
        return self._stored_message(message, Allowance(self._session.db)).hex()

    def of_draft(self, draft: MessageDraft) -> str:
        """Return the fingerprint of what a draft has just saved, in its transaction."""
        return self._draft(draft).hex()

    # -- a stored message --------------------------------------------------------------------------------------------

    def _stored_message(self, message: MessageContent, allowance: Allowance) -> bytes:
        digest = sha256(usedforsecurity=False)
        self._take(digest, self._stored_values(message.properties.pc), allowance)
        table = message.recipient_table()
        if table is not None:
            for row in table.rows():
                _take_recipient(digest, {tag: row.raw(tag) or b"" for tag in row.tags()})
        for nid in sorted(message.attachment_nids):
            digest.update(b"A" + self._stored_attachment(message.attachment(nid), allowance))
        return digest.digest()[:_DIGEST_SIZE]

    def _stored_attachment(self, attachment: Attachment, allowance: Allowance) -> bytes:
        digest = sha256(usedforsecurity=False)
        pc = attachment.properties.pc
        self._take(digest, self._stored_values(pc), allowance)
        embedded = attachment.embedded
        if embedded is not None:
            digest.update(b"M" + self._stored_message(embedded, allowance))
        else:
            target = pc.object(ATTACH_DATA)
            if target is not None:
                self._take_object(digest, attachment.node, target.nid, allowance)
        return digest.digest()[:_DIGEST_SIZE]

    def _stored_values(self, pc: PropertyContext) -> list[_Value]:
        keys, known = self._keys, self._keys.known
        values: list[_Value] = []
        for pid, ptype in pc.types().items():
            key = known.get(pid)
            if key is None:
                key = keys.of(pid)
            if key and ptype != _OBJECT:
                nid = pc.subnode_of(pid)
                if nid:
                    values.append((key, ptype, b"", pc.node.subnode(nid).bid_data))
                else:
                    values.append((key, ptype, pc.raw(pid), 0))
        return values

    # -- a draft -----------------------------------------------------------------------------------------------------

    def _draft(self, draft: MessageDraft) -> bytes:
        digest = sha256(usedforsecurity=False)
        self._take(digest, self._draft_values(draft.node, draft.values))
        for cells in draft.recipient_rows():
            _take_recipient(digest, cells)
        for nid in sorted(draft.attachment_nids):
            made = draft.made.get(nid)
            if made is not None:
                part = self._draft_attachment(made)
            else:
                entry = draft.node.subnode(nid)
                node = NodeReader(draft.node.db, entry.bid_data, entry.bid_sub, nid)
                stored = Attachment(self._session, node, draft.codec, Nesting())
                part = self._stored_attachment(stored, Allowance(draft.node.db))
            digest.update(b"A" + part)
        return digest.digest()[:_DIGEST_SIZE]

    def _draft_attachment(self, draft: AttachmentDraft) -> bytes:
        digest = sha256(usedforsecurity=False)
        self._take(digest, self._draft_values(draft.node, draft.values))
        value = draft.values.get(ATTACH_DATA)
        if draft.embedded is not None:
            digest.update(b"M" + self._draft(draft.embedded))
        elif value is not None and value.type == _OBJECT:
            nid = int.from_bytes(value.data[:4], "little")
            allowance = Allowance(draft.node.db)
            if draft.number(ATTACH_METHOD) == METHOD_EMBEDDED:
                entry = draft.node.subnode(nid)
                node = NodeReader(draft.node.db, entry.bid_data, entry.bid_sub, nid)
                digest.update(b"M" + self._stored_message(MessageContent(self._session, node, Nesting(1)), allowance))
            else:
                self._take_object(digest, draft.node, nid, allowance)
        return digest.digest()[:_DIGEST_SIZE]

    def _draft_values(self, node: NodeReader, stored: dict[int, StoredValue]) -> list[_Value]:
        keys, known = self._keys, self._keys.known
        values: list[_Value] = []
        for pid, (ptype, data, nid) in stored.items():
            key = known.get(pid)
            if key is None:
                key = keys.of(pid)
            if key and ptype != _OBJECT:
                if nid:
                    values.append((key, ptype, b"", node.subnode(nid).bid_data))
                elif ptype in INLINE_SIZES:
                    values.append((key, ptype, _whole(data, INLINE_SIZES[ptype]), 0))
                else:
                    values.append((key, ptype, data, 0))
        return values

    # -- both --------------------------------------------------------------------------------------------------------

    def _take(self, digest: _Digest, values: list[_Value], allowance: Allowance | None = None) -> None:
        """Digest values in the order of their keys."""
        db = self._session.db
        parts: list[bytes] = []
        pack = _HEAD.pack
        values.sort()
        for key, ptype, data, bid in values:
            size = db.data_size(bid) if bid else len(data)
            if allowance is not None:
                allowance.spend(size)
            parts += (pack(ptype, size), key)
            if bid or size > _AT_ONCE:
                digest.update(b"".join(parts))
                parts.clear()
                for part in db.iter_data(bid) if bid else (data,):
                    digest.update(part)
            else:
                parts.append(data)
        digest.update(b"".join(parts))

    def _take_object(self, digest: _Digest, node: NodeReader, nid: int, allowance: Allowance) -> None:
        """Digest the content of an OLE attachment."""
        db = self._session.db
        bid = node.subnode(nid).bid_data
        allowance.spend(db.data_size(bid))
        digest.update(b"O")
        for part in db.iter_data(bid):
            digest.update(part)


def _whole(data: bytes, size: int) -> bytes:
    """Return the stored bytes of a number that stands in the property context."""
    return data if len(data) == size else data[:size].ljust(size, b"\0")


def _take_recipient(digest: _Digest, cells: dict[int, bytes]) -> None:
    by_id = {tag >> 16: cell for tag, cell in cells.items()}
    parts = [b"R"]
    for pid in _RECIPIENT_IDS:
        cell = by_id.get(pid, b"")
        parts += (_HEAD.pack(pid, len(cell)), cell)
    for pid in _ANSWER_IDS:
        cell = by_id.get(pid, b"")
        if any(cell):
            parts += (_HEAD.pack(pid, len(cell)), cell)
    digest.update(b"".join(parts))
