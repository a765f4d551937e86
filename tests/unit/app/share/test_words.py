"""Rights in words."""

from __future__ import annotations

import pytest

from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.words import RIGHT_WORDS, ROLE_RIGHTS, Role, in_words, parse_rights, role_of
from mailconnector.imap.rights import ALL_RIGHTS, LETTERS, Rights


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("reviewer", "lrs"),
        ("Editor", "lrswipte"),
        ("none", ""),
        ("lrs", "lrs"),
        ("lookup,read", "lr"),
        ("lookup, read seen", "lrs"),
        ("create", "k"),
        ("delete", "xte"),
        ("lrcd", "lrkxte"),
        ("expunge", "e"),
        ("owner", "lrswipkxtea"),
        ("lrsn9", "lrsn9"),
    ],
)
def test_a_role_names_and_letters_are_read(text: str, letters: str) -> None:
    assert parse_rights(text) == Rights(frozenset(letters))


@pytest.mark.parametrize("text", ["", " , ", "everything", "lrq", "read,look", "-w", "l\u00e9"])
def test_what_is_no_right_is_refused(text: str) -> None:
    with pytest.raises(AppUsageError):
        parse_rights(text)


@pytest.mark.parametrize("role", list(ROLE_RIGHTS))
def test_each_role_is_known_by_its_rights(role: Role) -> None:
    assert role_of(ROLE_RIGHTS[role]) is role
    # What only some servers add makes no difference.
    if role is not Role.NONE:
        assert role_of(ROLE_RIGHTS[role] | Rights(frozenset("n"))) is role


def test_rights_that_are_no_role_are_custom() -> None:
    assert role_of(Rights(frozenset("lr"))) is Role.CUSTOM


def test_every_right_has_its_word() -> None:
    assert [word.letter for word in RIGHT_WORDS] == list(LETTERS)
    assert len({word.name for word in RIGHT_WORDS}) == len(LETTERS)
    assert parse_rights(in_words(ALL_RIGHTS)) == ALL_RIGHTS
    assert in_words(Rights()) == "nothing"
    assert in_words(Rights(frozenset("ln9"))) == "lookup, annotate, 9"


@pytest.mark.parametrize("word", ["reader", "kaiser", "edit", "list", "writer", "all", "rr", "spider"])
def test_a_word_that_happens_to_be_made_of_letters_is_no_choice_of_rights(word: str) -> None:
    with pytest.raises(AppUsageError):
        parse_rights(word)


@pytest.mark.parametrize(
    "letters", ["lrs", "lrswipkxtea", "lrwstipekxacd", "acdilrsw", "lrswipkxtecdan", "lrs9", "as", "a"]
)
def test_letters_are_taken_in_the_order_of_any_server(letters: str) -> None:
    assert parse_rights(letters).letters >= set(letters) - {"c", "d"}
