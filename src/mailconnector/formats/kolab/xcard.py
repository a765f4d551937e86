"""vCards in XML ([RFC 6351]) as the lines that version 4.0 has, and back.

Only the form changes. A property that has not the form of the RFC, as programs add them, is a line `X-XML-ELEMENT` with
the element in it, and is one again when it is written.
"""

from __future__ import annotations

import re

from mailconnector.formats.card.lines import MAX_LINES, CardFormatError, Line, escape, escape_uri, line
from mailconnector.formats.syntax.xml_tree import Element, XmlFormatError, parse_xml, xml_text

NAMESPACE = "urn:ietf:params:xml:ns:vcard-4.0"
ELEMENT = "X-XML-ELEMENT"
"""Line with an element that is no property as the RFC has them."""

_BLANKS = " \t\r\n"
_NAME = re.compile(r"[A-Z0-9-]{1,60}")
_STRUCTURED = {
    "n": ("surname", "given", "additional", "prefix", "suffix"),
    "adr": ("pobox", "ext", "street", "locality", "region", "code", "country"),
    "gender": ("sex", "identity"),
    "clientpidmap": ("sourceid", "uri"),
}
# Type of the value where no parameter says it; text of all others ([RFC 6350] 6).
_TYPES = {
    "ANNIVERSARY": "date-and-or-time", "BDAY": "date-and-or-time", "CALADRURI": "uri", "CALURI": "uri", "FBURL": "uri",
    "GEO": "uri", "IMPP": "uri", "KEY": "uri", "LANG": "language-tag", "LOGO": "uri", "MEMBER": "uri", "PHOTO": "uri",
    "RELATED": "uri", "REV": "timestamp", "SOUND": "uri", "SOURCE": "uri", "UID": "uri", "URL": "uri",
}  # fmt: skip
_MOMENTS = frozenset({"date", "time", "date-time", "date-and-or-time", "timestamp", "utc-offset"})
_KINDS = _MOMENTS | {"text", "uri", "boolean", "integer", "float", "language-tag", "unknown"}
_LISTS = frozenset({"CATEGORIES", "NICKNAME"})
_PARAMETER_TYPES = {"PREF": "integer", "LANGUAGE": "language-tag", "GEO": "uri"}


# -- Reading -----------------------------------------------------------------------------------------------------------


def read_card(card: Element) -> list[Line]:
    """Return the lines of a card.

    Raises:
        CardFormatError: It has too many properties.
    """
    lines: list[Line] = []
    for part in card.parts:
        group = part.attributes.get("name", "") if part.name == "group" else ""
        if group and re.fullmatch(r"[A-Za-z0-9-]{1,60}", group):
            lines += [_line(one, group) for one in part.parts]
        else:
            lines.append(_line(part, ""))
        if len(lines) > MAX_LINES:
            raise CardFormatError(f"a card has more than {MAX_LINES} lines")
    return lines


def _line(element: Element, group: str) -> Line:
    whole = line(ELEMENT, escape(xml_text(element)), group)
    name = element.name.upper()
    values = [part for part in element.parts if part.name != "parameters"]
    given = element.first("parameters")
    if not _NAME.fullmatch(name) or element.namespace or element.attributes or not values:
        return whole
    params: dict[str, tuple[str, ...]] = {}
    for part in given.parts if given else ():
        key = part.name.upper()
        texts = [one.text if key == "LABEL" else one.text.strip(_BLANKS) for one in part.parts]
        if not _NAME.fullmatch(key):
            return whole
        params[key] = tuple([text.lower() for text in texts] if key == "TYPE" else texts)
    if name.lower() in _STRUCTURED:
        parts = _STRUCTURED[name.lower()]
        value = ";".join([",".join([escape(one.text) for one in element.all(part)]) for part in parts])
        return Line(name, value.rstrip(";") if name in ("GENDER", "CLIENTPIDMAP") else value, _params(params), group)
    kinds = {value.name for value in values}
    if len(kinds) != 1 or not kinds <= _KINDS or any(value.parts for value in values):
        return whole
    (kind,) = kinds
    if kind == "text" and (len(values) == 1 or name == "ORG" or name in _LISTS):
        value = (";" if name == "ORG" else ",").join([escape(one.text) for one in values])
    elif len(values) > 1:
        return whole
    elif kind == "unknown":
        value = escape_uri(values[0].text)
    else:
        value = escape_uri(values[0].text.strip(_BLANKS))
    usual = _TYPES.get(name, "text")
    if kind != usual and not (usual == "date-and-or-time" and kind in _MOMENTS) and kind != "unknown":
        params.setdefault("VALUE", (kind,))
    return Line(name, value, _params(params), group)


def _params(params: dict[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(params.items())


# -- Writing -----------------------------------------------------------------------------------------------------------


def written_property(one: Line) -> Element | None:
    """Return a line as a property; None when it cannot be one."""
    if one.name == ELEMENT:
        try:
            return parse_xml(one.text().encode("utf-8", "replace"))
        except XmlFormatError:
            return None
    element = Element(one.name.lower())
    kind = (one.param("VALUE") or _TYPES.get(one.name, "text")).lower()
    given = [(name, values) for name, values in one.params if name != "VALUE"]
    if given:
        parameters = element.add("parameters")
        for name, values in given:
            value_kind = _PARAMETER_TYPES.get(name, "text")
            parameters.parts.append(Element(name.lower(), parts=[Element(value_kind, value) for value in values]))
    if element.name in _STRUCTURED:
        names = _STRUCTURED[element.name]
        for name, texts in zip(names, one.lists(len(names)), strict=False):
            element.parts += [Element(name, text) for text in texts]
        for name in names[len(one.lists(len(names))) :]:
            if element.name in ("n", "adr"):
                element.add(name)
        return element
    if one.name == "ORG":
        element.parts += [Element("text", text) for text in one.parts()]
    elif one.name in _LISTS:
        element.parts += [Element("text", text) for text in one.listed()]
    else:
        if kind == "date-and-or-time":
            kind = "date" if "T" not in one.value else "date-time"
        element.add(kind if kind in _KINDS else "unknown", one.text())
    return element
