"""The profile: what it means, what is said of one that is wrong, and that changing it loses nothing."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.account.profile import Profile, ProfileError, default_profile_path
from mailconnector.app.account.profile_text import read_accounts
from mailconnector.app.errors import AppDiskError, AppUsageError, ProfileLockedError
from mailconnector.imap import Security
from mailconnector.sync import Brake, FolderOptions, Mode, Settings

FULL = """\
# Mine. Do not touch.

[accounts.work]   # the office
name = "Alice Example"
address = "alice@example.org"
reply_to = "office@example.org"
organization = "Example Ltd"
pst = "work.pst"
mapping = false

[accounts.work.imap]
host = "imap.example.org"   # behind the VPN
port = 1993
login = "alice"
auth = "oauth2"
secret = { command = ["token", "alice"] }
ca_file = "ca.pem"

[accounts.work.smtp]
host = "smtp.example.org"
security = "starttls"

[accounts.work.sync]
brake_share = 0.25
brake_free = 0
mode = "interval"
minutes = 5
since = 2020-01-01
max_size = "5 MB"
log_days = 7

[accounts.work.folders."Inbox/Sub"]
mode = "never"

[accounts.work.folders."Archive"]
since = "all"
max_size = "all"

# Below is my own mail.
[accounts.home]
address = "alice@home.example"
pst = "/mail/home.pst"
imap = { host = "home.example", security = "none", secret = { variable = "HOME_PASSWORD" } }
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "profile.toml"
    file.write_text(FULL)
    return file


