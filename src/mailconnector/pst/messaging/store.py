"""The message store: an open PST or OST file ([MS-PST] 2.4.3), and the creation of a new one (2.7)."""

import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, Literal, Self

from mailconnector.mapi import codepages
from mailconnector.mapi.named import (
    PS_INTERNET_HEADERS,
    PS_PUBLIC_STRINGS,
    PSETID_APPOINTMENT,
    PSETID_COMMON,
    PSETID_TASK,
    PropertyName,
)
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value
from mailconnector.pst import crypt, disk
from mailconnector.pst.errors import PstNotFoundError, PstUsageError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import pack_simple
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import StoredValue, write_properties
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.messaging import receive
from mailconnector.pst.messaging.folder import Folder, Message, make_folder
from mailconnector.pst.messaging.names import NameMap
from mailconnector.pst.messaging.prepared import Preparer, form_of
from mailconnector.pst.messaging.properties import PropertyView
from mailconnector.pst.messaging.session import Session
from mailconnector.pst.messaging.templates import templates
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

Format = Literal["unicode", "ansi"]
_LAYOUTS = {"unicode": disk.UNICODE, "ansi": disk.ANSI}
_CRYPT = {name: method for method, name in crypt.METHODS.items()}

DISPLAY_NAME, RECORD_KEY, PASSWORD = 0x3001, 0x0FF9, 0x67FF
_VALID_FOLDER_MASK, _IPM_SUBTREE, _WASTEBASKET, _COMMON_VIEWS, _FINDER = 0x35DF, 0x35E0, 0x35E3, 0x35E6, 0x35E7
_OUTBOX, _SENT_ITEMS = 0x35E2, 0x35E4
# Where Outlook looks for its other default folders: properties of the root folder and of the Inbox ([MS-OXOSFLD] 2.2).
_DEFAULT_FOLDER_IDS = {
    "Calendar": 0x36D0,
    "Contacts": 0x36D1,
    "Journal": 0x36D2,
    "Notes": 0x36D3,
    "Tasks": 0x36D4,
    "Drafts": 0x36D7,
}
_USUAL_FOLDERS = {
    "Inbox": "IPF.Note",
    "Outbox": "IPF.Note",
    "Sent Items": "IPF.Note",
    "Drafts": "IPF.Note",
    "Calendar": "IPF.Appointment",
    "Contacts": "IPF.Contact",
    "Journal": "IPF.Journal",
    "Notes": "IPF.StickyNote",
    "Tasks": "IPF.Task",
}
# PidTagValidFolderMask: which of the store's folder entry ids are there.
_MASK_SUBTREE, _MASK_INBOX, _MASK_OUTBOX, _MASK_WASTEBASKET, _MASK_SENT, _MASK_VIEWS, _MASK_COMMON, _MASK_FINDER = (
    1 << bit for bit in range(8)
)
_NID_COMMON_VIEWS = 0x8082
_NID_OST_IPM_SUBTREE, _NID_OST_DELETED_ITEMS = 0x2142, 0x2162  # below "Root - Mailbox" (measured)
# Names that Outlook defines in every new store, so that its views find them.
_FIRST_NAMES = (
    PropertyName(PSETID_APPOINTMENT, 0x8205),
    PropertyName(PSETID_APPOINTMENT, 0x8223),
    PropertyName(PSETID_APPOINTMENT, 0x820D),
    PropertyName(PSETID_APPOINTMENT, 0x820E),
    PropertyName(PSETID_APPOINTMENT, 0x8216),
    PropertyName(PSETID_COMMON, 0x8502),
    PropertyName(PSETID_COMMON, 0x8503),
    PropertyName(PSETID_COMMON, 0x8510),
    PropertyName(PSETID_COMMON, 0x8514),
    PropertyName(PSETID_COMMON, 0x8578),
    PropertyName(PSETID_TASK, 0x8101),
    PropertyName(PSETID_TASK, 0x8104),
    PropertyName(PSETID_TASK, 0x8105),
    PropertyName(PSETID_TASK, 0x811C),
    PropertyName(PS_INTERNET_HEADERS, "content-class"),
    PropertyName(PS_PUBLIC_STRINGS, "Keywords"),  # libpff wants at least one name that is a string
)


