"""Accounts coming, changing and going: everything together, or nothing."""

import pytest

from mailconnector import pst
from mailconnector.app.account.managing import (
    NewPst,
    add_account,
    edit_account,
    leftovers,
    remove_account,
    suggested_name,
    warnings_about,
    written_path,
)
from mailconnector.app.account.profile import Profile, ProfileError
from mailconnector.app.errors import AppInUseError, AppUsageError, SecretError
from mailconnector.app.lock import held_lock

VALUES = {"address": "alice@example.org", "pst": "alice.pst", "imap": {"host": "imap.example.org"}}
ENTRY = ("mailconnector:imap.example.org", "alice@example.org")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.toml"


@pytest.fixture
def account(path, keyring_):
    return add_account(path, "one", VALUES, secrets={"imap": "word"}, new_pst=NewPst())


def synchronised(account):
    """Leave what a synchronisation would."""
    Profile.load(account.profile).make_data_directory()
    for file in (account.state_path, account.index_path):
        for ending in ("", "-wal"):
            file.with_name(file.name + ending).write_text(file.name)


class TestAdding:
    @pytest.mark.parametrize("format", ["unicode", "ansi"])
    def test_with_a_new_pst(self, path, keyring_, format):
        account = add_account(path, "one", VALUES, secrets={"imap": "word"}, new_pst=NewPst(format))
        assert Profile.load(path).account() == account
        assert keyring_.entries == {ENTRY: "word"}
        with pst.open_store(account.pst_path) as store:
            assert store.format == format
            assert "Inbox" in {folder.name for folder in store.ipm_subtree.folders()}

    def test_with_a_pst_that_is_there(self, path, tmp_path):
        pst.create_store(tmp_path / "alice.pst").close()
        before = (tmp_path / "alice.pst").read_bytes()
        add_account(path, "one", VALUES)
        assert (tmp_path / "alice.pst").read_bytes() == before

    def test_with_none_yet(self, path):
        assert not add_account(path, "one", VALUES).pst_path.exists()

    def test_a_file_is_never_overwritten(self, path, tmp_path, keyring_):
        (tmp_path / "alice.pst").write_text("mine")
        with pytest.raises(pst.PstUsageError):
            add_account(path, "one", VALUES, secrets={"imap": "word"}, new_pst=NewPst())
        assert (tmp_path / "alice.pst").read_text() == "mine"
        assert keyring_.entries == {}
        assert not path.exists()

    def test_what_is_no_pst(self, path, tmp_path):
        (tmp_path / "alice.pst").write_text("mine")
        with pytest.raises(pst.PstError):
            add_account(path, "one", VALUES)
        assert not path.exists()

    def test_no_folder_for_it(self, path):
        for new in (None, NewPst()):
            with pytest.raises(AppUsageError, match="no folder"):
                add_account(path, "one", {**VALUES, "pst": "deep/alice.pst"}, new_pst=new)
        assert not path.exists()

    def test_a_wrong_value_makes_nothing(self, path, tmp_path, keyring_):
        with pytest.raises(ProfileError):
            add_account(path, "one", {**VALUES, "address": "alice"}, secrets={"imap": "word"}, new_pst=NewPst())
        assert not path.exists()
        assert not (tmp_path / "alice.pst").exists()
        assert keyring_.entries == {}

    def test_no_keyring_makes_nothing(self, path, tmp_path, no_keyring):
        with pytest.raises(SecretError):
            add_account(path, "one", VALUES, secrets={"imap": "word"}, new_pst=NewPst())
        assert not path.exists()
        assert not (tmp_path / "alice.pst").exists()

    def test_a_failure_brings_an_older_password_back(self, path, tmp_path, keyring_):
        keyring_.entries[ENTRY] = "older"
        (tmp_path / "alice.pst").write_text("mine")
        with pytest.raises(pst.PstUsageError):
            add_account(path, "one", VALUES, secrets={"imap": "word"}, new_pst=NewPst())
        assert keyring_.entries == {ENTRY: "older"}

    def test_two_on_one_pst(self, path, account, tmp_path):
        (tmp_path / "link.pst").symlink_to("alice.pst")
        for name in ("alice.pst", str(tmp_path / "alice.pst"), "link.pst"):
            with pytest.raises(AppUsageError, match="PST of the account one"):
                add_account(path, "two", {**VALUES, "pst": name})
        assert list(Profile.load(path).accounts) == ["one"]

    def test_a_password_for_no_server(self, path, keyring_):
        with pytest.raises(AppUsageError, match="no SMTP server"):
            add_account(path, "one", VALUES, secrets={"smtp": "word"})


