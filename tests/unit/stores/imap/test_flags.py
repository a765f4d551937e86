"""Flags between a server and synchronisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.imap.commands import flag_bytes
from mailconnector.stores.imap.flags import category_of, from_server, kept_flags, keyword_of, to_server
from mailconnector.sync.flags import ALL_FLAGS, ANY_KEYWORD, FORWARDED, SEEN, kept


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
        ("R&D now", "R&-D&ACA-now"),
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


def test_what_is_sent():
    assert to_server([SEEN, FORWARDED, "a b", ANY_KEYWORD, ""]) == {SEEN, FORWARDED, "a&ACA-b"}


def test_what_lasts():
    assert kept_flags(None, read_only=False) == ALL_FLAGS
    assert kept_flags(frozenset({"\\Seen"}), read_only=True) == frozenset()
    some = kept_flags(frozenset({"\\seen", "Blue", "\\Recent"}), read_only=False)
    assert some == {SEEN, "Blue"}
    assert kept(frozenset({SEEN, "\\Draft", "Blue", "Red"}), some) == {SEEN, "Blue"}
    every = kept_flags(frozenset({"\\Seen", "\\*"}), read_only=False)
    assert kept(frozenset({SEEN, "\\Draft", "Red", FORWARDED}), every) == {SEEN, "Red", FORWARDED}
