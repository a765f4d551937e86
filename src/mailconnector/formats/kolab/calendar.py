"""Calendars as Kolab has them (version 3): xCal in a strict order, and some ways of its own.

Kolab's ways, by its schema and by what its programs do: zones are named "/kolab.org/Europe/Berlin" and nowhere
defined; people are "mailto:" with the address in angle brackets, percent-encoded; the end of whole days is the last
day; an exception takes from its series what it does not say itself; all else is in `x-custom`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from mailconnector.formats import calendar
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.calendar.lines import CalendarFormatError, Component, Line, unescaped
from mailconnector.formats.calendar.values import moment_of, written_day, written_utc
from mailconnector.formats.calendar.zones import Zones, iana_name
from mailconnector.formats.kolab import xcal
from mailconnector.formats.kolab.custom import (
    ALARM,
    LINE,
    NUMBER,
    PARAMETERS,
    custom,
    in_order,
    is_own,
    line_text,
    lines_of,
    opened,
    places_of,
)
from mailconnector.formats.kolab.message import TYPES
from mailconnector.formats.syntax.percent import quoted, unquoted
from mailconnector.formats.syntax.xml_tree import Element, render_xml

KINDS = {TYPES[kind]: name for kind, name in calendar.COMPONENTS.items()}
"""Components of a calendar by Kolab's names of what they are."""

_ZONES = "/kolab.org/"
_VERSION = "3.1.0"
_DAY = timedelta(days=1)
_PRODUCT = "Mail Connector"
_BUSY, _HTML = "X-MICROSOFT-CDO-BUSYSTATUS", "X-ALT-DESC"
# Of which text the HTML is another form.
_TEXT_DIGEST = "X-TEXT-DIGEST"
_PEOPLE = frozenset({"ATTENDEE", "ORGANIZER"})
_PARAMETERS = frozenset(
    {
        "ALTREP", "CN", "CUTYPE", "DELEGATED-FROM", "DELEGATED-TO", "DIR", "ENCODING", "FMTTYPE", "FBTYPE", "LANGUAGE",
        "MEMBER", "PARTSTAT", "RANGE", "RELATED", "RELTYPE", "ROLE", "RSVP", "SENT-BY", "TZID", "VALUE", "X-LABEL",
        "X-UID",
    }
)  # fmt: skip
_HEAD = ("prodid", "version", "x-kolab-version")
_ALARM = ("action", "summary", "description", "attendee", "attach", "trigger", "duration", "repeat")
_FRONT = ("uid", "created", "dtstamp", "sequence", "class", "categories")
_SERIES = ("rrule", "rdate", "exdate", "recurrence-id", "summary", "description", "comment", "priority", "status")
_END = ("location", "organizer", "url", "attendee", "attach", "x-custom")
_ORDERS = {
    "VEVENT": (*_FRONT, "dtstart", "dtend", "duration", "transp", *_SERIES, *_END),
    "VTODO": (*_FRONT, "related-to", "dtstart", "due", *_SERIES, "percent-complete", *_END),
    "VJOURNAL": (
        *_FRONT, "related-to", "dtstart", "summary", "description", "comment", "status", "contact", "attendee",
        "attach", "x-custom",
    ),
}  # fmt: skip
_MANY = frozenset({"ATTENDEE", "ATTACH", "RELATED-TO"})
_JOINED = frozenset({"CATEGORIES", "RDATE", "EXDATE"})
# What an exception has from its series where it says nothing.
_TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION")
_INHERITED = (*_TEXTS, "CLASS", "PRIORITY", "STATUS", "TRANSP", "CATEGORIES", "ORGANIZER")


# -- Reading -----------------------------------------------------------------------------------------------------------


def read(root: Element, kind: str) -> calendar.CalendarItem:
    """Return the item of an object.

    Args:
        root: The document; it is changed.
        kind: A key of `KINDS`.

    Raises:
        FormatError: It is none.
    """
    for element in root.within():
        if element.name == "properties":
            element.parts = opened(element.parts)
    component = xcal.read_calendar(root)
    if component is None:
        raise CalendarFormatError("no vcalendar in it")
    parts = [part for part in component.parts if part.name == KINDS[kind]]
    series = next((part for part in parts if not part.first("RECURRENCE-ID")), None)
    component.parts = [_read_part(part, series) for part in parts]
    items = calendar.parse(calendar_lines.render(component))
    if not items:
        raise CalendarFormatError(f"no {kind} in it")
    return items[0]


