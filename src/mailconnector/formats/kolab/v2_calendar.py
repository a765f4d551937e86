"""Events, tasks and journal entries of Kolab's format of version 2, an XML of its own, as components of a calendar.

What the format has no place for is carried in elements of this program's, which others leave alone: a content line in
each `x-mailconnector-line`, a changed instance of a series in each `x-mailconnector-instance`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailconnector.formats import calendar
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.calendar.lines import CalendarFormatError, Component, Line, escaped
from mailconnector.formats.calendar.sources import CALENDAR_TEXT
from mailconnector.formats.calendar.values import email_of, moment_of, written_day, written_time
from mailconnector.formats.calendar.zones import Zones, iana_name
from mailconnector.formats.kolab.calendar import KINDS
from mailconnector.formats.kolab.custom import line_text, lines_of
from mailconnector.formats.kolab.note import moment_of as xml_moment
from mailconnector.formats.syntax.xml_tree import Element
from mailconnector.items import Appointment, Task
from mailconnector.items.zone_names import zone_info

LINE, INSTANCE = "x-mailconnector-line", "x-mailconnector-instance"

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_TEXTS = {"summary": "SUMMARY", "body": "DESCRIPTION", "location": "LOCATION", "parent": "RELATED-TO"}
_CLASSES = ("public", "private", "confidential")
_BUSY = {"free": "FREE", "tentative": "TENTATIVE", "busy": "BUSY", "outofoffice": "OOF"}
_LABELS = (
    "none", "important", "business", "personal", "vacation", "must-attend", "travel-required", "needs-preparation",
    "birthday", "anniversary", "phone-call",
)  # fmt: skip
_STATUS = {
    "none": "NEEDS-ACTION",
    "tentative": "TENTATIVE",
    "accepted": "ACCEPTED",
    "declined": "DECLINED",
}
_ROLES = {"required": "REQ-PARTICIPANT", "optional": "OPT-PARTICIPANT", "resource": "NON-PARTICIPANT"}
# Status of a task, its line in a calendar, and Outlook's number where that line does not tell.
_PROGRESS = {
    "not-started": ("NEEDS-ACTION", ""),
    "in-progress": ("IN-PROCESS", ""),
    "completed": ("COMPLETED", ""),
    "waiting-on-someone-else": ("IN-PROCESS", "3"),
    "deferred": ("NEEDS-ACTION", "4"),
}
_WEEKDAYS = {
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA",
    "sunday": "SU",
}  # fmt: skip
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_CYCLES = {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "YEARLY"}
_POSITIONS = ("1", "2", "3", "4", "-1")
_BY_DAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")
# Said by other elements, or by none.
_OF_OTHERS = frozenset(
    {
        "UID", "DTSTAMP", "CREATED", "DTSTART", "DTEND", "DUE", "RRULE", "EXDATE", "TRANSP", "CLASS", "CATEGORIES",
        "ORGANIZER", "ATTENDEE", "PERCENT-COMPLETE", "X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-CDO-BUSYSTATUS",
        "X-MICROSOFT-CDO-IMPORTANCE", "X-MAILCONNECTOR-END", "X-MAILCONNECTOR-STATUS",
        *_TEXTS.values(),
    }
)  # fmt: skip


# -- Reading -----------------------------------------------------------------------------------------------------------


def read(root: Element, kind: str) -> calendar.CalendarItem:
    """Return the item of an object.

    Raises:
        FormatError: It is none.
    """
    if root.name != kind:
        raise CalendarFormatError(f"no {kind} in it")
    part = Component(KINDS[kind], list(_lines(root, kind)))
    minutes = root.said("alarm")
    if re.fullmatch(r"\d{1,7}", minutes):
        alarm = Component("VALARM", [Line("ACTION", "DISPLAY"), Line("TRIGGER", f"-PT{int(minutes)}M")])
        part.parts.append(alarm)
    whole = Component("VCALENDAR", [Line("VERSION", "2.0")], [part])
    written = calendar_lines.render(whole)
    # Instances stand as they were written, behind the series.
    more = "".join([one.text.strip().replace("\r", "").replace("\n", "\r\n") + "\r\n" for one in root.all(INSTANCE)])
    written = written.replace(b"END:VCALENDAR", more.encode("utf-8", "replace") + b"END:VCALENDAR")
    items = calendar.parse(written)
    if not items:
        raise CalendarFormatError(f"no {kind} in it")
    item = items[0]
    # The object is kept instead of its calendar.
    leftover = {key: value for key, value in item.mail.leftover.items() if key != CALENDAR_TEXT}
    return replace(item, mail=replace(item.mail, leftover=leftover, message_id=f"<{root.said('uid')}>"))


def _lines(root: Element, kind: str) -> Iterator[Line]:
    yield Line("UID", escaped(root.said("uid")))
    for name, line_name in _TEXTS.items():
        part = root.first(name)
        if part is not None and part.text:
            yield Line(line_name, escaped(part.text))
    made = xml_moment(root.said("creation-date"))
    if made is not None:
        yield Line("DTSTAMP", f"{written_time(made)}Z")
    words = filter(None, map(str.strip, root.said("categories").split(",")))
    if listed := ",".join(map(escaped, words)):
        yield Line("CATEGORIES", listed)
    if root.said("sensitivity") in _CLASSES:
        yield Line("CLASS", root.said("sensitivity").upper())
    carried = lines_of([one.text for one in root.all(LINE)])
    start = _read_time(root.first("start-date"), "DTSTART")
    yield from start
    yield from _read_end(root, kind)
    yield from _read_people(root)
    rules = [line.value for line in carried if line.name == "RRULE"]
    yield from _read_rule(root.first("recurrence"), start, rules)
    if kind == "event":
        busy = _BUSY.get(root.said("show-time-as"), "BUSY")
        yield Line("X-MICROSOFT-CDO-BUSYSTATUS", busy)
        label = root.said("color-label")
        if label in _LABELS[1:]:
            yield Line("X-MAILCONNECTOR-LABEL", str(_LABELS.index(label)))
    if kind == "task":
        yield from _read_progress(root)
    yield from [line for line in carried if line.name != "RRULE"]


def _read_end(root: Element, kind: str) -> Iterator[Line]:
    if kind == "task":
        yield from _read_time(root.first("due-date"), "DUE")
        return
    for end in _read_time(root.first("end-date"), "DTEND" if kind == "event" else "X-MAILCONNECTOR-END"):
        moment = moment_of(end.value)
        if moment is not None and moment.is_day and moment.local.year < 9999:
            # The last day belongs to it.
            end = replace(end, value=written_day((moment.local + _DAY).date()))
        yield end


def _read_time(element: Element | None, name: str) -> list[Line]:
    text = "" if element is None else element.text.strip()
    if element is None or not text:
        return []
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return [Line(name, text.replace("-", ""), (("VALUE", ("DATE",)),))]
    moment = xml_moment(text)
    if moment is None:
        return []
    zone = iana_name(element.attributes.get("tz", ""))
    info = zone_info(zone) if zone and zone not in ("UTC", "Etc/UTC") else None
    if info is None or name.startswith("X-"):
        return [Line(name, f"{written_time(moment)}Z")]
    is_local = re.search(r"(?:[Zz]|[+-]\d\d:?\d\d)\Z", text) is None
    try:
        local = moment.replace(tzinfo=None) if is_local else moment.astimezone(info).replace(tzinfo=None)
    except OverflowError:
        return []
    return [Line(name, written_time(local), (("TZID", (zone,)),))]


def _read_people(root: Element) -> Iterator[Line]:
    for part in root.parts:
        if part.name not in ("organizer", "attendee") or not (part.said("smtp-address") or part.said("display-name")):
            continue
        address = part.said("smtp-address")
        given = [("CN", part.said("display-name").replace('"', "'"))]
        if part.name == "attendee":
            role = part.said("role")
            given.append(("CUTYPE", "RESOURCE" if role == "resource" else ""))
            given.append(("ROLE", _ROLES.get(role, "REQ-PARTICIPANT")))
            given.append(("PARTSTAT", _STATUS.get(part.said("status"), "")))
            given.append(("RSVP", "TRUE" if part.said("request-response") == "true" else ""))
        value = f"mailto:{address}" if address else "invalid:nomail"
        yield Line(part.name.upper(), value, tuple([(name, (text,)) for name, text in given if text]))


def _read_progress(root: Element) -> Iterator[Line]:
    status, number = _PROGRESS.get(root.said("status"), ("NEEDS-ACTION", ""))
    yield Line("STATUS", status)
    if number:
        yield Line("X-MAILCONNECTOR-STATUS", number)
    if re.fullmatch(r"\d{1,3}", root.said("completed")):
        yield Line("PERCENT-COMPLETE", root.said("completed"))
    if re.fullmatch("[1-5]", root.said("priority")):
        yield Line("PRIORITY", str(int(root.said("priority")) * 2 - 1))


def _read_rule(element: Element | None, start: list[Line], carried: list[str]) -> Iterator[Line]:
    cycle = "" if element is None else _CYCLES.get(element.attributes.get("cycle", ""), "")
    written = [_rule(rule) for rule in carried]
    if element is None or not cycle:
        # Rules that the format does not have; one that it has was taken off.
        yield from [Line("RRULE", rule) for rule, one in zip(carried, written, strict=True) if one is None]
        return
    for one in element.all("exclusion"):
        moment = moment_of(one.text.strip()[:10])
        if moment is not None:
            yield Line("EXDATE", written_day(moment.local), (("VALUE", ("DATE",)),))
    said = [(one.name, one.text.strip(), one.attributes) for one in element.parts if one.name != "exclusion"]
    for rule, made in zip(carried, written, strict=True):
        if made is not None and said == [(one.name, one.text, one.attributes) for one in made.parts]:
            yield Line("RRULE", rule)
            return
    parts = [f"FREQ={cycle}"]
    interval = element.said("interval")
    parts += [f"INTERVAL={int(interval)}"] if re.fullmatch(r"[1-9]\d{0,4}", interval) else []
    days = [_WEEKDAYS[one.text.strip()] for one in element.all("day") if one.text.strip() in _WEEKDAYS]
    number = element.said("daynumber") if re.fullmatch(r"[1-9]\d{0,2}", element.said("daynumber")) else ""
    month = element.said("month").lower()
    kind = element.attributes.get("type", "")
    if cycle == "YEARLY" and kind != "yearday" and month in _MONTHS:
        parts.append(f"BYMONTH={_MONTHS.index(month) + 1}")
    if cycle == "WEEKLY" and days:
        parts.append(f"BYDAY={','.join(days)}")
    elif kind == "weekday" and days and number:
        parts.append(f"BYDAY={'-1' if number == '5' else number}{days[0]}")
    elif kind == "yearday" and number:
        parts.append(f"BYYEARDAY={number}")
    elif kind in ("daynumber", "monthday") and number:
        parts.append(f"BYMONTHDAY={number}")
    span = element.first("range")
    ends = "" if span is None else span.attributes.get("type", "")
    if span is not None and ends == "number" and re.fullmatch(r"[1-9]\d{0,5}", span.text.strip()):
        parts.append(f"COUNT={span.text.strip()}")
    elif span is not None and ends == "date" and (last := moment_of(span.text.strip()[:10])) is not None:
        is_day = not start or start[0].parameter("VALUE") == "DATE"
        # The day in the zone of the event; a day later begins what comes after it wherever that is.
        parts.append(f"UNTIL={written_day(last.local)}" + ("" if is_day else "T235959"))
    yield Line("RRULE", ";".join(parts))


# -- Writing -----------------------------------------------------------------------------------------------------------


def document(item: calendar.CalendarItem, uid: str) -> Element:
    """Return an item, its attachments left out, as an object."""
    mail = item.mail
    leftover = {key: value for key, value in mail.leftover.items() if key != CALENDAR_TEXT}
    bare = replace(item, mail=replace(mail, attachments=(), leftover=leftover, message_id=f"<{uid}>"))
    (whole,) = calendar_lines.parse(calendar.render(bare, inline=False))
    zones = Zones(whole)
    part, *instances = [one for one in whole.parts if one.name in KINDS.values()]
    kind = next(name for name, one in KINDS.items() if one == part.name)
    root = Element(kind, attributes={"version": "1.0"})
    root.add("uid", uid)
    carried: list[Line] = []
    for name, line_name in _TEXTS.items():
        lines = part.all(line_name)
        root.add_text(name, lines[0].text() if lines else "")
        carried += lines[1:]
    words = mail.flags.keywords
    root.add_text("categories", ",".join([word.replace(",", " ") for word in words]))
    stamp = moment_of(part.text("DTSTAMP"))
    root.add("creation-date", _extended(stamp.local if stamp else datetime(1970, 1, 1)))
    sensitivity = part.text("CLASS").lower() or "public"
    root.add("sensitivity", sensitivity if sensitivity in _CLASSES else "private")
    names = {"DTSTART": "start-date", "DTEND": "end-date", "DUE": "due-date", "X-MAILCONNECTOR-END": "end-date"}
    for name, element in names.items():
        line = part.first(name)
        if line is not None:
            _put_time(root, element, line, zones, -_DAY if element == "end-date" else timedelta())
    _put_people(root, part)
    carried += _put_rule(root, part)
    _put_alarm(root, item)
    if isinstance(item, Appointment):
        _put_event(root, part)
    elif isinstance(item, Task):
        _put_progress(root, item, part)
    carried += [line for line in part.lines if _is_carried(line, kind)]
    for line in carried:
        root.add(LINE, line_text(line))
    for one in instances:
        root.add(INSTANCE, calendar_lines.render(one).decode("utf-8").replace("\r\n", "\n").strip())
    return root


def _is_carried(line: Line, kind: str) -> bool:
    if line.name in ("PRIORITY", "STATUS"):
        return kind != "task" and line.value != "TENTATIVE"
    if line.name == "SEQUENCE":
        return line.value != "0"
    if line.name == "X-MAILCONNECTOR-LABEL":
        return not line.value.isdecimal() or int(line.value) >= len(_LABELS)
    return line.name not in _OF_OTHERS


def _extended(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment:%H:%M:%S}Z"


def _put_time(root: Element, name: str, line: Line, zones: Zones, by: timedelta) -> None:
    moment = moment_of(line.value)
    if moment is None:
        return
    if moment.is_day:
        day = moment.local + by
        root.add(name, f"{day.year:04}-{day.month:02}-{day.day:02}")
        return
    tzid = line.parameter("TZID")
    when = replace(moment, zone=zones.zone(tzid, moment.local.year), tzid=tzid).when()
    if not isinstance(when, datetime):
        # A floating time has no place: it is that of UTC.
        when = moment.local.replace(tzinfo=UTC)
    zone = iana_name(tzid) if tzid else ""
    root.add(name, _extended(when.astimezone(UTC)), **({"tz": zone} if zone else {}))


def _put_people(root: Element, part: Component) -> None:
    for line in [*part.all("ORGANIZER"), *part.all("ATTENDEE")]:
        email = email_of(line.value)
        person = root.add(line.name.lower())
        person.add("display-name", line.parameter("CN"))
        person.add("smtp-address", "" if email.startswith("invalid:") else email)
        if line.name == "ATTENDEE":
            status = {line_status: name for name, line_status in _STATUS.items()}.get(
                line.parameter("PARTSTAT"), "none"
            )
            person.add("status", status)
            person.add("request-response", "true" if line.parameter("RSVP") == "TRUE" else "false")
            role = {one: name for name, one in _ROLES.items()}.get(line.parameter("ROLE"), "required")
            person.add("role", "resource" if line.parameter("CUTYPE") == "RESOURCE" else role)


def _put_rule(root: Element, part: Component) -> list[Line]:
    rules = part.all("RRULE")
    if not rules:
        return []
    made = _rule(rules[0].value) if len(rules) == 1 else None
    if made is None:
        return [*rules, *part.all("EXDATE")]
    for line in part.all("EXDATE"):
        for value in line.value.split(","):
            moment = moment_of(value)
            if moment is not None:
                made.add("exclusion", moment.local.date().isoformat())
    root.parts.append(made)
    # What the format says of the first day of a week and of the last moment is less than the rule does.
    return rules


def _rule(value: str) -> Element | None:
    """Return a rule as the format has it; None for one that it has not."""
    parts = dict(piece.split("=", 1) for piece in value.split(";") if "=" in piece)
    cycle = next((name for name, freq in _CYCLES.items() if freq == parts.get("FREQ")), "")
    if not cycle or parts.keys() - {
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST", "BYYEARDAY",
    }:  # fmt: skip
        return None
    if parts.get("WKST", "MO") != "MO" and parts.get("INTERVAL", "1") != "1":
        return None
    element = Element("recurrence", attributes={"cycle": cycle})
    element.add("interval", parts.get("INTERVAL", "1"))
    days = [_BY_DAY.fullmatch(one) for one in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    names = {short: name for name, short in _WEEKDAYS.items()}
    month = parts.get("BYMONTH", "")
    if cycle == "weekly" and days and all(one is not None and not one[1] for one in days):
        for one in days:
            if one is not None:
                element.add("day", names[one[2]])
    elif cycle in ("monthly", "yearly") and len(days) == 1 and days[0] is not None and days[0][1] in _POSITIONS:
        element.attributes["type"] = "weekday"
        element.add("day", names[days[0][2]])
        element.add("daynumber", "5" if days[0][1] == "-1" else days[0][1])
    elif cycle in ("monthly", "yearly") and not days and re.fullmatch(r"[1-9]\d?", parts.get("BYMONTHDAY", "")):
        element.attributes["type"] = "daynumber" if cycle == "monthly" else "monthday"
        element.add("daynumber", parts["BYMONTHDAY"])
    elif cycle != "daily" or days or "BYMONTHDAY" in parts:
        return None
    if cycle == "yearly":
        if not re.fullmatch(r"[1-9]|1[0-2]", month):
            return None
        element.add("month", _MONTHS[int(month) - 1])
    elif month:
        return None
    last = moment_of(parts.get("UNTIL", ""))
    if "COUNT" in parts:
        element.add("range", parts["COUNT"], type="number")
    elif last is not None:
        element.add("range", last.local.date().isoformat(), type="date")
    else:
        element.add("range", type="none")
    return element


def _put_alarm(root: Element, item: calendar.CalendarItem) -> None:
    if isinstance(item, Appointment) and item.reminder is not None:
        root.add("alarm", str(item.reminder.minutes))
    elif isinstance(item, Task) and item.reminder is not None:
        day = item.start or item.due
        first = None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
        if first is not None and first >= item.reminder:
            root.add("alarm", str((first - item.reminder) // _MINUTE))


def _put_event(root: Element, part: Component) -> None:
    busy = part.text("X-MICROSOFT-CDO-BUSYSTATUS")
    root.add("show-time-as", next((name for name, one in _BUSY.items() if one == busy), "busy"))
    label = part.text("X-MAILCONNECTOR-LABEL") or "0"
    is_known = label.isdecimal() and int(label) < len(_LABELS)
    root.add("color-label", _LABELS[int(label)] if is_known else "none")


def _put_progress(root: Element, item: Task, part: Component) -> None:
    line, number = part.text("STATUS"), part.text("X-MAILCONNECTOR-STATUS")
    status = next((name for name, one in _PROGRESS.items() if one == (line, number)), "not-started")
    root.add("status", status)
    root.add("completed", str(round(item.percent_complete * 100)))
    priority = part.text("PRIORITY") or "5"
    root.add("priority", str((int(priority) + 1) // 2))
