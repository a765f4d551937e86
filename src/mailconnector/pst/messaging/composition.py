"""What of a given message is stored, and what a store adds to a new one ([MS-PST] 2.5.2, 2.6.3.2.6).

These are functions of the message alone: drafts use them on an open store, and so do those that prepare messages for
one elsewhere.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.pst.errors import PstTooLargeError
from mailconnector.pst.ltp.property_context import StoredValue
from mailconnector.pst.messaging.message import FLAG_READ, MESSAGE_CLASS, MESSAGE_FLAGS
from mailconnector.pst.messaging.session import encode_value

CALCULATED = frozenset(
    (
        0x003D,  # PidTagSubjectPrefix
        0x0E08,  # PidTagMessageSize
        0x0E09,  # PidTagParentEntryId
        0x0E12,  # PidTagMessageRecipients
        0x0E13,  # PidTagMessageAttachments
        0x0E1B,  # PidTagHasAttachments
        0x0E1D,  # PidTagNormalizedSubject
        0x0E20,  # PidTagAttachSize
        0x0E21,  # PidTagAttachNumber
        0x0FF4,  # PidTagAccess
        0x0FF7,  # PidTagAccessLevel
        0x0FF8,  # PidTagMappingSignature
        0x0FF9,  # PidTagRecordKey
        0x0FFA,  # PidTagStoreRecordKey
        0x0FFB,  # PidTagStoreEntryId
        0x0FFE,  # PidTagObjectType
        0x0FFF,  # PidTagEntryId
        0x3414,  # PidTagStoreProvider
        0x67F2,  # PidTagLtpRowId
        0x67F3,  # PidTagLtpRowVer
    )
)
"""Ids of the properties that a store works out itself ([MS-PST] 2.5.2): what is given for them is not stored."""

CREATED, MODIFIED, SEARCH_KEY = 0x3007, 0x3008, 0x300B
_IMPORTANCE, _STATUS = 0x0017, 0x0E17
_NOT_IN_RECIPIENTS = CALCULATED - {0x0FF9, 0x0FFE, 0x0FFF}  # of those, a recipient row does hold these
_RECIPIENT_TYPE, _DISPLAY_NAME = 0x0C15, 0x3001
_DISPLAY_LISTS = {1: 0x0E04, 2: 0x0E03, 3: 0x0E02}  # To, Cc, Bcc: the names of the recipients of each type
DISPLAY_LISTS = tuple(_DISPLAY_LISTS.values())
_OBJECT, _STRING, _STRING8 = int(PropertyType.OBJECT), int(PropertyType.STRING), int(PropertyType.STRING8)
_MAX_COLUMNS = 250


def recipient_cells(properties: Properties, tag_of: Callable[[PropertyKey], int], codec: str) -> dict[int, bytes]:
    """Return the stored cells of a recipient by their stored tags, those that every recipient has included."""
    cells: dict[int, bytes] = {}
    for key, value in properties.items():
        tag = tag_of(key)
        if tag >> 16 not in _NOT_IN_RECIPIENTS and tag & 0xFFFF != _OBJECT:
            cells[tag] = encode_value(tag, value, codec)
    cells.setdefault(0x0E0F000B, b"\1")  # PidTagResponsibility
    cells.setdefault(0x0FFE0003, b"\6\0\0\0")  # PidTagObjectType: MAPI_MAILUSER
    cells.setdefault(0x39000003, b"\0\0\0\0")  # PidTagDisplayType
    cells.setdefault(0x0C150003, b"\1\0\0\0")  # PidTagRecipientType: To
    return cells


def display_lists(rows: Iterable[Mapping[int, bytes]], *, ansi: bool) -> dict[int, StoredValue]:
    """Return PidTagDisplayTo and its kin by their ids, as the cells of the recipients have them; none that is empty."""
    string = PropertyType.STRING8 if ansi else PropertyType.STRING
    lists: dict[int, list[bytes]] = {}
    type_tag, name_tag = _RECIPIENT_TYPE << 16 | PropertyType.INTEGER32, _DISPLAY_NAME << 16 | string
    for cells in rows:
        kind = int.from_bytes(cells.get(type_tag, b"\1"), "little") & 0xF
        name = cells.get(name_tag)
        if name and kind in _DISPLAY_LISTS:
            lists.setdefault(_DISPLAY_LISTS[kind], []).append(name)
    semicolon = b"; " if ansi else b";\0 \0"
    return {pid: StoredValue(string, semicolon.join(names)) for pid, names in lists.items()}


def stamp(values: dict[int, StoredValue], now: FileTime) -> None:
    """Give stored properties the times of creation and last modification that they lack."""
    if CREATED not in values or MODIFIED not in values:
        stored = StoredValue(PropertyType.TIME, int(now).to_bytes(8, "little"))
        values.setdefault(CREATED, stored)
        values.setdefault(MODIFIED, stored)


def complete(values: dict[int, StoredValue], search_key: Callable[[], bytes], now: FileTime, *, ansi: bool) -> None:
    """Give the stored properties of a new message what every message has and they lack.

    Args:
        values: the properties by id.
        search_key: gives out a new PidTagSearchKey.
        now: the time of creation.
        ansi: whether the file is an ANSI one.
    """
    if MESSAGE_CLASS not in values or not values[MESSAGE_CLASS].data:
        string, encoded = (_STRING8, b"IPM.Note") if ansi else (_STRING, "IPM.Note".encode("utf-16-le"))
        values[MESSAGE_CLASS] = StoredValue(string, encoded)
    for pid, number in ((MESSAGE_FLAGS, FLAG_READ), (_IMPORTANCE, 1), (_STATUS, 0)):
        if pid not in values:
            values[pid] = StoredValue(PropertyType.INTEGER32, number.to_bytes(4, "little"))
    if SEARCH_KEY not in values:
        values[SEARCH_KEY] = StoredValue(PropertyType.BINARY, search_key())
    stamp(values, now)


@lru_cache(maxsize=64)
def _unique(tags: tuple[int, ...]) -> tuple[tuple[int, ...], frozenset[int]]:
    """Return tags without those whose id comes again, in order and as a set."""
    unique = tuple({tag >> 16: tag for tag in tags}.values())
    return unique, frozenset(unique)


def table_columns(template: tuple[int, ...], rows: Collection[Mapping[int, bytes]]) -> tuple[int, ...]:
    """Return the columns of a table: those of its template, and those that a row has beyond them."""
    usual, known = _unique(template)
    if all(cells.keys() <= known for cells in rows):
        return usual
    columns = {tag >> 16: tag for tag in usual}
    for cells in rows:
        for tag in cells:
            if tag >> 16 not in columns:
                columns[tag >> 16] = tag
    if len(columns) > _MAX_COLUMNS:
        raise PstTooLargeError(f"a table of {len(columns)} columns: {_MAX_COLUMNS} is the most")
    return tuple(columns.values())
