"""A store used in every way that the engine has, with bounds of its own: for hostile files, which may name anything.

Only :class:`~mailconnector.pst.PstError` is passed over; each object's error leaves the others to be tried.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO, TypeVar

from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, RecipientObject
from mailconnector.pst import Folder, Message, PstError, Store
from mailconnector.pst.check import Report, check
from mailconnector.pst.messaging.message import MessageContent
from mailconnector.pst.ndb.device import Device

T = TypeVar("T")

_SUBJECT, _BODY, _CLASS = 0x0037001F, 0x1000001F, 0x001A001F
_NAME, _ADDRESS, _METHOD = 0x3001001F, 0x3003001F, 0x37050003
_KEYWORDS = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Keywords"), 0x101F)
_NEW_NAME = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "X-Exercise"), 0x001F)


class Exercise:
    """One run over one file.

    Args:
        objects: how many folders, messages and streams are looked at in all; what is beyond is left out.
    """

    def __init__(self, objects: int = 200) -> None:
        self.left = objects
        self.errors: list[PstError] = []
        self.read = 0  # messages whose whole content could be read
        self.changed = 0  # changes that succeeded
        self.report: Report | None = None  # of the check

    def _try(self, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except PstError as error:
            self.errors.append(error)
            return None

    def _each(self, make: Callable[[], Iterable[T]]) -> Iterator[T]:
        """Yield from an iterable as far as it goes, and as the bound allows."""
        iterator = self._try(lambda: iter(make()))
        while iterator is not None and self.left > 0:
            items = self._try(lambda: list(islice(iterator, 1)))
            if not items:
                return
            self.left -= 1
            yield items[0]

    # -- reading ---------------------------------------------------------------------------------------------------

    def read_all(self, file: BinaryIO) -> None:
        """Open a file for reading and read all that is in it."""
        store = self._try(lambda: Store.open(file))
        if store is None:
            return
        for ask in (
            lambda: store.name,
            lambda: store.record_key,
            lambda: dict(store.properties.items()),
            lambda: len(store.names.items()),
            lambda: store.deleted_items.path,
            lambda: store.ipm_subtree.folder("inbox"),
            lambda: store.folder_at("Inbox/Deep"),
            lambda: len(list(store.db.tree_pages())),
        ):
            self._try(ask)
        for folder in self._each(store.walk):
            self._read_folder(folder)
        for node in islice(self._each(store.db.nodes), 60):
            self._try(lambda: store.db.subnodes(node.bid_sub))  # noqa: B023 - called at once
            self._try(lambda: sum(map(len, store.db.iter_data(node.bid_data))))  # noqa: B023
        for block in islice(self._each(store.db.all_blocks), 60):
            self._try(lambda: store.db.read_block(block.bid))  # noqa: B023
            self._try(lambda: store.db.data_size(block.bid))  # noqa: B023

    def _read_folder(self, folder: Folder) -> None:
        for ask in (
            lambda: len(folder.properties.to_dict()),
            lambda: (folder.path, folder.container_class, folder.content_count, folder.unread_count),
        ):
            self._try(ask)
        for associated in (False, True):
            for row in islice(self._each(lambda: folder.rows(associated=associated)), 20):  # noqa: B023
                self._try(lambda: dict(row.items()))  # noqa: B023
            for message in self._each(lambda: folder.messages(associated=associated)):  # noqa: B023
                self._read_message(message)

    def _read_message(self, message: Message) -> None:
        self._try(lambda: (message.subject, message.message_class, message.is_read, message.folder.name))
        whole = self._try(message.to_object)
        if whole is not None:
            self.read += 1
            self._drain(whole)
        self._read_attachments(message)

    def _drain(self, message: MessageObject) -> None:
        for attachment in message.attachments:
            if self.left <= 0:
                return
            self.left -= 1
            data = attachment.data
            if data is not None and not isinstance(data, bytes):
                self._try(lambda: _exhaust(data))  # noqa: B023
            if attachment.embedded is not None:
                self._drain(attachment.embedded)

    def _read_attachments(self, message: MessageContent) -> None:
        for attachment in self._each(message.attachments):
            self._try(lambda: (attachment.name, attachment.data_size))  # noqa: B023
            embedded = self._try(lambda: attachment.embedded)  # noqa: B023
            if embedded is not None:
                self._read_attachments(embedded)

    def check(self, file: BinaryIO) -> None:
        """Check a file: whatever is wrong with it is a finding."""
        self.report = self._try(lambda: check(Device(file)))

    # -- changing --------------------------------------------------------------------------------------------------

    def change_all(self, file: BinaryIO) -> None:
        """Open a file for changes, change what can be changed in one transaction, and look at what came of it."""
        store = self._try(lambda: Store.open(file, writable=True))
        if store is None or not store.db.writable:
            return
        file.seek(0)
        header = file.read(564)
        before = self.changed
        try:
            with store.transaction():
                self._change(store)
        except PstError as error:
            self.errors.append(error)
            self.changed = before
            if not store.db.broken:
                file.seek(0)
                assert file.read(564) == header, "a transaction that was given up has changed the header"
        else:
            Store.open(file)
        self._try(lambda: _with(store, lambda: store.ipm_subtree.create_folder("Afterwards")))
        store.close()

    def _change(self, store: Store) -> None:
        def attempt(action: Callable[[], object]) -> None:
            try:
                action()
            except PstError as error:
                self.errors.append(error)
            else:
                self.changed += 1

        attempt(lambda: store.set_properties({_NAME: "Exercised"}))
        target: Folder | None = self._try(lambda: store.ipm_subtree.create_folder("Exercise", "IPF.Note"))
        folders = list(islice(self._each(store.walk), 24))
        for folder in folders:
            self._change_folder(folder, target, attempt)
        for folder in folders[:1:-1]:
            attempt(folder.delete)

    def _change_folder(
        self, folder: Folder, target: Folder | None, attempt: Callable[[Callable[[], object]], None]
    ) -> None:
        attempt(lambda: folder.set_properties({_KEYWORDS: ["a", "b"]}))
        attempt(lambda: folder.rename(f"Renamed {folder.nid} " + "x" * 40))
        attempt(lambda: folder.add_message(sample_message()))
        attempt(lambda: folder.add_message(MessageObject({_SUBJECT: "hidden"}, associated=True)))
        for message in islice(self._each(folder.messages), 12):
            attempt(lambda: message.set_read(False))  # noqa: B023
            attempt(lambda: _edit(message))  # noqa: B023
            if target is not None:
                attempt(lambda: message.copy_to(target))  # noqa: B023
                attempt(lambda: message.move_to(target))  # noqa: B023
            if message.nid % 3:
                attempt(message.delete)
        if target is not None:
            attempt(lambda: folder.move_to(target))


def sample_message(data: bytes = b"attached" * 1000) -> MessageObject:
    """Return a message with something of everything."""
    inner = MessageObject({_SUBJECT: "inside", _BODY: "deep " * 900}, [RecipientObject({_NAME: "Inner"})])
    return MessageObject(
        {
            _SUBJECT: "RE: sample",
            _BODY: "text " * 400,
            _CLASS: "IPM.Note",
            _KEYWORDS: ["red", "green"],
            _NEW_NAME: "new",
        },
        [RecipientObject({_NAME: f"Recipient {at}", _ADDRESS: f"r{at}@example.org"}) for at in range(3)],
        [
            AttachmentObject({0x3707001F: "data.bin", _METHOD: 1}, data=data),
            AttachmentObject({0x3707001F: "small.bin", _METHOD: 1}, data=b"small"),
            AttachmentObject({_NAME: "embedded", _METHOD: 5}, embedded=inner),
        ],
    )


def nested(depth: int) -> MessageObject:
    """Return a message inside messages."""
    message = MessageObject({_SUBJECT: f"level {depth}"})
    if depth:
        message.attachments.append(AttachmentObject({_METHOD: 5}, embedded=nested(depth - 1)))
    return message


def fill(store: Store) -> None:
    """Put something of everything into a store, in a few transactions, so that the maps have holes."""
    with store.transaction():
        inbox = store.ipm_subtree.create_folder("Inbox", "IPF.Note")
        deep: Folder = inbox
        for number in range(3):
            deep = deep.create_folder(f"Deep {number}")
        for _ in range(3):
            inbox.add_message(sample_message())
        deep.add_message(nested(3))
        deep.add_message(MessageObject({_SUBJECT: "hidden"}, associated=True))
    with store.transaction():
        # A table over several blocks, a large value, a property context over several blocks.
        many = inbox.create_folder("Many")
        for number in range(60):
            many.add_message(MessageObject({_SUBJECT: f"message {number} " + "long " * 20, _BODY: "body"}))
        big: Properties = {tag << 16 | 0x001F: f"value {tag}" * 6 for tag in range(0x6100, 0x6300)}
        many.add_message(MessageObject({_SUBJECT: "big", _BODY: "0123456789" * 5000, **big}))
    with store.transaction():
        for message in list(many.messages())[1::3]:
            message.delete()
        next(inbox.messages()).copy_to(deep)


def _edit(message: Message) -> None:
    with message.edit() as draft:
        draft.set(_SUBJECT, "another " + "subject " * 3)
        draft.get(_BODY)
        draft.set(_BODY, "longer " * 700)
        draft.add_recipient({_NAME: "New"})
        if draft.recipient_count > 2:
            draft.remove_recipient(0)
        nids = draft.attachment_nids
        if nids:
            with draft.edit_attachment(nids[0]) as attachment:
                attachment.set_data(b"other" * 500)
        for nid in nids[1:2]:
            draft.remove_attachment(nid)
        for nid in nids[2:3]:
            with draft.edit_attachment(nid) as attachment, attachment.edit_embedded() as inner:
                inner.set(_SUBJECT, "changed inside")
        draft.add_attachment(AttachmentObject({_METHOD: 1}, data=b"more" * 3000))


def _with(store: Store, action: Callable[[], object]) -> None:
    with store.transaction():
        action()


def _exhaust(stream: BinaryIO) -> int:
    total = 0
    while part := stream.read(1 << 16):
        total += len(part)
    stream.seek(0)
    return total


def run(data: bytes, *, objects: int = 200, checked: bool = True) -> Exercise:
    """Read all of a file, check it and change it; what was met is in the result.

    Raises:
        anything but a PstError: that is what the exercise is there to find.
    """
    exercise = Exercise(objects)
    exercise.read_all(io.BytesIO(data))
    if checked:
        exercise.check(io.BytesIO(data))
    exercise.left = objects
    exercise.change_all(io.BytesIO(data))
    return exercise
