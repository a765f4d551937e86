"""Sources of mail, recognised by what is in them."""

import os
from datetime import UTC, datetime

import pytest

from mailconnector.app.errors import AppUsageError
from mailconnector.app.pst import mail_files
from mailconnector.app.pst.found import FoundFolder, FoundMessage, LostEntry, SkippedFile
from mailconnector.app.pst.source_kinds import SourceKind
from mailconnector.app.pst.sources import open_source, open_sources

MAIL = b"From: a@example.org\nSubject: one\n\nbody\n"
ENTRY = b"From a@example.org Mon Jan  1 00:00:00 2024\n" + MAIL + b"\n"


def mails(source):
    return [found for found in source.read() if isinstance(found, FoundMessage)]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (MAIL, SourceKind.MAIL),
        (b"\xef\xbb\xbf" + MAIL, SourceKind.MAIL),
        (b"\r\n" + MAIL, SourceKind.MAIL),
        (ENTRY, SourceKind.MBOX),
        (b"\n" + ENTRY, SourceKind.MBOX),
        (b"", SourceKind.MBOX),
    ],
)
def test_kind_is_told_by_content_whatever_the_name(tmp_path, data, kind):
    for name in ("x.eml", "x.mbox", "x", "x.pst"):
        (tmp_path / name).write_bytes(data)
        assert open_source(tmp_path / name).kind is kind


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"no header here\n", b"!BDN" + bytes(600)])
def test_what_is_no_mail_is_refused(tmp_path, data):
    path = tmp_path / "x.eml"
    path.write_bytes(data)
    with pytest.raises(AppUsageError, match="is nothing that can be imported") as refused:
        open_source(path)
    assert refused.value.path == str(path)
    assert ("Outlook data file" in refused.value.hint) == data.startswith(b"!BDN")


def test_missing_source(tmp_path):
    with pytest.raises(AppUsageError, match="there is no file"):
        open_source(tmp_path / "x")


def test_single_messages_in_a_row_are_one_source(tmp_path):
    for name, data in (("1", MAIL), ("2", MAIL), ("3", ENTRY), ("4", MAIL)):
        (tmp_path / name).write_bytes(data)
    sources = open_sources(tmp_path / name for name in "1234")
    assert [(source.kind, len(source.paths)) for source in sources] == [
        (SourceKind.MAIL, 2),
        (SourceKind.MBOX, 1),
        (SourceKind.MAIL, 1),
    ]
    assert sources[0].size() == 2 * len(MAIL)
    assert [found.progress for found in mails(sources[0])] == [len(MAIL), 2 * len(MAIL)]


def test_mbox_of_several_messages(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(ENTRY * 3)
    found = mails(open_source(path))
    assert [mail.data for mail in found] == [MAIL] * 3
    assert found[1].received == datetime(2024, 1, 1, tzinfo=UTC)
    assert found[1].flags.seen
    assert found[2].place.endswith("message 3")


def test_maildir_with_flags_folders_and_times(tmp_path):
    for name in (
        "cur",
        "new",
        "tmp",
        ".Sent &- Cie.&AMk-t&AOk-/cur",
        ".Sent &- Cie.&AMk-t&AOk-/new",
        "Deep/cur",
        "Deep/new",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "cur/1.x:2,RSFa").write_bytes(MAIL)
    os.utime(tmp_path / "cur/1.x:2,RSFa", (1_000_000_000, 1_000_000_000))
    (tmp_path / "new/2.x").write_bytes(MAIL)
    (tmp_path / "tmp/3.x").write_bytes(MAIL)
    (tmp_path / "Deep/cur/4.x:2,D").write_bytes(MAIL)
    (tmp_path / ".Sent &- Cie.&AMk-t&AOk-/cur/5.x:2,S").write_bytes(MAIL)
    (tmp_path / "dovecot-keywords").write_text("0 urgent\n")
    source = open_source(tmp_path)
    assert source.kind is SourceKind.MAILDIR
    found = {mail.place.rsplit("/", 1)[1][:1]: mail for mail in mails(source)}
    assert set(found) == {"1", "2", "4", "5"}
    first = found["1"]
    assert (first.flags.seen, first.flags.answered, first.flags.flagged, first.flags.draft) == (True, True, True, False)
    assert first.flags.keywords == ("urgent",)
    assert first.received == datetime.fromtimestamp(1_000_000_000, UTC)
    assert not found["2"].flags.seen
    assert found["4"].flags.draft
    assert (found["4"].folders, found["5"].folders) == (("Deep",), ("Sent & Cie", "\u00c9t\u00e9"))


def test_directory_is_walked(tmp_path):
    for name in ("a", "b.sbd/c", ".git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "top.eml").write_bytes(MAIL)
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "a/named by nothing").write_bytes(MAIL)
    (tmp_path / "b.sbd/c/Old.mbox").write_bytes(ENTRY * 2)
    (tmp_path / "b.sbd/Inbox").write_bytes(ENTRY)
    (tmp_path / "b.sbd/Inbox.msf").write_bytes(b'// <!-- <mdb:mork:z v="1.4"/> -->\n')
    (tmp_path / "notes.txt").write_bytes(b"shopping: bread\nand butter\n")
    (tmp_path / ".git/x.eml").write_bytes(MAIL)
    (tmp_path / "link.eml").symlink_to(tmp_path / "top.eml")
    found = list(open_source(tmp_path).read())
    assert sorted((mail.folders, mail.data) for mail in found if isinstance(mail, FoundMessage)) == [
        ((), b""),
        ((), MAIL),
        (("a",), MAIL),
        (("b", "Inbox"), MAIL),
        (("b", "c", "Old"), MAIL),
        (("b", "c", "Old"), MAIL),
    ]
    assert sorted(file.place.rsplit("/", 1)[1] for file in found if isinstance(file, SkippedFile)) == [
        "Inbox.msf",
        "notes.txt",
    ]
    folders = [folder.folders for folder in found if isinstance(folder, FoundFolder)]
    assert set(folders) == {(), ("a",), ("b",), ("b", "c"), ("b", "Inbox"), ("b", "c", "Old")}
    assert folders.index(("b",)) < folders.index(("b", "c"))


def test_too_large_a_message_is_lost_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(mail_files, "MAX_MESSAGE", 100)
    (tmp_path / "1").write_bytes(MAIL)
    (tmp_path / "2").write_bytes(MAIL + b"x" * 100)
    small, large = open_sources([tmp_path / "1", tmp_path / "2"])[0].read()
    assert isinstance(small, FoundMessage)
    assert isinstance(large, LostEntry)
    assert "too large" in large.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_lost(tmp_path):
    (tmp_path / "x.eml").write_bytes(MAIL)
    (tmp_path / "x.eml").chmod(0)
    lost = [found for found in open_source(tmp_path).read() if isinstance(found, LostEntry)]
    assert len(lost) == 1
