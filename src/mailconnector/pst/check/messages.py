"""Messages with their recipients and attachments ([MS-PST] 2.4.5, 2.4.6), embedded messages included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mailconnector.pst import disk
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import Properties, open_properties
from mailconnector.pst.check.requirements import check_required
from mailconnector.pst.check.tables import Table, open_table

MAX_DEPTH: Final = 100  # of messages in messages
_FLAGS: Final = 0x0E07
_MESSAGE_SIZE: Final = 0x0E08
_HAS_ATTACHMENTS: Final = 0x10
_ATTACH_SIZE: Final = 0x0E20
_ATTACH_METHOD: Final = 0x3705
_ATTACH_DATA: Final = 0x3701
_EMBEDDED = 5
_FIRST_NAMED: Final = 0x8000
_METHODS: Final = range(8)
# Cells that only a row has: its id and version, and what Outlook keeps for replication and status (measured).
ROW_ONLY: Final = frozenset({0x0E17, 0x0E30, 0x0E33, 0x0E34, 0x0E38, 0x0E3C, 0x0E3D, 0x3013, 0x67F1, 0x67F2, 0x67F3})


@dataclass(slots=True)
class Seen:
    """What was counted on the way, and which embedded messages have been looked at.

    Attributes:
        names: how many named properties the store has.
        highest_name: the highest property id of a named property that was seen.
        inner: (bidData, bidSub) of the embedded messages.
    """

    names: int
    highest_name: int = 0
    embedded: int = 0
    recipients: int = 0
    attachments: int = 0
    inner: set[tuple[int, int]] = field(default_factory=set)


def check_message(view: NodeView, seen: Seen, depth: int = 0) -> Properties | None:
    """Verify a message and everything in it; return its properties, None when they cannot be read."""
    properties = open_properties(view)
    if properties is None:
        return None
    check_required(view, "message", properties.tags(), columns=False, usual=not view.source.is_ost)
    _check_names(properties, seen)
    _recipients(view, seen)
    count = _attachments(view, seen, depth)
    flags = properties.number(_FLAGS)
    if flags is not None and bool(flags & _HAS_ATTACHMENTS) != bool(count):
        view.report(
            "message-attach-flag", f"a message with {count} attachments has the flags {flags:#x} (PidTagMessageFlags)"
        )
    report_unused(view)
    return properties


def _check_names(properties: Properties, seen: Seen) -> None:
    seen.highest_name = max(seen.highest_name, max(properties.types, default=0))
    for pid in properties.types:
        if pid >= _FIRST_NAMED + seen.names:
            properties.view.report("named-unknown", f"the property {pid:#06x} has no name in the name-to-id map")


def report_unused(view: NodeView) -> None:
    """Report subnodes with values that nothing refers to. What other kinds of subnodes are for is not all known."""
    for nid in view.unused():
        if disk.nid_type(nid) == disk.NID_TYPE_LTP:
            view.report("subnode-unused", f"nothing refers to the subnode {nid:#x}")


def _recipients(view: NodeView, seen: Seen) -> None:
    entry = view.use(disk.NID_RECIPIENT_TABLE)
    if entry is None:
        view.report("recipients-missing", "a message has no recipient table")
        return
    below = view.below(entry)
    table = open_table(below)
    if table is None:
        return
    check_required(below, "recipients", table.tags, columns=True)
    versions = set()
    for row in table.rows():
        seen.recipients += 1
        versions.add(row.version)
    if len(versions) != len(table):
        below.report("row-version-local", "rows of a recipient table share a version")
    report_unused(below)


def _attachments(view: NodeView, seen: Seen, depth: int) -> int:
    """Verify the attachments of a message and return how many there are."""
    nids = [nid for nid in view.subnodes if disk.nid_type(nid) == disk.NID_TYPE_ATTACHMENT]
    entry = view.use(disk.NID_ATTACHMENT_TABLE)
    if entry is None:
        for nid in nids:
            view.report("attachment-unlisted", f"the attachment {nid:#x} is in no attachment table")
            _attachment(view, nid, seen, depth)
        return len(nids)
    below = view.below(entry)
    table = open_table(below)
    if table is None:
        for nid in nids:
            _attachment(view, nid, seen, depth)
        return len(nids)
    check_required(below, "attachments", table.tags, columns=True)
    listed = set()
    versions = set()
    for row in table.rows():
        versions.add(row.version)
        listed.add(row.row_id)
        if row.row_id not in view.subnodes:
            below.report("attachment-lost", f"the attachment {row.row_id:#x} is listed and does not exist")
            continue
        properties = _attachment(view, row.row_id, seen, depth)
        if properties is not None:
            compare_row(below, table, row.row_id, row.cells, properties, "attachment")
    if len(versions) != len(listed):
        below.report("row-version-local", "rows of an attachment table share a version")
    for nid in nids:
        if nid not in listed:
            view.report("attachment-unlisted", f"the attachment {nid:#x} is not in the attachment table")
            _attachment(view, nid, seen, depth)
    report_unused(below)
    return len(table)


def _attachment(view: NodeView, nid: int, seen: Seen, depth: int) -> Properties | None:
    seen.attachments += 1
    entry = view.use(nid)
    assert entry is not None
    below = view.below(entry)
    properties = open_properties(below)
    if properties is None:
        return None
    check_required(below, "attachment", properties.tags(), columns=False)
    _check_names(properties, seen)
    method = properties.number(_ATTACH_METHOD)
    if method is not None and method not in _METHODS:
        below.report("attachment-method", f"an attachment has the method {method}")
    noted = properties.number(_ATTACH_SIZE)
    # An object counts with its own size, not with that of the reference to it (measured without exception).
    size = sum(properties.sizes.values()) + sum(length - 8 for _, length in properties.objects.values())
    if noted is not None and noted != size:
        below.report("attachment-size", f"an attachment's size is noted as {noted}; its properties have {size} bytes")
    if _ATTACH_DATA in properties.objects:
        _attached_object(properties, method, seen, depth)
    elif method == _EMBEDDED:
        below.report("attachment-embedded", "an attachment should hold a message and holds none")
    report_unused(below)
    return properties


def _attached_object(properties: Properties, method: int | None, seen: Seen, depth: int) -> None:
    """Verify the object in an attachment, a message or an OLE storage, and the size that is noted for it."""
    view = properties.view
    nid, noted = properties.objects[_ATTACH_DATA]
    entry = view.use(nid)
    if entry is None:
        if method == _EMBEDDED:
            view.report("attachment-embedded", "an attachment should hold a message and holds none")
        return
    size = None
    if method != _EMBEDDED:
        size = view.source.data_size(entry.bid_data)
    elif depth >= MAX_DEPTH:
        view.report("message-depth", f"messages lie more than {MAX_DEPTH} deep in each other")
    elif (entry.bid_data, entry.bid_sub) not in seen.inner:
        # Each once, so that subnodes that lead back to themselves come to an end.
        seen.inner.add((entry.bid_data, entry.bid_sub))
        seen.embedded += 1
        inner = check_message(view.below(entry), seen, depth + 1)
        size = None if inner is None else inner.number(_MESSAGE_SIZE)
    if size is not None and size != noted:
        view.report("object-size", f"the size of an attached object is noted as {noted} and is {size}")


def compare_row(
    view: NodeView, table: Table, row_id: int, cells: Mapping[int, bytes | None], properties: Properties, what: str
) -> None:
    """Compare a row with the object that it stands for ([MS-PST] 2.4.4.3).

    Args:
        view: the table's node.
        table: the table.
        row_id: the row's id.
        cells: its cells by tag; a column that is not among them does not exist.
        properties: the properties of the object.
        what: the object, for codes and texts.
    """
    types = properties.types
    one_sided = not view.source.is_ost  # rows of an OST have cells of their own
    for column in table.columns:
        tag = column.tag
        pid = tag >> 16
        if pid in ROW_ONLY or (pid in types and types[pid] != tag & 0xFFFF):
            continue
        if tag not in cells:
            if pid in types and one_sided:
                view.report(f"{what}-row", f"row {row_id:#x} lacks the cell {tag:#010x}, which its {what} has")
        elif pid not in types:
            if one_sided:
                view.report(f"{what}-row", f"row {row_id:#x} has the cell {tag:#010x}, which its {what} has not")
        else:
            cell, value = cells[tag], properties.value(pid)
            if cell is not None and value is not None and cell != value:
                code = "message-row-size" if pid == _MESSAGE_SIZE else f"{what}-row"
                view.report(code, f"the cell {tag:#010x} of row {row_id:#x} differs from its {what}")
