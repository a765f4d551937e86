"""`pst import` and `pst export` with calendars, cards and .msg files: what they write, say and exit with."""

from tests.unit.app.pst.test_item_import import CARD, calendar, event


def test_items_go_in_and_come_out_again(run, empty_pst, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "Calendar.ics").write_bytes(calendar(event("1"), event("2", place="there")))
    (source / "eva.vcf").write_bytes(CARD.format(name="Eva").encode())
    told = run("pst", "import", empty_pst, source)
    assert (told.code, told.err) == (0, "")
    assert "Imported 3 items into 2 folders." in told.out
    told = run("pst", "import", empty_pst, source, "--json")
    assert {key: told.json[key] for key in ("folder", "imported", "updated", "present", "failed")} == {
        "folder": None, "imported": 0, "updated": 0, "present": 3, "failed": 0
    }  # fmt: skip
    told = run("pst", "export", empty_pst, tmp_path / "out", "--format", "native", "--json")
    assert (told.json["format"], told.json["exported"], told.json["left_out"]) == ("native", 3, {})
    assert (tmp_path / "out" / "Calendar.ics").read_bytes().count(b"BEGIN:VEVENT") == 2
    told = run("pst", "export", empty_pst, tmp_path / "cards", "--format", "vcf", "--split")
    assert "Left out, since the format has no place for them: 2 IPM.Appointment." in told.out
    assert [path.name for path in (tmp_path / "cards").rglob("*.vcf")] == ["00001 Eva.vcf"]
    told = run("pst", "export", empty_pst, tmp_path / "msg", "--format", "msg", "--folder", "Contacts")
    assert "Of these no mail: 1 IPM.Contact." in told.out
    assert run("pst", "check", empty_pst).code == 0


def test_broken_entries_are_kept_for_mending(run, empty_pst, tmp_path):
    path, rejects = tmp_path / "a.ics", tmp_path / "rejects"
    path.write_bytes(calendar(event("1"), event("2").replace("END:VEVENT\r\n", ""), event("3")))
    told = run("pst", "import", empty_pst, path, "--folder", "Calendar", "--rejects", rejects)
    assert told.code == 1
    assert f"passed over {path}, line 9: the file ends within it" in " ".join(told.err.split())
    assert "Imported 2 items into Calendar. 1 item failed." in told.out
    (kept,) = rejects.iterdir()
    assert kept.name == "00001.ics"
    kept.write_bytes(kept.read_bytes().replace(b"END:VCALENDAR", b"END:VEVENT\r\nEND:VCALENDAR"))
    assert "Imported 1 item into Calendar." in run("pst", "import", empty_pst, kept, "--folder", "Calendar").out
    assert run("pst", "import", empty_pst, kept, "--rejects", rejects).code == 2


def test_update_says_how_many(run, empty_pst, tmp_path):
    path = tmp_path / "a.ics"
    path.write_bytes(calendar(event("1"), event("2")))
    run("pst", "import", empty_pst, path)
    path.write_bytes(calendar(event("1", place="elsewhere"), event("2")))
    told = run("pst", "import", empty_pst, path, "--update")
    assert "Imported 0 items into Calendar. 1 item brought up to date. 1 item there already." in told.out
