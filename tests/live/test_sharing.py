"""`mailconnector share` on real servers, read back and crossed by a plain imaplib session."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mailconnector.app.share.effective import FolderAcl, effective
from mailconnector.app.share.identifiers import CYRUS, DOVECOT
from mailconnector.imap.rights import Rights
from mailconnector.lab import CyrusServer, DovecotServer, LabMissingError
from mailconnector.lab.server import Launch
from tests.live.accounts import command, profile_on
from tests.live.office import Office, Stranger, stranger
from tests.servers import PlainDovecot


def test_what_is_granted_is_read_back_by_a_stranger_and_the_other_way_round(office: Office) -> None:
    office.share("grant", office.alice, "Proj", office.bob, "reviewer")
    with stranger(office.server, office.alice) as alice:
        assert alice.entries(office.mine("Proj"))[office.bob] == set("lrs")
        alice.put(office.mine("Proj"), office.carol, "lrswipte")
    with stranger(office.server, office.bob) as bob:
        there = office.theirs(office.alice, "Proj")
        assert bob.mine(there) - {"n"} == set("lrs")
        assert there in bob.listed()
    entries = {one["who"]: one for one in office.share("list", office.alice, "Proj", "--json").json["entries"]}
    assert entries[office.bob]["role"] == "reviewer"
    assert entries[office.carol]["role"] == "editor"
    assert entries[office.alice]["role"] == "owner"
    shared = office.share("list", office.alice, "--json").json["shared"]
    assert [one["folder"] for one in shared] == ["Proj"]


def test_changed_taken_and_revoked(office: Office) -> None:
    office.share("grant", office.alice, "Proj", office.bob, "editor")
    office.share("change", office.alice, "Proj", office.bob, "delete", "--take")
    with stranger(office.server, office.alice) as alice:
        assert alice.entries(office.mine("Proj"))[office.bob] == set("lrswip")
        office.share("change", office.alice, "Proj", office.bob, "lookup,read")
        assert alice.entries(office.mine("Proj"))[office.bob] == set("lr")
        office.share("revoke", office.alice, "Proj", office.bob)
        assert office.bob not in alice.entries(office.mine("Proj"))
    with stranger(office.server, office.bob) as bob:
        assert office.theirs(office.alice, "Proj") not in bob.listed()


def test_a_folder_with_those_below_it_is_shown_first_and_asked_about(office: Office) -> None:
    shown = office.share("grant", office.alice, "Proj", office.bob, "editor", "--below", "--dry-run", "--json").json
    assert {change["folder"] for change in shown["changes"]} == {"Proj", "Proj/Plans"}
    assert not any(change["made"] for change in shown["changes"])
    with stranger(office.server, office.alice) as alice:
        assert office.bob not in alice.entries(office.mine("Proj"))
        refused = office.share("grant", office.alice, "Proj", office.bob, "editor", "--below", code=2)
        assert "--yes" in refused.err
        assert office.bob not in alice.entries(office.mine("Proj"))
        office.share("grant", office.alice, "Proj", office.bob, "editor", "--below", "--yes")
        for name in ("Proj", "Proj/Plans"):
            assert alice.entries(office.mine(*name.split("/")))[office.bob] == set("lrswipte")
        assert office.bob not in alice.entries(office.mine("Private"))
        office.share("revoke", office.alice, "Proj", office.bob, "--below", "--yes")
        assert office.bob not in alice.entries(office.mine("Proj", "Plans"))


def test_everybody_and_not_somebody(office: Office) -> None:
    assert "--yes" in office.share("grant", office.alice, "Proj", "anyone", "reviewer", code=2).err
    office.share("grant", office.alice, "Proj", "anyone", "reviewer", "--yes")
    office.share("grant", office.alice, "Proj", office.carol, "lrs", "--deny")
    there = office.theirs(office.alice, "Proj")
    for user, rights in ((office.bob, "lrs"), (office.carol, "")):
        with stranger(office.server, user) as one:
            assert one.mine(there) - {"n"} == set(rights)
        told = office.share("explain", office.alice, "Proj", "--as", user, "--json").json
        assert set(told["rights"]["letters"]) == set(rights)
    # What another entry takes away is told when it is granted.
    warned = office.share("grant", office.alice, "Proj", office.carol, "reviewer")
    assert "another entry" in warned.err


def test_ones_own_right_to_administer_is_guarded_and_an_administrator_restores_it(office: Office) -> None:
    office.share("grant", office.alice, "Proj", office.dave, "lookup,administer")
    mine = office.mine("Proj")
    with stranger(office.server, office.alice) as alice:
        before = alice.mine(mine)
    denied = ("grant", office.alice, "Proj", office.alice, "owner", "--deny")
    on_dovecot = isinstance(office.server, DovecotServer)
    # Cyrus leaves its owner what it takes to come back, so that a yes is enough; Dovecot would lock the owner out.
    assert ("--force" if on_dovecot else "--yes") in office.share(*denied, code=2).err
    if on_dovecot:
        assert "--force" in office.share(*denied, "--yes", code=2).err
    with stranger(office.server, office.alice) as alice:
        assert alice.mine(mine) == before
    office.share(*denied, "--force" if on_dovecot else "--yes")
    with stranger(office.server, office.alice) as alice:
        assert alice.mine(mine) - {"n"} == set() if on_dovecot else set("lkxa")
    there = office.theirs(office.alice, "Proj")
    restored = office.share("restore", office.dave, there, "--yes", "--json").json
    assert all(change["made"] for change in restored["changes"])
    with stranger(office.server, office.alice) as alice:
        assert alice.mine(mine) >= set("lrswipkxtea")
    assert office.share("restore", office.dave, there, "--json").json["changes"] == []


def test_somebody_else_who_administers_cannot_lock_the_owner_or_himself_out_unwarned(office: Office) -> None:
    office.share("grant", office.alice, "Proj", office.dave, "owner")
    there = office.theirs(office.alice, "Proj")
    assert "--force" in office.share("revoke", office.dave, there, office.dave, code=2).err
    assert "--force" in office.share("grant", office.dave, there, office.alice, "read", "--deny", code=2).err
    office.share("revoke", office.dave, there, office.dave, "--force")
    with stranger(office.server, office.dave) as dave:
        assert dave.mine(there) == set()
    refused = office.share("list", office.dave, there, code=2)
    assert "no folder" in refused.err


def test_who_may_not_administer_sees_his_own_rights_alone(office: Office) -> None:
    office.share("grant", office.alice, "Proj", office.bob, "reviewer")
    there = office.theirs(office.alice, "Proj")
    told = office.share("explain", office.bob, there, "--json").json
    assert set(told["rights"]["letters"]) - {"n"} == set("lrs")
    assert told["told"]
    assert told["reasons"] == []
    refused = office.share("grant", office.bob, there, office.carol, "reviewer", code=2)
    assert "administer" in refused.err
    folders = office.share("list", office.bob, "--json").json["folders"]
    assert [(one["owner"], one["mine"]["role"]) for one in folders if one["mailbox"] == there] == [
        (office.alice, "reviewer")
    ]


def test_a_folder_or_a_right_that_is_none_is_refused_and_said_to_be_none(office: Office) -> None:
    refused = office.share("grant", office.alice, "Nowhere", office.bob, "reviewer", code=2)
    assert "no folder Nowhere" in refused.err
    refused = office.share("grant", office.alice, "Proj", office.bob, "reader", code=2)
    assert "are no rights" in refused.err
    with stranger(office.server, office.alice) as alice:
        assert office.bob not in alice.entries(office.mine("Proj"))


def test_groups_on_dovecot(dovecot: DovecotServer, tmp_path: Path) -> None:
    profile = profile_on(dovecot, tmp_path, "alice")
    with stranger(dovecot, "alice") as alice:
        alice.client.create("Groups")
    assert command("share", "grant", "--profile", profile, "alice", "Groups", "group:guests", "reviewer").code == 0
    for user, rights in (("bob", ""), ("carol", "lrs"), ("dave", "lrs")):
        with stranger(dovecot, user) as one:
            assert one.mine("shared/alice/Groups") == set(rights), user
    told = command("share", "explain", "--profile", profile, "alice", "Groups", "--as", "carol", "--json").json
    assert told["unknown_groups"] == ["guests"]
    options = ("--as", "carol", "--group", "guests", "--json")
    told = command("share", "explain", "--profile", profile, "alice", "Groups", *options).json
    assert told["rights"]["role"] == "reviewer"
    # An entry that outranks its members' own might be for a group that one is in.
    locked = command("share", "grant", "--profile", profile, "alice", "Groups", "!$staff", "reviewer", "--yes")
    assert (locked.code, "--force" in locked.err) == (2, True)


def test_groups_on_cyrus(cyrus: CyrusServer, tmp_path: Path) -> None:
    if not cyrus.has_groups:
        pytest.skip("the library that gives the lab's Cyrus groups is missing: libnss-wrapper")
    profile = profile_on(cyrus, tmp_path, "alice")
    with stranger(cyrus, "alice") as alice:
        alice.client.create("Groups")
    assert command("share", "grant", "--profile", profile, "alice", "Groups", "group:guests", "reviewer").code == 0
    assert command("share", "grant", "--profile", profile, "alice", "Groups", "dave", "read", "--deny").code == 0
    with stranger(cyrus, "alice") as alice:
        assert alice.entries("Groups")["group:guests"] == set("lrs")
    for user, rights in (("bob", ""), ("carol", "lrs"), ("dave", "ls")):
        with stranger(cyrus, user) as one:
            assert one.mine("Other Users/alice/Groups") == set(rights), user
        options = ("--as", user, *(("--group", "guests") if user != "bob" else ()), "--json")
        told = command("share", "explain", "--profile", profile, "alice", "Groups", *options).json
        assert set(told["rights"]["letters"]) == set(rights), user
    assert command("share", "revoke", "--profile", profile, "alice", "Groups", "group:guests").code == 0
    with stranger(cyrus, "carol") as one:
        assert one.mine("Other Users/alice/Groups") == set()


def test_seeing_when_the_owner_is_busy_is_a_role_where_the_server_has_it(office: Office) -> None:
    on_cyrus = isinstance(office.server, CyrusServer)
    granted = office.share("grant", office.alice, "Proj", office.bob, "free-busy", code=0 if on_cyrus else 2)
    with stranger(office.server, office.alice) as alice:
        if not on_cyrus:
            assert "free-busy" in granted.err
            assert office.bob not in alice.entries(office.mine("Proj"))
            return
        assert alice.entries(office.mine("Proj"))[office.bob] == {"9"}
    entries = {one["who"]: one for one in office.share("list", office.alice, "Proj", "--json").json["entries"]}
    assert (entries[office.bob]["role"], entries[office.bob]["letters"]) == ("free-busy", "9")
    told = office.share("explain", office.alice, "Proj", "--as", office.bob, "--json").json
    assert told["rights"]["role"] == "free-busy"
    with stranger(office.server, office.bob) as bob:  # it is nothing that IMAP shows
        assert office.theirs(office.alice, "Proj") not in bob.listed()
    office.share("change", office.alice, "Proj", office.bob, "reviewer")
    office.share("grant", office.alice, "Proj", office.bob, "free-busy")
    with stranger(office.server, office.alice) as alice:
        assert alice.entries(office.mine("Proj"))[office.bob] == set("lrs9")


class NoAclDovecot(DovecotServer):
    """A Dovecot without its ACL plugin."""

    def _prepare(self) -> Launch:
        launch = super()._prepare()
        config = self.home / "dovecot.conf"
        text = config.read_text().replace("mail_plugins = acl quota notify", "mail_plugins = quota notify")
        config.write_text(
            text.replace("imap_acl imap_quota", "imap_quota").replace("acl = yes\n", "").replace("imap_acl = yes", "")
        )
        return launch


def test_a_server_without_lists_says_so_and_nothing_else_breaks(tmp_path: Path) -> None:
    try:
        with NoAclDovecot() as server:
            with stranger(server, "alice") as alice:
                assert "ACL" not in alice.client.capability()[1][0].decode().split()
                alice.client.create("Proj")
            profile = profile_on(server, tmp_path, "alice")
            for arguments in (
                ("list", "alice"),
                ("list", "alice", "Proj"),
                ("grant", "alice", "Proj", "bob", "reviewer"),
                ("change", "alice", "Proj", "bob", "reviewer"),
                ("revoke", "alice", "Proj", "bob"),
                ("restore", "alice", "Proj"),
                ("explain", "alice", "Proj"),
            ):
                answer = command("share", arguments[0], "--profile", profile, *arguments[1:])
                assert answer.code == 2
                assert "no access control lists" in answer.err
            assert command("sync", "--profile", profile).code == 0
    except LabMissingError as error:
        pytest.skip(str(error))


def test_a_server_of_the_first_standard_gets_its_two_rights_for_four(tmp_path: Path) -> None:
    try:
        with PlainDovecot("IMAP4rev1 NAMESPACE UIDPLUS LITERAL+ ACL") as server:
            profile = profile_on(server, tmp_path, "alice", "bob")
            with stranger(server, "alice") as alice:
                alice.client.create("Proj")
                asked = command("share", "grant", "--profile", profile, "alice", "Proj", "bob", "editor")
                assert (asked.code, "these come along: delete-folder" in asked.err) == (2, True)
                given = command("share", "grant", "--profile", profile, "alice", "Proj", "bob", "editor", "--yes")
                assert given.code == 0
                assert alice.entries("Proj")["bob"] >= set("lrswipte")
                told = command("share", "list", "--profile", profile, "alice", "Proj", "--json").json
                assert {one["who"]: one["role"] for one in told["entries"]}["alice"] == "owner"
                made = command("share", "change", "--profile", profile, "alice", "Proj", "bob", "reviewer")
                assert made.code == 0
                assert alice.entries("Proj")["bob"] == set("lrs")
                made = command("share", "grant", "--profile", profile, "alice", "Proj", "bob", "create")
                assert made.code == 0
                assert alice.entries("Proj")["bob"] >= set("lrsk")
            answer = command("sync", "bob", "--profile", profile)
            assert answer.code == 0, answer.out + answer.err
    except LabMissingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", ["dovecot", "cyrus"])
def test_rights_are_worked_out_as_the_server_counts_them(kind: str) -> None:
    # A server of its own: what is granted to everybody would be seen by the users of other tests.
    try:
        with DovecotServer() if kind == "dovecot" else CyrusServer() as server:
            _compare(server, kind)
    except LabMissingError as error:
        pytest.skip(str(error))


def _compare(server: DovecotServer | CyrusServer, kind: str) -> None:
    dialect = DOVECOT if kind == "dovecot" else CYRUS
    other = "shared/alice" if kind == "dovecot" else "Other Users/alice"
    groups = {"alice": "staff", "bob": "staff", "carol": "guests"} if kind == "dovecot" else {}
    names = ["anyone", "bob", "carol", "alice"] + (["$staff", "$guests", "authenticated"] if groups else [])
    dice = random.Random(4314)
    cases = []
    with stranger(server, "alice") as alice:
        implicit = Rights.parse(_required(alice))
        for number in range(60):
            mailbox = f"Case {number}"
            alice.client.create(f'"{mailbox}"')
            for who in dice.sample(names, dice.randint(1, 4)):
                # The owner has to stay able to set the next entry.
                sign = "-" if who != "alice" and dice.random() < 0.35 else ""
                rights = "".join(sorted(set(dice.choices("lrswit", k=4))))
                alice.put(mailbox, sign + who, rights + ("la" if who == "alice" else ""))
            cases.append((mailbox, alice.entries(mailbox)))
    for user in ("alice", "bob", "carol"):
        with stranger(server, user) as one:
            for mailbox, entries in cases:
                acl = FolderAcl({k: Rights(frozenset(v)) for k, v in entries.items()}, "alice", implicit, dialect)
                found = effective(acl, user, frozenset(filter(None, [groups.get(user)])))
                told = one.mine(mailbox if user == "alice" else f"{other}/{mailbox}")
                # Cyrus does not answer at all to who may neither see, read nor change anything.
                if told or found.rights.letters & set("lria"):
                    assert told - {"n"} == found.rights.letters - {"n"}, (user, mailbox, entries)


def _required(alice: Stranger) -> str:
    alice.client.xatom("LISTRIGHTS", "INBOX", "alice")
    words = alice.client.response("LISTRIGHTS")[1][0].decode().split()
    return words[2].strip('"').replace("c", "")