def _read_part(part: Component, series: Component | None) -> Component:
    lines = _with_own_lines(list(part.lines))
    lines = [line for line in lines if not _is_stale(line, part)]
    if part.name == "VEVENT":
        lines = [_moved_end(line, _DAY) for line in lines]
    if series is not None and series is not part:
        names = {line.name for line in lines}
        lines += [line for line in series.lines if line.name in _INHERITED and line.name not in names]
    alarms = [Component(one.name, list(map(_read_line, one.lines)), one.parts) for one in part.parts]
    own = lines_of([line.value for line in lines if line.name == ALARM])
    if alarms and own:
        alarms[0].lines += own
    return Component(part.name, [_read_line(line) for line in lines if line.name != ALARM], alarms)


def _is_stale(line: Line, part: Component) -> bool:
    """Tell whether a property beside Kolab's own says what Kolab's programs have changed since."""
    if line.name == _BUSY:
        is_free = part.text("TRANSP").upper() == "TRANSPARENT"
        status = part.text("STATUS").upper()
        said = line.value.strip().upper()
        if (said == "FREE") != is_free:
            return True
        return not is_free and status != "CANCELLED" and (said == "TENTATIVE") != (status == "TENTATIVE")
    if line.name == _HTML and line.parameter(_TEXT_DIGEST):
        return line.parameter(_TEXT_DIGEST) != _digest(part)
    return False


def _digest(part: Component) -> str:
    return blake2b(part.text("DESCRIPTION").encode("utf-8", "replace"), digest_size=8).hexdigest()


def _with_own_lines(lines: list[Line]) -> list[Line]:
    """Return lines with those that stand within others, and with the parameters that do."""
    plain = [line for line in lines if line.name not in (LINE, PARAMETERS)]
    extra = lines_of([line.value for line in lines if line.name == PARAMETERS])
    wanted = [((line.name, line.value), line.parameter(NUMBER)) for line in extra]
    for place, number in places_of([(line.name, line.value) for line in plain], wanted).items():
        known = {NUMBER, *(name for name, _ in plain[place].parameters)}
        more = [one for one in extra[number].parameters if one[0] not in known]
        plain[place] = replace(plain[place], parameters=(*plain[place].parameters, *more))
    return plain + lines_of([line.value for line in lines if line.name == LINE])


def _read_line(line: Line) -> Line:
    if line.name in _PEOPLE and line.value[:7].lower() == "mailto:":
        name, mark, rest = unquoted(line.value[7:]).partition("<")
        if mark:
            given = line.parameters
            if name and not line.parameter("CN"):
                given = (("CN", (name.strip().strip('"'),)), *given)
            return Line(line.name, f"mailto:{rest.partition('>')[0]}", given)
    if line.name == "ATTACH":
        return _renamed(line, "X-LABEL", "X-FILENAME")
    if line.name == _HTML:
        return replace(line, parameters=tuple([one for one in line.parameters if one[0] != _TEXT_DIGEST]))
    return line


def _renamed(line: Line, old: str, new: str) -> Line:
    return replace(line, parameters=tuple([(new if name == old else name, one) for name, one in line.parameters]))


def _moved_end(line: Line, by: timedelta) -> Line:
    moment = moment_of(line.value) if line.name == "DTEND" else None
    if moment is None or not moment.is_day:
        return line
    try:
        return replace(line, value=written_day((moment.local + by).date()))
    except OverflowError:
        return line


# -- Writing -----------------------------------------------------------------------------------------------------------


def write(item: calendar.CalendarItem) -> bytes:
    """Return an item as an object; files that are to travel beside it are references in the item."""
    (whole,) = calendar_lines.parse(calendar.render(item, inline=False))
    zones = Zones(whole)
    head = Component("VCALENDAR", [line for line in whole.lines if line.name in ("PRODID", "X-KOLAB-VERSION")])
    if not head.first("PRODID"):
        head.add("PRODID", _PRODUCT)
    head.add("VERSION", "2.0")
    if not head.first("X-KOLAB-VERSION"):
        head.add("X-KOLAB-VERSION", _VERSION)
    properties = [one for one in map(xcal.written_property, head.lines) if one is not None]
    parts = [_written_part(part, zones) for part in whole.parts if part.name in _ORDERS]
    return render_xml(xcal.calendar_document(in_order(properties, _HEAD), parts))


