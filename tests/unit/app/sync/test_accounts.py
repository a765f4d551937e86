"""From the profile to jobs: which accounts, their options, and a profile that changes under a service."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.app.account.profile import Profile
from mailconnector.app.account.profile_text import ProfileError
from mailconnector.app.errors import AppUsageError
from mailconnector.app.sync.accounts import LiveProfile, chosen_accounts, job_for
from mailconnector.app.sync.folder_choices import folder_choice, listed_folders, set_folder_options
from mailconnector.sync import Mode

PROFILE = """\
# mine
[accounts.work]
address = "alice@example.org"
pst = "work.pst"
imap.host = "imap.example.org"

[accounts.work.folders."Archive/2024"]
mode = "never"  # it is finished

[accounts.off]
address = "bob@example.org"
pst = "off.pst"
mapping = false
imap.host = "imap.example.org"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE)
    return Profile.load(path)


def test_all_accounts_but_those_whose_mapping_is_off(profile):
    assert [account.key for account in chosen_accounts(profile, None)] == ["work"]
    assert [account.key for account in chosen_accounts(profile, "work")] == ["work"]
    with pytest.raises(AppUsageError, match="mapping is off"):
        chosen_accounts(profile, "off")
    with pytest.raises(AppUsageError):
        chosen_accounts(profile, "nobody")


def test_a_profile_without_accounts_says_so(tmp_path):
    with pytest.raises(AppUsageError, match="there is no account"):
        chosen_accounts(Profile.load(tmp_path / "none.toml"), None)


def test_the_pst_of_a_new_account_is_made_and_one_that_is_gone_is_not(profile):
    account = profile.account("work")
    profile.make_data_directory()
    job = job_for(account)
    job.open_local().close()
    with pst.open_store(account.pst_path) as store:
        assert store.folder_at("Inbox").content_count == 0
    account.pst_path.unlink()
    with pytest.raises(AppUsageError, match="is gone"):
        job.open_local()
    assert not account.pst_path.exists()


def test_options_are_written_and_comments_stay(profile):
    account = profile.account("work")
    values = {"mode": "interval", "minutes": 20, "since": "2026-01-31", "max_size": "2MB"}
    account = set_folder_options(profile, account, ("Inbox", "a/b"), values)
    choice = folder_choice(account, ("Inbox", "a/b"))
    assert (choice.options.mode, choice.options.minutes) == (Mode.INTERVAL, 20)
    assert (choice.options.since, choice.options.max_size) == (date(2026, 1, 31), 2 << 20)
    assert choice.own == ("mode", "minutes", "since", "max_size")
    account = set_folder_options(profile, account, ("Inbox", "a/b"), {"since": "all", "max_size": None})
    choice = folder_choice(account, ("Inbox", "a/b"))
    assert (choice.options.since, choice.own) == (None, ("mode", "minutes", "since"))
    account = set_folder_options(profile, account, (), {"mode": "demand"})
    assert folder_choice(account, ("Other",)).options.mode is Mode.DEMAND
    assert folder_choice(account, ("Archive", "2024")).options.mode is Mode.NEVER
    text = profile.path.read_text()
    assert "# mine" in text
    assert "# it is finished" in text
    assert [choice.path for choice, _ in listed_folders(account, ())] == [("Archive", "2024"), ("Inbox", "a/b")]


def test_an_option_that_makes_no_sense_changes_nothing(profile):
    before = profile.path.read_bytes()
    with pytest.raises(ProfileError):
        set_folder_options(profile, profile.account("work"), ("Inbox",), {"since": "yesterday"})
    assert profile.path.read_bytes() == before


def test_a_service_sees_what_becomes_of_the_profile(profile):
    live = LiveProfile(profile)
    (job,) = live.jobs(None)
    assert job.settings().options(("Inbox",)).mode is Mode.PUSH
    set_folder_options(profile, profile.account("work"), ("Inbox",), {"mode": "never"})
    assert job.settings().options(("Inbox",)).mode is Mode.NEVER
    good = profile.path.read_text()
    profile.path.write_text("[accounts.work\n")
    os.utime(profile.path, (1, 1))
    assert job.settings().options(("Inbox",)).mode is Mode.NEVER
    profile.path.write_text(good.replace('"never"\n', '"demand"\n'))
    assert job.settings().options(("Inbox",)).mode is Mode.DEMAND
