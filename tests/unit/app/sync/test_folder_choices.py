"""What the user chose for folders, when the folders are renamed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.app.account.profile import Account, Profile, ProfileError
from mailconnector.app.errors import AppDiskError
from mailconnector.app.sync.folder_choices import folder_choice, follow_renames, meant_folder, set_folder_options
from mailconnector.app.sync.round import Wish, run_round
from mailconnector.sync import FolderOptions, Form, Mode, Request
from mailconnector.sync.renames import Rename
from tests.exchange import contents, folder_named
from tests.unit.app.sync.jobs import World

TEXT = """\
# Mine.

[accounts.work]
address = "alice@example.org"
pst = "work.pst"

[accounts.work.imap]
host = "imap.example.org"
login = "alice"

# Not that one.
[accounts.work.folders."Old"]  # noisy
mode = "never"  # really

[ accounts . work . folders . 'Old/Sub' ]
# All of it.
max_size = "all"

# The last one.
[accounts.work.folders."A"]
minutes = 5

[accounts.home]
address = "alice@home.example"
pst = "home.pst"
imap = { host = "imap.home.example", login = "alice" }

[accounts.home.folders."Old"]
mode = "demand"
"""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    path = tmp_path / "profile.toml"
    path.write_text(TEXT)
    return Profile.load(path).account("work")


def moved(account: Account, *names: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    before = account.profile.read_text()
    follow_renames(account, [Rename(number, old, new) for number, (old, new) in enumerate(names)])
    after = account.profile.read_text()
    # Headings change, and nothing else.
    assert [line for line in before.splitlines() if not line.lstrip().startswith("[")] == [
        line for line in after.splitlines() if not line.lstrip().startswith("[")
    ]
    return after


def test_options_follow_a_folder_and_those_in_it(account: Account) -> None:
    text = moved(account, (("Old",), ("New / b", "c")))
    assert text == account.profile.read_text()
    folders = Profile.load(account.profile).account("work").settings().folders
    assert folders[("New / b", "c")].mode is Mode.NEVER
    assert folders[("New / b", "c", "Sub")].max_size is None
    assert folders[("A",)].minutes == 5
    assert ("Old",) not in folders
    assert Profile.load(account.profile).account("home").settings().folders[("Old",)].mode is Mode.DEMAND
    assert "# noisy" in text


def test_exchanged_names_exchange_their_options(account: Account) -> None:
    moved(account, (("Old",), ("A",)), (("A",), ("Old",)))
    folders = Profile.load(account.profile).account("work").settings().folders
    assert folders[("A",)].mode is Mode.NEVER
    assert folders[("Old",)].minutes == 5
    assert folders[("A", "Sub")].max_size is None


def test_what_the_new_name_had_gives_way(account: Account) -> None:
    follow_renames(account, [Rename(1, ("Old",), ("A",))])
    folders = Profile.load(account.profile).account("work").settings().folders
    assert folders.keys() == {("A",), ("A", "Sub")}
    assert folders[("A",)].mode is Mode.NEVER


@pytest.mark.parametrize(
    "written",
    [
        'folders = { "Old" = { mode = "never" } }',
        'folders.Old = { mode = "never" }',
        'folders."Old".mode = "never"',
    ],
)
def test_options_written_otherwise_follow_too(written: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(
        f'[accounts.work]\naddress = "alice@example.org"\npst = "a.pst"\nimap.host = "a.example"\n{written}  # keep\n'
    )
    account = Profile.load(path).account("work")
    follow_renames(account, [Rename(1, ("Old",), ("New",))])
    assert Profile.load(path).account("work").settings().folders == {("New",): FolderOptions(mode=Mode.NEVER)}


def test_folders_without_options_change_nothing(account: Account) -> None:
    assert moved(account, (("B",), ("C",))) == account.profile.read_text()


@pytest.mark.parametrize("side", ["local", "remote"])
def test_a_round_has_options_follow_and_keeps_to_them(side: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    for store in (world.local, world.remote):
        store.create_folder(store.create_folder("", "Old").id, "Sub")
    never = FolderOptions(mode=Mode.NEVER)
    told: list[tuple[Rename, ...]] = []
    job = replace(world.job(), follow=lambda renames: told.append(tuple(renames)))
    run_round(job)
    world.settings = replace(world.settings, folders={("Old", "Sub"): never})
    store = getattr(world, side)
    store.move_folder(folder_named(store, "Old"), "", "New")
    world.put(store, 1, folder="Sub")
    outcome = run_round(job, Wish(Request(rehearse=True)))
    assert not told
    outcome = run_round(job)
    assert outcome.report is not None
    (renames,) = told
    assert {(one.before, one.after) for one in renames} == {
        (("Old",), ("New",)),
        (("Old", "Sub"), ("New", "Sub")),
    }
    # It was left alone in this round, too.
    assert not contents(world.remote if side == "local" else world.local)
    world.settings = replace(world.settings, folders={("New", "Sub"): never})
    run_round(job)
    assert len(told) == 1
    assert not contents(world.remote if side == "local" else world.local)


def test_a_profile_that_cannot_be_changed_is_tried_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.local.create_folder("", "Old")
    told: list[tuple[Rename, ...]] = []

    def follow(renames: object) -> None:
        told.append(tuple(renames))  # type: ignore[arg-type]
        if len(told) == 1:
            raise AppDiskError("no room", path="profile.toml")

    job = replace(world.job(), follow=follow)
    run_round(job)
    world.settings = replace(world.settings, folders={("Old",): FolderOptions(mode=Mode.NEVER)})
    world.local.move_folder(folder_named(world.local, "Old"), "", "New")
    run_round(job)
    world.put(world.local, 1, folder="New")
    run_round(job)
    assert told[0] == told[1]
    assert not contents(world.remote)


def test_a_folder_is_meant_by_either_sides_name_whatever_its_case(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert meant_folder(world.job(), ("Nowhere",)) == (("Nowhere",), True)  # nobody knows any yet
    world.remote.create_folder("", "News")
    run_round(world.job())
    assert meant_folder(world.job(), ("nEWS",)) == (("News",), True)
    assert meant_folder(world.job(), ("inbox",)) == (("Inbox",), True)
    assert meant_folder(world.job(), ("Nowhere",)) == (("Nowhere",), False)
    assert meant_folder(world.job(), ()) == ((), True)


def test_the_form_of_other_programs_items_is_a_choice(account: Account) -> None:
    profile = Profile.load(account.profile)
    assert folder_choice(account, ("A",)).options.form is Form.AUTHOR
    account = set_folder_options(profile, account, ("A",), {"form": "own"})
    choice = folder_choice(account, ("A",))
    assert (choice.options.form, choice.own) == (Form.OWN, ("minutes", "form"))
    account = set_folder_options(profile, account, (), {"form": "own"})
    account = set_folder_options(profile, account, ("A",), {"form": "author"})
    assert [folder_choice(account, path).options.form for path in (("A",), ("Old",))] == [Form.AUTHOR, Form.OWN]
    with pytest.raises(ProfileError):
        set_folder_options(profile, account, ("A",), {"form": "theirs"})
