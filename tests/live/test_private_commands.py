"""Hiding what is private by the commands that share folders: four users, and what each finds."""

from __future__ import annotations

from datetime import timedelta

from mailconnector import mapping, pst
from mailconnector.items import Appointment, mail_of
from tests.live.accounts import account_of, command
from tests.live.desks import OPEN, SECRET, START, appointment, single
from tests.live.office import Office, stranger

DAY = timedelta(days=1)


def put(office: Office, user: str, item: Appointment) -> None:
    """Write an appointment into the calendar of a user's PST."""
    with pst.open_store(account_of(office.profile, user).pst_path, writable=True) as store, store.transaction():
        store.folder_at("Calendar").add_message(mapping.to_mapi(item))


def calendar(office: Office, user: str, *path: str) -> dict[str, Appointment]:
    """What a calendar of a user's PST holds."""
    found: dict[str, Appointment] = {}
    with pst.open_store(account_of(office.profile, user).pst_path) as store:
        folder = store.ipm_subtree
        for name in path or ("Calendar",):
            folder = folder.folder(name)
        for message in folder.messages():
            item = mapping.from_mapi(message.to_object())
            assert isinstance(item, Appointment)
            found[mail_of(item).subject] = item
    return found


def mailboxes(office: Office, user: str) -> list[str]:
    with stranger(office.server, user) as one:
        return [name for name in one.listed() if "private items" in name]


def test_a_delegate_sees_when_and_nothing_else(office: Office) -> None:
    office.quiet(office.alice)
    put(office, office.alice, appointment("one"))
    put(office, office.alice, single("two", start=START + DAY))
    office.quiet(office.alice)
    answer = command("delegate", "add", "--profile", office.profile, office.alice, office.bob, "--dry-run")
    assert "hidden first" in answer.err
    assert mailboxes(office, office.alice) == []
    made = command("delegate", "add", "--profile", office.profile, office.alice, office.bob, "--yes", "--json").json
    assert {(one["folder"], one["private"], one["items"]) for one in made["private"]} == {
        ("Calendar", "hide", 1),
        ("Tasks", "hide", 0),
    }
    for user in (office.alice, office.bob):
        office.quiet(user)
    theirs = ("Shared folders", office.alice, "Calendar")
    assert sorted(calendar(office, office.bob, *theirs)) == ["Lunch two", OPEN]
    assert calendar(office, office.bob, *theirs)[OPEN].start == START
    assert sorted(calendar(office, office.alice)) == ["Lunch two", f"{SECRET} Lunch one"]
    assert len(mailboxes(office, office.alice)) == 2
    assert mailboxes(office, office.bob) == []
    # Other commands tell of it, and do not list the companions as folders that could be shared.
    told = command("delegate", "list", "--profile", office.profile, office.alice, "--json").json
    assert told["private_hidden"] == ["calendar", "tasks"]
    listed = office.share("list", office.alice, "--json").json["shared"]
    assert {one["folder"]: one["private_hidden"] for one in listed} == {"Calendar": True, "Tasks": True}
    every = office.share("list", office.alice, "--all", "--json").json["folders"]
    assert not [one for one in every if "private items" in one["mailbox"]]
    explained = office.share("explain", office.alice, "Calendar", "--as", office.bob)
    assert "What is marked private is hidden there." in explained.out
    shown = command("folder", "list", office.alice, "--profile", office.profile)
    assert "private items" not in shown.out
    # Everybody's rights are gone: it says how to have the items back, and has them back.
    gone = office.share("revoke", office.alice, "Calendar", office.bob, "--yes")
    assert "share private Calendar show" in gone.out
    done = office.share("private", office.alice, "Calendar", "show", "--json").json
    assert done["changes"] == [{"folder": "Calendar", "private": "show", "items": 1}]
    assert done["folders"] == [{"folder": "Calendar", "private": "show"}]
    for user in (office.alice, office.bob):
        office.quiet(user)
    assert sorted(calendar(office, office.alice)) == ["Lunch two", f"{SECRET} Lunch one"]


def test_a_grant_hides_or_shows(office: Office) -> None:
    office.quiet(office.alice)
    put(office, office.alice, appointment("one"))
    office.quiet(office.alice)
    plain = office.share("grant", office.alice, "Calendar", office.bob, "reviewer", "--dry-run")
    assert "--private hide hides it" in plain.err
    made = office.share("grant", office.alice, "Calendar", office.bob, "reviewer", "--private", "hide", "--json").json
    assert made["private"] == [{"folder": "Calendar", "private": "hide", "items": 1}]
    assert made["changes"][0]["made"]
    office.quiet(office.bob)
    assert list(calendar(office, office.bob, "Shared folders", office.alice, "Calendar")) == [OPEN]
    again = office.share("grant", office.alice, "Calendar", office.carol, "reviewer")
    assert "is hidden" in again.err
    office.quiet(office.alice)
    revoked = office.share("revoke", office.alice, "Calendar", office.bob, "--yes", "--private", "show", "--json").json
    assert revoked["private"] == [{"folder": "Calendar", "private": "show", "items": 1}]
    office.quiet(office.carol)
    assert list(calendar(office, office.carol, "Shared folders", office.alice, "Calendar")) == [f"{SECRET} Lunch one"]
    mail = office.share("grant", office.alice, "Proj", office.bob, "reviewer", "--private", "hide", code=2)
    assert "cannot be hidden" in mail.err
    assert "nothing can be hidden" in office.share("private", office.alice, "INBOX").out
    assert "is seen by all" in office.share("private", office.alice, "Calendar").out


def test_special_folders_are_moved_with_what_is_private(office: Office) -> None:
    office.quiet(office.alice)
    put(office, office.alice, appointment("one"))
    office.quiet(office.alice)
    office.share("grant", office.alice, "Calendar", office.bob, "reviewer", "--private", "hide")
    for where in ("--under", "--beside"):
        done = command("folder", "arrange", office.alice, where, "--profile", office.profile, "--yes", "--json")
        assert done.code == 0, done.err
        office.quiet(office.alice)
        assert list(calendar(office, office.alice)) == [f"{SECRET} Lunch one"]
        (companion,) = mailboxes(office, office.alice)
        with stranger(office.server, office.alice) as alice:
            assert companion.removesuffix(" (private items)") in alice.listed()