class Store:
    """An open PST or OST file.

    Use :func:`mailconnector.pst.open_store` for a path; :meth:`open` and :meth:`create` take a binary file object. A
    store may be used by one thread at a time. Changes outside :meth:`transaction` are each a transaction of their own.

    Attributes:
        db: the node database below, for those who want to look deeper.
    """

    def __init__(self, db: NodeDatabase, *, codepage: int = 1252) -> None:
        self.db = db
        self._session = Session(db, codepages.codec_for_codepage(codepage))
        self._on_close: list[BinaryIO] = []

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, file: BinaryIO, *, writable: bool = False, codepage: int = 1252) -> Self:
        """Open a store.

        Args:
            file: a binary file object with seek and read, for changes also write and truncate.
            writable: whether the store is going to be changed.
            codepage: the Windows code page of PtypString8 values where a message does not name one.

        Raises:
            NotAPstError: this is no PST or OST file.
            PstFormatError: it is damaged.
        """
        return cls(NodeDatabase.open(Device(file), writable=writable), codepage=codepage)

    @classmethod
    def create(
        cls,
        file: BinaryIO,
        *,
        format: Format = "unicode",
        encryption: Literal["none", "permute", "cyclic"] = "permute",
        name: str = "Outlook Data File",
        usual_folders: bool = False,
        codepage: int = 1252,
    ) -> Self:
        """Make an empty store in an empty file.

        Args:
            file: an empty binary file object, open for reading and writing.
            format: "unicode" for Outlook 2003 and later, "ansi" for Outlook 97 and later (2 GB at most).
            encryption: how data is encoded; "permute" is what Outlook does by default. None of them is a protection.
            name: the store's display name.
            usual_folders: whether to make Inbox, Sent Items, Outbox, Drafts, Contacts, Calendar, Journal, Notes, Tasks.
            codepage: the Windows code page of an ANSI store's strings.

        Raises:
            PstUsageError: the format or the encryption is not known.
        """
        if format not in _LAYOUTS or encryption not in _CRYPT:
            raise PstUsageError(f"format {format!r} with encryption {encryption!r} is not known")
        db = NodeDatabase.create(Device(file), _LAYOUTS[format], _CRYPT[encryption])
        store = cls(db, codepage=codepage)
        _Builder(store._session, name).build(usual_folders=usual_folders)
        store._session.commit()
        return store

    def close_with(self, file: BinaryIO) -> None:
        """Have a file closed when the store is closed."""
        self._on_close.append(file)

    def close(self) -> None:
        """Close the store; a transaction that still runs is rolled back."""
        self._session.abandon()
        while self._on_close:
            self._on_close.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def format(self) -> str:
        """The variant of the format: "ansi", "unicode" or "unicode4k"."""
        return self.db.layout.name

    @property
    def encryption(self) -> str:
        """How data blocks are encoded: "none", "permute" or "cyclic"."""
        return crypt.METHODS[self.db.header.bCryptMethod]

    @property
    def properties(self) -> PropertyView:
        """The properties of the store itself."""
        return PropertyView(self._session, self._session.properties(disk.NID_MESSAGE_STORE))

    def set_properties(self, properties: dict[PropertyKey, Value]) -> None:
        """Set properties of the store itself."""
        session = self._session
        with session.change():
            entry = session.db.node(disk.NID_MESSAGE_STORE)
            node = NodeEditor(session.db, entry.bid_data, entry.bid_sub, entry.nid)
            values = self.properties.pc.stored()
            for key, value in properties.items():
                tag = session.stored_tag(key)
                old = values.get(tag >> 16)
                if old is not None and old.nid:
                    node.drop_subnode(old.nid)
                values[tag >> 16] = session.store_value(tag, value, session.codec)
            write_properties(node, values)
            session.db.put_node(entry.nid, *node.save(), entry.nid_parent)

    @property
    def name(self) -> str:
        """The store's display name."""
        return self.properties.text(DISPLAY_NAME << 16)

    @property
    def record_key(self) -> bytes:
        """PidTagRecordKey: 16 bytes that name this store in entry ids."""
        found = self.properties.get(RECORD_KEY << 16)
        return found if isinstance(found, bytes) else b""

    @property
    def has_password(self) -> bool:
        """Whether Outlook asks for a password. It protects nothing: only its CRC is noted ([MS-PST] 2.4.3.3)."""
        return bool(self.properties.number(PASSWORD << 16))

    @property
    def names(self) -> NameMap:
        """The named properties that the store knows."""
        return self._session.names

    def key_of(self, tag: int) -> PropertyKey:
        """Return the key of a tag as it is stored here: a NamedTag for ids that this store has given names."""
        return self._session.key_of(tag)

    @property
    def codec(self) -> str:
        """The Python codec of PtypString8 values where a message does not name a code page."""
        return self._session.codec

    # -- what is in it ---------------------------------------------------------------------------------------------

    def entry_id(self, nid: int) -> bytes:
        """Return the entry id of a folder or message ([MS-PST] 2.4.3.2)."""
        return bytes(4) + self.record_key.ljust(16, b"\0")[:16] + struct.pack("<I", nid)

    def _folder_of(self, pid: int, otherwise: int) -> Folder:
        entry_id = self.properties.get(pid << 16)
        nid = otherwise
        if isinstance(entry_id, bytes) and len(entry_id) == 24:
            nid = int.from_bytes(entry_id[20:24], "little")
        return self.folder(nid)

    @property
    def root(self) -> Folder:
        """The root folder, above the one that the user sees as the top."""
        return self.folder(disk.NID_ROOT_FOLDER)

    @property
    def ipm_subtree(self) -> Folder:
        """The folder that the user sees as the store's top."""
        return self._folder_of(_IPM_SUBTREE, self._default_nid(_NID_OST_IPM_SUBTREE, disk.NID_IPM_SUBTREE))

    @property
    def deleted_items(self) -> Folder:
        """The Deleted Items folder."""
        return self._folder_of(_WASTEBASKET, self._default_nid(_NID_OST_DELETED_ITEMS, disk.NID_DELETED_ITEMS))

    @property
    def receive_folder(self) -> Folder | None:
        """The folder that mail arrives in, usually the Inbox; None when none was named yet."""
        nid = receive.default_folder(self._session)
        return None if nid is None or not self._session.has_node(nid) else self.folder(nid)

    def set_receive_folder(self, folder: Folder) -> None:
        """Make a folder the one that mail arrives in."""
        with self._session.change():
            receive.set_default_folder(self._session, folder.nid)

    def _default_nid(self, ost: int, pst: int) -> int:
        """Return where a folder is that the store's properties do not name; an OST names none and has it elsewhere."""
        is_ost = self.db.header.wMagicClient == disk.MAGIC_CLIENT_OST
        return ost if is_ost and self._session.has_node(ost) else pst

    def folder(self, nid: int) -> Folder:
        """Return a folder by its NID.

        Raises:
            PstNotFoundError: there is no such node.
            PstFormatError: it is no folder.
        """
        self.db.node(nid)
        return Folder(self._session, nid)

    def folder_at(self, path: str | tuple[str, ...], *, create: bool = False) -> Folder:
        """Return the folder at a path below the IPM subtree.

        Args:
            path: names, joined by "/" or as a tuple (for names that hold a "/"). Empty for the IPM subtree itself.
            create: whether to make the folders that are missing.

        Raises:
            PstNotFoundError: there is no such folder.
        """
        folder = self.ipm_subtree
        for name in path.strip("/").split("/") if isinstance(path, str) else path:
            if not name:
                continue
            try:
                folder = folder.folder(name)
            except PstNotFoundError:
                if not create:
                    raise
                folder = folder.create_folder(name, "IPF.Note")
        return folder

    def walk(self) -> Iterator[Folder]:
        """Yield every folder that can be reached from the root folder, parents first."""
        return self.root.walk()

    def message(self, nid: int) -> Message:
        """Return a message by its NID.

        Raises:
            PstNotFoundError: there is no such node.
            PstFormatError: it is no message, or is damaged.
        """
        return Message(self._session, nid)

    def __contains__(self, nid: int) -> bool:
        return self._session.has_node(nid)

    # -- changing --------------------------------------------------------------------------------------------------

    @property
    def is_spoilt(self) -> bool:
        """Whether a change failed half-way, so that the running transaction can only be rolled back."""
        return self._session.is_spoilt

    def preparer(self) -> Preparer | None:
        """Return what makes messages ready for this store, and in a transaction defines the names that they need.

        It holds until a transaction is rolled back. None for a file that nothing can be prepared for.
        """
        form = form_of(self._session)
        return None if form is None else Preparer(form, self._session.names.define)

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Make all the changes in a with statement one: all of them are kept, or none.

        A change inside that fails is taken back alone when its error is caught inside; otherwise all is. The file is
        in one of the two states whatever happens, to the process or to the machine.

        Raises:
            PstUsageError: the store was opened for reading, or a transaction runs already.
        """
        self._session.begin()
        try:
            yield self
            self._session.commit()
        except BaseException:
            self._session.abandon()
            raise


class _Builder:
    """Fills a new store with every node that real files have ([MS-PST] 2.7.1 and measured files)."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._db = session.db
        self._name = name
        self._key = secrets.token_bytes(16)

    def build(self, *, usual_folders: bool) -> None:
        self._templates()
        for name in _FIRST_NAMES:
            self._session.names.define(name)
        self._db.put_node(disk.NID_NAME_TO_ID_MAP, 0, 0, 0)
        self._plain_nodes()
        self._folders()
        usual = self._usual_folders() if usual_folders else {}
        self._store_properties(usual)

    def _templates(self) -> None:
        db = self._db
        for name, template in templates(ansi=self._session.ansi).items():
            node = NodeEditor(db, nid=template.nid)
            table = TableEditor(node, template.columns)
            if name == "receive":
                string = PropertyType.STRING8 if self._session.ansi else PropertyType.STRING
                version = self._session.row_version()
                table.put_row(
                    1, version, {0x66050003: struct.pack("<I", disk.NID_ROOT_FOLDER), 0x001A << 16 | string: b""}
                )
            table.flush()
            db.put_node(template.nid, *node.save(), 0)

    def _plain_nodes(self) -> None:
        db = self._db
        for nid in (disk.NID_SEARCH_MANAGEMENT_QUEUE, disk.NID_SEARCH_DOMAIN_OBJECT, 0xE41, 0xEC1, 0xF21):
            db.put_node(nid, 0, 0, 0)
        db.put_node(disk.NID_SEARCH_ACTIVITY_LIST, db.write_data(struct.pack("<I", disk.NID_SPAM_SEARCH_FOLDER)), 0, 0)
        id_map = pack_simple(0x9C, [struct.pack("<I", 2 << 5), bth.header_bytes(16, 4, 0, 0)], 1 << 5, 8000)
        db.put_node(0xC01, db.write_data(id_map or b""), 0, 0)

    def _folders(self) -> None:
        session, db = self._session, self._db
        name = DISPLAY_NAME << 16 | PropertyType.STRING
        make_folder(session, disk.NID_ROOT_FOLDER, disk.NID_ROOT_FOLDER, {name: ""})
        make_folder(session, disk.NID_IPM_SUBTREE, disk.NID_ROOT_FOLDER, {name: "Top of Personal Folders"})
        make_folder(session, disk.NID_SEARCH_ROOT, disk.NID_ROOT_FOLDER, {name: "Search Root"})
        make_folder(session, _NID_COMMON_VIEWS, disk.NID_ROOT_FOLDER, {name: "IPM_COMMON_VIEWS"})
        deleted: dict[PropertyKey, Value] = {name: "Deleted Items", 0x3613001F: "IPF.Note"}
        make_folder(session, disk.NID_DELETED_ITEMS, disk.NID_IPM_SUBTREE, deleted)
        self._spam_search()
        for nid in (disk.NID_ROOT_FOLDER, disk.NID_IPM_SUBTREE):
            Folder(session, nid).note_subfolders()
        while db.new_nid(disk.NID_TYPE_NORMAL_FOLDER) < _NID_COMMON_VIEWS:
            pass  # the ids of the folders above are given out

    def _spam_search(self) -> None:
        """The search folder that every file has: PC, update queue, criteria and contents table."""
        session, db = self._session, self._db
        nid = disk.NID_SPAM_SEARCH_FOLDER
        string = DISPLAY_NAME << 16 | (PropertyType.STRING8 if session.ansi else PropertyType.STRING)
        values = {
            0x3001: session.store_value(string, "SPAM Search Folder 2", session.codec),
            0x3602: StoredValue(PropertyType.INTEGER32, bytes(4)),
            0x3603: StoredValue(PropertyType.INTEGER32, bytes(4)),
            0x360A: StoredValue(PropertyType.BOOLEAN, b"\0"),
        }
        node = NodeEditor(db, nid=nid)
        write_properties(node, values)
        db.put_node(nid, *node.save(), disk.NID_ROOT_FOLDER)
        session.put_folder_row(db.node(nid))
        db.put_node(disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_UPDATE_QUEUE), 0, 0, 0)
        criteria = NodeEditor(db, nid=disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_CRITERIA_OBJECT))
        write_properties(criteria, {0x660B: StoredValue(PropertyType.INTEGER32, bytes(4))})
        db.put_node(criteria.nid, *criteria.save(), 0)
        template = db.node(disk.NID_SEARCH_CONTENTS_TABLE_TEMPLATE)
        db.add_reference(template.bid_data)
        db.put_node(disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_CONTENTS_TABLE), template.bid_data, 0, 0)

    def _usual_folders(self) -> dict[str, int]:
        top = Folder(self._session, disk.NID_IPM_SUBTREE)
        return {name: top.create_folder(name, kind).nid for name, kind in _USUAL_FOLDERS.items()}

    def _entry_id(self, nid: int) -> bytes:
        return bytes(4) + self._key + struct.pack("<I", nid)

    def _store_properties(self, usual: dict[str, int]) -> None:
        session = self._session
        mask = _MASK_SUBTREE | _MASK_WASTEBASKET | _MASK_COMMON | _MASK_FINDER
        properties: dict[int, Value] = {
            RECORD_KEY << 16 | PropertyType.BINARY: self._key,
            DISPLAY_NAME << 16 | PropertyType.STRING: self._name,
            _IPM_SUBTREE << 16 | PropertyType.BINARY: self._entry_id(disk.NID_IPM_SUBTREE),
            _WASTEBASKET << 16 | PropertyType.BINARY: self._entry_id(disk.NID_DELETED_ITEMS),
            _COMMON_VIEWS << 16 | PropertyType.BINARY: self._entry_id(_NID_COMMON_VIEWS),
            _FINDER << 16 | PropertyType.BINARY: self._entry_id(disk.NID_SEARCH_ROOT),
            PASSWORD << 16 | PropertyType.INTEGER32: 0,
            0x6633000B: True,  # PidTagPstLrNoRestrictions
        }
        if usual:
            mask |= _MASK_INBOX | _MASK_OUTBOX | _MASK_SENT
            properties[_OUTBOX << 16 | PropertyType.BINARY] = self._entry_id(usual["Outbox"])
            properties[_SENT_ITEMS << 16 | PropertyType.BINARY] = self._entry_id(usual["Sent Items"])
            ids: dict[PropertyKey, Value] = {
                pid << 16 | PropertyType.BINARY: self._entry_id(usual[name])
                for name, pid in _DEFAULT_FOLDER_IDS.items()
            }
            Folder(session, disk.NID_ROOT_FOLDER).set_properties(ids)
            Folder(session, usual["Inbox"]).set_properties(ids)
            receive = session.editor(templates()["receive"].nid)
            receive.put_row(1, session.row_version(), {0x66050003: struct.pack("<I", usual["Inbox"])})
        properties[_VALID_FOLDER_MASK << 16 | PropertyType.INTEGER32] = mask
        values = {}
        for key, value in properties.items():
            tag = session.stored_tag(key)
            values[tag >> 16] = session.store_value(tag, value, session.codec)
        node = NodeEditor(self._db, nid=disk.NID_MESSAGE_STORE)
        write_properties(node, values)
        self._db.put_node(disk.NID_MESSAGE_STORE, *node.save(), 0)
