"""Names of files made of anything."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.pst.file_names import MAX_BYTES, NamesInUse, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Inbox", "Inbox"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("..", "x"),
        (".", "x"),
        ("", "x"),
        (" \t ", "x"),
        (".hidden", "_hidden"),
        ("C:\\Windows", "C__Windows"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1", "_com1"),
        ("COM\u00b9", "_COM\u00b9"),
        ("console", "console"),
        ("name. . .", "name"),
        ("a\nb\tc", "a b c"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("\ud800", "x"),
    ],
)
def test_safe_name(text, name):
    assert safe_name(text, "x") == name


@given(st.text())
def test_a_safe_name_is_one_component_everywhere(text):
    name = safe_name(text, "x")
    assert name == safe_name(name, "y")
    assert len(name.encode()) <= MAX_BYTES + 1
    for kind in (PurePosixPath, PureWindowsPath):
        assert kind(name).parts == (name,)
        assert not kind(name).is_absolute()
    assert name not in (".", "..")
    assert name[-1] not in ". "


@given(st.lists(st.text(st.sampled_from("abAB(2) "), min_size=1, max_size=4).map(lambda text: safe_name(text, "x"))))
def test_no_two_names_are_one_without_case(texts):
    in_use = NamesInUse("reserved")
    names = [in_use.take(text) for text in [*texts, "Reserved", "n\u00c9", "Ne\u0301"]]
    assert len({name.casefold() for name in names} | {"reserved"}) == len(names) + 1


def test_long_names_stay_bounded_and_distinct():
    in_use = NamesInUse()
    names = {in_use.take(safe_name("\u00e9" * 500, "x")) for _ in range(12)}
    assert len(names) == 12
    assert max(len(name.encode()) for name in names) <= MAX_BYTES + len(" (12)")
