"""Categories in the code pages of ANSI files: whatever is written comes back."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mailconnector.stores.pst.flags import fitted_category, read_category

names = st.text(st.one_of(st.sampled_from("&-BDYAж ж日öa,+/"), st.characters(codec="utf-8")), max_size=20)


@given(names, st.sampled_from(["cp1252", "cp1251", "cp932"]))
@example("&BDY-", "cp1252")
@example("&-BDY-", "cp1252")
@example("R&D", "cp1252")
def test_any_category_comes_back(name: str, codec: str) -> None:
    stored = fitted_category(name, codec)
    assert stored.encode(codec).decode(codec) == stored
    assert read_category(stored, codec) == name


@given(names)
def test_any_stored_name_is_read(name: str) -> None:
    read = read_category(name, "cp1252")
    assert read == name or fitted_category(read, "cp1252") == name
