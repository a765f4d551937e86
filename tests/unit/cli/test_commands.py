"""The commands, run as a user runs them: what they print, what they leave behind, how they exit."""

import mailbox
import os
from contextlib import closing
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailconnector import __version__, pst
from mailconnector.mapi import MessageObject, Properties, tags
from mailconnector.pst.files import open_locked

MAIL = (
    b"From: Ann <ann@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= %d\r\n"
    b"Date: Mon, 08 Jan 2024 09:00:00 +0000\r\nMessage-ID: <%d@example.org>\r\n\r\nLine one\r\nFrom here on %d\r\n"
)


def make_mail(directory: Path, count: int) -> list[Path]:
    directory.mkdir()
    paths = []
    for number in range(count):
        path = directory / f"{number}.eml"
        path.write_bytes(MAIL % (number, number, number))
        paths.append(path)
    return paths


def subjects_in(directory: Path) -> list[str]:
    return sorted(
        str(message_from_bytes(path.read_bytes(), policy=default)["subject"])
        for path in directory.rglob("*")
        if path.is_file()
    )


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_version_and_help(run):
    assert run("--version").out == f"mailconnector {__version__}\n"
    shown = run("pst", "--help").out
    for command in ("info", "ls", "show", "export", "import", "create", "check", "repair", "compact"):
        assert command in shown
    assert run("pst", "nothing").code == 2


@pytest.mark.parametrize("command", ["info", "ls", "show", "check", "compact"])
def test_what_is_no_pst_exits_with_2(run, tmp_path, command):
    other = tmp_path / "x.pst"
    other.write_bytes(b"From: somebody\n" * 100)
    outcome = run("pst", command, other)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {other}: this is no Outlook data file")
    missing = run("pst", command, tmp_path / "missing.pst", "--json")
    assert (missing.code, missing.out) == (2, "")
    assert "there is no file" in missing.err


def test_info_says_when_the_end_of_a_file_is_missing(run, empty_pst):
    assert "cut off" not in run("pst", "info", empty_pst).out
    with empty_pst.open("r+b") as file:
        file.truncate(100_000)
    assert "97.7 KB are there, the rest is cut off" in run("pst", "info", empty_pst).out


def test_a_file_in_use_exits_with_3_and_says_by_whom(run, empty_pst, tmp_path):
    with open_locked(empty_pst, writable=True):
        for arguments in (("info",), ("check",), ("export", tmp_path / "out"), ("compact",)):
            outcome = run("pst", arguments[0], empty_pst, *arguments[1:])
            assert outcome.code == 3
            assert "in use by" in outcome.err
            assert "Outlook" in outcome.err
    with open_locked(empty_pst, writable=False):
        assert run("pst", "info", empty_pst).code == 0
        assert run("pst", "compact", empty_pst).code == 3


def test_disk_errors_exit_with_4(run, empty_pst, tmp_path):
    assert run("pst", "create", tmp_path / "no such directory" / "x.pst").code == 4
    (tmp_path / "file").write_text("x")
    outcome = run("pst", "export", empty_pst, tmp_path / "file" / "out")
    assert outcome.code == 4
    assert outcome.err.startswith("Error: cannot write")


# -- create, info, ls, show --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["unicode", "ansi"])
@pytest.mark.parametrize("encryption", ["none", "permute", "cyclic"])
def test_create_and_info(run, tmp_path, format_, encryption):
    path = tmp_path / "x.pst"
    options = ("--format", format_, "--encryption", encryption, "--name", "My [bold]file", "--json")
    made = run("pst", "create", path, *options)
    assert made.code == 0
    told = run("pst", "info", path, "--json").json
    assert told == made.json
    assert (told["format"], told["encryption"], told["name"]) == (format_, encryption, "My [bold]file")
    assert told["size"] == path.stat().st_size
    assert 0 < told["free"] < told["size"]
    assert (told["messages"], told["password"], told["maps"], len(told["record_key"])) == (0, False, "valid", 32)
    text = run("pst", "info", path).out
    assert "My [bold]file" in text
    assert told["record_key"] in text
    assert run("pst", "check", path).code == 0
    again = run("pst", "create", path)
    assert again.code == 2
    assert "already" in again.err