class TestEditing:
    def test_what_is_known_holds_where_the_account_is_the_same(self, path, account):
        synchronised(account)
        edited = edit_account(path, "ONE", {("imap", "port"): 1993, ("name",): "Alice"})
        assert edited.set_aside == ()
        assert account.state_path.exists()
        assert (edited.account.imap_server.port, edited.account.name) == (1993, "Alice")

    @pytest.mark.parametrize("change", [{("imap", "host"): "h"}, {("imap", "login"): "l"}, {("address",): "b@c.d"}])
    def test_another_server_or_login_sets_the_state_aside(self, path, account, change):
        synchronised(account)
        edited = edit_account(path, "one", change)
        old = account.state_path.with_name(account.state_path.name + ".old")
        assert edited.set_aside == (old,)
        assert old.read_text() == account.state_path.name
        assert old.with_name(old.name + "-wal").exists()
        assert not account.state_path.exists()
        assert account.index_path.exists()
        synchronised(account)
        edit_account(path, "one", {("imap", "host"): "third"})
        assert not account.state_path.exists()

    def test_another_pst_sets_the_index_aside_as_well(self, path, account, tmp_path):
        synchronised(account)
        pst.create_store(tmp_path / "other.pst").close()
        edited = edit_account(path, "one", {("pst",): "other.pst"})
        assert len(edited.set_aside) == 2
        assert not account.index_path.exists()

    def test_the_same_server_under_another_name(self, path, account):
        synchronised(account)
        assert edit_account(path, "one", {("imap", "host"): "h"}, same_server=True).set_aside == ()
        assert account.state_path.exists()

    def test_while_it_is_synchronised(self, path, account):
        synchronised(account)
        lock = account.state_path.with_name(account.state_path.name + ".lock")
        with held_lock(lock, "it"), pytest.raises(AppInUseError):
            edit_account(path, "one", {("imap", "host"): "h"})
        assert Profile.load(path).account() == account
        assert account.state_path.exists()

    def test_onto_the_pst_of_another(self, path, account):
        add_account(path, "two", {**VALUES, "pst": "two.pst"})
        with pytest.raises(AppUsageError, match="PST of the account one"):
            edit_account(path, "two", {("pst",): "alice.pst"})

    def test_a_password(self, path, account, keyring_):
        edit_account(path, "one", {}, secrets={"imap": "new"})
        assert keyring_.entries == {ENTRY: "new"}
        with pytest.raises(ProfileError):
            edit_account(path, "one", {("imap", "port"): 0}, secrets={"imap": "newer"})
        assert keyring_.entries == {ENTRY: "new"}


class TestRemoving:
    def test_mail_stays_and_the_rest_goes(self, path, account, keyring_):
        synchronised(account)
        told = leftovers(Profile.load(path), account)
        assert told.pst == account.pst_path
        assert told.pst_size == account.pst_path.stat().st_size
        assert told.passwords == ("alice@example.org at imap.example.org",)
        left = remove_account(path, "one")
        assert set(left.data) >= set(told.data) >= {account.state_path, account.index_path}
        assert account.pst_path.exists()
        assert list(account.data_directory.iterdir()) == []
        assert keyring_.entries == {}
        assert not Profile.load(path).accounts

    def test_a_password_that_another_account_uses_stays(self, path, account, keyring_):
        add_account(path, "two", {**VALUES, "pst": "two.pst"})
        assert leftovers(Profile.load(path), account).passwords == ()
        remove_account(path, "one")
        assert keyring_.entries == {ENTRY: "word"}

    def test_while_it_is_synchronised(self, path, account, keyring_):
        synchronised(account)
        lock = account.state_path.with_name(account.state_path.name + ".lock")
        with held_lock(lock, "it"), pytest.raises(AppInUseError):
            remove_account(path, "one")
        assert Profile.load(path).account() == account
        assert keyring_.entries == {ENTRY: "word"}

    def test_nobody(self, path):
        with pytest.raises(AppUsageError):
            remove_account(path, "one")


class TestWarnings:
    def test_nothing_to_warn_of(self, path, account):
        assert warnings_about(Profile.load(path), account) == ()

    def test_all_of_them(self, path, account, tmp_path):
        text = path.read_text()
        path.write_text(
            text
            + text.replace("accounts.one", "accounts.two")
            .replace('host = "imap.example.org"', 'host = "imap.example.org"\nsecurity = "none"\nca_file = "gone.pem"')
            .split("\n", 1)[1]
        )
        profile = Profile.load(path)
        found = " ".join(warnings_about(profile, profile.account("two")))
        assert "plain text" in found
        assert "gone.pem" in found
        assert "the PST of one" in found


@pytest.mark.parametrize(
    ("address", "taken", "expected"),
    [
        ("alice@example.org", [], "example"),
        ("alice@example.org", ["Example"], "alice-example"),
        ("alice@example.org", ["example", "alice-example", "alice", "example2"], "example3"),
        ("alice@bücher.example", [], "alice"),
        ("例え@例え.jp", [], "mail2"),
    ],
)
def test_a_name_is_suggested(path, address, taken, expected):
    for number, name in enumerate(taken):
        add_account(path, name, {**VALUES, "pst": f"{number}.pst"})
    assert suggested_name(address, Profile.load(path)) == expected


def test_paths_are_written_relative_where_they_may_move_together(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert written_path(tmp_path / "sub" / "a.pst", path) == "sub/a.pst"
    assert written_path(type(path)("a.pst"), path) == "a.pst"
    assert written_path(type(path)("/elsewhere/a.pst"), path) == "/elsewhere/a.pst"
