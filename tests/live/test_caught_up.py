"""After a run that changed something on either side the next one finds nothing to open, with real stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector.lab import CyrusServer, DovecotServer, MailServer
from tests.live.pairs import real_exchange
from tests.scenarios import check, prepare

SCENARIOS = (
    "new on both",
    "same on both",
    "flags",
    "edits",
    "edit and flags",
    "both edited",
    "deletes",
    "edit and delete",
    "moves",
    "moved alike and edited",
    "large ones completed",
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_next_run_opens_nothing(scenario: str, dovecot: DovecotServer, tmp_path: Path) -> None:
    opens_nothing(dovecot, tmp_path, scenario)


@pytest.mark.parametrize("scenario", ["edits", "moves"])
def test_the_next_run_opens_nothing_on_cyrus(scenario: str, cyrus: CyrusServer, tmp_path: Path) -> None:
    opens_nothing(cyrus, tmp_path, scenario)


def opens_nothing(server: MailServer, path: Path, scenario: str) -> None:
    world = real_exchange(path, server)
    try:
        prepare(world, scenario)
        assert world.run().done
        again = world.run()
        assert again.is_quiet
        assert again.folders_visited == 0
        check(world, world)
    finally:
        world.close()