def test_folders_are_made_unless_not_wanted(run, tmp_path):
    run("pst", "create", tmp_path / "with.pst")
    run("pst", "create", tmp_path / "without.pst", "--no-folders")
    names = [folder["name"] for folder in run("pst", "ls", tmp_path / "with.pst", "--json").json["folders"]]
    assert {"Inbox", "Sent Items", "Contacts", "Calendar", "Deleted Items"} < set(names)
    names = [folder["name"] for folder in run("pst", "ls", tmp_path / "without.pst", "--json").json["folders"]]
    assert names == ["Top of Personal Folders", "Deleted Items"]


def test_ls(run, empty_pst):
    with pst.open_store(empty_pst, writable=True) as store, store.transaction():
        below = store.folder_at("Inbox/Old", create=True)
        for number in range(3):
            properties: Properties = {
                tags.PidTagSubject: f"Subject {number}",
                tags.PidTagSentRepresentingName: "Ann",
                tags.PidTagMessageFlags: int(number == 0),
            }
            below.add_message(MessageObject(properties))
        hidden = MessageObject({tags.PidTagSubject: "view"}, associated=True)
        below.add_message(hidden)
    tree = run("pst", "ls", empty_pst).out
    assert "│  └─ Old" in tree
    assert "12 folders, 3 items" in tree
    listed = run("pst", "ls", empty_pst, "Inbox/Old", "-m", "--json").json["folders"]
    assert [(folder["path"], folder["items"], folder["unread"]) for folder in listed] == [("Inbox/Old", 3, 2)]
    assert set(listed[0]) == {"nid", "path", "name", "class", "items", "unread", "search", "messages"}
    first, second, _ = listed[0]["messages"]
    assert set(first) == {"nid", "date", "from", "subject", "size", "read", "attachments", "class"}
    assert (first["subject"], first["from"], first["read"], second["read"]) == ("Subject 0", "Ann", True, False)
    assert "Subject 2" in run("pst", "ls", empty_pst, "inbox/old", "--messages").out
    everything = run("pst", "ls", empty_pst, "--all", "-m", "--json").json["folders"]
    assert {"Search Root", "IPM_COMMON_VIEWS", "SPAM Search Folder 2"} < {folder["name"] for folder in everything}
    assert sum(len(folder["associated"]) for folder in everything) == 1
    missing = run("pst", "ls", empty_pst, "Inbox/New")
    assert missing.code == 2
    assert "'New'" in missing.err


def test_show(run, empty_pst, tmp_path):
    [mail] = make_mail(tmp_path / "mail", 1)
    assert run("pst", "import", empty_pst, mail, "--folder", "Inbox").code == 0
    [inbox] = run("pst", "ls", empty_pst, "Inbox", "-m", "--json").json["folders"]
    nid = inbox["messages"][0]["nid"]
    shown = run("pst", "show", empty_pst, f"{nid:#x}", "--json").json
    assert shown == run("pst", "show", empty_pst, str(nid), "--json").json
    properties = {value["name"]: value for value in shown["properties"]}
    assert properties["PidTagBody"]["value"] == "Line one\r\nFrom here on 0\r\n"
    assert properties["PidTagClientSubmitTime"]["value"] == "2024-01-08T09:00:00Z"
    assert properties["PidTagClientSubmitTime"]["type"] == "time"
    cells = {cell["name"]: cell["value"] for cell in shown["recipients"]["rows"][0]["cells"]}
    assert cells["PidTagDisplayName"] == "Bob"
    text = run("pst", "show", empty_pst, f"{nid:#x}").out
    assert "PidTagInternetMessageId" in text
    assert "<0@example.org>" in text
    folder = run("pst", "show", empty_pst, "Inbox", "--json").json
    assert (folder["nid"], folder["kind"], folder["content"]) == (inbox["nid"], "normal folder", "properties")
    contents = run("pst", "show", empty_pst, str(inbox["nid"] & ~0x1F | 0x0E), "--json").json
    assert (contents["content"], contents["table"]["count"]) == ("table", 1)
    subnode = run("pst", "show", empty_pst, f"{nid:#x}/0x692", "--json").json
    assert (subnode["within"], subnode["table"]["count"]) == ([nid], 1)
    assert run("pst", "show", empty_pst).out.startswith("Node  0x21  internal (message store)")
    for wrong in ("0xfffff4", f"{nid:#x}/0x999", "No such folder"):
        assert run("pst", "show", empty_pst, wrong).code == 2


