"""Each finding's code is provoked: one place of a sound file is damaged, and the check names just that."""

from __future__ import annotations

from typing import Any

import pytest

from mailconnector.pst.check.findings import codes
from tests.forge import Forge
from tests.unit.pst.check import cases_ltp, cases_messaging, cases_ndb
from tests.unit.pst.check.damages import (
    STORE,
    Damage,
    in_block,
    in_property,
    number,
)
from tests.unit.pst.check.specimen import (
    ATTACHMENT,
    COUNT,
    RICH,
    Specimen,
)

CASES = [*cases_ndb.CASES, *cases_ltp.CASES, *cases_messaging.CASES]


# -- the tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_the_undamaged_file_has_no_finding_at_all(variant: Any) -> None:
    report = Specimen(variant).report()
    assert report.findings == ()
    assert report.clean
    counts = report.counts
    assert (counts.messages, counts.associated, counts.embedded) == (COUNT, 1, 1)
    assert (counts.attachments, counts.recipients, counts.search_folders) == (4, 2, 1)


@pytest.mark.parametrize(("code", "damage"), CASES, ids=[f"{code}-{at}" for at, (code, _) in enumerate(CASES)])
def test_damage_is_found_by_its_code(code: str, damage: Damage) -> None:
    specimen = Specimen()
    before = bytes(specimen.data)
    damage(specimen)
    assert specimen.data != before
    assert code in {finding.code for finding in specimen.report().findings}


def test_every_code_of_the_check_is_provoked() -> None:
    repairs = {code for code in codes() if code.startswith("lost-")}
    repairs |= {"header-lost", "damaged-value", "replaced-node", "recovered-item", "doubtful-block", "rewritten-object"}
    assert {code for code, _ in CASES} == set(codes()) - repairs


def test_findings_name_the_place() -> None:
    specimen = Specimen()
    in_property(RICH, 0x0E20, number(1), ATTACHMENT)(specimen)
    (finding,) = [finding for finding in specimen.report().findings if finding.code == "attachment-size"]
    assert finding.nid == RICH
    assert f"subnode {ATTACHMENT:#x}" in finding.text
    in_block(STORE, 40)(specimen)
    (finding,) = [finding for finding in specimen.report().findings if finding.code == "block-crc"]
    forge = Forge(bytes(specimen.data))
    assert (finding.bid, finding.offset) == forge.blocks[forge.data_bid(STORE)].values[:2]
