from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from mailconnector.imap.dates import format_internal_date, format_search_date, parse_internal_date
from mailconnector.imap.errors import ImapUsageError

PACIFIC = timezone(timedelta(hours=-8))


@pytest.mark.parametrize(
    ("data", "when"),
    [
        (b" 7-Feb-2002 21:52:25 -0800", datetime(2002, 2, 7, 21, 52, 25, tzinfo=PACIFIC)),
        (b"07-FEB-2002 21:52:25 -0800", datetime(2002, 2, 7, 21, 52, 25, tzinfo=PACIFIC)),
        (b" 17-Jul-1996 02:44:25 +0000", datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC)),  # Cyrus
        (b"7-Feb-2002 21:52:25 -0800", datetime(2002, 2, 7, 21, 52, 25, tzinfo=PACIFIC)),
        (b"07-Feb-2002 21:52", datetime(2002, 2, 7, 21, 52, tzinfo=UTC)),
        (b"07-Feb-2002 21:52:60 +0000", datetime(2002, 2, 7, 21, 52, 59, tzinfo=UTC)),
    ],
)
def test_dates_of_servers(data, when):
    for _ in range(2):  # a zone is quicker the second time
        parsed = parse_internal_date(data)
        assert parsed is not None
        assert parsed == when
        assert parsed.utcoffset() == when.utcoffset()


@pytest.mark.parametrize(
    "data",
    [b"", b"yesterday", b"31-Feb-2002 00:00:00 +0000", b"01-Foo-2002 00:00:00 +0000", b"01-Feb-2002 25:00:00 +0000"],
)
def test_what_is_no_date(data):
    assert parse_internal_date(data) is None


def test_writing():
    assert format_internal_date(datetime(2002, 2, 7, 21, 52, 25, tzinfo=PACIFIC)) == b'" 7-Feb-2002 21:52:25 -0800"'
    india = timezone(timedelta(hours=5, minutes=30))
    assert format_internal_date(datetime(2024, 12, 31, 0, 0, tzinfo=india)) == b'"31-Dec-2024 00:00:00 +0530"'
    paris = timezone(timedelta(minutes=9, seconds=21))
    assert format_internal_date(datetime(1900, 1, 1, tzinfo=paris)) == b'"31-Dec-1899 23:50:39 +0000"'
    assert format_search_date(date(1994, 2, 1)) == b"1-Feb-1994"


def test_a_floating_date_is_refused():
    with pytest.raises(ImapUsageError):
        format_internal_date(datetime(2002, 2, 7))