def test_show_cuts_what_is_long_unless_all_is_wanted(run, tmp_path):
    path = tmp_path / "x.pst"
    with pst.create_store(path) as store:
        properties: Properties = {tags.PidTagSubject: "s", tags.PidTagBody: "b" * 20_000, 0x70010102: bytes(20_000)}
        nid = store.ipm_subtree.add_message(MessageObject(properties)).nid
    for options, length, cut in (((), 400, True), (("--full",), 20_000, False)):
        shown = run("pst", "show", path, hex(nid), "--json", *options).json["properties"]
        body = next(value for value in shown if value["name"] == "PidTagBody")
        binary = next(value for value in shown if value["tag"] == "70010102")
        assert (len(body["value"]), body["size"], body["truncated"]) == (length, 40_000, cut)
        assert (len(binary["value"]), binary["size"], binary["truncated"]) == (2 * length, 20_000, cut)


# -- import ------------------------------------------------------------------------------------------------------------


def test_import_of_every_kind(run, empty_pst, tmp_path):
    singles = make_mail(tmp_path / "mail", 3)
    box = mailbox.mbox(tmp_path / "box")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for path in singles[:2]:
        box.add(path.read_bytes())
        maildir.add(path.read_bytes())
    box.close()
    sources = (*singles, tmp_path / "box", tmp_path / "maildir", tmp_path / "mail")
    outcome = run("pst", "import", empty_pst, *sources, "--folder", "/Archive/20\\/01/", "--json")
    assert outcome.code == 0
    told = outcome.json
    assert (told["folder"], told["imported"], told["failed"]) == (r"Archive/20\/01", 10, 0)
    assert [(source["kind"], source["imported"]) for source in told["sources"]] == [
        ("eml", 3), ("mbox", 2), ("maildir", 2), ("directory", 3),
    ]  # fmt: skip
    with pst.open_store(empty_pst) as store:
        subjects = [message.subject for message in store.folder_at(("Archive", "20/01")).messages()]
    assert len(subjects) == 10
    assert set(subjects) == {f"Grüße {number}" for number in range(3)}
    assert run("pst", "check", empty_pst).code == 0


def test_broken_messages_are_passed_over(run, empty_pst, tmp_path):
    make_mail(tmp_path / "mail", 2)
    (tmp_path / "mail/0 empty.eml").write_bytes(b" \n")
    outcome = run("pst", "import", empty_pst, tmp_path / "mail", "--folder", "Inbox", "--json")
    assert outcome.code == 1
    assert (outcome.json["imported"], outcome.json["failed"]) == (2, 1)
    assert outcome.json["sources"][0]["failures"][0]["place"].endswith("0 empty.eml")
    assert "Warning: passed over" in outcome.err


def test_a_wrong_source_stops_before_anything_is_done(run, empty_pst, tmp_path):
    [mail] = make_mail(tmp_path / "mail", 1)
    before = empty_pst.read_bytes()
    for wrong in (tmp_path / "missing", empty_pst):
        assert run("pst", "import", empty_pst, mail, wrong, "--folder", "Inbox").code == 2
    assert empty_pst.read_bytes() == before


