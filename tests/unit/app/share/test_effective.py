"""What lists mean for one user. That servers count so is tried in tests/live/test_sharing.py."""

from __future__ import annotations

import pytest

from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.effective import Effect, FolderAcl, effective
from mailconnector.app.share.identifiers import COURIER, CYRUS, DOVECOT, STANDARD, Dialect, Rank, dialect_of
from mailconnector.imap.rights import Rights


def r(letters: str) -> Rights:
    return Rights(frozenset(letters))


def acl(dialect: Dialect, implicit: str = "", **entries: str) -> FolderAcl:
    named = {name.replace("not_", "-").replace("group_", dialect.group_prefix): r(v) for name, v in entries.items()}
    return FolderAcl(named, "alice", r(implicit), dialect)


def test_cyrus_adds_all_entries_up() -> None:
    assert effective(acl(CYRUS, anyone="lr", bob="i"), "bob").rights == r("lri")
    assert effective(acl(CYRUS, anyone="lr", bob="i"), "carol").rights == r("lr")
    assert effective(acl(CYRUS, Bob="lr"), "bob").rights == r("lr")


def test_dovecot_takes_the_most_special_entry_alone() -> None:
    found = effective(acl(DOVECOT, anyone="lr", bob="i"), "bob")
    assert found.rights == r("i")
    assert [reason.effect for reason in found.reasons] == [Effect.OVERRIDDEN, Effect.GIVES]
    assert effective(acl(DOVECOT, anyone="i", group_staff="lr"), "bob", frozenset({"staff"})).rights == r("lr")
    assert effective(acl(DOVECOT, Bob="lr"), "bob").rights == r("")


def test_what_is_denied_is_denied_whoever_grants_it() -> None:
    for dialect in (CYRUS, DOVECOT, STANDARD):
        assert effective(acl(dialect, anyone="lrw", not_bob="w"), "bob").rights == r("lr")
        assert effective(acl(dialect, bob="lrw", not_anyone="w"), "bob").rights == r("lr")
        assert effective(acl(dialect, anyone="lrw", not_bob="w"), "carol").rights == r("lrw")


def test_of_several_denials_the_most_special_one_counts_alone_on_dovecot() -> None:
    entries = {"bob": "lrws", "not_anyone": "w", "not_bob": "s"}
    assert effective(acl(DOVECOT, **entries), "bob").rights == r("lrw")
    assert effective(acl(CYRUS, **entries), "bob").rights == r("lr")


def test_the_owner_has_everything_without_an_entry_or_what_the_server_never_takes_away() -> None:
    assert "a" in effective(acl(DOVECOT, anyone="lr"), "alice").rights
    assert effective(acl(DOVECOT, alice="lra"), "alice").rights == r("lra")
    assert effective(acl(DOVECOT, alice="lra", not_anyone="r"), "alice").rights == r("lra")
    assert effective(acl(DOVECOT, alice="lra", not_anyone="r"), "alice", at_worst=True).rights == r("la")
    assert effective(acl(CYRUS, "lkxca", alice="lr", not_alice="lr"), "alice").rights == r("lkxca")


def test_groups_of_which_nothing_is_said_are_named() -> None:
    found = effective(acl(DOVECOT, group_staff="lr", group_guests="l"), "bob", frozenset({"guests"}))
    assert (found.rights, found.groups) == (r("l"), ("staff",))


@pytest.mark.parametrize(
    ("dialect", "who", "deny", "identifier"),
    [
        (DOVECOT, "bob", False, "bob"),
        (DOVECOT, "group:staff", False, "$staff"),
        (DOVECOT, "group:staff", True, "-$staff"),
        (DOVECOT, "Anyone", False, "anyone"),
        (CYRUS, "group:staff", False, "group:staff"),
        (CYRUS, "bob@example.org", True, "-bob@example.org"),
        (STANDARD, "anyone", False, "anyone"),
    ],
)
def test_whom_a_user_means(dialect: Dialect, who: str, deny: bool, identifier: str) -> None:
    assert dialect.identifier(who, deny=deny) == identifier
    if dialect.rank(identifier)[0] is Rank.GROUP:
        assert dialect.shown(identifier) == who


@pytest.mark.parametrize(
    ("dialect", "who"), [(DOVECOT, ""), (DOVECOT, "-bob"), (DOVECOT, "#owner"), (STANDARD, "group:it"), (CYRUS, "a\nb")]
)
def test_nobody_is_called_so(dialect: Dialect, who: str) -> None:
    with pytest.raises(AppUsageError):
        dialect.identifier(who)


def test_courier_has_entries_for_the_owner_and_for_who_runs_the_server() -> None:
    # As Courier IMAP 5.0 lists a folder, a server of RFC 2086 with ACL2=UNION.
    every = Rights.parse("acdilrsw", old=True)
    entries = {"owner": every, "administrators": every, "bob": Rights.parse("lrs", old=True), "-bob": Rights.parse("r")}
    found = FolderAcl(entries, "alice", Rights(), COURIER)
    mine = effective(found, "alice")
    assert mine.rights == every
    assert [(reason.identifier, reason.effect) for reason in mine.reasons] == [("owner", Effect.GIVES)]
    assert mine.groups == ("administrators",)
    assert effective(found, "bob").rights == Rights.parse("ls")
    assert COURIER.shown("administrators") == "administrators"
    assert dialect_of(frozenset(), adds_up=True) is COURIER
    with pytest.raises(AppUsageError):
        COURIER.identifier("group:staff")
