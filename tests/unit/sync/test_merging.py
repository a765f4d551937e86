"""Edits of items other than mail: they come field by field, and two of them are merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    Flags,
    FolderKind,
    Item,
    Mail,
    mail_of,
    with_mail,
)
from mailconnector.mapi import tags
from mailconnector.mapi.named import PSETID_MAIL_CONNECTOR, NamedTag, PropertyName
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import PropertyType
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import Conflict, Report, Side, Step, bases, log
from mailconnector.sync.flags import SEEN
from mailconnector.sync.merging import comes_after, make
from mailconnector.sync.store import Fetched, FlagChange, ItemState, Removal, Rights
from tests.exchange import PAIRS, Exchange, exchange, folder_named, items
from tests.machine import MEMORY
from tests.unit.items.edits import CUSTOM, EDITS, KINDS, bare, sample

L, R = Side.LOCAL, Side.REMOTE
KIND_OF = {Appointment: FolderKind.CALENDAR, Contact: FolderKind.CONTACTS, DistributionList: FolderKind.CONTACTS}


@pytest.fixture
def path() -> Iterator[Path]:
    with TemporaryDirectory(prefix="sync-merging-", dir=MEMORY) as directory:
        yield Path(directory) / "state.db"


@pytest.fixture(params=sorted(PAIRS))
def world(request: pytest.FixtureRequest, path: Path) -> Exchange:
    return begin(exchange(path, request.param))


@pytest.fixture
def usual(path: Path) -> Exchange:
    return begin(exchange(path, "file-server"))


def begin(world: Exchange) -> Exchange:
    world.local.create_folder("", "Things", kind=FolderKind.CONTACTS)
    world.local.barrier()
    world.settle()
    return world


def put(world: Exchange, side: Side, item: Item) -> None:
    world.side(side).put(folder_named(world.side(side), "Things"), item)
    world.side(side).barrier()


def there(store: MemoryStore) -> list[Any]:
    return [got.item for got in items(store, folder_named(store, "Things"))]


def edit(world: Exchange, side: Side, change: Callable[[Any], Item]) -> None:
    """Change the only item of one side."""
    store = world.side(side)
    folder = folder_named(store, "Things")
    (got,) = items(store, folder)
    store.edit(folder, got.state.id, change(got.item))
    store.barrier()


def numbered(name: str, number: int) -> Callable[[Any], Item]:
    return lambda item: EDITS[Contact][name](item, number)


def both(world: Exchange) -> Any:
    """The only item, which both sides have alike."""
    (here,), (other,) = there(world.local), there(world.remote)
    assert bases.fields_of(here) == bases.fields_of(other)
    return here


def shared(world: Exchange, item: Item, side: Side = L) -> None:
    put(world, side, item)
    world.settle()


def clashes(report: Report) -> list[Conflict]:
    return [clash.conflict for clash in report.clashes]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", Side)
def test_edits_of_different_fields_are_merged(usual: Exchange, kind: type, side: Side) -> None:
    shared(usual, sample(kind), side)
    one, other = next(iter(EDITS[kind])), list(EDITS[kind])[-1]
    edit(usual, L, lambda item: EDITS[kind][one](item, 1))
    edit(usual, R, lambda item: EDITS[kind][other](item, 2))
    report = usual.run()
    assert clashes(report) == [Conflict.MERGED]
    usual.settle()
    assert both(usual) == EDITS[kind][other](EDITS[kind][one](sample(kind), 1), 2)


@pytest.mark.parametrize("kind", KINDS)
def test_edits_of_one_field_are_both_kept(usual: Exchange, kind: type) -> None:
    shared(usual, sample(kind))
    edit(usual, L, lambda item: EDITS[kind]["text"](item, 1))
    edit(usual, R, lambda item: EDITS[kind]["text"](item, 2))
    report = usual.run()
    assert clashes(report) == [Conflict.BOTH_EDITED]
    (clash,) = report.clashes
    assert {"text", "words"} <= set(clash.fields)
    usual.settle()
    for side in Side:
        texts = {item.mail.text for item in there(usual.side(side))}
        assert texts == {"Text 1\n", "Text 2\n"}


def test_what_clashes_is_in_the_log(usual: Exchange) -> None:
    shared(usual, sample(Contact))
    edit(usual, L, lambda item: replace(item, company="A", job_title="A"))
    edit(usual, R, lambda item: replace(item, company="B", job_title="B"))
    usual.run()
    with usual.opened() as state:
        notes = [entry.note for entry in log.read(state) if entry.step == Step.SPLIT.value]
    assert notes == ["both edited: company, job_title"]


def test_the_same_edit_on_both_sides_is_one(world: Exchange) -> None:
    shared(world, sample(Contact))
    for side in Side:
        edit(world, side, lambda item: replace(item, company="New"))
    world.settle()
    assert both(world).company == "New"


def test_three_rounds_of_edits(world: Exchange) -> None:
    shared(world, sample(Contact))
    for number in range(1, 4):
        edit(world, L, numbered("birthday", number))
        edit(world, R, numbered("mobile", number))
        assert clashes(world.run()) == [Conflict.MERGED]
        world.settle()
        # What was merged is what both have now: the same fields again clash with nothing.
        edit(world, R, numbered("birthday", 10 + number))
        world.settle()
    assert both(world).birthday == EDITS[Contact]["birthday"](sample(Contact), 13).birthday


def test_marks_are_merged_beside_the_fields(usual: Exchange) -> None:
    shared(usual, sample(Contact))
    edit(usual, L, lambda item: replace(item, company="A"))
    edit(usual, R, lambda item: replace(item, job_title="B"))
    for side, flag in ((L, SEEN), (R, "Red")):
        store = usual.side(side)
        folder = folder_named(store, "Things")
        (got,) = items(store, folder)
        store.set_flags(folder, [FlagChange(got.state.id, frozenset((flag,)), frozenset(), got.state.flags)])
        store.barrier()
    usual.settle()
    both(usual)
    for side in Side:
        (got,) = items(usual.side(side), folder_named(usual.side(side), "Things"))
        assert got.state.flags == {SEEN, "Red"}


def test_categories_that_a_calendar_says_come_along(usual: Exchange) -> None:
    def marked(item: Any, *names: str) -> Item:
        return with_mail(item, replace(item.mail, flags=Flags(keywords=names)))

    shared(usual, marked(sample(Appointment), "Work"), R)
    folder = folder_named(usual.local, "Things")
    (got,) = items(usual.local, folder)
    assert got.state.flags == {"Work"}
    edit(usual, R, lambda item: marked(replace(item, location="Room 2"), "Work", "Travel"))
    usual.settle()
    for side in Side:
        (got,) = items(usual.side(side), folder_named(usual.side(side), "Things"))
        assert "Travel" in got.state.flags


# -- Programs that know nothing of MAPI ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS[:4])
def test_an_edit_by_another_program_keeps_the_leftover_and_gives_it_back(usual: Exchange, kind: type) -> None:
    shared(usual, sample(kind))
    edit(usual, R, lambda item: bare(EDITS[kind]["text"](item, 1)))
    report = usual.run()
    assert clashes(report) == []
    usual.settle()
    assert both(usual) == EDITS[kind]["text"](sample(kind), 1)
    assert both(usual).mail.leftover == sample(kind).mail.leftover


def test_an_edit_by_another_program_is_merged_with_ours(world: Exchange) -> None:
    shared(world, sample(Contact))
    edit(world, L, lambda item: EDITS[Contact]["custom"](replace(item, account="4711"), 5))
    edit(world, R, lambda item: bare(replace(item, job_title="Boss")))
    world.settle()
    found = both(world)
    assert (found.account, found.job_title, found.mail.leftover[CUSTOM]) == ("4711", "Boss", "reader 5")


def test_a_new_message_of_the_same_item_is_an_edit(world: Exchange) -> None:
    # As other programs do it: the old one is deleted, and the new one is another message.
    if world.remote.capabilities.ids_survive_moves:
        pytest.skip("a store whose items keep their ids has edits of them")
    shared(world, sample(Appointment))
    store = world.remote
    folder = folder_named(store, "Things")
    (got,) = items(store, folder)
    found: Any = got.item
    item: Appointment = bare(replace(found, location="Room 5"))
    store.delete(folder, [Removal(got.state.id, got.state.revision)])
    store.put(folder, replace(item, mail=replace(item.mail, message_id="<other@phone.example>")))
    store.barrier()
    report = world.run()
    assert (Step.DELETE, L) not in report.done and (Step.ADD, L) not in report.done
    world.settle()
    assert both(world).location == "Room 5"
    assert both(world).mail.leftover == sample(Appointment).mail.leftover


def test_what_a_stranger_made_stays_as_he_writes_it(world: Exchange) -> None:
    shared(world, bare(sample(Contact)), R)
    # What lies in a PST gets properties there.
    folder = folder_named(world.local, "Things")
    (got,) = items(world.local, folder)
    key: Properties = {tags.PidTagSearchKey: b"k" * 16}
    world.local._folder(folder).entries[got.state.id].item = with_mail(
        got.item, replace(mail_of(got.item), leftover=key)
    )
    world.settle()
    edit(world, R, lambda item: bare(replace(item, job_title="Boss")))
    report = world.run()
    assert (Step.REPLACE, R) not in report.done
    world.settle()
    (here,), (other,) = there(world.local), there(world.remote)
    assert here.job_title == other.job_title == "Boss"
    assert here.mail.leftover == key and other.mail.leftover == {}


# -- What cannot be merged -------------------------------------------------------------------------------------------


def test_a_broken_item_does_not_replace_a_good_one(world: Exchange) -> None:
    shared(world, sample(Contact))
    broken = Mail(subject="Eva one", message_id="<one@example.com>", text="BEGIN:VCARD\n")
    edit(world, R, lambda item: broken)
    report = world.run()
    assert [clash.fields for clash in report.clashes] == [("type",)]
    world.settle()
    for side in Side:
        assert sorted(type(item).__name__ for item in there(world.side(side))) == ["Contact", "Mail"]
    # Once it can be read again it is the item.
    folder = folder_named(world.remote, "Things")
    (bad,) = [got for got in items(world.remote, folder) if isinstance(got.item, Mail)]
    world.remote.edit(folder, bad.state.id, replace(sample(Contact), company="Mended"))
    world.remote.barrier()
    world.settle()
    for side in Side:
        assert {item.company for item in there(world.side(side))} == {"Example Ltd.", "Mended"}


def test_where_nothing_may_be_sent_ours_is_put_aside(world: Exchange) -> None:
    shared(world, sample(Contact))
    world.remote.configure(folder_named(world.remote, "Things"), rights=Rights.NONE)
    edit(world, L, lambda item: replace(item, company="Ours"))
    edit(world, R, lambda item: replace(item, job_title="Theirs"))
    world.settle()
    found = both(world)
    assert (found.company, found.job_title) == ("Example Ltd.", "Theirs")
    (kept,) = items(world.local, folder_named(world.local, "Not sent"))
    assert isinstance(kept.item, Contact) and kept.item.company == "Ours"


def test_where_nothing_may_be_sent_an_edit_by_another_program_keeps_the_leftover(world: Exchange) -> None:
    shared(world, sample(Contact))
    world.remote.configure(folder_named(world.remote, "Things"), rights=Rights.NONE)
    edit(world, R, lambda item: bare(replace(item, job_title="Theirs")))
    world.settle()
    (here,) = there(world.local)
    assert here == replace(sample(Contact), job_title="Theirs")
    assert here.mail.leftover == sample(Contact).mail.leftover
    assert not any(state.name == "Not sent" for state in world.local.folders())


def test_mail_is_kept_twice_as_ever(usual: Exchange) -> None:
    shared(usual, Mail(subject="a", message_id="<1@example.com>", text="a"))
    edit(usual, L, lambda item: replace(item, subject="b"))
    edit(usual, R, lambda item: replace(item, text="b"))
    assert clashes(usual.run()) == [Conflict.BOTH_EDITED]
    usual.settle()
    assert len(there(usual.local)) == len(there(usual.remote)) == 2


# -- A third edit, and runs that end ---------------------------------------------------------------------------------


class Meddler:
    """A store whose user edits an item just when it is about to be changed, once."""

    def __init__(self, store: MemoryStore, at: str, act: Callable[[], None]) -> None:
        self._store, self._at, self._act = store, at, act

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name == self._at:
            act, self._act, self._at = self._act, lambda: None, ""

            def effect(*args: Any, **more: Any) -> Any:
                act()
                return found(*args, **more)

            return effect
        return found


@pytest.mark.parametrize("by", Side)
@pytest.mark.parametrize("on", Side)
def test_a_third_edit_while_two_are_merged(world: Exchange, by: Side, on: Side) -> None:
    shared(world, sample(Contact))
    edit(world, L, lambda item: replace(item, company="1"))
    edit(world, R, lambda item: replace(item, job_title="2"))

    def wrap(store: MemoryStore) -> Any:
        if store is not world.side(on):
            return store
        return Meddler(store, "replace", lambda: edit(world, by, lambda item: replace(item, office="3")))

    world.run(wrap=wrap)
    world.settle()
    found = both(world)
    assert (found.company, found.job_title, found.office) == ("1", "2", "3")


# -- Bases -----------------------------------------------------------------------------------------------------------


def test_a_base_is_small_and_comes_back() -> None:
    for kind in KINDS:
        digests = bases.fields_of(sample(kind))
        packed = bases.pack(digests)
        assert bases.unpack(packed) == digests
        assert bases.from_text(bases.to_text(packed)) == packed
        assert len(packed) < 8 * len(digests) + 350
    assert bases.base_of(sample(Mail)) == b""


@pytest.mark.parametrize("damaged", [b"", b"x", bases.pack({"a": b"12345678"})[:-1], bases.pack({})])
def test_a_damaged_base_is_none(damaged: bytes) -> None:
    assert bases.unpack(damaged) == {}


def test_bases_go_with_their_pairs_and_are_learned_where_they_are_missing(world: Exchange) -> None:
    shared(world, sample(Contact))
    with world.opened() as state:
        (known,) = state.db.execute("SELECT digests FROM base").fetchall()
        state.db.execute("DELETE FROM base")
    edit(world, R, lambda item: replace(item, company="New"))
    world.run()
    with world.opened() as state:
        (again,) = state.db.execute("SELECT digests FROM base").fetchall()
        assert bases.unpack(known[0]).keys() == bases.unpack(again[0]).keys()
    edit(world, L, lambda item: replace(item, office="1"))
    edit(world, R, lambda item: replace(item, job_title="2"))
    assert clashes(world.run()) == [Conflict.MERGED]
    world.settle()
    for side in Side:
        store = world.side(side)
        (got,) = items(store, folder_named(store, "Things"))
        if side is L:
            store.delete(folder_named(store, "Things"), [Removal(got.state.id, got.state.revision)])
            store.barrier()
    world.settle()
    with world.opened() as state:
        assert state.db.execute("SELECT count(*) FROM base").fetchone() == (0,)


# -- What came to both sides by other ways ---------------------------------------------------------------------------


def test_what_only_one_of_two_copies_has_comes_to_both(world: Exchange) -> None:
    put(world, L, replace(sample(Contact), office="1"))
    put(world, R, replace(sample(Contact), account="2"))
    report = world.run()
    assert clashes(report) == [Conflict.MERGED]
    assert report.done[Step.LINK, R] == 1
    world.settle()
    assert both(world) == replace(sample(Contact), office="1", account="2")
    edit(world, R, lambda item: replace(item, company="3"))
    world.settle()
    assert both(world) == replace(sample(Contact), office="1", account="2", company="3")


def test_two_copies_that_say_different_things_are_both_kept(world: Exchange) -> None:
    put(world, L, replace(sample(Contact), company="1", office="only here"))
    put(world, R, replace(sample(Contact), company="2"))
    report = world.run()
    assert [(clash.conflict, clash.fields) for clash in report.clashes] == [(Conflict.BOTH_EDITED, ("company",))]
    world.settle()
    for side in Side:
        assert {(item.company, item.office) for item in there(world.side(side))} == {("1", "only here"), ("2", "")}


def test_copies_of_one_name_find_their_likes(world: Exchange) -> None:
    for side, order in ((L, "123"), (R, "342")):
        for company in order:
            put(world, side, replace(sample(Contact), company=company))
    report = world.run()
    # The third of each differs, and nobody can tell whether it is one item: both are kept.
    assert [clash.conflict for clash in report.clashes] == [Conflict.BOTH_EDITED]
    world.settle()
    for side in Side:
        assert sorted(item.company for item in there(world.side(side))) == ["1", "2", "3", "4"]


def test_a_state_file_that_is_lost_doubles_nothing_and_reports_nothing(world: Exchange) -> None:
    for kind in KINDS:
        put(world, L if issubclass(kind, Contact) else R, sample(kind))
    put(world, L, Mail(subject="a", message_id="<1@example.com>", text="a"))
    world.settle()
    before = [bases.fields_of(item) for item in there(world.local)]
    world.path.unlink()
    report = world.run()
    assert not report.clashes
    assert {step for step, _ in report.done} == {Step.LINK}
    world.settle()
    assert [bases.fields_of(item) for item in there(world.local)] == before
    assert len(there(world.remote)) == len(before)


def test_two_copies_where_nothing_may_be_sent(world: Exchange) -> None:
    put(world, L, replace(sample(Contact), company="Ours"))
    put(world, R, replace(sample(Contact), company="Theirs"))
    world.remote.configure(folder_named(world.remote, "Things"), rights=Rights.NONE)
    world.settle()
    assert both(world).company == "Theirs"
    (kept,) = items(world.local, folder_named(world.local, "Not sent"))
    assert isinstance(kept.item, Contact) and kept.item.company == "Ours"


def test_two_mails_of_one_name_among_other_items_are_not_merged(world: Exchange) -> None:
    for side, text in ((L, "here"), (R, "there")):
        put(world, side, Mail(subject="a", message_id="<1@example.com>", text=text))
    world.settle()
    # Where a store tells no digests they are one by their name.
    number = 2 if all(world.side(side).traits.digests for side in Side) else 1
    assert [len(there(world.side(side))) for side in Side] == [number, number]


def test_of_unknown_copies_nothing_is_taken_over_silently() -> None:
    def got(item: Item) -> Fetched:
        return Fetched(ItemState("1"), item)

    mail = Mail(subject="a", message_id="<1@example.com>", text="a")
    unknown: tuple[dict[str, bytes] | None, ...] = ({}, None)
    for base in unknown:
        made = make(got(mail), got(replace(mail, text="b")), base, edited=True, sends=True)
        assert set(made.clashes) == {"text", "words"}
        assert make(got(mail), got(sample(Contact)), base, edited=True, sends=True).clashes == ("type",)
        assert make(got(mail), got(sample(Contact)), base, edited=True, sends=False).clashes == ()


def test_two_items_that_were_the_same_are_merged_from_then_on(world: Exchange) -> None:
    for side in Side:
        put(world, side, sample(Contact))
    world.settle()
    edit(world, L, lambda item: replace(item, office="1"))
    edit(world, R, lambda item: replace(item, job_title="2"))
    assert clashes(world.run()) == [Conflict.MERGED]
    world.settle()
    assert (both(world).office, both(world).job_title) == ("1", "2")


def test_what_is_made_says_what_is_to_be_sent() -> None:
    def got(item: Item) -> Fetched:
        return Fetched(ItemState("1"), item)

    item: Contact = sample(Contact)
    base = bases.fields_of(item)
    ours, theirs = replace(item, company="A"), replace(item, office="B")
    made = make(got(ours), got(theirs), base, edited=True, sends=True)
    assert (made.got.item, made.ahead, made.is_there) == (replace(ours, office="B"), True, False)
    made = make(got(item), got(theirs), base, edited=False, sends=True)
    assert (made.got.item, made.ahead, made.is_there) == (theirs, False, False)
    made = make(got(theirs), got(theirs), base, edited=True, sends=True)
    assert (made.ahead, made.is_there) == (False, True)
    # Ours has theirs already, as after a run that was killed: only that is to be sent which they do not have.
    made = make(got(replace(ours, office="B")), got(theirs), base, edited=True, sends=True)
    assert (made.ahead, made.is_there) == (True, True)
    # They have it as it was, and only under another id: ours is left as it is.
    for edited, mine in ((False, item), (True, ours)):
        made = make(got(mine), got(item), base, edited=edited, sends=True)
        assert (made.ahead, made.is_there, made.untouched) == (edited, True, True)
    # What was taken out here is to be sent as well.
    made = make(got(replace(item, company="")), got(theirs), base, edited=True, sends=True)
    assert (made.got.item, made.ahead) == (replace(theirs, company=""), True)
    # What another program dropped is sent again, unless the item is kept in its author's form.
    dropped = got(bare(replace(item, office="B")))
    assert make(got(item), dropped, base, edited=False, sends=True, restores=False).ahead
    form: Properties = {NamedTag(PropertyName(PSETID_MAIL_CONNECTOR, "ItemForm"), PropertyType.STRING): "plain"}
    foreign = replace(item, mail=replace(item.mail, leftover={**item.mail.leftover, **form}))
    for restores in (True, False):
        made = make(got(foreign), dropped, bases.fields_of(foreign), edited=False, sends=True, restores=restores)
        assert made.ahead is restores
        assert mail_of(made.got.item).leftover == foreign.mail.leftover
    # Of an item of ours it makes none of its own.
    taken = replace(item, office="B", mail=replace(item.mail, leftover=form))
    made = make(got(item), got(taken), base, edited=False, sends=True)
    assert mail_of(made.got.item).leftover == item.mail.leftover


def test_an_edit_of_what_was_sent_is_told_from_one_of_what_was_there() -> None:
    before: Contact = sample(Contact)
    sent = replace(before, office="1", job_title="2")

    def is_after(item: Item, base: Item = before) -> bool:
        return comes_after(item, bases.fields_of(base), bases.fields_of(sent))

    assert is_after(sent)
    assert is_after(replace(sent, company="other"))
    assert is_after(replace(sent, office="other"))  # the title is still what was sent
    assert not is_after(replace(before, company="other"))
    assert not is_after(replace(before, office="1"))  # somebody wrote the same: the title is what it was before
    assert not is_after(replace(sent, office="other", job_title="other"))  # nobody can tell
    assert not is_after(sent, sent)  # nothing was other in what was sent
