"""Private items of a shared folder: the delegate sees when the owner is busy, the owner sees everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailconnector.imap import UidSet, Upload
from mailconnector.items import Appointment, Contact, FolderKind, Note, Task, essence_of, mail_of
from mailconnector.items.appointment import Busy
from mailconnector.lab import MailServer
from mailconnector.lab.proxy import FaultyProxy
from mailconnector.stores.imap import companions
from mailconnector.stores.imap.hiding import Hiding
from mailconnector.sync.errors import FolderError
from mailconnector.sync.store import ROOT, Removal
from tests.contract.imap_subject import Mailbox
from tests.live.desks import (
    HOUR,
    OPEN,
    SECRET,
    START,
    Desks,
    appointment,
    delivery,
    desks,
    edit,
    fetched,
    folder,
    held,
    hidden,
    names,
    public,
    series,
    single,
    states,
    tells_nothing,
)
from tests.live.pairs import RealExchange
from tests.unit.items.edits import sample


@pytest.fixture(params=["dovecot", "cyrus"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desks]:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    with desks(server, tmp_path) as made:
        yield made


@pytest.fixture
def shared(desk: Desks) -> Desks:
    """With a private appointment, a public one, and all three in step."""
    team = desk.calendar
    desk.first.remote.put(team, appointment("one"))
    desk.first.remote.put(team, single("two", start=START + HOUR))
    assert desk.hide() == 1
    desk.quiet()
    assert sorted(held(desk.first)) == ["Lunch two", f"{SECRET} Lunch one"]
    assert sorted(held(desk.guest)) == ["Lunch two", OPEN]
    return desk


@pytest.mark.parametrize("desk", ["dovecot", "cyrus", "cyrus_dots"], indirect=True)
def test_what_was_there_before_and_what_comes_after(desk: Desks) -> None:
    # The owner's PST is in step before anything is hidden: hiding moves nothing in it.
    desk.first.remote.put(desk.calendar, appointment("one", busy=Busy.OUT_OF_OFFICE))
    desk.first.remote.put(desk.calendar, single("two"))
    desk.quiet(desk.first)
    before = fetched(desk.first, f"{SECRET} Lunch one")
    assert desk.hide() == 1
    report = desk.first.run()
    assert not [step for step in report.done if step[0].value in ("add", "delete", "replace")], report.done
    assert fetched(desk.first, f"{SECRET} Lunch one").state.id == before.state.id
    desk.quiet()
    (seen,) = [item for subject, item in held(desk.guest).items() if subject == OPEN]
    assert isinstance(seen, Appointment)
    assert (seen.start, seen.end, seen.busy) == (START, START + HOUR, Busy.OUT_OF_OFFICE)
    assert (seen.location, seen.attendees, mail_of(seen).text, mail_of(seen).flags.keywords) == ("", (), None, ())
    # New ones, by a file and by the server's other programs; a series with days of its own.
    desk.first.local.put(folder(desk.first), appointment("three", start=START + 3 * HOUR))
    desk.second.local.put(folder(desk.second), series("four"))
    desk.second.local.put(folder(desk.second), single("five"))
    desk.quiet()
    tells_nothing(desk)
    assert sorted(held(desk.guest)) == ["Lunch five", "Lunch two", OPEN, OPEN + "+", OPEN + "++"]
    ours, theirs = held(desk.first), held(desk.second)
    assert {subject: essence_of(item) for subject, item in ours.items()} == {
        subject: essence_of(item) for subject, item in theirs.items()
    }
    assert len(held(desk.first)) == 5
    whole = [item for item in held(desk.first).values() if isinstance(item, Appointment) and item.recurrence]
    masked = [item for item in held(desk.guest).values() if isinstance(item, Appointment) and item.recurrence]
    for one, other in zip(whole, masked, strict=True):
        assert (one.start, one.recurrence, one.deleted) == (other.start, other.recurrence, other.deleted)
        assert [(day.original, day.start, day.end) for day in one.changed] == [
            (day.original, day.start, day.end) for day in other.changed
        ]
        assert one.changed[0].subject == f"{SECRET} day"
        assert other.changed[0].subject is None
    # Nobody shows the companion as a folder; the owner's other programs list it.
    for world in (desk.first, desk.second, desk.guest):
        assert not any("private items" in name for name in (*names(world), *states(world)))
    with desk.session() as client:
        listed = {info.name for info in client.mailboxes.list()}
    assert companions.name_for(desk.calendar) in listed


def test_edits_to_private_and_back(shared: Desks) -> None:
    edit(shared.first, "Lunch two", lambda item: hidden(replace(item, start=START + 2 * HOUR, end=START + 3 * HOUR)))
    shared.quiet()
    tells_nothing(shared)
    assert sorted(held(shared.guest)) == [OPEN, OPEN + "+"]
    assert {item.start for item in held(shared.guest).values() if isinstance(item, Appointment)} == {
        START,
        START + 2 * HOUR,
    }
    assert sorted(held(shared.second)) == [f"{SECRET} Lunch one", f"{SECRET} Lunch two"]
    # Its placeholder follows each edit of its times, in either of the owner's files.
    edit(shared.second, f"{SECRET} Lunch two", lambda item: replace(item, end=START + 5 * HOUR, busy=Busy.TENTATIVE))
    shared.quiet()
    assert {(one.end, one.busy) for one in held(shared.guest).values() if isinstance(one, Appointment)} == {
        (START + HOUR, Busy.BUSY),
        (START + 5 * HOUR, Busy.TENTATIVE),
    }
    edit(
        shared.first,
        f"{SECRET} Lunch two",
        lambda item: public(replace(item, mail=replace(item.mail, subject="Lunch again"))),
    )
    shared.quiet()
    assert sorted(held(shared.guest)) == ["Lunch again", OPEN]
    assert sorted(held(shared.second)) == ["Lunch again", f"{SECRET} Lunch one"]
    # A deleted one takes its placeholder along.
    got = fetched(shared.second, f"{SECRET} Lunch one")
    shared.second.local.delete(folder(shared.second), [Removal(got.state.id, got.state.revision)])
    shared.quiet()
    assert sorted(held(shared.guest)) == sorted(held(shared.first)) == ["Lunch again"]


def test_what_the_delegate_does_to_a_placeholder(shared: Desks) -> None:
    # Moved, it moves what it stands for.
    later = timedelta(days=1)
    edit(shared.guest, OPEN, lambda item: replace(item, start=item.start + later, end=item.end + later))
    shared.quiet()
    (mine,) = [item for subject, item in held(shared.first).items() if SECRET in subject]
    assert isinstance(mine, Appointment)
    assert (mine.start, mine.location, mine.private) == (START + later, f"{SECRET} hall", True)
    assert mail_of(mine).text == f"{SECRET}!"
    assert len(mine.attendees) == 1
    # Written on, it is put back; deleted, it comes back.
    edit(shared.guest, OPEN, lambda item: replace(item, mail=replace(item.mail, subject="What is it?", text="Tell me")))
    shared.quiet()
    assert sorted(held(shared.guest)) == ["Lunch two", OPEN]
    got = fetched(shared.guest, OPEN)
    assert mail_of(got.item).text is None
    shared.guest.local.delete(folder(shared.guest), [Removal(got.state.id, got.state.revision)])
    shared.quiet()
    assert sorted(held(shared.guest)) == ["Lunch two", OPEN]
    assert sorted(held(shared.first)) == sorted(held(shared.second)) == ["Lunch two", f"{SECRET} Lunch one"]
    # What the delegate writes as private is the owner's to see, and the delegate's no more than as a placeholder.
    shared.guest.local.put(folder(shared.guest), appointment("six", start=START + 6 * HOUR))
    shared.quiet()
    tells_nothing(shared)
    assert sorted(held(shared.guest)) == ["Lunch two", OPEN, OPEN + "+"]
    assert f"{SECRET} Lunch six" in held(shared.second)


def test_both_move_it_and_the_owner_wins(shared: Desks) -> None:
    edit(shared.guest, OPEN, lambda item: replace(item, start=START + 4 * HOUR, end=START + 5 * HOUR))
    edit(shared.first, f"{SECRET} Lunch one", lambda item: replace(item, start=START - HOUR, end=START))
    shared.first.settle()
    shared.guest.settle()
    shared.quiet()
    times = {item.start for world in (shared.first, shared.second, shared.guest) for item in appointments(world)}
    assert times in ({START - HOUR, START + HOUR}, {START + 4 * HOUR, START + HOUR})
    assert len(held(shared.guest)) == 2


def appointments(world: RealExchange) -> list[Appointment]:
    return [item for item in held(world).values() if isinstance(item, Appointment)]


@pytest.mark.parametrize("desk", ["dovecot", "cyrus", "cyrus_dots"], indirect=True)
def test_the_folder_is_renamed_and_deleted(shared: Desks) -> None:
    first = shared.first.local
    above = first.create_folder(ROOT, "Work", kind=FolderKind.MAIL).id
    first.move_folder(folder(shared.first), above, "Group")
    shared.quiet(shared.first, shared.second)
    assert sorted(held(shared.second, "Group")) == ["Lunch two", f"{SECRET} Lunch one"]
    group = states(shared.first)["Group"].id
    assert mailboxes(shared) >= {group, companions.name_for(group)}
    assert companions.name_for(shared.calendar) not in mailboxes(shared)
    # Another program renames the folder alone, which knows nothing of the other one.
    with shared.session() as client:
        client.mailboxes.rename(group, group + "ed")
    shared.quiet(shared.first, shared.second)
    assert sorted(held(shared.second, "Grouped")) == ["Lunch two", f"{SECRET} Lunch one"]
    assert mailboxes(shared) >= {group + "ed", companions.name_for(group + "ed")}
    assert not any("private items" in name for name in names(shared.second))
    # Deleted with all that is in it, nothing is left.
    store = shared.second.local
    there = folder(shared.second, "Grouped")
    for got in [fetched(shared.second, subject, "Grouped") for subject in held(shared.second, "Grouped")]:
        store.delete(there, [Removal(got.state.id, got.state.revision)])
    store.delete_folder(there)
    shared.quiet(shared.first, shared.second)
    assert not [name for name in mailboxes(shared) if "Group" in name]
    assert "Grouped" not in names(shared.first)


def test_a_folder_that_another_program_deletes_leaves_its_private_items(shared: Desks) -> None:
    with shared.session() as client:
        client.mailboxes.delete(shared.calendar)
    for world in (shared.first, shared.second):
        world.settle()
    shared.quiet(shared.first, shared.second)
    (name,) = [name for name in names(shared.second) if "private items" in name]
    assert list(held(shared.second, name)) == [f"{SECRET} Lunch one"]


def mailboxes(desk: Desks) -> set[str]:
    with desk.session() as client:
        return {info.name for info in client.mailboxes.list()}


def test_other_items_leave_nothing_behind(desk: Desks) -> None:
    for kind, type_, use in (
        (FolderKind.CONTACTS, Contact, "People"),
        (FolderKind.TASKS, Task, "Things"),
        (FolderKind.NOTES, Note, "Papers"),
    ):
        place = desk.first.remote.create_folder(ROOT, use, kind=kind).id
        desk.first.remote.put(place, hidden(sample(type_, "one")))
        desk.first.remote.put(place, sample(type_, "two"))
        assert desk.hide(place, kind) == 1
        desk.guest.crash()  # some servers show a session what is shared with it as it was at its beginning
        desk.quiet()
        assert len(held(desk.first, use)) == len(held(desk.second, use)) == 2
        assert len(held(desk.guest, use)) == 1
        tells_nothing(desk)


def test_items_that_are_moved_between_folders(shared: Desks) -> None:
    other = shared.first.remote.create_folder(ROOT, "Own", kind=FolderKind.CALENDAR).id
    shared.first.remote.put(other, appointment("six", start=START + 6 * HOUR))
    shared.first.remote.put(other, single("seven", start=START + 7 * HOUR))
    shared.quiet()
    store = shared.first.local
    for subject in (f"{SECRET} Lunch six", "Lunch seven"):
        got = fetched(shared.first, subject, "Own")
        store.move(folder(shared.first, "Own"), folder(shared.first), [Removal(got.state.id, got.state.revision)])
    for subject in (f"{SECRET} Lunch one", "Lunch two"):
        got = fetched(shared.first, subject)
        store.move(folder(shared.first), folder(shared.first, "Own"), [Removal(got.state.id, got.state.revision)])
    shared.quiet()
    tells_nothing(shared)
    assert sorted(held(shared.guest)) == ["Lunch seven", OPEN]
    assert sorted(held(shared.second)) == ["Lunch seven", f"{SECRET} Lunch six"]
    assert sorted(held(shared.second, "Own")) == ["Lunch two", f"{SECRET} Lunch one"]


def test_the_owners_other_programs(shared: Desks) -> None:
    companion = companions.name_for(shared.calendar)
    with shared.session() as client:
        # They see both mailboxes, and put things out of order: a placeholder deleted, an item deleted, one added.
        team = client.select(shared.calendar)
        team.remove(team.search())
    shared.first.settle()
    assert sorted(held(shared.first)) == [f"{SECRET} Lunch one"]
    shared.quiet()
    assert sorted(held(shared.guest)) == [OPEN]
    with shared.session() as client:
        client.select(companion).move(UidSet.of(client.select(companion).search()), shared.calendar)
    assert shared.guest.mailbox is not None
    shared.quiet(shared.first)
    tells_nothing(shared)
    shared.quiet()
    assert sorted(held(shared.guest)) == [OPEN]
    with shared.session() as client:  # as a server without MOVE leaves it where a line is cut
        beside = client.select(companion)
        beside.copy(beside.search(), shared.calendar)
    shared.quiet()
    tells_nothing(shared)
    assert sorted(held(shared.first)) == [f"{SECRET} Lunch one"]
    with shared.session() as client:
        beside = client.select(companion)
        beside.remove(beside.search())
    shared.quiet()
    assert held(shared.guest) == held(shared.first) == {}


def test_shown_again(shared: Desks) -> None:
    with shared.session() as client:
        pair = companions.Companion(shared.calendar, companions.name_for(shared.calendar), key_of(shared))
        assert Hiding(client, shared.owner, []).show(pair) == 1
    for world in (shared.first, shared.second, shared.guest):
        report = world.run()
        assert not report.held
    shared.quiet()
    for world in (shared.first, shared.second, shared.guest):
        assert sorted(held(world)) == ["Lunch two", f"{SECRET} Lunch one"]
    assert not any("private items" in name for name in mailboxes(shared))
    # And hidden once more.
    assert shared.hide() == 1
    shared.quiet()
    assert sorted(held(shared.guest)) == ["Lunch two", OPEN]
    tells_nothing(shared)


def key_of(desk: Desks) -> str:
    store = desk.first.connection
    assert store is not None
    store.folders()
    pair = store._private.companion(desk.calendar)
    assert pair is not None
    return pair.key


def test_nobody_else_can_look_into_it(desk: Desks) -> None:
    """Rights on what is above are inherited on both servers, and so are everybody's."""
    above = desk.first.remote.create_folder(ROOT, "Above", kind=FolderKind.MAIL).id
    with desk.session() as client:
        rights = client.access.mine(above)
        client.access.grant(above, desk.delegate, rights)
        client.access.grant(above, "anyone", type(rights)(frozenset("lr")))
    place = desk.first.remote.create_folder(above, "Inner", kind=FolderKind.CALENDAR).id
    desk.first.remote.put(place, appointment("one"))
    companion = companions.name_for(place)
    with desk.session() as client:
        assert Hiding(client, desk.owner, []).hide(place, FolderKind.CALENDAR) == 1
        assert {who for who, rights in client.access.get(companion).items() if rights} == {desk.owner}
        for name in (above, place):  # the users of other tests would see them
            client.access.revoke(name, "anyone")
    with desk.session(desk.delegate) as client:
        assert not [info.name for info in client.mailboxes.list() if "private items" in info.name]
    tells_nothing(desk)
    desk.quiet(desk.first)
    # Where somebody has been let in all the same, nothing private goes into it any more.
    with desk.session() as client:
        client.access.grant(companion, desk.delegate, type(rights)(frozenset("lr")))
    desk.first.crash()
    desk.first.local.put(folder(desk.first, "Inner"), appointment("two"))
    assert desk.first.connection is not None
    desk.first.connection.folders()
    with pytest.raises(FolderError, match="others have rights on it"):
        desk.first.connection.add(place, [delivery(appointment("three"))])
    report = desk.first.run()
    assert any("others have rights" in str(trouble.error) for trouble in report.troubles)
    with desk.session(desk.delegate) as client:
        (seen,) = [info.name for info in client.mailboxes.list() if "private items" in info.name]
        assert len(client.select(seen, read_only=True).search()) == 1


