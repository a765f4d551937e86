"""What a PST file is as a whole: format, size, state, and how much it holds."""

from collections import Counter
from dataclasses import dataclass

from mailconnector.pst import Store, disk

_CODEPAGE = 0x66C3  # PidTagCodePageId
_MAPS = {disk.INVALID_AMAP: "invalid", disk.VALID_AMAP1: "valid", disk.VALID_AMAP2: "valid"}


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What is known of an open store without reading its messages.

    Attributes:
        name: display name.
        format: "ansi", "unicode" or "unicode4k".
        version: wVer of the header: 14, 15, 21, 23, 36.
        client: who keeps the file: "PST", "OST" or "PAB".
        encryption: "none", "permute" or "cyclic".
        size: bytes of the file.
        free: bytes of it that are free, as the header says.
        password: whether Outlook asks for a password.
        record_key: 16 bytes that name the store in entry ids.
        codepage: Windows code page of its 8-bit strings; None when the store does not say.
        maps: state of the allocation maps: "valid", or "invalid" when the last writer died.
        folders: ordinary folders.
        search_folders: search folders.
        messages: messages in folders.
        associated: folder associated messages, which users do not see.
        nodes: nodes in all.
        blocks: blocks in all.
        named_properties: names that the store has given ids.
        can_be_changed: whether this kind of file can be written.
    """

    name: str
    format: str
    version: int
    client: str
    encryption: str
    size: int
    free: int
    password: bool
    record_key: bytes
    codepage: int | None
    maps: str
    folders: int
    search_folders: int
    messages: int
    associated: int
    nodes: int
    blocks: int
    named_properties: int
    can_be_changed: bool


_CLIENTS = {disk.MAGIC_CLIENT_PST: "PST", disk.MAGIC_CLIENT_OST: "OST", disk.MAGIC_CLIENT_PAB: "PAB"}


def store_facts(store: Store) -> StoreFacts:
    """Return the facts of an open store.

    Raises:
        PstError: a part that they stand in is damaged.
    """
    db = store.db
    header = db.header
    types = Counter(disk.nid_type(node.nid) for node in db.nodes())
    codepage = store.properties.get(_CODEPAGE << 16)
    return StoreFacts(
        name=store.name,
        format=store.format,
        version=header.wVer,
        client=_CLIENTS.get(header.wMagicClient, ""),
        encryption=store.encryption,
        size=header.root.ibFileEof,
        free=header.root.cbAMapFree,
        password=store.has_password,
        record_key=store.record_key,
        codepage=codepage if isinstance(codepage, int) and codepage > 0 else None,
        maps=_MAPS.get(header.root.fAMapValid, "invalid"),
        folders=types[disk.NID_TYPE_NORMAL_FOLDER],
        search_folders=types[disk.NID_TYPE_SEARCH_FOLDER],
        messages=types[disk.NID_TYPE_NORMAL_MESSAGE],
        associated=types[disk.NID_TYPE_ASSOC_MESSAGE],
        nodes=types.total(),
        blocks=sum(1 for _ in db.all_blocks()),
        named_properties=len(store.names),
        can_be_changed=db.layout.writable,
    )
