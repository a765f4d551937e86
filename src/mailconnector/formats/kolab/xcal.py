"""Calendars in XML ([RFC 6321]) as the components of content lines that iCalendar has, and back.

Only the form changes: a property's value, its type and its parameters. A property that has not the form of the RFC, as
programs add them, is a line `X-XML-ELEMENT` with the element in it, and is one again when it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailconnector.formats.calendar.lines import Component, Line, escaped, unescaped
from mailconnector.formats.syntax.xml_tree import Element, XmlFormatError, parse_xml, xml_text

NAMESPACE = "urn:ietf:params:xml:ns:icalendar-2.0"
ELEMENT = "X-XML-ELEMENT"
"""Line with an element that is no property as the RFC has them."""

_BLANKS = " \t\r\n"
_NAME = re.compile(r"[A-Z0-9-]{1,60}")
_PIECE = re.compile(r"(?:[^\\,]|\\.)*", re.DOTALL)
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME = re.compile(r"(?:(\d{4})(\d\d)(\d\d)T)?(\d\d)(\d\d)(\d\d)(Z?)")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_STRUCTURED = {"geo": ("latitude", "longitude"), "request-status": ("code", "description", "data")}

# Type of the value where no parameter says it; text of all others ([RFC 5545] 3.8).
_TYPES = {
    "ATTACH": "uri", "ATTENDEE": "cal-address", "COMPLETED": "date-time", "CREATED": "date-time", "DTEND": "date-time",
    "DTSTAMP": "date-time", "DTSTART": "date-time", "DUE": "date-time", "DURATION": "duration", "EXDATE": "date-time",
    "EXRULE": "recur", "FREEBUSY": "period", "LAST-MODIFIED": "date-time", "ORGANIZER": "cal-address",
    "PERCENT-COMPLETE": "integer", "PRIORITY": "integer", "RDATE": "date-time", "RECURRENCE-ID": "date-time",
    "REPEAT": "integer", "RRULE": "recur", "SEQUENCE": "integer", "TRIGGER": "duration", "TZOFFSETFROM": "utc-offset",
    "TZOFFSETTO": "utc-offset", "TZURL": "uri", "URL": "uri",
}  # fmt: skip
_LISTS = frozenset({"CATEGORIES", "RESOURCES", "EXDATE", "RDATE", "FREEBUSY"})
_PARAMETER_TYPES = {
    "ALTREP": "uri", "DIR": "uri", "DELEGATED-FROM": "cal-address", "DELEGATED-TO": "cal-address",
    "MEMBER": "cal-address", "SENT-BY": "cal-address", "RSVP": "boolean",
}  # fmt: skip
_RULE = (
    "freq", "until", "count", "interval", "bysecond", "byminute", "byhour", "byday", "byyearday", "bymonthday",
    "byweekno", "bymonth", "bysetpos", "wkst",
)  # fmt: skip


# -- Reading -----------------------------------------------------------------------------------------------------------


def read_calendar(root: Element) -> Component | None:
    """Return the first calendar of a document as a component; None when there is none."""
    found = root if root.name == "vcalendar" else root.first("vcalendar")
    return None if found is None else _component(found)


def _component(element: Element) -> Component:
    component = Component(element.name.upper())
    for group in element.all("properties"):
        component.lines += map(read_property, group.parts)
    for group in element.all("components"):
        component.parts += [_component(part) for part in group.parts if _NAME.fullmatch(part.name.upper())]
    return component


def read_property(element: Element) -> Line:
    """Return a property as a line."""
    name = element.name.upper()
    values = [part for part in element.parts if part.name != "parameters"]
    kinds = {value.name for value in values}
    given = element.first("parameters")
    parameters = [_parameter(part) for part in (given.parts if given else ())]
    is_plain = name in ("GEO", "REQUEST-STATUS") or (len(kinds) == 1 and (len(values) == 1 or name in _LISTS))
    read = _READERS.get(values[0].name, _unknown) if values else _unknown
    if not is_plain or not _NAME.fullmatch(name) or element.namespace or element.attributes or None in parameters:
        return Line(ELEMENT, escaped(xml_text(element)))
    if name.lower() in _STRUCTURED:
        texts = [element.said(part) for part in _STRUCTURED[name.lower()]]
        value = ";".join(texts) if name == "GEO" else ";".join(map(escaped, texts))
    elif any(value.parts for value in values) and read is not _recur and read is not _period:
        return Line(ELEMENT, escaped(xml_text(element)))
    else:
        value = ",".join([read(value) for value in values])
        (kind,) = kinds
        if kind not in (_TYPES.get(name, "text"), "unknown") and not any(
            one and one[0] == "VALUE" for one in parameters
        ):
            parameters.append(("VALUE", (kind.upper(),)))
    return Line(name, value, tuple([one for one in parameters if one]))


def _parameter(element: Element) -> tuple[str, tuple[str, ...]] | None:
    name = element.name.upper()
    values = tuple([value.text.strip(_BLANKS) for value in element.parts]) or (element.text.strip(_BLANKS),)
    if name == "RSVP":
        values = tuple(map(str.upper, values))
    return (name, values) if _NAME.fullmatch(name) else None


def _unknown(element: Element) -> str:
    return element.text


def _text(element: Element) -> str:
    return escaped(element.text)


def _word(element: Element) -> str:
    return element.text.strip()


def _digits(element: Element) -> str:
    return _compact(element.text)


def _compact(text: str) -> str:
    """Return a date or a time in the digits of iCalendar; a sign before them stays."""
    return re.sub(r"(?<=\d)[-:](?=\d)", "", text.strip())


def _boolean(element: Element) -> str:
    return element.text.strip().upper()


def _period(element: Element) -> str:
    last = element.said("duration") or _compact(element.said("end"))
    return f"{_compact(element.said('start'))}/{last}"


def _recur(element: Element) -> str:
    found: dict[str, list[str]] = {}
    for part in element.parts:
        # The last day has a type of its own.
        text = part.parts[0].text.strip() if part.parts else part.text.strip()
        found.setdefault(part.name.upper(), []).append(_compact(text) if part.name == "until" else text)
    # FREQ must be the first one.
    names = sorted(found, key=lambda name: name != "FREQ")
    return ";".join([f"{name}={','.join(found[name])}" for name in names])


_READERS: dict[str, Callable[[Element], str]] = {
    "text": _text,
    "date": _digits,
    "date-time": _digits,
    "time": _digits,
    "utc-offset": _digits,
    "boolean": _boolean,
    "period": _period,
    "recur": _recur,
    "binary": lambda element: "".join(element.text.split()),
    "cal-address": _word,
    "duration": _word,
    "float": _word,
    "integer": _word,
    "uri": _word,
    "unknown": _unknown,
}


# -- Writing -----------------------------------------------------------------------------------------------------------


def calendar_document(properties: list[Element], components: list[Element]) -> Element:
    """Return a calendar of its own properties and its components as a document."""
    calendar = Element("vcalendar")
    calendar.add("properties").parts = properties
    calendar.add("components").parts = components
    return Element("icalendar", parts=[calendar], namespace=NAMESPACE)


def written_property(line: Line) -> Element | None:
    """Return a line as a property; None when it cannot be one."""
    if line.name == ELEMENT:
        try:
            return parse_xml(unescaped(line.value).encode("utf-8", "replace"))
        except XmlFormatError:
            return None
    element = Element(line.name.lower())
    kind = (line.parameter("VALUE") or _TYPES.get(line.name, "text")).lower()
    given = [one for one in line.parameters if one[0] != "VALUE"]
    if given:
        element.add("parameters").parts = [_parameter_element(name, values) for name, values in given]
    if line.name.lower() in _STRUCTURED:
        texts = line.value.split(";") if line.name == "GEO" else [unescaped(one) for one in line.value.split(";")]
        for name, text in zip(_STRUCTURED[line.name.lower()], texts, strict=False):
            element.add_text(name, text)
        return element
    if line.name not in _LISTS:
        element.parts.append(_value(kind, line.value))
    else:
        pieces = [one for one in _PIECE.findall(line.value) if one.strip()]
        element.parts += [_value(kind, piece) for piece in pieces]
        if not pieces:
            return None
    return element


def _parameter_element(name: str, values: tuple[str, ...]) -> Element:
    kind = _PARAMETER_TYPES.get(name, "text")
    texts = [value.lower() for value in values] if kind == "boolean" else values
    return Element(name.lower(), parts=[Element(kind, text) for text in texts])


def _value(kind: str, value: str) -> Element:
    if kind == "recur":
        return _recur_element(value)
    if kind == "period":
        start, _, last = value.partition("/")
        element = Element("period")
        element.add("start", _extended(start))
        element.add("duration" if last.strip().upper().startswith("P") else "end", _extended(last))
        return element
    if kind == "text":
        return Element("text", unescaped(value))
    if kind in ("date", "date-time", "time", "utc-offset"):
        text = _extended(value)
        # Some write a whole day without saying so.
        return Element("date" if kind == "date-time" and _DATE.fullmatch(value.strip()) else kind, text)
    if kind == "boolean":
        return Element(kind, value.lower())
    return Element(kind if kind in _READERS else "unknown", value)


def _extended(value: str) -> str:
    """Return a date, a time or an offset from UTC with its marks; others as they are."""
    value = value.strip()
    if match := _DATE.fullmatch(value):
        return "-".join(match.groups())
    if match := _TIME.fullmatch(value):
        year, month, day, hour, minute, second, utc = match.groups()
        date = f"{year}-{month}-{day}T" if year else ""
        return f"{date}{hour}:{minute}:{second}{utc}"
    if match := _OFFSET.fullmatch(value):
        sign, *digits = match.groups()
        return sign + ":".join(filter(None, digits))
    return value


def _recur_element(value: str) -> Element:
    element = Element("recur")
    for piece in value.split(";"):
        name, _, values = piece.partition("=")
        name = name.strip().lower()
        for one in filter(None, map(str.strip, values.split(","))):
            if name == "until":
                element.add(name).parts.append(_value("date-time", one))
            else:
                element.add(name, one)
    places = {name: place for place, name in enumerate(_RULE)}
    element.parts.sort(key=lambda part: places.get(part.name, len(places)))
    return element
