"""Values as people read them and as JSON."""

import json
import uuid
from datetime import UTC, datetime

import pytest

from mailconnector.app.pst.readable_values import json_value, readable_value, type_name
from mailconnector.mapi.types import FileTime

MOMENT = FileTime.from_datetime(datetime(2024, 2, 29, 12, 30, tzinfo=UTC))
GUID = uuid.UUID("00062008-0000-0000-c000-000000000046")


@pytest.mark.parametrize(
    ("value", "as_json", "text"),
    [
        (None, None, ""),
        (True, True, "yes"),
        (7, 7, "7"),
        (-1, -1, "-1"),
        (255, 255, "255 (0xff)"),
        ("a", "a", "a"),
        (b"\x00\xff", "00ff", "00 ff"),
        (MOMENT, "2024-02-29T12:30:00Z", "2024-02-29T12:30:00Z"),
        (FileTime(FileTime.NONE), FileTime.NONE, "no date"),
        (GUID, str(GUID), str(GUID)),
        (float("nan"), "nan", "nan"),
        (float("-inf"), "-inf", "-inf"),
        (["a", "b"], ["a", "b"], "a; b"),
        ([b"\x01"], ["01"], "01"),
    ],
)
def test_values(value, as_json, text):
    assert json_value(value) == as_json
    assert readable_value(value) == text
    json.dumps(json_value(value), allow_nan=False)


def test_type_names():
    assert type_name(0x1F) == "string"
    assert type_name(0x101F) == "string list"
    assert type_name(0x7777) == "type 0x7777"
