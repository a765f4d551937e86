"""Subjects and the mark of where their prefix ends ([MS-PST] 2.5.3.1.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.pst.messaging.subject import mark_subject, plain_subject, split_subject

texts = st.text(st.characters(exclude_characters="\x01"), max_size=60)
prefixes = st.text(st.characters(exclude_categories=["Z", "N", "C"], exclude_characters=":"), min_size=1, max_size=3)


@given(texts)
def test_a_marked_subject_is_the_same_to_the_user(subject: str) -> None:
    stored = mark_subject(subject)
    assert plain_subject(stored) == subject
    assert "".join(split_subject(stored)) == subject
    assert split_subject(stored) == split_subject(subject)
    assert mark_subject(stored) == stored
    assert stored[0] == "\x01"
    assert ord(stored[1]) - 1 == len(split_subject(subject)[0])


@given(prefixes, st.integers(1, 3), texts)
def test_prefixes(prefix: str, spaces: int, rest: str) -> None:
    before, normalized = split_subject(f"{prefix}:{' ' * spaces}{rest.lstrip(' ')}")
    assert before == f"{prefix}:{' ' * spaces}"
    assert normalized == rest.lstrip(" ")


@pytest.mark.parametrize(
    ("stored", "prefix", "normalized"),
    [
        ("RE: hello", "RE: ", "hello"),
        ("\x01\x05RE: hello", "RE: ", "hello"),
        ("\x01\x01RE: hello", "", "RE: hello"),
        ("\x01\x05FWDhello", "FWDh", "ello"),
        ("12: hello", "", "12: hello"),
        ("long: hello", "", "long: hello"),
        ("", "", ""),
        ("\x01", "", ""),
        ("\x01\x01", "", ""),
        ("\x01\xffshort", "", "short"),
        ("\x01\x00zero", "", "zero"),
    ],
)
def test_known_subjects(stored: str, prefix: str, normalized: str) -> None:
    assert split_subject(stored) == (prefix, normalized)
