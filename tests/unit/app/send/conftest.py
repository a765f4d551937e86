"""A user who sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.app.send.sending import User, new_user


@pytest.fixture
def user(tmp_path: Path) -> User:
    return new_user(tmp_path)
