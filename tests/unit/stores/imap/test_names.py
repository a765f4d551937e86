"""Names that mailboxes can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.imap.quirks import Quirk
from mailconnector.stores.imap.names import cut, fitting
from mailconnector.utf7 import encode_utf7


@pytest.mark.parametrize(
    ("name", "fitted"),
    [
        ("plain", "plain"),
        ("Grüße & 台北", "Grüße & 台北"),
        ("a/b", "a_b"),
        ("a.b", "a_b"),
        ("tab\there", "tab_here"),
        ("half \ud83d", "half _"),
        ("~home", "_home"),
        ("#news", "_news"),
        ("..", "__"),
        (". .", "_ _"),
        ("", "_"),
        (" wide ", "wide"),
        ("50% *off*", "50% *off*"),
    ],
)
def test_what_no_server_takes_is_replaced(name, fitted):
    assert fitting(name, ".", ()) == fitted


def test_what_some_servers_refuse_is_replaced_for_them():
    assert fitting('a|b"c^d', "/", {Quirk.NAMES_ARE_NARROW}) == "a_b_c_d"
    assert fitting('a|b"c^d', "/", ()) == 'a|b"c^d'
    assert [fitting(name, "/", {Quirk.NAMES_ARE_RESERVED}) for name in ("new", "Tmp", "news")] == [
        "new_",
        "Tmp_",
        "news",
    ]


@given(st.text(), st.sampled_from(["/", ".", "\\", ""]))
def test_a_fitting_name_fits(name, separator):
    fitted = fitting(name, separator, frozenset(Quirk))
    assert fitted
    assert len(fitted.encode()) <= 200
    assert len(encode_utf7(fitted)) <= 200
    assert not separator or separator not in fitted or separator == "_"
    assert fitting(fitted, separator, frozenset(Quirk)) == fitted


def test_long_names_are_cut_between_characters():
    assert cut("x" * 300) == "x" * 200
    assert cut("台" * 300, room=8) == "台" * 64
