"""Items that Outlook wrote, from real PST files by way of a server into another file: each with all its properties."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from mailconnector.items import Item, Mail, message_id_of
from mailconnector.items.merging import field_digests
from mailconnector.lab import DovecotServer
from mailconnector.sync import Step
from mailconnector.sync.store import Fetched
from tests.live.pairs import RealExchange
from tests.live.test_item_folders import exchanges

# What a store gives each of its items itself: when it came, PidTagMessageStatus; and the account of Outlook's that
# received it, which nothing that we bring says of itself.
OWN = {"received", "leftover.0x0E17.0003", "leftover.PSETID_Common.0x8580.001F", "leftover.PSETID_Common.0x8581.001F"}
# What a store makes of an item that lacks it: when it was made and changed, its search key, and its message id.
MADE = {"date", "message_id", "leftover.0x3007.0040", "leftover.0x3008.0040", "leftover.0x300B.0102"}


def items_of(store: Any) -> dict[tuple[str, str, str], list[Item]]:
    """Every item but mail, by its folder, its type and its message id."""
    found: dict[tuple[str, str, str], list[Item]] = defaultdict(list)
    for state in store.folders():
        if state.selectable:
            for got in store.fetch(state.id, [one.id for one in store.changes(state.id, "").items]):
                assert isinstance(got, Fetched), got
                if not isinstance(got.item, Mail):
                    found[state.name, type(got.item).__name__, message_id_of(got.item)].append(got.item)
    return found


def test_items_of_samples_arrive_with_all_their_properties(
    pst_sample: Path, dovecot: DovecotServer, tmp_path: Path
) -> None:
    if ".ost" in pst_sample.name:
        pytest.skip("an OST file is not synchronised")
    with exchanges(tmp_path, dovecot, "unicode", "unicode") as (first, second):
        assert first.file is not None
        first.file.close()
        shutil.copyfile(pst_sample, first.file.path)
        first.file.path.chmod(0o600)
        first.file.store = first.file._open()
        before = items_of(first.local)
        if not before:
            pytest.skip("nothing but mail is in it")
        first.settle()
        second.settle()
        after = items_of(second.local)
        assert {name: len(found) for name, found in after.items()} == {
            name: len(found) for name, found in before.items()
        }
        for name, (item, *_) in before.items():
            wanted, found = field_digests(item), field_digests(after[name][0])
            changed = {one for one in wanted if wanted[one] != found.get(one)}
            # The attachments that changed instances are in are made here, and say when.
            assert {one for one in changed if not one.startswith("changed:leftover.")} <= OWN, name
            assert found.keys() - wanted.keys() <= OWN | MADE, name
        for world in (first, second):
            begin_anew(world)
            report = world.run()
            assert not report.clashes and {step for step, _ in report.done} <= {Step.LINK}, report
            assert world.run().is_quiet


def begin_anew(world: RealExchange) -> None:
    """Lose what is known beside the file: the state file, and the index."""
    assert world.file is not None
    world.file.close()
    for lost in world.path.parent.iterdir():
        if lost != world.file.path:
            lost.unlink()
    world.file.store = world.file._open()
