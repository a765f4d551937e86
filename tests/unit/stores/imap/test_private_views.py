"""What was found in shared folders is remembered; what cannot be read is found anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector.stores.imap.private_views import Kept, Stand, View, Views


def test_views_come_back(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    views = Views(path)
    views.save()
    assert not path.exists()  # who hides nothing has no file
    view = views.of("Team")
    view.validity, view.seen, view.companion, view.settled = 3, 40, 4, "a+b"
    view.stands[7] = Stand("<n>", "s", "", False)
    view.items[9] = Kept("<i>", True, "10:20", "<n>", "s")
    views.save()
    again = Views(path)
    assert again.of("Team") == view
    again.rename("Team", "Group")
    assert again.of("Group") == view
    again.keep([])
    assert Views(path).of("Group") == View()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"stands": {"x": {}}}}', "[" * 5000])
def test_nonsense_is_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "views.json"
    path.write_text(text)
    assert Views(path).of("a") == View()


def test_a_file_that_cannot_be_written_costs_another_look(tmp_path: Path) -> None:
    views = Views(tmp_path / "missing" / "views.json")
    views.of("a").seen = 5
    views.save()
    assert views.of("a").seen == 5
    assert Views().of("a") == View()
