"""Flags between a server and synchronisation."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.imap.commands import flag_bytes
from mailconnector.imap.protocol import MailboxState
from mailconnector.stores.imap.flags import category_of, from_server, kept_flags, keyword_of, new_keywords, to_server
from mailconnector.sync.flags import ANY_KEYWORD, EVERY_FLAG, FORWARDED, SEEN, FlagDomain, kept


def test_system_flags_in_any_case_are_ours():
    assert from_server(frozenset({"\\SEEN", "\\flagged", "$forwarded", "\\Recent", "\\XServer", "Blue"})) == {
        SEEN, "\\Flagged", FORWARDED, "Blue",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("category", "keyword"),
    [
        ("Blue", "Blue"),
        ("Red Category", "Red&ACA-Category"),
        ("Größe", "Gr&APYA3w-e"),
        ("a&b", "a&b"),
        ("a&-b", "a&-b"),
        ("&", "&"),
        ("&-", "&-"),
        ("R&D now", "R&-D&ACA-now"),
        ("R&-D now", "R&--D&ACA-now"),
        ("R&-D&ACA-now", "R&--D&-ACA-now"),
        ("R&--D&-ACA-now", "R&---D&--ACA-now"),
        ("a&ACA-b", "a&-ACA-b"),
        ("a&ACA-&b", "a&ACA-&b"),
        ("a&ACB-b", "a&ACB-b"),
        ("c(d)", "c&ACg-d&ACk-"),
    ],
)
def test_categories_are_keywords(category, keyword):
    assert keyword_of(category) == keyword
    assert category_of(keyword) == category


@given(st.text(min_size=1))
def test_every_category_is_an_atom_and_comes_back(category):
    keyword = keyword_of(category)
    assert flag_bytes(keyword)
    assert category_of(keyword) == category


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='(){%*"\\]'), min_size=1))
def test_every_keyword_is_one_category(keyword):
    assert keyword_of(category_of(keyword)) == keyword


_TRICKY = st.text(st.sampled_from("&-aA ,CÄ\n"), min_size=1, max_size=12)


@given(_TRICKY)
def test_what_looks_encoded_comes_back_as_well(text):
    keyword = keyword_of(text)
    assert flag_bytes(keyword)
    assert category_of(keyword) == text
    for again in range(4):  # as a category, what it is written as, what that is written as ...
        text, keyword = keyword, keyword_of(keyword)
        assert category_of(keyword) == text, again


@given(_TRICKY.map(lambda text: text.replace(" ", "&ACA-").replace("Ä", "&AMQ-").replace("\n", "&-")))
def test_every_keyword_that_looks_encoded_is_one_category(keyword):
    assert keyword_of(category_of(keyword)) == keyword


@pytest.mark.parametrize("keyword", ["&" + "-" * 100_000, "&-" * 50_000, "&ACA-" * 20_000 + "&", "&" * 100_000])
def test_long_keywords_take_no_time(keyword):
    began = time.monotonic()
    assert keyword_of(category_of(keyword)) == keyword
    assert time.monotonic() - began < 5.0


def test_what_is_sent():
    assert to_server([SEEN, FORWARDED, "a b", ANY_KEYWORD, ""]) == {SEEN, FORWARDED, "a&ACA-b"}


def test_what_lasts():
    assert kept_flags(None) == EVERY_FLAG
    assert kept_flags(frozenset({"\\Seen"}), read_only=True) == FlagDomain()
    some = kept_flags(frozenset({"\\seen", "Blue", "\\Recent"}))
    assert some == FlagDomain(frozenset({SEEN, "Blue"}))
    assert kept(frozenset({SEEN, "\\Draft", "Blue", "Red"}), some) == {SEEN, "Blue"}
    every = kept_flags(frozenset({"\\Seen", "\\*"}))
    assert kept(frozenset({SEEN, "\\Draft", "Red", FORWARDED}), every) == {SEEN, "Red", FORWARDED}


def test_what_lasts_where_keywords_are_short_or_few():
    short = kept_flags(frozenset({"\\Seen", "\\*"}), short=True)
    fits, too_long = "x" * 50, "ä" * 20
    assert kept(frozenset({SEEN, fits, too_long, "y" * 51}), short) == {SEEN, fits}
    full = kept_flags(frozenset({"\\Seen", "\\*"}), keywords=frozenset({"a&ACA-b", "$Forwarded"}))
    assert full.keywords == frozenset({"a b", FORWARDED})
    assert full.can_lose("a b")
    assert full.can_lose(SEEN)
    assert not full.can_lose("c")


def test_which_keywords_are_new_to_a_mailbox():
    state = MailboxState("A", flags=frozenset({"\\Seen", "Blue"}), permanent_flags=frozenset({"\\Seen", "Red", "\\*"}))
    assert new_keywords({"\\Seen", "\\Draft", "blue", "RED", "Green"}, state) == {"Green"}
    assert new_keywords({"Green"}, MailboxState("A")) == {"Green"}
