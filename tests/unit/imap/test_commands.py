from __future__ import annotations

from datetime import date

import pytest

from mailconnector.imap import searching
from mailconnector.imap.commands import CommandLine, Literal
from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.names import NameCodec
from mailconnector.imap.sets import UidSet


def wire(line: CommandLine) -> bytes:
    return b"".join(
        b"{%d}" % len(part.data) + part.data if isinstance(part, Literal) else part for part in line.command().parts
    )


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b"plain", b'"plain"'),
        (b'q"\\', b'"q\\"\\\\"'),
        (b"", b'""'),
        (b"caf\xe9", b"{4}caf\xe9"),
        (b"a\r\nb LOGOUT", b"{11}a\r\nb LOGOUT"),
        (b"nul\0", b"{4}nul\0"),
        (b"x" * 1001, b"{1001}" + b"x" * 1001),
    ],
)
def test_strings_are_quoted_or_literals(data, written):
    assert wire(CommandLine("X").string(data)) == b"X " + written


def test_lists_have_no_spaces_inside():
    line = CommandLine("SETMETADATA").string(b"INBOX").open().text("/shared/x").nstring(None).close()
    assert wire(line) == b'SETMETADATA "INBOX" ("/shared/x" NIL)'


def test_an_argument_behind_a_literal():
    assert wire(CommandLine("X").literal(b"ab").literal(b"").raw(b"c")) == b"X {2}ab {0} c"


def test_names():
    names = NameCodec()
    assert wire(CommandLine("SELECT").name("Entwürfe", names)) == b'SELECT "Entw&APw-rfe"'
    names.utf8 = True
    assert wire(CommandLine("SELECT").name("Entwürfe", names)) == 'SELECT "Entwürfe"'.encode()


def test_flags():
    assert wire(CommandLine("X").flags({"\\Seen", "$Forwarded", "Größe"})) == "X ($Forwarded Größe \\Seen)".encode()


@pytest.mark.parametrize("flag", ["", "two words", "a)", "\\", "\\*", "a\r\nb", "x{3}", '"', "a]", "%", "\\\\Seen"])
def test_what_is_no_flag(flag):
    with pytest.raises(ImapUsageError):
        CommandLine("X").flags([flag])


@pytest.mark.parametrize("word", ["", "a b", "a\r\n", "(", '"'])
def test_what_is_no_word(word):
    with pytest.raises(ImapUsageError):
        CommandLine("X").word(word)


def test_secrets_are_not_shown():
    command = CommandLine("LOGIN").text("alice").text("hunter2").literal(b"hunter2").command()
    assert "hunter2" not in repr(command)
    assert "hunter2" not in repr(command.parts[1])


@pytest.mark.parametrize(
    ("query", "written"),
    [
        (searching.ALL, b"X ALL"),
        (searching.uids(UidSet.of([1, 2, 5])), b"X UID 1:2,5"),
        (searching.flagged("\\deleted") & ~searching.flagged("Blue"), b"X DELETED NOT (KEYWORD Blue)"),
        (searching.since(date(2024, 2, 1)) | searching.larger(9), b"X OR (SINCE 1-Feb-2024) (LARGER 9)"),
        (searching.header("Subject", "é"), b'X CHARSET UTF-8 HEADER "Subject" {2}\xc3\xa9'),
        (searching.before(date(2024, 2, 1)) & searching.smaller(3), b"X BEFORE 1-Feb-2024 SMALLER 3"),
        (searching.changed_since(7), b"X MODSEQ 7"),
    ],
)
def test_queries(query, written):
    assert wire(query.add_to(CommandLine("X"))) == written