# -- export ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["eml", "mbox", "maildir"])
def test_what_goes_in_comes_out_and_goes_in_again(run, empty_pst, tmp_path, kind):
    make_mail(tmp_path / "mail", 5)
    (tmp_path / "mail/below").mkdir()
    (tmp_path / "mail/below/x.eml").write_bytes(MAIL % (9, 9, 9))
    run("pst", "import", empty_pst, tmp_path / "mail", "--folder", "Inbox")
    outcome = run("pst", "export", empty_pst, tmp_path / "out", "--format", kind, "--folder", "Inbox", "--json")
    assert outcome.code == 0
    told = outcome.json
    assert (told["exported"], told["folders"], told["failed"], told["others"]) == (6, 2, 0, {})
    other = tmp_path / "other.pst"
    run("pst", "create", other, "--no-folders")
    assert run("pst", "import", other, tmp_path / "out", "--folder", "Top").code == 0
    [top, *below] = run("pst", "ls", other, "Top", "-m", "--json").json["folders"]
    found = {
        folder["name"]: sorted((message["subject"], message["from"], message["date"]) for message in folder["messages"])
        for folder in (top, *below)
        if folder["messages"]
    }
    assert found == {
        "Inbox": [(f"Grüße {number}", "Ann", "2024-01-08T09:00:00Z") for number in range(5)],
        "below": [("Grüße 9", "Ann", "2024-01-08T09:00:00Z")],
    }


def test_one_file_an_item_by_default(run, empty_pst, tmp_path):
    run("pst", "import", empty_pst, *make_mail(tmp_path / "mail", 2), "--folder", "Inbox/Old")
    assert run("pst", "export", empty_pst, tmp_path / "out").code == 0
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.eml"))
    assert names == ["Inbox/Old/00001 Grüße 0.eml", "Inbox/Old/00002 Grüße 1.eml"]
    message = message_from_bytes((tmp_path / "out" / names[0]).read_bytes(), policy=default)
    assert (message["subject"], message["from"], message["to"]) == (
        "Grüße 0", "Ann <ann@example.org>", "Bob <bob@example.org>",
    )  # fmt: skip
    assert message["message-id"] == "<0@example.org>"
    assert message.get_content().splitlines() == ["Line one", "From here on 0"]
    assert (tmp_path / "out" / names[0]).stat().st_mtime == 1704704400


def test_mbox_comes_out_as_it_went_in(run, empty_pst, tmp_path):
    box = mailbox.mbox(tmp_path / "in.mbox")
    for number in range(3):
        message = mailbox.mboxMessage(MAIL % (number, number, number))
        message.set_flags(("RO", "RAFO", "O")[number])
        box.add(message)
    box.close()
    run("pst", "import", empty_pst, tmp_path / "in.mbox", "--folder", "Inbox")
    run("pst", "export", empty_pst, tmp_path / "out", "--format", "mbox")
    with closing(mailbox.mbox(tmp_path / "in.mbox")) as box:
        wanted = list(box)
    with closing(mailbox.mbox(tmp_path / "out/Inbox.mbox")) as box:
        found = list(box)
    for one, other in zip(wanted, found, strict=True):
        assert set(other.get_flags()) == set(one.get_flags())
        assert str(other.get_payload()) == str(one.get_payload()).replace("\r\n", "\n")
        for name in ("From", "To", "Subject", "Date", "Message-ID"):
            assert other.get_all(name) == one.get_all(name)


def test_maildir_keeps_its_flags(run, empty_pst, tmp_path):
    maildir = mailbox.Maildir(tmp_path / "in")
    states = ("", "S", "RS", "FS", "D", "FRS")
    for number, flags in enumerate(states):
        message = mailbox.MaildirMessage(MAIL % (number, number, number))
        message.set_subdir("cur")
        message.set_flags(flags)
        maildir.add(message)
    run("pst", "import", empty_pst, tmp_path / "in", "--folder", "Inbox")
    with pst.open_store(empty_pst) as store:
        folder = store.folder_at("Inbox")
        assert (folder.content_count, folder.unread_count) == (6, 2)
    run("pst", "export", empty_pst, tmp_path / "out", "--format", "maildir")
    found = {message["Message-ID"]: message.get_flags() for message in mailbox.Maildir(tmp_path / "out/Inbox")}
    assert found == {f"<{number}@example.org>": flags for number, flags in enumerate(states)}