class TestReading:
    def test_everything_that_is_said_is_understood(self, path):
        account = Profile.load(path).account("work")
        assert (account.key, account.name, account.address) == ("work", "Alice Example", "alice@example.org")
        assert (account.reply_to, account.organization, account.mapping) == ("office@example.org", "Example Ltd", False)
        assert account.pst_path == path.parent / "work.pst"
        imap = account.imap_server
        assert (imap.host, imap.port, imap.security, imap.login) == ("imap.example.org", 1993, "tls", "alice")
        assert (imap.auth, imap.secret.command, imap.ca_file) == ("oauth2", ("token", "alice"), path.parent / "ca.pem")
        assert imap.endpoint.security is Security.TLS

    def test_smtp_takes_from_imap_what_it_leaves_open(self, path):
        smtp = Profile.load(path).account("work").smtp_server
        assert smtp is not None
        assert (smtp.port, smtp.security, smtp.login) == (587, "starttls", "alice")
        assert (smtp.auth, smtp.secret.command, smtp.ca_file) == ("oauth2", ("token", "alice"), None)
        assert smtp.keyring_host == "imap.example.org"

    def test_smtp_with_a_login_of_its_own_has_a_secret_of_its_own(self, path):
        with Profile.change(path) as draft:
            draft.set("work", ("smtp", "login"), "relay")
        smtp = Profile.load(path).account("work").smtp_server
        assert smtp is not None
        assert (smtp.login, smtp.auth, smtp.keyring_host) == ("relay", "password", "smtp.example.org")
        assert smtp.secret.keyring

    def test_settings(self, path):
        settings = Profile.load(path).account("work").settings()
        usual = FolderOptions(Mode.INTERVAL, 5, date(2020, 1, 1), 5 << 20)
        assert settings.default == usual
        assert settings.brake == Brake(0.25, 0)
        assert settings.log_days == 7
        assert settings.options(("Inbox", "Sub")) == FolderOptions(Mode.NEVER, 5, date(2020, 1, 1), 5 << 20)
        assert settings.options(("Archive",)) == FolderOptions(Mode.INTERVAL, 5, None, None)
        assert settings.options(("Inbox",)) == usual

    def test_what_is_left_out(self, path):
        account = Profile.load(path).account("home")
        assert (account.name, account.reply_to, account.mapping, account.smtp_server) == ("", None, True, None)
        server = account.imap_server
        assert (server.port, server.login, server.auth) == (143, "alice@home.example", "password")
        assert server.endpoint.security is Security.PLAIN
        # What stays in step of itself is what people expect of a connector.
        assert account.settings() == Settings(default=FolderOptions(mode=Mode.PUSH))
        assert account.pst_path == Path("/mail/home.pst")

    @pytest.mark.parametrize(
        ("host", "security", "exposed"),
        [
            ("imap.example.org", "none", True),
            ("imap.example.org", "starttls", False),
            ("localhost", "none", False),
            ("127.0.0.1", "none", False),
            ("localhost.example.org", "none", True),
        ],
    )
    def test_plain_text_is_told_unless_it_stays_here(self, tmp_path, host, security, exposed):
        path = tmp_path / "profile.toml"
        imap = {"host": host, "security": security}
        with Profile.change(path) as draft:
            draft.add("one", {"address": "a@b.c", "pst": "one.pst", "imap": imap})
        assert Profile.load(path).account().imap_server.is_exposed is exposed

    def test_the_example_of_the_guide(self):
        guide = Path(__file__).parents[4].joinpath("docs/guide/accounts.md").read_text()
        (account,) = read_accounts(guide.split("```toml\n")[1].split("```")[0], Path("/p/profile.toml")).values()
        assert account.settings().options(("Inbox", "Lists")).mode is Mode.DEMAND
        assert account.settings().options(("Inbox",)).max_size == 10 << 20
        assert account.imap_server.secret.keyring
        assert account.smtp_server is not None

    def test_no_file_is_no_account(self, tmp_path):
        profile = Profile.load(tmp_path / "profile.toml")
        assert not profile.accounts
        with pytest.raises(AppUsageError, match="no account"):
            profile.account()

    def test_accounts_are_found_whatever_the_case(self, path):
        profile = Profile.load(path)
        assert profile.account("WORK").key == "work"
        with pytest.raises(AppUsageError) as caught:
            profile.account("nobody")
        assert "work, home" in caught.value.hint
        with pytest.raises(AppUsageError, match="several"):
            profile.account()

    def test_a_directory_holds_the_file(self, path):
        assert Profile.load(path.parent).path == path.resolve()

    def test_the_usual_place(self, tmp_path):
        assert default_profile_path({"MAILCONNECTOR_HOME": str(tmp_path)}) == tmp_path / "profile.toml"
        assert default_profile_path({}).name == "profile.toml"
        assert "mailconnector" in str(default_profile_path({})).lower()

    def test_who_shares_a_pst(self, path):
        profile = Profile.load(path)
        assert profile.sharing_pst(path.parent / "x" / ".." / "work.pst") == ["work"]
        assert profile.sharing_pst(path.parent / "work.pst", apart_from="work") == []
        (path.parent / "work.pst").write_bytes(b"")
        (path.parent / "link.pst").symlink_to("work.pst")
        assert profile.sharing_pst(path.parent / "link.pst") == ["work"]