def test_a_folder_of_that_name_is_left_alone(desk: Desks) -> None:
    with desk.session() as client:
        taken = companions.name_for(desk.calendar)
        client.mailboxes.create(taken)
        client.uploads.append(taken, Upload(b"Subject: mine\r\n\r\nhello\r\n"))
        with pytest.raises(FolderError, match="there is a folder of that name"):
            Hiding(client, desk.owner, []).hide(desk.calendar, FolderKind.CALENDAR)
        assert client.mailboxes.status(taken).messages == 1
    # No folder that a user makes is called so.
    store = desk.first.remote
    assert store.fit_name(ROOT, f"Own{companions.MARK}") == "Own (private items_)"


def test_after_a_run_nothing_is_opened_and_a_change_is_noticed(shared: Desks) -> None:
    shared.first.local.put(folder(shared.first), appointment("six", start=START + 6 * HOUR))
    assert shared.first.run().done
    again = shared.first.run()
    assert again.is_quiet
    assert again.folders_visited == 0
    # One round trip tells that there is nothing new.
    assert shared.first.mailbox is not None
    with FaultyProxy(shared.server.imap_port) as proxy:
        mailbox = Mailbox(shared.server, shared.owner, proxy.port)
        store = mailbox.open()
        for _ in range(2):
            before = proxy.commands
            assert {state.name for state in store.folders()} >= {"Team"}
        assert proxy.commands - before <= 3
        store.close()
    watcher = shared.first.connection
    assert watcher is not None
    watcher.wait(0.1)
    with shared.session() as client:
        client.select(companions.name_for(shared.calendar)).store(UidSet.of([1]), ["\\Flagged"])
    watcher._watch._next_look = 0.0
    assert watcher.wait(5.0)
    shared.quiet()
