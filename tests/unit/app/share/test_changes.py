"""What would come of changes, before they are made."""

from __future__ import annotations

from mailconnector.app.share.changes import AclChange, Danger, Plan, Verb, plan_change
from mailconnector.app.share.effective import FolderAcl
from mailconnector.app.share.fitting import Fitted
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.identifiers import CYRUS, DOVECOT, Dialect
from mailconnector.imap.rights import ALL_RIGHTS, Rights

FOLDER = Folder("Proj", ("Proj",), "alice", own=True, mine=ALL_RIGHTS)


def r(letters: str) -> Rights:
    return Rights(frozenset(letters))


def change(
    entries: dict[str, str],
    identifier: str,
    verb: Verb,
    rights: str,
    *,
    login: str = "alice",
    implicit: str = "",
    dialect: Dialect = DOVECOT,
    fit: Fitted | None = None,
) -> AclChange:
    acl = FolderAcl({name: r(letters) for name, letters in entries.items()}, "alice", r(implicit), dialect)
    return plan_change(FOLDER, acl, identifier, verb, fit or Fitted(r(rights)), login=login)


def dangers(found: AclChange) -> set[Danger]:
    return {warned.danger for warned in found.dangers}


def test_a_grant_adds_and_a_change_replaces() -> None:
    assert change({"bob": "lr"}, "bob", Verb.GRANT, "i").after == r("lri")
    assert change({"bob": "lr"}, "bob", Verb.SET, "li").after == r("li")
    assert change({"bob": "lri"}, "bob", Verb.TAKE, "i").after == r("lr")
    assert change({"bob": "lri"}, "bob", Verb.REVOKE, "").after == r("")
    assert not change({"bob": "lri"}, "bob", Verb.GRANT, "lr").is_needed
    assert not change({}, "bob", Verb.REVOKE, "").is_needed


def test_giving_up_ones_own_right_to_administer_locks_out() -> None:
    entries = {"alice": "lrswipkxtea"}
    found = change(entries, "alice", Verb.TAKE, "a")
    assert dangers(found) == {Danger.OWN_ADMINISTER}
    assert Plan((found,)).locks_out
    assert dangers(change(entries, "alice", Verb.TAKE, "w")) == {Danger.OWN_RIGHTS}
    assert dangers(change(entries, "-alice", Verb.GRANT, "a")) == {Danger.OWN_ADMINISTER}
    assert dangers(change(entries, "-anyone", Verb.GRANT, "a")) == {Danger.OWN_ADMINISTER}
    # Without an entry of its own the owner has everything on Dovecot: removing it takes nothing away.
    assert dangers(change({"alice": "lra"}, "alice", Verb.REVOKE, "")) == set()


def test_a_server_that_takes_nothing_from_the_owner_locks_nobody_out() -> None:
    found = change({"alice": "lrswipkxtea"}, "-alice", Verb.GRANT, "la", implicit="lkxa", dialect=CYRUS)
    assert dangers(found) == set()


def test_a_group_may_be_ones_own() -> None:
    entries = {"alice": "lrswipkxtea"}
    assert dangers(change(entries, "!$staff", Verb.SET, "lr")) == {Danger.OWN_ADMINISTER}
    assert dangers(change(entries, "$staff", Verb.SET, "lr")) == set()


def test_an_administrator_who_locks_the_owner_out_is_warned() -> None:
    entries = {"alice": "lrswipkxtea", "dave": "lra"}
    assert dangers(change(entries, "-alice", Verb.GRANT, "r", login="dave")) == {Danger.OWNER}
    assert dangers(change(entries, "dave", Verb.REVOKE, "", login="dave")) == {Danger.OWN_ADMINISTER}


def test_a_grant_that_another_entry_takes_away_is_told() -> None:
    assert dangers(change({"-bob": "w"}, "bob", Verb.GRANT, "lrw")) == {Danger.STILL_TAKEN}
    assert dangers(change({"-anyone": "r"}, "bob", Verb.GRANT, "lr", dialect=CYRUS)) == {Danger.STILL_TAKEN}


def test_everybody_ties_and_gaps_are_told() -> None:
    assert dangers(change({}, "anyone", Verb.GRANT, "lr")) == {Danger.EVERYBODY}
    assert dangers(change({}, "anyone", Verb.GRANT, "l")) == set()
    found = change({}, "bob", Verb.GRANT, "", fit=Fitted(r("lrte"), tied=r("e"), missing=r("p")))
    assert dangers(found) == {Danger.TIED, Danger.MISSING}


def test_an_entry_is_known_again_whatever_the_case_where_the_server_folds() -> None:
    assert change({"bob": "lr"}, "Bob", Verb.GRANT, "i", dialect=CYRUS).identifier == "bob"
    assert change({"bob": "lr"}, "Bob", Verb.GRANT, "i").identifier == "Bob"
