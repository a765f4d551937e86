"""The demonstration: it holds what it promises, leaves nothing running, and can be gone on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector import lab, mapping, pst
from mailconnector.app.demo.comparison import compare
from mailconnector.app.demo.place import clear, place_at
from mailconnector.app.errors import AppUsageError
from mailconnector.items import Appointment
from mailconnector.lab import DovecotServer, LabMissingError
from tests.live.accounts import account_of, command


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short one: what a server's sockets are called is bounded."""
    try:
        DovecotServer().check()
    except LabMissingError as error:
        pytest.skip(f"{error} {error.hint}")
    path = Path(f"/tmp/mc-demo-{os.getpid()}")
    yield path
    lab.down(path / "lab")
    shutil.rmtree(path, ignore_errors=True)


def test_it_shows_what_it_promises_and_can_be_gone_on_with(directory):
    shown = command("demo", "--directory", directory)
    assert shown.code == 0, shown.out
    assert "NO " not in shown.out
    assert shown.out.count("yes  ") == 3
    assert "edited on one side, deleted on the other: it came back" in shown.out
    assert "edited on both sides: it has both edits" in shown.out
    assert not lab.status(directory / "lab").running
    # The commands that it names at its end.
    try:
        assert command("lab", "up", "--folder", directory / "lab").code == 0
        profile = directory / "profile.toml"
        again = command("sync", "--profile", profile, "--json")
        assert again.code == 0, again.out
        assert again.json["accounts"][0]["done"] == []
        assert all(view.same for view in compare(account_of(profile, "alice")))
        assert command("status", "--profile", profile).code == 0
        told = command("log", "--profile", profile).out
        assert "Train times" in told
        assert "folder moved" in told
        assert "now Семья и друзья" in told
        assert "Steuer 2026" in command("pst", "ls", directory / "alice.pst").out
        meeting = _appointments(directory / "alice.pst")["Baubesprechung Müllerstraße 5"]
        assert meeting.location == "Büro der Architekten"  # as the phone had it
        assert "Helme" in (meeting.mail.text or "")  # as Outlook had it
        assert meeting.recurrence is not None
        assert meeting.recurrence.count == 10
        assert len(meeting.deleted) == 1
        assert [one.name for one in meeting.mail.attachments] == ["Grundriss.txt"]
    finally:
        assert command("lab", "down", "--folder", directory / "lab").code == 0


def _appointments(path: Path) -> dict[str, Appointment]:
    with pst.open_store(path) as store:
        found = [mapping.from_mapi(message.to_object()) for message in store.folder_at("Calendar").messages()]
    return {item.mail.subject: item for item in found if isinstance(item, Appointment)}


def test_it_is_made_anew_and_touches_nothing_else(tmp_path):
    place = place_at(tmp_path / "new")
    clear(place)
    (place.directory / "left over").write_text("old")
    clear(place)
    assert not (place.directory / "left over").exists()
    stranger = tmp_path / "mine"
    stranger.mkdir()
    (stranger / "letters.txt").write_text("dear")
    with pytest.raises(AppUsageError, match="holds something else"):
        clear(place_at(stranger))
    assert (stranger / "letters.txt").read_text() == "dear"


def test_its_servers_live_where_their_sockets_fit(tmp_path):
    deep = tmp_path / ("x" * 60)
    place = place_at(deep)
    assert len(os.fsencode(place.lab)) <= 48
    assert place.lab == place_at(deep).lab != place_at(tmp_path / ("y" * 60)).lab