def test_export_overwrites_nothing(run, empty_pst, tmp_path):
    run("pst", "import", empty_pst, *make_mail(tmp_path / "mail", 1), "--folder", "Inbox")
    out = tmp_path / "out"
    out.mkdir()
    assert run("pst", "export", empty_pst, out).code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    outcome = run("pst", "export", empty_pst, out)
    assert outcome.code == 2
    assert "not empty" in outcome.err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_other_items_are_exported_as_mail_and_counted(run, empty_pst, tmp_path):
    with pst.open_store(empty_pst, writable=True) as store:
        card: Properties = {
            tags.PidTagMessageClass: "IPM.Contact",
            tags.PidTagSubject: "Ann",
            tags.PidTagBody: "a friend",
        }
        store.folder_at("Contacts").add_message(MessageObject(card))
    outcome = run("pst", "export", empty_pst, tmp_path / "out", "--json")
    assert (outcome.json["exported"], outcome.json["others"]) == (1, {"IPM.Contact": 1})
    assert "1 IPM.Contact" in run("pst", "export", empty_pst, tmp_path / "again").out
    assert subjects_in(tmp_path / "out") == ["Ann"]


@pytest.mark.parametrize("kind", ["eml", "mbox", "maildir"])
def test_hostile_names_stay_inside_the_directory(run, hostile_pst, tmp_path, kind):
    out = tmp_path / "deep" / "out"
    outcome = run("pst", "export", hostile_pst, out, "--format", kind)
    assert outcome.code == 0
    assert "Exported 55 items from 12 folders" in outcome.out
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != hostile_pst]
    assert all(path.is_relative_to(out) for path in written)
    assert all(os.fspath(path).isprintable() for path in written)
    for directory in (out, *(path for path in out.rglob("*") if path.is_dir())):
        names = [path.name for path in directory.iterdir()]
        assert len({name.casefold() for name in names}) == len(names)
    other = tmp_path / "other.pst"
    run("pst", "create", other, "--no-folders")
    again = run("pst", "import", other, out, "--folder", "All", "--json")
    assert (again.code, again.json["imported"]) == (0, 55)


def test_hostile_names_do_nothing_to_the_terminal(run, hostile_pst, tmp_path):
    [mail] = make_mail(tmp_path / "mail", 1)
    outcomes = [
        run("pst", "ls", hostile_pst),
        run("pst", "ls", hostile_pst, "-m"),
        run("pst", "export", hostile_pst, tmp_path / "\x1b[2Jout"),
        run("pst", "ls", hostile_pst, "\x1b[2J[red]"),
        run("pst", "import", hostile_pst, mail, "--folder", "\x1b[2J[red]"),
        run("pst", "import", hostile_pst, tmp_path / "\x1b[2J", "--folder", "x"),
    ]
    nids = [folder["nid"] for folder in run("pst", "ls", hostile_pst, "--json").json["folders"]]
    outcomes += [run("pst", "show", hostile_pst, hex(nid)) for nid in nids]
    for outcome in outcomes:
        shown = outcome.out + outcome.err
        assert all(char.isprintable() or char == "\n" for char in shown)
    assert "[bold red]" in outcomes[0].out
    assert "\\x1b[2Jevil" in outcomes[1].out


# -- check, compact ----------------------------------------------------------------------------------------------------


def test_check_finds_damage(run, empty_pst, tmp_path):
    run("pst", "import", empty_pst, *make_mail(tmp_path / "mail", 3), "--folder", "Inbox")
    clean = run("pst", "check", empty_pst, "--json")
    assert (clean.code, clean.json["clean"]) == (0, True)
    assert set(clean.json) == {"file", "clean", "findings", "not_shown", "counts"}
    assert clean.json["counts"]["messages"] == 3
    with pst.open_store(empty_pst) as store:
        message = next(store.folder_at("Inbox").messages())
        place = store.db.block(store.db.node(message.nid).bid_data).ib
    with empty_pst.open("r+b") as file:
        file.seek(place + 40)
        file.write(b"\xff\xfe\xfd")
    damaged = run("pst", "check", empty_pst, "--json")
    assert damaged.code == 1
    assert not damaged.json["clean"]
    finding = next(found for found in damaged.json["findings"] if found["code"] == "block-crc")
    assert set(finding) == {"code", "severity", "text", "nid", "bid", "offset"}
    assert (finding["severity"], finding["offset"]) == ("error", place)
    text = run("pst", "check", empty_pst).out
    assert "block-crc" in text
    assert f"offset {place:#x}" in text
    lost = run("pst", "export", empty_pst, tmp_path / "out", "--json")
    assert (lost.code, lost.json["exported"], lost.json["failed"]) == (1, 2, 1)
    assert lost.json["failures"][0]["nid"] == message.nid


