"""mbox files of all dialects, and the names of Maildir."""

from __future__ import annotations

import io
import mailbox as stdlib_mailbox
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.formats import (
    MailboxFormatError,
    MaildirName,
    MboxMessage,
    maildir_name,
    maildir_unique,
    mbox_entry,
    parse,
    parse_maildir_name,
    read_mbox,
    render,
)
from mailconnector.items import Flags, Mail
from tests.unit.items.mails import NOON, flags, mails

FROM = b"From a@b.example Sat Feb 29 12:00:00 2020\n"


def read(data: bytes) -> list[MboxMessage]:
    return list(read_mbox(io.BytesIO(data)))


def test_an_entry() -> None:
    entry = mbox_entry(b"Subject: x\r\n\r\nFrom me\r\n>From you\r\nend", sender="a@b.example", received=NOON)
    assert entry == FROM + b"Subject: x\n\n>From me\n>>From you\nend\n\n"
    assert mbox_entry(b"X: y\n\n", sender="no address\n").startswith(b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n")


_lines = st.sampled_from(
    [b"From x", b">From y", b"text", b"", b"From a Sat Feb 29 12:00:00 2020", b"To: z", b">", b"Fro"]
)
_bodies = st.lists(_lines, min_size=1, max_size=12).map(lambda lines: b"\n".join(lines) + b"\n")


@given(st.lists(st.tuples(_bodies, st.one_of(st.none(), flags())), max_size=6))
def test_entries_come_back(entries: list[tuple[bytes, Flags | None]]) -> None:
    data = b"".join(
        mbox_entry(b"Subject: x\n\n" + body, sender="a@b", received=NOON, flags=one) for body, one in entries
    )
    found = read(data)
    assert [message.data for message in found] == [b"Subject: x\n\n" + body for body, _ in entries]
    assert [message.flags for message in found] == [one for _, one in entries]
    assert all((message.sender, message.received) == ("a@b", NOON) for message in found)


@given(st.lists(mails(depth=0), max_size=3))
@settings(max_examples=25)
def test_mails_come_back(found: list[Mail]) -> None:
    data = b"".join(mbox_entry(render(mail), flags=mail.flags) for mail in found)
    back = [parse(message.data, flags=message.flags or Flags()) for message in read(data)]
    for mail, again in zip(found, back, strict=True):
        # An mbox cannot hold a message that does not end with a line end.
        assert (again.text or "").rstrip("\n") == (mail.text or "").rstrip("\n")
        assert (again.subject, again.flags) == (mail.subject, mail.flags)


def test_the_standard_library_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    bodies = [b"one\n", b"From here\n", b"\nFrom there\n>From everywhere\n"]
    path.write_bytes(b"".join(mbox_entry(b"Subject: x\n\n" + body, flags=Flags(seen=True)) for body in bodies))
    box = stdlib_mailbox.mbox(path)
    assert len(box) == 3
    assert all("R" in message.get_flags() for message in box)
    box.close()


@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (b"", []),
        (b"\n\r\n", []),
        (FROM + b"X: 1\n\na\n\n" + FROM + b"X: 2\n\nb\n", [b"a\n", b"b\n"]),
        ((FROM + b"X: 1\n\na\n\n" + FROM + b"X: 2\n\nb\n").replace(b"\n", b"\r\n"), [b"a\r\n", b"b\r\n"]),
        (
            FROM + b"X: 1\n\nbefore\n\nFrom me to you\nno field\n\n" + FROM + b"X: 2\n\n",
            [b"before\n\nFrom me to you\nno field\n", b""],
        ),
        (FROM + b"X: 1\n\nno empty line\n" + FROM + b"X: 2\n\nb\n", [b"no empty line\n", b"b\n"]),
        (b"From - \nX: 1\n\na\nFrom - \nX: 2\n\nb\n", [b"a\n", b"b\n"]),
        (FROM + b"X: 1\n\n>From a\n>>From b\n", [b"From a\n>From b\n"]),
        (FROM + b"X: 1\n\n>From a\n\nFrom b\nc\n", [b">From a\n\nFrom b\nc\n"]),
        (FROM + b"Content-Length: 45\nX: 1\n\n" + FROM + b"Y:\n\n\n" + FROM + b"X: 2\n\nb\n", [FROM + b"Y:\n", b"b\n"]),
        (FROM + b"Content-Length: 9999\nX: 1\n\na\n\n" + FROM + b"X: 2\n\nb\n", [b"a\n", b"b\n"]),
        (FROM + b"Content-Length: 1\nX: 1\n\nabc\n\n" + FROM + b"X: 2\n\nb\n", [b"abc\n", b"b\n"]),
        (FROM, [b""]),
        (b"From ", [b""]),
    ],
)  # fmt: skip
def test_dialects(data: bytes, bodies: list[bytes]) -> None:
    for size in (1 << 20, 7):
        found = list(read_mbox(_Slow(data, size)))
        assert [message.data.partition(b"\r\n\r\n" if b"\r" in data else b"\n\n")[2] for message in found] == bodies


