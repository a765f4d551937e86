"""The whole repair: look, find what the trees have lost, build a new file, and check that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from mailconnector.pst.check import Counts, Finding, Progress, Report, Severity, check
from mailconnector.pst.check.findings import Findings
from mailconnector.pst.check.folders import Folders
from mailconnector.pst.check.header import check_header, find_header
from mailconnector.pst.check.nodes import check_nodes
from mailconnector.pst.check.references import check_references
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.space import check_space
from mailconnector.pst.check.store import check_store
from mailconnector.pst.check.trees import read_trees
from mailconnector.pst.errors import NotAPstError, PstUsageError
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.repair.arrangement import arrange
from mailconnector.pst.repair.rebuild import Rebuild
from mailconnector.pst.repair.scan import find_lost, find_moved, guess_encoding, guess_header

_HEADER_CODES = frozenset({"header-crc", "header-sentinel", "header-encoding", "header-lost"})
_ALL_NAMES = 0x7FFF
_MOST_LOSSES = 100_000  # of one kind, in a report


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair found and did.

    Attributes:
        before: what was wrong with the damaged file.
        losses: what could not be brought over or had to be changed; errors are content that is lost, or may be wrong.
        unlisted: by code, how many more losses there were than a report can hold.
        after: the check of the new file.
    """

    before: Report
    losses: tuple[Finding, ...]
    unlisted: Mapping[str, int]
    after: Report

    @property
    def complete(self) -> bool:
        """Whether no content was lost or is in doubt."""
        return all(finding.severity is not Severity.ERROR for finding in self.losses)


def repair(source: BinaryIO, target: BinaryIO, *, progress: Progress | None = None) -> RepairReport:
    """Salvage all that can be read from a damaged file into a new one of the same variant and encoding.

    Nodes keep their ids, and all that is whole is copied as it is. Where a tree is broken, the file is searched for
    pages and blocks. Damaged objects are written anew from what is left of them; messages and folders whose place is
    lost come into a folder "Recovered". The damaged file is not changed.

    Args:
        source: the damaged file.
        target: an empty file object, open for reading and writing. When an error is raised, it holds no PST file.
        progress: is told how far the repair is.

    Raises:
        NotAPstError: there is nothing of a PST in the file.
        PstUsageError: the target is not empty, or the file is a 4K OST, which cannot be written.
        PstFullError: the target cannot take what was found.
        PstDiskError: the system refused to read or write.
    """
    out = Device(target)
    if out.size():
        raise PstUsageError("the file to be written is not empty")
    device = Device(source)
    found = Findings()
    survey, highest, trusted = _survey(device, found, progress)
    check_nodes(survey)
    named = check_store(survey)
    sound_names = not survey.findings.by_node.get(0x61)
    folders = Folders(survey, named if sound_names else _ALL_NAMES)
    folders.check()
    before = survey.findings.report(Counts())
    losses = Findings(_MOST_LOSSES)
    rebuild = Rebuild(survey, folders, arrange(survey), highest, out, losses, trust_header=trusted)
    rebuild.run()
    lost = losses.report(Counts())
    return RepairReport(before, lost.findings, lost.suppressed, check(out, progress=progress))


def _survey(device: Device, findings: Findings, progress: Progress | None) -> tuple[Source, list[int], bool]:
    """Read the NDB layer of a damaged file, and search the file for what its trees have lost.

    Returns:
        The file; the highest NID index of each type; whether the header's counters may be believed.
    """
    try:
        header = find_header(device, findings)
    except NotAPstError:
        header = guess_header(device)
        findings.add("header-lost", "the header is lost", offset=0)
    if not header.layout.writable:
        raise PstUsageError("files of the 4K format can only be read")
    trusted = not _HEADER_CODES & findings.report(Counts()).codes
    source = Source(device, header, findings, progress)
    check_header(source)
    pages = read_trees(source)
    find_lost(source)
    check_space(source, pages)
    if find_moved(source):
        source.findings = Findings()  # of the second look; the first one's findings are kept
        check_space(source, pages)
        source.findings = findings
    if not trusted:
        source.header = replace(header, bCryptMethod=guess_encoding(source))
    return source, check_references(source), trusted
