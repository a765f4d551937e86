"""`mailconnector item`: an item in the PST and on a server, shown and compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mailconnector import pst
from mailconnector.app.account.connecting import connect
from mailconnector.formats import parse_item, render_item
from mailconnector.imap import UidSet, Upload
from mailconnector.items import Contact, FolderKind
from mailconnector.lab import DovecotServer
from mailconnector.mapi import tags
from tests.live.accounts import account_of, command, profile_on
from tests.unit.items.edits import sample


def test_an_item_is_shown_and_its_sides_are_compared(dovecot: DovecotServer, tmp_path: Path) -> None:
    user = dovecot.fresh_user()
    profile = profile_on(dovecot, tmp_path, user)
    account = account_of(profile, user)
    with connect(account) as client:
        client.mailboxes.create("Contacts")
        list(client.uploads.append_many("Contacts", [Upload(render_item(sample(Contact, "Jones")), frozenset())]))
    assert command("sync", user, "--profile", profile).code == 0
    chosen = (user, "Contacts", "jones", "--profile", profile)
    assert command("item", "diff", *chosen).code == 0
    for side in ("local", "server"):
        shown = command("item", "show", *chosen, "--side", side)
        assert "Eva Jones" in shown.out and "Springfield" in shown.out, shown.err
    # Somebody's telephone changes it there, and Outlook here.
    with connect(account) as client:
        mailbox = client.select("Contacts")
        (uid,) = mailbox.search()
        (message,) = mailbox.fetch(UidSet.of([uid]))
        item = parse_item(message.body or b"", FolderKind.CONTACTS).item
        assert isinstance(item, Contact)
        data = render_item(replace(item, company="There", office="7"))
        list(client.uploads.append_many("Contacts", [Upload(data, frozenset())]))
        mailbox.remove(UidSet.of([uid]))
    with pst.open_store(account.pst_path, writable=True) as store:
        folder = store.folder_at(("Contacts",))
        (contact,) = folder.messages()
        contact.set_properties({tags.PidTagCompanyName: "Here", tags.PidTagTitle: "Boss"})
    found = command("item", "diff", *chosen, "--json")
    assert found.code == 1
    told = {one["path"]: (one["changed"], one["here"], one["there"]) for one in found.json["differences"]}
    assert told == {
        "company": ("both", "Here", "There"),
        "job_title": ("here", "Boss", ""),
        "office": ("on the server", "", "7"),
    }
    assert (found.json["clashes"], found.json["base_known"]) == (["company"], True)
    assert "The next round keeps both" in command("item", "diff", *chosen).out
    outcome = command("sync", user, "--profile", profile, "--json")
    (clash,) = [clash for one in outcome.json["accounts"] for clash in one["conflicts"]]
    assert (clash["conflict"], clash["fields"]) == ("both edited", ["company"])
