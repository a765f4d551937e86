"""XML documents as trees, read from whoever wrote them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import FormatError
from mailconnector.formats.syntax import xml_tree
from mailconnector.formats.syntax.xml_changes import merged
from mailconnector.formats.syntax.xml_tree import (
    MAX_DEPTH,
    Element,
    XmlFormatError,
    parse_xml,
    render_xml,
)

NAMES = st.sampled_from(["a", "b-c", "d1", "e_f", "g.h"])
TEXTS = st.text("a <&>\"'\r\n\té日\U0001f600;]", max_size=8)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> Element:
    parts = draw(st.lists(elements(depth + 1), max_size=3)) if depth < 3 else []
    text = draw(TEXTS)
    if parts and not text.strip():
        text = ""
    return Element(draw(NAMES), text, parts, draw(st.dictionaries(NAMES, TEXTS)))


@given(elements())
def test_what_is_written_is_read(root: Element) -> None:
    assert parse_xml(render_xml(root)) == root


def test_namespaces_are_those_that_change() -> None:
    root = parse_xml(b'<a xmlns="u"><b><c xmlns="v"><d/></c></b></a>')
    (b,) = root.parts
    (c,) = b.parts
    assert (root.namespace, b.namespace, c.namespace, c.parts[0].namespace) == ("u", "", "v", "")
    assert parse_xml(render_xml(root)) == root


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a",
        b"<a></b>",
        b"<a>&amp</a>",
        b"<a>&unknown;</a>",
        b'<?xml version="1.0" encoding="none-such"?><a/>',
        b'<?xml version="1.0" encoding="utf-32"?><a/>',
        b"\xff\xfe<\x00",
        b"<a>\xff</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a " + b" ".join([b'b%d=""' % number for number in range(60)]) + b"/>",
    ],
)
def test_what_nobody_has_to_read_is_refused(data: bytes) -> None:
    with pytest.raises(XmlFormatError) as caught:
        parse_xml(data)
    assert isinstance(caught.value, FormatError)


def test_there_is_a_most_of_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 100)
    parse_xml(b"<a>" + b"<b/>" * 99 + b"</a>")
    with pytest.raises(XmlFormatError):
        parse_xml(b"<a>" + b"<b/>" * 100 + b"</a>")


def test_a_billion_laughs_take_no_time() -> None:
    entities = b"".join([b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(1, 9)])
    started = time.perf_counter()
    with pytest.raises(XmlFormatError):
        parse_xml(b'<!DOCTYPE l [<!ENTITY l1 "ha">' + entities + b"]><l>&l9;</l>")
    assert time.perf_counter() - started < 1


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert parse_xml(render_xml(Element("a", "b\x00\x0b\ud800c"))).text == "bc"


def test_blanks_between_elements_are_the_writers() -> None:
    assert parse_xml(b"<a>\n  <b> x </b>\n</a>") == Element("a", parts=[Element("b", " x ")])


# -- xml_changes -------------------------------------------------------------------------------------------------------


def _key(element: Element) -> str:
    return element.said("type")


def _phone(kind: str, number: str, *more: Element) -> Element:
    return Element("phone", parts=[Element("type", kind), Element("number", number), *more])


def test_what_has_not_changed_stays_as_it_was_written() -> None:
    source = Element("card", parts=[Element("unknown", "x"), Element("name", "A  B"), Element("end", "y")])
    before = Element("card", parts=[Element("name", "A B")])
    assert merged(before, before, source, _key) == source
    now = Element("card", parts=[Element("name", "C")])
    assert merged(now, before, source, _key).parts == [
        Element("unknown", "x"),
        Element("name", "C"),
        Element("end", "y"),
    ]


def test_of_many_elements_the_unknown_stay() -> None:
    extra = Element("extra", "e")
    source = Element("card", parts=[_phone("home", "1", extra), _phone("odd", "2"), _phone("work", "3")])
    before = Element("card", parts=[_phone("home", "1"), _phone("work", "3")])
    now = Element("card", parts=[_phone("home", "9"), _phone("cell", "4")])
    assert merged(now, before, source, _key).parts == [
        _phone("home", "9", extra),
        _phone("odd", "2"),
        _phone("cell", "4"),
    ]


def test_what_is_gone_is_gone() -> None:
    source = Element("card", parts=[Element("name", "A"), Element("note", "n"), Element("other", "o")])
    before = Element("card", parts=[Element("name", "A"), Element("note", "n")])
    now = Element("card", parts=[Element("name", "A")])
    assert merged(now, before, source, _key).parts == [Element("name", "A"), Element("other", "o")]
