"""Folders: their properties, the folders and messages in them, and changes to all of these ([MS-PST] 2.4.4)."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import MessageObject, PropertyKey
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError, PstFullError, PstNotFoundError, PstUsageError
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import StoredValue, write_properties
from mailconnector.pst.ltp.table_context import Row
from mailconnector.pst.messaging import receive, search
from mailconnector.pst.messaging.draft import MessageDraft
from mailconnector.pst.messaging.message import FLAG_READ, MESSAGE_FLAGS, MessageContent
from mailconnector.pst.messaging.prepared import PreparedMessage, usual_columns, write_prepared
from mailconnector.pst.messaging.properties import PropertyView
from mailconnector.pst.messaging.session import CONTENT_COUNT, SUBFOLDERS, UNREAD_COUNT, Session
from mailconnector.pst.messaging.templates import templates
from mailconnector.pst.ndb.lookup import NodeEntry

DISPLAY_NAME, CONTAINER_CLASS = 0x3001, 0x3613
_MAX_DEPTH = 256  # folders inside folders
_TABLES = {
    disk.NID_TYPE_HIERARCHY_TABLE: "hierarchy",
    disk.NID_TYPE_CONTENTS_TABLE: "contents",
    disk.NID_TYPE_ASSOC_CONTENTS_TABLE: "associated",
}
FOLDER_TYPES = frozenset((disk.NID_TYPE_NORMAL_FOLDER, disk.NID_TYPE_SEARCH_FOLDER))
MESSAGE_TYPES = frozenset((disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE))
_MODIFIED_TIME, _MESSAGE_STATUS = 0x3008, 0x0E17


class Folder:
    """A folder of a store. It is a handle: what it gives is read from the store when it is asked for.

    Args:
        session: the store's session.
        nid: the folder's NID.
    """

    def __init__(self, session: Session, nid: int) -> None:
        if disk.nid_type(nid) not in FOLDER_TYPES:
            raise PstFormatError("this node is no folder", nid=nid)
        self._session = session
        self.nid = nid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folder) and other.nid == self.nid and other._session is self._session

    def __hash__(self) -> int:
        return hash(self.nid)

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def properties(self) -> PropertyView:
        """The folder's properties."""
        return PropertyView(self._session, self._session.properties(self.nid))

    @property
    def name(self) -> str:
        """PidTagDisplayName."""
        return self.properties.text(DISPLAY_NAME << 16)

    @property
    def container_class(self) -> str:
        """PidTagContainerClass, as IPF.Note; empty when the folder has none."""
        return self.properties.text(CONTAINER_CLASS << 16)

    @property
    def content_count(self) -> int:
        """PidTagContentCount: the number of messages."""
        return self.properties.number(CONTENT_COUNT << 16)

    @property
    def unread_count(self) -> int:
        """PidTagContentUnreadCount."""
        return self.properties.number(UNREAD_COUNT << 16)

    @property
    def is_search_folder(self) -> bool:
        """Whether the folder's messages are found by a search and belong to other folders."""
        return disk.nid_type(self.nid) == disk.NID_TYPE_SEARCH_FOLDER

    @property
    def parent(self) -> "Folder | None":
        """The folder that this one is in; None for the root folder."""
        nid = self._session.db.node(self.nid).nid_parent
        return None if nid in (0, self.nid) else Folder(self._session, nid)

    @property
    def path(self) -> tuple[str, ...]:
        """The names from below the root folder to this one.

        Raises:
            PstFormatError: the folders' parents form a circle.
        """
        names: list[str] = []
        folder: Folder | None = self
        while folder is not None and folder.nid != disk.NID_ROOT_FOLDER:
            names.append(folder.name)
            if len(names) > _MAX_DEPTH:
                raise PstFormatError("folders are nested too deep, or in a circle", nid=self.nid)
            folder = folder.parent
        return tuple(reversed(names))

    def _table_nid(self, type_: int) -> int:
        if self.is_search_folder and type_ == disk.NID_TYPE_CONTENTS_TABLE:
            type_ = disk.NID_TYPE_SEARCH_CONTENTS_TABLE
        return disk.sibling_nid(self.nid, type_)

    def _rows(self, type_: int) -> Iterator[Row]:
        nid = self._table_nid(type_)
        if self._session.has_node(nid):
            yield from self._session.table(nid).rows()

    def folders(self) -> Iterator["Folder"]:
        """Yield the folders in this one, in the order of its hierarchy table."""
        for row in self._rows(disk.NID_TYPE_HIERARCHY_TABLE):
            if disk.nid_type(row.row_id) in FOLDER_TYPES and row.row_id != self.nid:
                yield Folder(self._session, row.row_id)

    def folder(self, name: str) -> "Folder":
        """Return the folder with this name in this one; case is not distinguished unless that is needed.

        Raises:
            PstNotFoundError: there is none.
        """
        folded: Folder | None = None
        for row in self._rows(disk.NID_TYPE_HIERARCHY_TABLE):
            found = row.get(DISPLAY_NAME << 16)
            if found == name:
                return Folder(self._session, row.row_id)
            if folded is None and isinstance(found, str) and found.casefold() == name.casefold():
                folded = Folder(self._session, row.row_id)
        if folded is None:
            raise PstNotFoundError(
                f"there is no folder {name!r} in {'/'.join(self.path) or 'the root folder'}", nid=self.nid
            )
        return folded

    def walk(self) -> Iterator["Folder"]:
        """Yield this folder and all below it, parents first; each at most once, whatever the file says."""
        seen: set[int] = set()
        stack: list[Iterator[Folder]] = [iter((self,))]
        while stack:
            folder = next(stack[-1], None)
            if folder is None:
                stack.pop()
                continue
            if folder.nid in seen or len(stack) > _MAX_DEPTH:
                continue
            seen.add(folder.nid)
            yield folder
            if self._session.has_node(folder._table_nid(disk.NID_TYPE_HIERARCHY_TABLE)):
                stack.append(folder.folders())

    def rows(self, *, associated: bool = False) -> Iterator[Row]:
        """Yield the rows of the contents table (or of the associated contents): quick to list, a row a message."""
        return self._rows(disk.NID_TYPE_ASSOC_CONTENTS_TABLE if associated else disk.NID_TYPE_CONTENTS_TABLE)

    def message_nids(self, *, associated: bool = False) -> list[int]:
        """Return the NIDs of the messages in the order of the contents table."""
        return [row.row_id for row in self.rows(associated=associated)]

    def messages(self, *, associated: bool = False) -> Iterator["Message"]:
        """Yield the messages (or the associated ones, FAI) in the order of the contents table.

        A search folder may list messages that were deleted since Outlook searched last; they are passed over.
        """
        for nid in self.message_nids(associated=associated):
            if not self.is_search_folder or self._session.has_node(nid):
                yield Message(self._session, nid)

    # -- changing the folder ---------------------------------------------------------------------------------------

    def set_properties(self, properties: dict[PropertyKey, Value]) -> None:
        """Set properties of the folder. Counts and the like, which the store works out itself, are passed over."""
        session = self._session
        own = {CONTENT_COUNT, UNREAD_COUNT, SUBFOLDERS, 0x6635, 0x6636}
        with session.change():
            new: dict[int, StoredValue] = {}
            for key, value in properties.items():
                tag = session.stored_tag(key)
                if tag >> 16 not in own:
                    new[tag >> 16] = session.store_value(tag, value, session.codec)
            session.update_folder(self.nid, lambda values: values.update(new))
            if self.nid != disk.NID_ROOT_FOLDER:
                parent = session.db.node(self.nid).nid_parent
                session.search.folder(search.FLD_MOD, parent, self.nid, renamed=DISPLAY_NAME in new)

    def delete_properties(self, *keys: PropertyKey | PropertyName) -> None:
        """Delete properties of the folder; those that every folder has stay."""
        needed = {DISPLAY_NAME, CONTENT_COUNT, UNREAD_COUNT, SUBFOLDERS}
        ids = {self._session.find_id(key) for key in keys} - needed

        def update(values: dict[int, StoredValue]) -> None:
            for pid in ids:
                if pid is not None:
                    values.pop(pid, None)

        with self._session.change():
            self._session.update_folder(self.nid, update)

    def rename(self, name: str) -> None:
        """Give the folder another name.

        Raises:
            PstUsageError: the name is empty, or a folder beside this one has it.
        """
        parent = self.parent
        if parent is not None:
            parent._check_name(name, but=self.nid)
        self.set_properties({DISPLAY_NAME << 16 | PropertyType.STRING: name})

    def _check_name(self, name: str, *, but: int = 0) -> None:
        if not name:
            raise PstUsageError("a folder needs a name", nid=self.nid)
        for row in self._rows(disk.NID_TYPE_HIERARCHY_TABLE):
            if row.row_id != but and row.get(DISPLAY_NAME << 16) == name:
                raise PstUsageError(f"there is a folder {name!r} already", nid=row.row_id)

    def create_folder(self, name: str, container_class: str | None = None) -> "Folder":
        """Create a folder in this one.

        Args:
            name: its name.
            container_class: PidTagContainerClass, as IPF.Note or IPF.Contact; none by default.

        Raises:
            PstUsageError: the name is empty, or a folder in this one has it.
        """
        self._check_name(name)
        session = self._session
        with session.change():
            nid = session.db.new_nid(disk.NID_TYPE_NORMAL_FOLDER)
            string = PropertyType.STRING
            cells: dict[PropertyKey, Value] = {DISPLAY_NAME << 16 | string: name}
            if container_class is not None:
                cells[CONTAINER_CLASS << 16 | string] = container_class
            make_folder(session, nid, self.nid, cells)
            self.note_subfolders()
            session.search.folder(search.FLD_ADD, self.nid, nid)
        return Folder(session, nid)

    def note_subfolders(self) -> None:
        """Bring PidTagSubfolders into step with the hierarchy table."""
        has = self._session.editor(self._table_nid(disk.NID_TYPE_HIERARCHY_TABLE)).count > 0
        stored = StoredValue(PropertyType.BOOLEAN, bytes([has]))
        if bool(self.properties.get(SUBFOLDERS << 16)) != has:
            self._session.update_folder(self.nid, lambda values: values.update({SUBFOLDERS: stored}))

    def move_to(self, target: "Folder") -> None:
        """Move the folder, with all that is in it, into another one.

        Raises:
            PstUsageError: the target is the folder itself or inside it, or has a folder of that name.
        """
        session = self._session
        parent = self._movable_parent()
        above: Folder | None = target
        for _ in range(_MAX_DEPTH):
            if above is None:
                break
            if above.nid == self.nid:
                raise PstUsageError("a folder cannot be moved into itself", nid=self.nid)
            above = above.parent
        if parent == target:
            return
        target._check_name(self.name)
        with session.change():
            session.settle()
            entry = session.db.node(self.nid)
            session.editor(parent._table_nid(disk.NID_TYPE_HIERARCHY_TABLE)).delete_row(self.nid)
            moved = entry._replace(nid_parent=target.nid)
            session.db.put_node(*moved)
            session.put_folder_row(moved)
            parent.note_subfolders()
            target.note_subfolders()
            session.search.folder(search.FLD_MOV, target.nid, self.nid)

    def _movable_parent(self) -> "Folder":
        parent = self.parent
        if parent is None or self.nid in (disk.NID_IPM_SUBTREE, disk.NID_SEARCH_ROOT, disk.NID_DELETED_ITEMS):
            raise PstUsageError("this folder is one that every store has: it stays where it is", nid=self.nid)
        return parent

    def delete(self) -> None:
        """Delete the folder with all that is in it, for good."""
        session = self._session
        parent = self._movable_parent()
        with session.change():
            below = list(self.walk())
            for folder in reversed(below):
                folder._delete_alone()
            receive.forget_folders(session, {folder.nid for folder in below})
            session.editor(parent._table_nid(disk.NID_TYPE_HIERARCHY_TABLE)).delete_row(self.nid)
            parent.note_subfolders()
            session.search.folder(search.FLD_DEL, parent.nid, self.nid)

    def _delete_alone(self) -> None:
        session = self._session
        db = session.db
        if not self.is_search_folder:
            for associated in (False, True):
                for nid in self.message_nids(associated=associated):
                    if session.has_node(nid):
                        db.delete_node(nid)
                        session.search.message(search.MSG_DEL, self.nid, nid)
        session.forget_counts(self.nid)
        types = (
            disk.NID_TYPE_HIERARCHY_TABLE,
            disk.NID_TYPE_CONTENTS_TABLE,
            disk.NID_TYPE_ASSOC_CONTENTS_TABLE,
            disk.NID_TYPE_SEARCH_CONTENTS_TABLE,
            disk.NID_TYPE_SEARCH_UPDATE_QUEUE,
            disk.NID_TYPE_SEARCH_CRITERIA_OBJECT,
            disk.NID_TYPE_CONTENTS_TABLE_INDEX,
            disk.NID_TYPE_SEARCH_TABLE_INDEX,
        )
        for nid in (*(disk.sibling_nid(self.nid, type_) for type_ in types), self.nid):
            if session.has_node(nid):
                session.drop_editor(nid)
                db.delete_node(nid)

    # -- changing what is in it ------------------------------------------------------------------------------------

    def add_message(self, message: MessageObject) -> "Message":
        """Add a message and return it. With ``message.associated`` it is an associated one (FAI).

        Raises:
            PstFullError: the file or the folder cannot take more.
            PstUsageError: a value does not fit its property's type, or this is a search folder.
        """
        with self.compose(associated=message.associated) as draft:
            draft.fill(message)
        return Message(self._session, draft.node.nid)

    @contextmanager
    def compose(self, *, associated: bool = False) -> Iterator[MessageDraft]:
        """Make a message inside a with statement; it is saved and added at its end. ``draft.node.nid`` is its NID.

        Raises:
            PstFullError: the file or the folder cannot take more.
            PstUsageError: this is a search folder.
        """
        session = self._session
        with session.change():
            nid = self._new_message_nid(associated=associated)
            draft = MessageDraft(session, NodeEditor(session.db, nid=nid), new=True, codec=session.codec)
            yield draft
            draft.save()
            session.db.put_node(nid, draft.node.bid_data, draft.node.bid_sub, self.nid)
            self._add_row(nid, draft)
            session.search.message(search.MSG_ADD, self.nid, nid)

    def place(self, message: PreparedMessage) -> NodeEntry:
        """Put in a message that was prepared for this store, and return its node.

        Raises:
            PstFullError: the file or the folder cannot take more.
            PstUsageError: this is a search folder, or the message was prepared for another state of the store.
        """
        session = self._session
        with session.change():
            nid = self._new_message_nid(associated=False)
            entry = NodeEntry(nid, *write_prepared(session, message), self.nid)
            session.db.put_node(*entry)
            table = session.editor(self._contents(nid))
            columns = table.info.column_set.mirrored
            if columns == usual_columns():
                cells = dict(zip(columns, message.cells, strict=True))
            else:
                cells = Message(session, nid)._opened().row_cells(table)
            table.put_row(nid, session.row_version(), _message_cells(cells))
            self._count(nid, message.flags, 1)
            session.search.message(search.MSG_ADD, self.nid, nid)
        return entry

    def _new_message_nid(self, *, associated: bool) -> int:
        if self.is_search_folder:
            raise PstUsageError("messages cannot be put into a search folder", nid=self.nid)
        return self._session.db.new_nid(disk.NID_TYPE_ASSOC_MESSAGE if associated else disk.NID_TYPE_NORMAL_MESSAGE)

    def _contents(self, nid: int) -> int:
        """Return the NID of the table that a message's row is in."""
        associated = disk.nid_type(nid) == disk.NID_TYPE_ASSOC_MESSAGE
        return self._table_nid(disk.NID_TYPE_ASSOC_CONTENTS_TABLE if associated else disk.NID_TYPE_CONTENTS_TABLE)

    def _add_row(self, nid: int, draft: MessageDraft) -> None:
        session = self._session
        table = session.editor(self._contents(nid))
        table.put_row(nid, session.row_version(), _message_cells(draft.row_cells(table)))
        self._count(nid, draft.number(MESSAGE_FLAGS), 1)

    def _count(self, nid: int, flags: int, sign: int) -> None:
        unread = 0 if flags & FLAG_READ else sign
        if disk.nid_type(nid) == disk.NID_TYPE_ASSOC_MESSAGE:
            self._session.count(self.nid, hidden=sign, hidden_unread=unread)
        else:
            self._session.count(self.nid, items=sign, unread=unread)


