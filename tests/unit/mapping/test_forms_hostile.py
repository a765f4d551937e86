"""Messages of the other types with any values in their properties: read without an error, and stable as items."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import tags
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey, type_of, with_type
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value
from mailconnector.mapping import contact, distribution_list, from_mapi, journal_entry, note, post, task, to_mapi

_TEXTS = st.text(st.sampled_from("ab \r\n\0ü\ud800"), max_size=8)
_BYTES = st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda data: b"\1\0\0\0" + data))
_TIMES = st.one_of(st.integers(0, 2**64 - 1), st.just(FileTime.NONE), st.just(0)).map(FileTime)
_VALUES: dict[int, st.SearchStrategy[Value]] = {
    PropertyType.STRING: _TEXTS,
    PropertyType.STRING8: _TEXTS,
    PropertyType.INTEGER16: st.integers(-(2**15), 2**15 - 1),
    PropertyType.INTEGER32: st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, 5)),
    PropertyType.FLOATING64: st.one_of(st.floats(allow_nan=False), st.just(1.0)),
    PropertyType.BOOLEAN: st.booleans(),
    PropertyType.TIME: _TIMES,
    PropertyType.BINARY: _BYTES,
    PropertyType.MULTIPLE_STRING: st.lists(_TEXTS, max_size=3),
    PropertyType.MULTIPLE_BINARY: st.lists(_BYTES, max_size=3),
    PropertyType.MULTIPLE_INTEGER32: st.lists(st.integers(0, 7), max_size=3),
}
_GROUPS = {
    "IPM.Contact": contact._GROUPS,
    "IPM.DistList": distribution_list._GROUPS,
    "IPM.Task": task._GROUPS,
    "IPM.StickyNote": note._GROUPS,
    "IPM.Activity": journal_entry._GROUPS,
    "IPM.Post.RSS": post._GROUPS,
}


@st.composite
def messages(draw: st.DrawFn) -> MessageObject:
    message_class = draw(st.sampled_from(sorted(_GROUPS)))
    keys: list[PropertyKey] = [key for group in _GROUPS[message_class] for key in group.keys]
    properties: Properties = {tags.PidTagMessageClass: message_class}
    for key in draw(st.lists(st.sampled_from(keys), max_size=12, unique=True)):
        if draw(st.integers(0, 9)):
            properties[key] = draw(_VALUES[type_of(key)])
        else:
            kind = draw(st.sampled_from(sorted(_VALUES)))
            properties[with_type(key, kind)] = draw(_VALUES[kind])
    return MessageObject(properties)


@given(messages())
def test_any_message_is_an_item_that_stays_the_same(message: MessageObject) -> None:
    item = from_mapi(message)
    again = from_mapi(to_mapi(item))
    assert again == item
    assert to_mapi(again) == to_mapi(item)