def _written_part(part: Component, zones: Zones) -> Element:
    order = _ORDERS[part.name]
    element = Element(part.name.lower())
    properties: list[Element] = []
    lines = [_written_line(line, part, zones) for line in part.lines if not _is_said(line, part)]
    if not part.first("CREATED"):
        lines += [replace(line, name="CREATED") for line in lines if line.name == "DTSTAMP"][:1]
    if part.name == "VEVENT":
        lines = [_moved_end(line, -_DAY) for line in lines]
    if part.first("RECURRENCE-ID"):
        # What is not said is that of the series.
        lines += [Line("STATUS", "CONFIRMED")] if not part.first("STATUS") else []
        lines += [Line(name, "") for name in _TEXTS if not part.all(name)]
    seen: Counter[str] = Counter()
    for line in _joined(lines):
        if line.name == xcal.ELEMENT:
            properties += filter(None, [xcal.written_property(line)])
            continue
        known = line.name.lower() in order and (line.name in _MANY or line.name not in seen)
        extra = [one for one in line.parameters if one[0] not in _PARAMETERS]
        if not known:
            plain = line.name.startswith("X-") and not line.parameters
            value = line.value if is_own(line.name) else unescaped(line.value)
            properties.append(custom(line.name, value) if plain else custom(LINE, line_text(line)))
            continue
        if extra:
            about = (*extra, (NUMBER, (str(seen[line.name]),)))
            properties.append(custom(PARAMETERS, line_text(replace(line, parameters=about))))
            line = replace(line, parameters=tuple([one for one in line.parameters if one not in extra]))
        seen[line.name] += 1
        properties += filter(None, [xcal.written_property(line)])
    alarms = [one for one in part.parts if one.name == "VALARM"] if part.name != "VJOURNAL" else []
    written = []
    for alarm in alarms:
        known_lines = [_written_line(line, part, zones) for line in alarm.lines if line.name.lower() in _ALARM]
        made = [one for one in map(xcal.written_property, known_lines) if one is not None]
        written.append(Element("valarm", parts=[Element("properties", parts=in_order(made, _ALARM))]))
    if alarms:
        others = [line for line in alarms[0].lines if line.name.startswith("X-MAILCONNECTOR-")]
        properties += [custom(ALARM, line_text(line)) for line in others]
    element.parts.append(Element("properties", parts=in_order(properties, order)))
    if written:
        element.parts.append(Element("components", parts=written))
    return element


def _is_said(line: Line, part: Component) -> bool:
    """Tell whether a property of Outlook's says no more than those of Kolab do."""
    if line.name == _BUSY:
        busy = "TENTATIVE" if part.text("STATUS").upper() == "TENTATIVE" else "BUSY"
        return line.value == ("FREE" if part.text("TRANSP").upper() == "TRANSPARENT" else busy)
    return line.name in ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-CDO-IMPORTANCE")


def _joined(lines: list[Line]) -> list[Line]:
    """Return lines with those as one of which the schema allows one, where their parameters are the same."""
    found: list[Line] = []
    places: dict[tuple[str, object], int] = {}
    for line in lines:
        key = (line.name, line.parameters)
        if line.name in _JOINED and key in places:
            earlier = found[places[key]]
            found[places[key]] = replace(earlier, value=f"{earlier.value},{line.value}")
            continue
        places.setdefault(key, len(found))
        found.append(line)
    return found


def _written_line(line: Line, part: Component, zones: Zones) -> Line:
    if line.name in _PEOPLE and line.value[:7].lower() == "mailto:":
        return replace(line, value="mailto:" + quoted(f"<{line.value[7:]}>", unreserved_only=True))
    if line.name == "ATTACH":
        kind = () if line.parameter("FMTTYPE") else (("FMTTYPE", ("application/octet-stream",)),)
        return _renamed(replace(line, parameters=(*kind, *line.parameters)), "X-FILENAME", "X-LABEL")
    if line.name == _HTML:
        return replace(line, parameters=(*line.parameters, (_TEXT_DIGEST, (_digest(part),))))
    tzid = line.parameter("TZID")
    if not tzid or tzid.startswith(_ZONES):
        return line
    others = tuple([one for one in line.parameters if one[0] != "TZID"])
    name = iana_name(tzid)
    if name:
        return replace(line, parameters=(*others, ("TZID", (_ZONES + name,))))
    # Kolab knows no zones but those with names.
    values = [_in_utc(value, tzid, zones) for value in line.value.split(",")]
    return replace(line, value=",".join(values), parameters=others)


def _in_utc(value: str, tzid: str, zones: Zones) -> str:
    moment = moment_of(value)
    if moment is None or moment.is_day:
        return value
    when = replace(moment, zone=zones.zone(tzid, moment.local.year), tzid=tzid).when()
    return written_utc(when) if isinstance(when, datetime) else value