class Message(MessageContent):
    """A message of a folder. Reading gives what it was when it was opened; after a change, open it again.

    Args:
        session: the store's session.
        nid: the message's NID.

    Raises:
        PstNotFoundError: there is no such message.
    """

    def __init__(self, session: Session, nid: int) -> None:
        if disk.nid_type(nid) not in MESSAGE_TYPES:
            raise PstFormatError("this node is no message", nid=nid)
        super().__init__(session, session.reader(nid))
        self.nid = nid

    @property
    def is_associated(self) -> bool:
        """Whether this is folder associated information (FAI), which users do not see."""
        return disk.nid_type(self.nid) == disk.NID_TYPE_ASSOC_MESSAGE

    @property
    def folder(self) -> Folder:
        """The folder that the message is in."""
        return Folder(self._session, self._session.db.node(self.nid).nid_parent)

    @contextmanager
    def edit(self) -> Iterator[MessageDraft]:
        """Change the message inside a with statement; it is saved at its end.

        >>> with message.edit() as draft:
        ...     draft.set(tags.PidTagSubject, "Another subject")
        """
        session = self._session
        with session.change():
            entry = session.db.node(self.nid)
            node = NodeEditor(session.db, entry.bid_data, entry.bid_sub, self.nid)
            draft = MessageDraft(session, node, new=False, codec=session.codec)
            flags = draft.number(MESSAGE_FLAGS)
            modified = draft.values.get(_MODIFIED_TIME)
            yield draft
            if draft.values.get(_MODIFIED_TIME) == modified:
                draft.set(_MODIFIED_TIME << 16 | PropertyType.TIME, FileTime.now())
            draft.save()
            session.db.put_node(self.nid, node.bid_data, node.bid_sub, entry.nid_parent)
            folder = Folder(session, entry.nid_parent)
            table = session.editor(folder._contents(self.nid))
            cells = _message_cells(draft.row_cells(table))
            table.put_row(self.nid, session.row_version(), cells)
            if (flags ^ draft.number(MESSAGE_FLAGS)) & FLAG_READ:
                folder._count(self.nid, flags, -1)
                folder._count(self.nid, draft.number(MESSAGE_FLAGS), 1)
            session.search.message(search.MSG_MOD, entry.nid_parent, self.nid)

    def set_properties(self, properties: dict[PropertyKey, Value]) -> None:
        """Set properties of the message."""
        with self.edit() as draft:
            draft.update(properties)

    def set_read(self, read: bool = True) -> None:
        """Mark the message as read, or as unread."""
        with self.edit() as draft:
            flags = draft.number(MESSAGE_FLAGS)
            flags = flags | FLAG_READ if read else flags & ~FLAG_READ
            draft.set(MESSAGE_FLAGS << 16 | PropertyType.INTEGER32, flags)

    def delete(self) -> None:
        """Delete the message for good."""
        session = self._session
        with session.change():
            entry = session.db.node(self.nid)
            folder = Folder(session, entry.nid_parent)
            flags = Message(session, self.nid).flags
            if session.editor(folder._contents(self.nid)).delete_row(self.nid):
                folder._count(self.nid, flags, -1)
            session.db.delete_node(self.nid)
            session.search.message(search.MSG_DEL, folder.nid, self.nid)

    def move_to(self, target: Folder) -> None:
        """Move the message into another folder; it keeps its NID."""
        session = self._session
        with session.change():
            if target.is_search_folder:
                raise PstUsageError("messages cannot be put into a search folder", nid=target.nid)
            entry = session.db.node(self.nid)
            if entry.nid_parent == target.nid:
                return
            source = Folder(session, entry.nid_parent)
            draft = self._opened()
            if session.editor(source._contents(self.nid)).delete_row(self.nid):
                source._count(self.nid, draft.number(MESSAGE_FLAGS), -1)
            session.db.put_node(*entry._replace(nid_parent=target.nid))
            target._add_row(self.nid, draft)
            session.search.message_moved(self.nid, source.nid, target.nid)

    def copy_to(self, target: Folder) -> "Message":
        """Copy the message into a folder. The copy shares its data with the original until one of them is changed."""
        session = self._session
        with session.change():
            nid = target._new_message_nid(associated=self.is_associated)
            entry = session.db.node(self.nid)
            draft = self._opened()
            try:
                session.db.add_reference(entry.bid_data)
                session.db.add_reference(entry.bid_sub)
            except PstFullError as error:
                raise PstFullError("the message has too many copies that share its data", nid=self.nid) from error
            session.db.put_node(nid, entry.bid_data, entry.bid_sub, target.nid)
            target._add_row(nid, draft)
            session.search.message(search.MSG_ADD, target.nid, nid)
        return Message(session, nid)

    def _opened(self) -> MessageDraft:
        """Return the message as a draft that is only looked at."""
        entry = self._session.db.node(self.nid)
        node = NodeEditor(self._session.db, entry.bid_data, entry.bid_sub, self.nid)
        return MessageDraft(self._session, node, new=False, codec=self._session.codec)


