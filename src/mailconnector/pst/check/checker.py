"""The whole check of a file, stage by stage, from the header up to the messages."""

from mailconnector.pst.check.findings import Counts, Findings, Progress, Report
from mailconnector.pst.check.folders import Folders
from mailconnector.pst.check.header import check_counters, check_header, find_header
from mailconnector.pst.check.nodes import check_nodes
from mailconnector.pst.check.references import check_references
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.space import check_space
from mailconnector.pst.check.store import check_store
from mailconnector.pst.check.trees import read_trees
from mailconnector.pst.errors import PstUsageError
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device


def check(file: Device | NodeDatabase, *, progress: Progress | None = None) -> Report:
    """Verify everything that [MS-PST] says of a file, and what files of Outlook have in common.

    Nothing is changed. A damaged file gives findings; it takes memory of a small fraction of the file's size, and time
    that is proportional to it. Of a 4K OST the allocation maps are left out.

    Args:
        file: the file, or a database that is open on it and has no transaction running.
        progress: is told how far the check is.

    Raises:
        NotAPstError: the file is no PST or OST file, or of a version that is not known.
        PstDiskError: the system refused to read.
        PstUsageError: a transaction is running.
    """
    if isinstance(file, NodeDatabase):
        if file.in_transaction:
            raise PstUsageError("a file cannot be checked while a transaction is running")
        file = file.device
    source = survey(file, progress)
    check_nodes(source)
    names = check_store(source)
    folders = Folders(source, names)
    folders.check()
    seen = folders.seen
    counts = Counts(
        bytes=source.size,
        pages=source.page_count,
        blocks=len(source.blocks),
        nodes=len(source.nodes),
        folders=folders.folders,
        search_folders=folders.search_folders,
        messages=folders.messages,
        associated=folders.associated,
        embedded=seen.embedded,
        recipients=seen.recipients,
        attachments=seen.attachments,
    )
    return source.findings.report(counts)


def survey(device: Device, progress: Progress | None = None) -> Source:
    """Verify the NDB layer of a file: header, trees, maps, blocks and references.

    Returns:
        The file with its tables filled, ready for the layers above; its findings so far are in it.

    Raises:
        NotAPstError: the file is no PST or OST file.
        PstDiskError: the system refused to read.
    """
    findings = Findings()
    source = Source(device, find_header(device, findings), findings, progress)
    check_header(source)
    pages = read_trees(source)
    check_counters(source)
    check_space(source, pages)
    check_references(source)
    return source