def test_a_damaged_folder_does_not_hide_the_others(run, empty_pst, tmp_path):
    mails = make_mail(tmp_path / "mail", 2)
    for folder in ("Broken", "Sound"):
        run("pst", "import", empty_pst, *mails, "--folder", folder)
    with pst.open_store(empty_pst) as store:
        folder_nid = store.folder_at("Broken").nid
        place = store.db.block(store.db.node(folder_nid).bid_data).ib
    with empty_pst.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 40)
    listed = run("pst", "ls", empty_pst, "--json")
    assert listed.code == 1
    assert f"folder {folder_nid:#x} cannot be read" in listed.err
    assert {"", "Sound"} < {folder["name"] for folder in listed.json["folders"]}
    exported = run("pst", "export", empty_pst, tmp_path / "out", "--json")
    assert exported.code == 1
    assert exported.json["failures"][0]["nid"] == folder_nid
    # Its messages are listed elsewhere and are whole.
    assert exported.json["exported"] == 4
    assert len(list((tmp_path / "out" / "Sound").iterdir())) == 2


def test_repair(run, empty_pst, tmp_path):
    run("pst", "import", empty_pst, *make_mail(tmp_path / "mail", 3), "--folder", "Inbox")
    with pst.open_store(empty_pst) as store:
        message = next(store.folder_at("Inbox").messages())
        place = store.db.block(store.db.node(message.nid).bid_data).ib
    with empty_pst.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 200)
    damaged = empty_pst.read_bytes()
    target = tmp_path / "whole.pst"
    copied = run("pst", "repair", empty_pst, "--output", target, "--json")
    assert copied.code == 1
    told = copied.json
    assert set(told) == {"file", "output", "backup", "complete", "losses", "more_losses", "before", "after"}
    assert (told["complete"], told["backup"], told["after"]["clean"]) == (False, None, True)
    assert "block-crc" in {finding["code"] for finding in told["before"]["findings"]}
    assert told["losses"]
    assert empty_pst.read_bytes() == damaged
    assert run("pst", "repair", empty_pst, "--output", target).code == 2
    backup = empty_pst.with_name(empty_pst.name + ".bak")
    in_place = run("pst", "repair", empty_pst)
    assert in_place.code == 1
    assert str(backup) in in_place.out
    assert backup.read_bytes() == damaged
    for path in (empty_pst, target):
        assert run("pst", "check", path).code == 0
        assert run("pst", "export", path, tmp_path / f"out-{path.stem}").code == 0
    assert run("pst", "repair", empty_pst).code == 0
    assert backup.with_name(backup.name + "2").exists()
    assert run("pst", "repair", empty_pst, "--no-backup").code == 0
    assert not backup.with_name(backup.name + "3").exists()


def test_compact(run, empty_pst, tmp_path):
    mails = make_mail(tmp_path / "mail", 40)
    for path in mails:
        path.write_bytes(path.read_bytes() + b"x" * 20_000)
    run("pst", "import", empty_pst, *mails, "--folder", "Inbox")
    with pst.open_store(empty_pst, writable=True) as store, store.transaction():
        for message in list(store.folder_at("Inbox").messages())[1:]:
            message.delete()
    before = empty_pst.read_bytes()
    target = tmp_path / "small.pst"
    told = run("pst", "compact", empty_pst, "--output", target, "--json").json
    assert empty_pst.read_bytes() == before
    assert (told["size_before"], told["size_after"]) == (len(before), target.stat().st_size)
    assert told["size_after"] < told["size_before"]
    assert run("pst", "compact", empty_pst, "--output", target).code == 2
    empty_pst.chmod(0o640)
    assert run("pst", "compact", empty_pst).code == 0
    assert empty_pst.stat().st_size == told["size_after"]
    assert empty_pst.stat().st_mode & 0o777 == 0o640
    for path in (empty_pst, target):
        assert run("pst", "check", path).code == 0
        assert run("pst", "ls", path, "Inbox", "--json").json["folders"][0]["items"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mail", target.name, empty_pst.name])