WRONG = [
    ('port = 1993', 'port = 70000', "accounts.work.imap.port", "from 1 to 65535"),
    ('port = 1993', 'port = "993"', "accounts.work.imap.port", "a number"),
    ('port = 1993', 'port = true', "accounts.work.imap.port", "a number"),
    ('security = "starttls"', 'security = "ssl"', "accounts.work.smtp.security", "'tls', 'starttls' or 'none'"),
    ('host = "smtp.example.org"', 'host = "smtp example"', "accounts.work.smtp.host", "imap.example.org"),
    ('reply_to = "office@example.org"', 'reply_to = "office"', "accounts.work.reply_to", "alice@example.org"),
    ('organization', 'organisation', "accounts.work.organisation", "did you mean organization?"),
    ('auth = "oauth2"', 'password = "geheim"', "accounts.work.imap.password", "keyring = true"),
    ('mode = "never"', 'mode = "newer"', 'accounts.work.folders."Inbox/Sub".mode', "'never'"),
    ('minutes = 5', 'minutes = 0', "accounts.work.sync.minutes", "1 to 10080"),
    ('max_size = "5 MB"', 'max_size = "5 miles"', "accounts.work.sync.max_size", '"5 MB"'),
    ('since = 2020-01-01', 'since = "gestern"', "accounts.work.sync.since", "2024-01-31"),
    ('brake_share = 0.25', 'brake_share = 1.5', "accounts.work.sync.brake_share", "from 0 to 1"),
    ('mapping = false', 'mapping = "no"', "accounts.work.mapping", "true or false"),
    ('secret = { command', 'secret = { keyring = true, command', "accounts.work.imap.secret", "exactly one"),
    ('{ variable = "HOME_PASSWORD" }', '{ variable = "A B" }', "accounts.home.imap.secret.variable", "letters, digits"),
    ('{ variable = "HOME_PASSWORD" }', '{}', "accounts.home.imap.secret", "exactly one"),
    ('{ variable = "HOME_PASSWORD" }', '"geheim"', "accounts.home.imap.secret", "a table"),
    ('[accounts.home]', '[accounts."ho/me"]', 'accounts."ho/me"', "letters, digits"),
    ('[accounts.home]', '[accounts.WORK]', 'accounts.WORK', "case only"),
    ('pst = "work.pst"', 'pst = ""', "accounts.work.pst", "is empty"),
    ('pst = "work.pst"', 'pst = "a\\nb"', "accounts.work.pst", "line's end"),
]  # fmt: skip


class TestWrong:
    @pytest.mark.parametrize(("old", "new", "key", "allowed"), WRONG)
    def test_says_which_value_where_and_what_is_allowed(self, path, old, new, key, allowed):
        text = FULL.replace(old, new, 1)
        assert text != FULL
        path.write_text(text)
        with pytest.raises(ProfileError) as caught:
            Profile.load(path)
        problem = next(problem for problem in caught.value.problems if problem.key == key)
        assert allowed in problem.message
        changed = next(
            number
            for number, (one, other) in enumerate(zip(FULL.splitlines(), text.splitlines(), strict=True), 1)
            if one != other
        )
        assert problem.line == changed
        assert f"line {changed}: {key}" in str(caught.value)
        assert "geheim" not in str(caught.value)

    def test_a_missing_value_is_looked_for_in_its_table(self, path):
        path.write_text(FULL.replace('address = "alice@example.org"\n', ""))
        with pytest.raises(ProfileError, match=r"line 3: accounts\.work\.address is missing"):
            Profile.load(path)

    def test_the_line_of_a_value_that_takes_several(self, path):
        path.write_text(FULL.replace('"/mail/home.pst"', '[\n  "a",\n  "b",\n]'))
        with pytest.raises(ProfileError) as caught:
            Profile.load(path)
        assert caught.value.problems[0].line == FULL.splitlines().index('pst = "/mail/home.pst"') + 1

    def test_the_line_in_a_long_profile(self, path):
        many = "".join(f'[accounts.a{number}]\naddress = "a@b.c"\npst = "{number}.pst"\nimap = {{ host = "h" }}\n'
                       for number in range(500))  # fmt: skip
        path.write_text(many.replace('pst = "400.pst"', "pst = 400").replace('pst = "20.pst"', "pst = 20"))
        with pytest.raises(ProfileError, match=r"line 83: accounts\.a20\.pst .* line 1603: accounts\.a400\.pst"):
            Profile.load(path)

    def test_several_at_once(self, path):
        path.write_text(FULL.replace("port = 1993", "port = 0").replace("mapping = false", "mapping = 0"))
        with pytest.raises(ProfileError) as caught:
            Profile.load(path)
        assert [problem.key for problem in caught.value.problems] == [
            "accounts.work.mapping",
            "accounts.work.imap.port",
        ]

    def test_no_toml(self, path):
        path.write_text("[accounts.work]\nname = Alice\n")
        with pytest.raises(ProfileError, match=r"line 2: is no TOML") as caught:
            Profile.load(path)
        assert caught.value.problems[0].line == 2

    def test_other_tables(self, path):
        path.write_text("[account.work]\n")
        with pytest.raises(ProfileError, match=r"line 1: account is not known here"):
            Profile.load(path)
        path.write_text("accounts = 3\n")
        with pytest.raises(ProfileError, match="is to be a table"):
            Profile.load(path)

    def test_no_text(self, path):
        path.write_bytes(b"# ok\n# \xff\n")
        with pytest.raises(ProfileError, match=r"line 2: is not UTF-8"):
            Profile.load(path)

    def test_no_file_of_a_reasonable_size(self, path):
        path.write_bytes(b"#" * (5 << 20))
        with pytest.raises(ProfileError, match="4 MB"):
            Profile.load(path)

    def test_deep_nesting_is_no_crash(self, path):
        path.write_text("a = " + "[" * 5000)
        with pytest.raises(ProfileError):
            Profile.load(path)

    @pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
    def test_a_profile_that_anybody_can_change_is_not_used(self, path):
        path.chmod(0o666)
        with pytest.raises(ProfileError, match="anybody") as caught:
            Profile.load(path)
        assert "chmod" in caught.value.hint

    def test_a_file_that_cannot_be_read(self, tmp_path):
        (tmp_path / "profile.toml").symlink_to("profile.toml")
        with pytest.raises((AppDiskError, RuntimeError)):
            Profile.load(tmp_path / "profile.toml")

    @given(st.text(max_size=200))
    def test_whatever_it_is_only_our_own_error(self, text):
        try:
            read_accounts(text, Path("profile.toml"))
        except ProfileError as error:
            assert error.problems

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["imap", "folders", "host", "secret", "command", "since", "pst"]), inner
                )
            ),
            max_leaves=8,
        )
    )
    def test_whatever_an_account_is_only_our_own_error(self, value):
        text = "accounts.work = " + _toml(value)
        try:
            read_accounts(text, Path("profile.toml"))
        except ProfileError as error:
            assert all(problem.message for problem in error.problems)