def _message_cells(cells: dict[int, bytes | None]) -> dict[int, bytes | None]:
    """Give the row of a message the cells that it has whether the message has the property or not."""
    status = _MESSAGE_STATUS << 16 | PropertyType.INTEGER32
    if cells.get(status, b"") is None:
        cells[status] = bytes(4)
    return cells


def make_folder(session: Session, nid: int, parent: int, properties: dict[PropertyKey, Value]) -> None:
    """Create the nodes of an empty folder, and its row in the parent's hierarchy table."""
    db = session.db
    values = {
        CONTENT_COUNT: StoredValue(PropertyType.INTEGER32, bytes(4)),
        UNREAD_COUNT: StoredValue(PropertyType.INTEGER32, bytes(4)),
        SUBFOLDERS: StoredValue(PropertyType.BOOLEAN, b"\0"),
    }
    for key, value in properties.items():
        tag = session.stored_tag(key)
        values[tag >> 16] = session.store_value(tag, value, session.codec)
    node = NodeEditor(db, nid=nid)
    write_properties(node, values)
    db.put_node(nid, *node.save(), parent)
    for type_, name in _TABLES.items():
        template = db.node(templates()[name].nid)
        db.add_reference(template.bid_data)
        db.add_reference(template.bid_sub)
        db.put_node(disk.sibling_nid(nid, type_), template.bid_data, template.bid_sub, 0)
    session.put_folder_row(db.node(nid))
