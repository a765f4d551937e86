"""The report of a check, and the check's promises: it never raises for damage, and it stays within bounds."""

from __future__ import annotations

import io
import random

import pytest

from mailconnector.pst import disk
from mailconnector.pst.check import Counts, Finding, Severity, check
from mailconnector.pst.check.findings import LIMIT, Findings, codes, severity_of
from mailconnector.pst.errors import NotAPstError, PstUsageError
from mailconnector.pst.messaging.store import Store
from mailconnector.pst.ndb.device import Device
from tests.unit.pst.check.specimen import COUNT, sound


def checked(data: bytes | bytearray) -> set[str]:
    return {finding.code for finding in check(Device(io.BytesIO(data))).findings}


def test_codes_are_kebab_case_with_a_severity_and_a_meaning() -> None:
    assert len(codes()) > 150
    for code, (severity, meaning) in codes().items():
        assert code == code.lower().replace("_", "-").replace(" ", "-")
        assert severity in Severity
        assert meaning
    with pytest.raises(KeyError):
        severity_of("no-such-code")


def test_only_errors_and_warnings_make_a_file_unclean() -> None:
    findings = Findings()
    findings.add("recipients-missing", "a note")
    assert findings.report(Counts()).clean
    findings.add("space-leaked", "a warning", offset=64)
    report = findings.report(Counts())
    assert not report.clean
    assert report.codes == {"space-leaked"}
    assert [report.count(severity) for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)] == [0, 1, 1]


def test_a_report_holds_a_bounded_number_of_findings_of_a_code() -> None:
    findings = Findings()
    for nid in range(LIMIT + 7):
        findings.add("message-lost", "again", nid=nid)
    report = findings.report(Counts())
    assert len(report.findings) == LIMIT
    assert report.suppressed == {"message-lost": 7}
    assert report.count(Severity.ERROR) == LIMIT + 7
    assert len(findings.by_node) == LIMIT + 7


def test_a_finding_as_text() -> None:
    finding = Finding("block-crc", Severity.ERROR, "a block's CRC is wrong", nid=0x21, bid=4, offset=0x4800)
    assert str(finding) == "error block-crc: a block's CRC is wrong (nid 0x21, bid 0x4, offset 0x4800)"
    assert str(Finding("free-count", Severity.WARNING, "wrong")) == "warning free-count: wrong"


def test_an_open_store_can_be_checked_but_not_in_a_transaction() -> None:
    store = Store.open(io.BytesIO(sound()), writable=True)
    assert check(store.db).counts.messages == COUNT
    with store.transaction(), pytest.raises(PstUsageError):
        check(store.db)


@pytest.mark.parametrize("data", [b"", b"!BDN", b"!BDN" + bytes(600), bytes(5000), sound()[:100]])
def test_what_is_no_pst_is_told_apart(data: bytes) -> None:
    with pytest.raises(NotAPstError):
        check(Device(io.BytesIO(data)))


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
@pytest.mark.parametrize("size", range(1024, 0x20000, 9000))
def test_a_file_that_is_cut_off(variant: str, size: int) -> None:
    assert "file-truncated" in checked(sound("ansi" if variant == "ansi" else "unicode")[:size])


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_never_raises_and_is_never_overlooked(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(sound("ansi" if seed % 2 else "unicode"))
    # Within the blocks and pages that are in use; what stands in holes is nobody's business.
    forged = {chance.randrange(disk.FIRST_AMAP, disk.FIRST_AMAP + 0x8000) for _ in range(300)}
    for at in forged:
        data[at] ^= chance.randrange(1, 256)
    assert checked(data) & {"block-crc", "page-crc", "map-page", "block-trailer", "tree-page-lost", "page-trailer"}


def test_progress_is_told_stage_by_stage() -> None:
    told: list[tuple[str, int, int]] = []
    check(Device(io.BytesIO(sound())), progress=lambda stage, done, total: told.append((stage, done, total)))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["trees", "blocks", "references"]
    assert all(0 <= done <= total for _, done, total in told)
