"""`mailconnector item` on files."""

from pathlib import Path

import pytest

from mailconnector import formats, pst
from mailconnector.formats import card
from mailconnector.items import Contact, Mail
from mailconnector.mapping import to_mapi
from tests.unit.items.edits import sample


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    path = tmp_path / "people.vcf"
    path.write_bytes(b"".join(card.render(sample(Contact, key)) for key in ("Jones", "Smith")))
    return path


def test_an_item_of_a_file(run, cards):
    outcome = run("item", "show", cards, "2")
    assert outcome.code == 0
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert lines[:2] == ["Eva Smith", "Contact, IPM.Contact"]
    for wanted in ("Mobile phone +1 3", "Business address Main Street, Springfield", "E-mail 1 eva@example.com"):
        assert wanted in lines


def test_which_one_must_be_said(run, cards):
    outcome = run("item", "show", cards)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{cards} has 2 items: which one?" in outcome.err
    assert run("item", "show", cards, "3").code == run("item", "show", cards, "x").code == 2


def test_a_message_for_programs(run, tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(formats.render(Mail(subject="Hello", text="Line\n", message_id="<1@example.com>")))
    found = run("item", "show", path, "--json").json
    assert (found["type"], found["title"], found["text"], found["text_form"]) == ("mail", "Hello", "Line\n", "text")
    assert {"path": "subject", "label": "subject", "value": "Hello"} in found["fields"]


def test_an_item_of_a_pst(run, tmp_path):
    path = tmp_path / "a.pst"
    with pst.create_store(path, usual_folders=True) as store:
        folder = store.ipm_subtree.create_folder("Things")
        message = folder.add_message(to_mapi(sample(Contact, "Jones")))
        nid = message.nid
    assert "Eva Jones" in run("item", "show", path, f"{nid:#x}").out
    everything = run("item", "show", path, nid, "--all")
    assert "PidLidSideEffects" in everything.out and "further propert" not in everything.out
    missing = run("item", "show", path)
    assert missing.code == 2 and "Name its NID" in missing.err


def test_what_an_item_says_cannot_change_the_terminal(run, tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: a\x1b[31mb\r\nMessage-ID: <1@example.com>\r\n\r\nc\x1b]0;d\x07\r\n")
    assert "\x1b" not in run("item", "show", path, "--all").out


def test_arguments_that_are_missing_or_wrong(run, tmp_path):
    broken = tmp_path / "a.vcf"
    broken.write_bytes(b"BEGIN:VCARD\r\n")
    assert run("item", "show", broken).code == 2
    assert run("item", "show", tmp_path / "none.vcf").code == 2
    assert "there is no side up" in run("item", "show", broken, "--side", "up").err