def _toml(value):
    match value:
        case None:
            return '""'
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            return (
                '"'
                + "".join(f"\\U{ord(char):08x}" if not 0xD800 <= ord(char) < 0xE000 else "?" for char in value)
                + '"'
            )
        case int():
            return str(max(-(1 << 62), min(value, 1 << 62)))
        case _:
            return str(value)


class TestChanging:
    def test_comments_and_order_stay(self, path):
        with Profile.change(path) as draft:
            draft.set("work", ("imap", "port"), 993)
            draft.set("work", ("folders", "Inbox/Sub", "minutes"), 30)
            draft.set("home", ("imap", "security"), "tls")
        expected = (
            FULL.replace("port = 1993", "port = 993")
            .replace('mode = "never"\n', 'mode = "never"\nminutes = 30\n')
            .replace('security = "none"', 'security = "tls"')
        )
        assert path.read_text() == expected

    def test_adding_and_removing_leaves_the_rest_as_it_was(self, path):
        with Profile.change(path) as draft:
            draft.add("new", {"address": "n@example.org", "pst": "n.pst", "imap": {"host": "h", "port": None}})
        added = path.read_text()
        assert added.startswith(FULL)
        assert list(Profile.load(path).accounts) == ["work", "home", "new"]
        with Profile.change(path) as draft:
            draft.remove("new")
        assert path.read_text().rstrip() == FULL.rstrip()

    def test_removing_the_first(self, path):
        with Profile.change(path) as draft:
            draft.remove("work")
        text = path.read_text()
        assert list(Profile.load(path).accounts) == ["home"]
        assert "# Mine. Do not touch." in text

    def test_a_value_taken_away_is_the_usual_one_again(self, path):
        with Profile.change(path) as draft:
            draft.set("work", ("imap", "port"), None)
            draft.set("work", ("imap", "never_there"), None)
            draft.set("work", ("folders", "Inbox/Sub", "mode"), None)
            draft.set("work", ("folders", "Archive", "since"), None)
            draft.set("work", ("folders", "Archive", "max_size"), None)
        account = Profile.load(path).account("work")
        assert account.imap_server.port == 993
        assert account.folders == {}
        assert "Inbox/Sub" not in path.read_text()

    def test_what_makes_no_sense_is_not_written(self, path):
        with pytest.raises(ProfileError) as caught, Profile.change(path) as draft:
            draft.set("work", ("imap", "port"), 0)
        assert caught.value.hint == "Nothing was changed."
        assert path.read_text() == FULL

    def test_an_error_meanwhile_changes_nothing(self, path):
        with pytest.raises(ZeroDivisionError), Profile.change(path) as draft:
            draft.remove("work")
            raise ZeroDivisionError
        assert path.read_text() == FULL
        assert sorted(file.name for file in path.parent.iterdir()) == ["profile.toml", "profile.toml.lock"]

    def test_a_text_that_cannot_be_changed_rightly_is_left_alone(self, path):
        text = 'accounts.a.address = "a@b.c"\naccounts.a.pst = "a.pst"\naccounts.a.imap.host = "h"\n'
        path.write_text(text)
        with pytest.raises(ProfileError, match="without harm") as caught, Profile.change(path) as draft:
            draft.set("a", ("smtp", "host"), "s")
            draft.add("b", {"address": "b@b.c", "pst": "b.pst", "imap": {"host": "h"}})
        assert "by hand" in caught.value.hint
        assert path.read_text() == text

    def test_a_name_twice(self, path):
        with pytest.raises(AppUsageError, match="already"), Profile.change(path) as draft:
            draft.add("Work", {"address": "n@example.org"})

    def test_a_new_one(self, tmp_path):
        path = tmp_path / "deep" / "er" / "profile.toml"
        with Profile.change(path) as draft:
            draft.add("one", {"address": "a@b.c", "pst": "one.pst", "imap": {"host": "h", "secret": {"keyring": True}}})
            draft.set("one", ("folders", 'a "b" / \\ c', "mode"), "push")
        account = Profile.load(path).account()
        assert account.settings().options(('a "b" ', " \\ c")).mode is Mode.PUSH
        assert path.read_text().startswith("# ")

    @pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
    def test_files_are_private(self, path):
        path.chmod(0o644)
        with Profile.change(path) as draft:
            draft.set("work", ("name",), "A")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        data = Profile.load(path).make_data_directory()
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        data.chmod(0o755)
        Profile.load(path).make_data_directory()
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        account = Profile.load(path).account("work")
        assert account.state_path.parent == account.index_path.parent == data

    def test_a_link_stays_one(self, tmp_path, path):
        link = tmp_path / "elsewhere" / "profile.toml"
        link.parent.mkdir()
        link.symlink_to(path)
        with Profile.change(link) as draft:
            draft.set("work", ("name",), "A")
        assert link.is_symlink()
        assert Profile.load(path).account("work").name == "A"

    def test_changes_at_once_lose_nothing(self, tmp_path):
        # The lock is one of open files, so threads stand for processes.
        path = tmp_path / "profile.toml"
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(partial(_add_accounts, path), range(4)))
        assert len(Profile.load(path).accounts) == 20

    def test_waiting_for_another_ends(self, path, monkeypatch):
        monkeypatch.setattr("mailconnector.app.account.profile._LOCK_SECONDS", 0.1)
        with Profile.change(path), pytest.raises(ProfileLockedError), Profile.change(path):
            pass


def _add_accounts(path, number):
    for each in range(5):
        with Profile.change(path) as draft:
            draft.add(f"a{number}-{each}", {"address": "a@b.c", "pst": f"{number}-{each}.pst", "imap": {"host": "h"}})