class _Slow(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self._size, size) if size is not None and size >= 0 else self._size)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"", None),
        (b"Content-Length: 2\n", None),
        (b"Status: RO\n", Flags(seen=True)),
        (b"Status: O\nX-Status: AFTD\n", Flags(answered=True, flagged=True, draft=True, deleted=True)),
        (b"X-Mozilla-Status: 1007\n", Flags(seen=True, answered=True, flagged=True, forwarded=True)),
        (
            b"X-Mozilla-Status: 0008\nX-Mozilla-Keys: $label1 work  \n",
            Flags(deleted=True, keywords=("$label1", "work")),
        ),
        (b"X-Mozilla-Status: junk\n", Flags()),
        (b"Status: R\nX-Keywords: a%20b%C3%A9 100%\n", Flags(seen=True, keywords=("a bé", "100%"))),
    ],
)
def test_the_state_is_read_and_is_no_part_of_the_message(fields: bytes, expected: Flags | None) -> None:
    (message,) = read(FROM + b"Subject: x\n" + fields + b"To: y\n\na\n")
    assert message.flags == expected
    assert message.data == b"Subject: x\nTo: y\n\na\n"


def test_what_is_no_mbox() -> None:
    with pytest.raises(MailboxFormatError) as caught:
        read(b"\nSubject: a mail\n\nbody")
    assert caught.value.offset == 1
    assert caught.value.hint


class _Repeated(io.BytesIO):
    """A stream that gives the same bytes some number of times."""

    def __init__(self, data: bytes, count: int) -> None:
        super().__init__()
        self._data = data
        self._left = count * len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = min(size if size is not None and size >= 0 else self._left, self._left)
        start = -self._left % len(self._data)
        self._left -= wanted
        return (self._data * (2 + wanted // len(self._data)))[start : start + wanted]


def test_a_large_mbox_is_read_in_little_memory() -> None:
    entry = mbox_entry(b"Subject: x\n\n" + b"here to there, and then\n" * 2500, received=NOON)
    assert len(entry) > 57_000
    tracemalloc.start()
    found = sum(1 for _ in read_mbox(_Repeated(entry, 1000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == 1000
    assert peak < 12_000_000


@given(flags(), st.text("abcdefghij0123456789.,=:_-", min_size=1).filter(lambda name: "2," not in name))
def test_maildir_names_come_back(found: Flags, unique: str) -> None:
    keywords = ("Red Category", "work", "$Junk", "Größe")
    name = maildir_name(MaildirName(unique, found, "xY"), keywords)
    again = parse_maildir_name(name, keywords)
    assert again.unique == unique
    assert set(again.flags.keywords) == set(found.keywords)
    assert again.other == "Yx"
    assert maildir_name(again, keywords) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1.M2P3.host", MaildirName("1.M2P3.host")),
        ("1.host:2,", MaildirName("1.host")),
        ("1.host:2,DFPRST", MaildirName("1.host", Flags(True, True, True, True, True, True))),
        ("1.host,S=5,W=6:2,S", MaildirName("1.host,S=5,W=6", Flags(seen=True))),
        ("1.host!2,S", MaildirName("1.host", Flags(seen=True))),
        ("1.host;2,RS", MaildirName("1.host", Flags(seen=True, answered=True))),
        ("1.host:2,Sabz", MaildirName("1.host", Flags(seen=True, keywords=("one", "two")), "z")),
        ("1.host:1,X", MaildirName("1.host:1,X")),
    ],
)
def test_maildir_names(name: str, expected: MaildirName) -> None:
    assert parse_maildir_name(name, ("one", "two")) == expected


def test_maildir_letters_are_in_order() -> None:
    assert maildir_name(MaildirName("u", Flags(seen=True, flagged=True, keywords=("b",))), ("a", "b")) == "u:2,FSb"


def test_new_maildir_names_are_unique_and_safe() -> None:
    name = maildir_unique(nanoseconds=1_582_977_600_123_456_789, process=42, count=7, host="ho/st:1")
    assert name == "1582977600.M123456P42Q7.ho\\057st\\0721"
    assert datetime.fromtimestamp(int(name.partition(".")[0]), UTC) == NOON
    assert parse_maildir_name(name).unique == name
