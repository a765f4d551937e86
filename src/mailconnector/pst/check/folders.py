"""Folders, their three tables, and the messages in them ([MS-PST] 2.4.4): every row against its object."""

from array import array
from itertools import pairwise
from typing import Final

from mailconnector.pst import disk
from mailconnector.pst.check.messages import Seen, check_message, compare_row, report_unused
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.nodes import is_ordinary_folder, is_template
from mailconnector.pst.check.properties import Properties, open_properties
from mailconnector.pst.check.requirements import check_required
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.tables import Table, open_table, open_wide_table

_CONTENT_COUNT: Final = 0x3602
_UNREAD_COUNT: Final = 0x3603
_SUBFOLDERS: Final = 0x360A
_FLAGS_TAG: Final = 0x0E070003
_READ: Final = 0x01
_WIDE_SEARCH_TABLE: Final = 0x730  # of the search over the whole store, of kind 0xAC (measured)


class Folders:
    """The check of all folders and messages.

    Args:
        source: the file.
        names: how many named properties it has.
    """

    def __init__(self, source: Source, names: int) -> None:
        self.source = source
        self.seen = Seen(names)
        self.folders = 0
        self.search_folders = 0
        self.messages = 0
        self.associated = 0
        self._properties: dict[int, Properties | None] = {}
        self._listed: set[int] = set()
        self._versions = array("I")
        self._version_nodes = array("I")
        self._total = sum(
            1
            for nid in source.nodes.nids
            if disk.nid_type(nid) in (disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE)
        )

    def view(self, nid: int) -> NodeView | None:
        """Return the view of a node, None when there is no such node."""
        node = self.source.nodes.find(nid)
        return None if node is None else NodeView(self.source, nid, node.bid_data, node.bid_sub)

    def check(self) -> None:
        """Check every folder, then every message that no folder lists."""
        for nid in self.source.nodes.nids:
            kind = disk.nid_type(nid)
            if kind == disk.NID_TYPE_SEARCH_FOLDER:
                self._search_folder(nid)
            elif is_ordinary_folder(nid):
                self.folders += 1
                self._folder(nid)
        self._unlisted()
        self._check_versions()

    @property
    def highest_version(self) -> int:
        """The highest row version that was seen."""
        return max(self._versions, default=0)

    # -- folders ---------------------------------------------------------------------------------------------------

    def properties(self, nid: int) -> Properties | None:
        """Return the properties of a folder, verified when they are asked for first."""
        if nid not in self._properties:
            view = self.view(nid)
            found = None if view is None else open_properties(view)
            if view is not None and found is not None:
                check_required(view, "folder", found.tags(), columns=False)
                report_unused(view)
            self._properties[nid] = found
        return self._properties[nid]

    def _folder(self, nid: int) -> None:
        properties = self.properties(nid)
        below = self._hierarchy(disk.sibling_nid(nid, disk.NID_TYPE_HIERARCHY_TABLE), nid)
        messages = self._contents(disk.sibling_nid(nid, disk.NID_TYPE_CONTENTS_TABLE), nid, associated=False)
        self._contents(disk.sibling_nid(nid, disk.NID_TYPE_ASSOC_CONTENTS_TABLE), nid, associated=True)
        if properties is None:
            return
        view = properties.view
        if below is not None and properties.number(_SUBFOLDERS) not in (None, int(below > 0)):
            view.report("folder-subfolders", f"PidTagSubfolders of a folder with {below} subfolders is wrong")
        if messages is not None:
            self._count(properties, _CONTENT_COUNT, messages[0], "items")
            self._count(properties, _UNREAD_COUNT, messages[1], "unread items")

    def _count(self, properties: Properties, pid: int, count: int, what: str) -> None:
        noted = properties.number(pid)
        if noted is not None and noted != count:
            properties.view.report("folder-count", f"a folder notes {noted} {what} and lists {count}")

    def _open_table(self, nid: int, what: str) -> Table | None:
        view = self.view(nid)
        table = None if view is None else open_table(view)
        if table is not None:
            check_required(table.view, what, table.tags, columns=True)
        return table

    def _row(self, nid: int, version: int | None) -> None:
        if version is not None:
            self._versions.append(version)
            self._version_nodes.append(nid)

    def _hierarchy(self, table_nid: int, nid: int) -> int | None:
        """Check a hierarchy table; return how many folders it lists, None when that cannot be told."""
        table = self._open_table(table_nid, "hierarchy")
        if table is None:
            return None
        for row in table.rows():
            self._row(table_nid, row.version)
            child = self.source.nodes.find(row.row_id)
            if child is None or disk.nid_type(row.row_id) not in (
                disk.NID_TYPE_NORMAL_FOLDER,
                disk.NID_TYPE_SEARCH_FOLDER,
            ):
                table.view.report("folder-lost", f"the folder {row.row_id:#x} is listed and does not exist")
                continue
            if row.row_id in self._listed:
                table.view.report("row-twice", f"the folder {row.row_id:#x} is listed twice")
            self._listed.add(row.row_id)
            if child.nid_parent != nid:
                table.view.report(
                    "row-parent", f"the folder {row.row_id:#x} is listed here and has the parent {child.nid_parent:#x}"
                )
            properties = self.properties(row.row_id)
            if properties is not None:
                compare_row(table.view, table, row.row_id, row.cells, properties, "folder")
        report_unused(table.view)
        return len(table)

    # -- messages --------------------------------------------------------------------------------------------------

    def _contents(self, table_nid: int, nid: int, *, associated: bool) -> tuple[int, int] | None:
        """Check a contents table and the messages that it lists; return the numbers of rows and of unread ones."""
        table = self._open_table(table_nid, "associated" if associated else "contents")
        if table is None:
            return None
        unread = 0
        kind = disk.NID_TYPE_ASSOC_MESSAGE if associated else disk.NID_TYPE_NORMAL_MESSAGE
        for row in table.rows():
            self._row(table_nid, row.version)
            flags = row.number(_FLAGS_TAG)
            unread += flags is not None and not flags & _READ
            node = self.source.nodes.find(row.row_id)
            if node is None or disk.nid_type(row.row_id) != kind:
                table.view.report("message-lost", f"the message {row.row_id:#x} is listed and does not exist")
                continue
            if row.row_id in self._listed:
                table.view.report("row-twice", f"the message {row.row_id:#x} is listed twice")
                continue
            self._listed.add(row.row_id)
            if node.nid_parent != nid:
                table.view.report(
                    "row-parent", f"the message {row.row_id:#x} is listed here and has the parent {node.nid_parent:#x}"
                )
            properties = self._message(row.row_id)
            if properties is not None:
                compare_row(table.view, table, row.row_id, row.cells, properties, "message")
        report_unused(table.view)
        return len(table), unread

    def _message(self, nid: int) -> Properties | None:
        if disk.nid_type(nid) == disk.NID_TYPE_ASSOC_MESSAGE:
            self.associated += 1
        else:
            self.messages += 1
        done = self.messages + self.associated
        if not done & 0x3F:
            self.source.progress("messages", done, self._total)
        view = self.view(nid)
        return None if view is None else check_message(view, self.seen)

    def _unlisted(self) -> None:
        """Check the messages and folders that no table lists."""
        for node in self.source.nodes:
            kind = disk.nid_type(node.nid)
            if node.nid in self._listed or node.nid == disk.NID_ROOT_FOLDER:
                continue
            if kind in (disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE):
                self.source.findings.add("message-unlisted", "a message that its folder does not list", nid=node.nid)
                self._message(node.nid)
            elif kind in (disk.NID_TYPE_NORMAL_FOLDER, disk.NID_TYPE_SEARCH_FOLDER) and not is_template(node):
                self.source.findings.add("folder-unlisted", "a folder that its parent does not list", nid=node.nid)

    # -- search folders --------------------------------------------------------------------------------------------

    def _search_folder(self, nid: int) -> None:
        self.search_folders += 1
        self.properties(nid)
        criteria = self.view(disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_CRITERIA_OBJECT))
        if criteria is not None and criteria.bid_data:
            open_properties(criteria)
        table_nid = disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_CONTENTS_TABLE)
        view = self.view(table_nid)
        if view is None:
            return
        table = open_wide_table(view) if table_nid == _WIDE_SEARCH_TABLE else open_table(view)
        if table is None:
            return
        check_required(view, "search", table.tags, columns=True)
        for row in table.rows():
            self._row(table_nid, row.version)
            if row.row_id not in self.source.nodes:
                view.report("search-row-stale", f"a search folder lists {row.row_id:#x}, which does not exist any more")

    # -- row versions ----------------------------------------------------------------------------------------------

    def _check_versions(self) -> None:
        """Check that row versions are unique in the store, and below dwUnique (measured)."""
        versions = self._versions
        order = sorted(range(len(versions)), key=versions.__getitem__)
        unique = self.source.header.dwUnique
        for left, right in pairwise(order):
            if versions[left] == versions[right]:
                self.source.findings.add(
                    "row-version-twice",
                    f"two rows have the version {versions[left]:#x}",
                    nid=self._version_nodes[right],
                )
        high = {self._version_nodes[at]: versions[at] for at in order if versions[at] >= unique}
        for nid, version in high.items():
            self.source.findings.add(
                "row-version-high",
                f"a row has the version {version:#x}; the next one to be given out is {unique:#x}",
                nid=nid,
            )
