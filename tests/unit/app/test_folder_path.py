"""Paths of folders as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.folder_path import join_path, split_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ()),
        ("/", ()),
        ("Inbox", ("Inbox",)),
        ("Inbox/2001", ("Inbox", "2001")),
        ("/Inbox//2001/", ("Inbox", "2001")),
        (r"AC\/DC/x", ("AC/DC", "x")),
        (r"a\\/b", ("a\\", "b")),
        (r"C:\mail", (r"C:\mail",)),
    ],
)
def test_split(path, names):
    assert split_path(path) == names


@given(st.lists(st.text(st.sampled_from("ab/\\ "), min_size=1)).map(tuple))
def test_split_undoes_join(names):
    assert split_path(join_path(names)) == names
