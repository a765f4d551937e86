"""What events, tasks and journal entries have alike: texts, people, files, categories, alarms ([RFC 5545] 3.8)."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from mailconnector.formats.calendar.lines import Component, Line, escaped, render
from mailconnector.formats.calendar.sources import content_of, is_shown
from mailconnector.formats.calendar.values import (
    Moment,
    duration_of,
    email_of,
    moment_of,
    written_duration,
    written_email,
    written_utc,
)
from mailconnector.items import Address, Attachment, Flags, Importance, Mail, Sensitivity

_MINUTE = timedelta(minutes=1)
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_FILES = 1000
_MOST_TEXT = 8 << 20

_CLASSES = {
    "PUBLIC": Sensitivity.NORMAL,
    "X-PERSONAL": Sensitivity.PERSONAL,
    "PRIVATE": Sensitivity.PRIVATE,
    "CONFIDENTIAL": Sensitivity.CONFIDENTIAL,
}
_WRITTEN_CLASSES = {value: name for name, value in _CLASSES.items()}
_PRIORITIES = {Importance.HIGH: "1", Importance.NORMAL: "5", Importance.LOW: "9"}


# -- Reading -----------------------------------------------------------------------------------------------------------


def read_mail(component: Component, message_class: str) -> Mail:
    """Return what an item has as every item has, of a component of a calendar."""
    stamp = moment_of(component.text("DTSTAMP"))
    html = next(
        (
            line.text()
            for line in component.all("X-ALT-DESC")
            if line.parameter("FMTTYPE").lower() in ("text/html", "") and line.value.strip()
        ),
        None,
    )
    description = component.first("DESCRIPTION")
    return Mail(
        message_class=message_class,
        subject=component.text("SUMMARY").replace("\n", " "),
        date=None if stamp is None or stamp.is_day or _utc(stamp) == _NO_DATE else _utc(stamp),
        text=None if description is None else description.text()[:_MOST_TEXT],
        html=None if html is None else html[:_MOST_TEXT],
        importance=_importance(component),
        sensitivity=_CLASSES.get(component.text("CLASS").strip().upper() or "PUBLIC", Sensitivity.PRIVATE),
        flags=Flags(seen=True, keywords=_categories(component)),
        attachments=tuple(_attachments(component)),
    )


def _utc(moment: Moment) -> datetime:
    when = moment.when()
    return when if isinstance(when, datetime) else moment.local.replace(tzinfo=UTC)


def _importance(component: Component) -> Importance:
    said = component.text("X-MICROSOFT-CDO-IMPORTANCE").strip()
    if said in ("0", "1", "2"):
        return Importance(int(said))
    text = component.text("PRIORITY").strip()
    number = int(text) if text.isdecimal() and len(text) < 4 else 0
    if number in (0, 5):
        return Importance.NORMAL
    return Importance.HIGH if number < 5 else Importance.LOW


def _categories(component: Component) -> tuple[str, ...]:
    names = [name for line in component.all("CATEGORIES") for name in line.texts()]
    return tuple(dict.fromkeys(filter(None, names)))


def _attachments(component: Component) -> list[Attachment]:
    found = []
    for line in component.all("ATTACH")[:_MOST_FILES]:
        name = line.parameter("X-FILENAME") or line.parameter("FILENAME") or line.parameter("X-APPLE-FILENAME")
        kind = line.parameter("FMTTYPE").lower() or "application/octet-stream"
        data = content_of(line)
        if data is not None:
            found.append(Attachment(name, kind, data))
        elif line.value.strip() and line.parameter("VALUE").upper() != "BINARY" and not line.parameter("ENCODING"):
            found.append(Attachment(name, kind, reference=line.text().strip()))
    return found


def read_person(line: Line) -> Address:
    """Return whom an ORGANIZER or ATTENDEE names."""
    email = email_of(line.value)
    name = line.parameter("CN").strip().strip('"')
    if email.lower().startswith("invalid:"):
        email = line.parameter("EMAIL")
    kind, colon, rest = email.partition(":")
    # Addresses that are none of the Internet's come back in the type that they had.
    if colon and kind.isupper() and "@" not in kind and not rest.startswith("//"):
        return Address(name, rest, kind)
    return Address("" if name == email else name, email)


def read_alarm(component: Component, start: datetime | None, end: datetime | None) -> datetime | timedelta | None:
    """Return when the first alarm that shows something is: a moment, or how long before the start.

    Args:
        component: The event or task.
        start: Its start, aware, to which alarms by the clock are related; None when unknown.
        end: Its end.
    """
    for part in component.parts:
        if not is_shown(part):
            continue
        trigger = part.first("TRIGGER")
        if trigger is None:
            continue
        moment = moment_of(trigger.value)
        if moment is not None:
            return _utc(moment)
        duration = duration_of(trigger.value)
        if duration is None:
            continue
        if trigger.parameter("RELATED").upper() == "END" and end is not None:
            duration += end - start if start is not None else timedelta()
        return -duration
    return None


# -- Writing -----------------------------------------------------------------------------------------------------------


def put_mail(component: Component, mail: Mail, *, inline: bool) -> None:
    """Write what an item has as every item has into a component."""
    component.add("DTSTAMP", written_utc(mail.date or _NO_DATE))
    component.add_text("SUMMARY", mail.subject)
    if mail.text is not None:
        component.add_text("DESCRIPTION", mail.text)
    if mail.html is not None:
        component.add_text("X-ALT-DESC", mail.html, FMTTYPE="text/html")
    if mail.flags.keywords:
        component.add("CATEGORIES", ",".join(map(escaped, mail.flags.keywords)))
    if mail.sensitivity is not Sensitivity.NORMAL:
        component.add("CLASS", _WRITTEN_CLASSES[mail.sensitivity])
    if mail.importance is not Importance.NORMAL:
        component.add("PRIORITY", _PRIORITIES[mail.importance])
    component.lines += _attachment_lines(mail, inline=inline)


def _attachment_lines(mail: Mail, *, inline: bool) -> list[Line]:
    lines = []
    for one in mail.attachments:
        if one.item is not None:
            continue
        parameters = [("FMTTYPE", (one.content_type,))] if one.content_type != "application/octet-stream" else []
        if one.name:
            parameters.append(("X-FILENAME", (one.name.replace('"', "'"),)))
        if one.reference:
            lines.append(Line("ATTACH", one.reference.replace("\n", ""), tuple(parameters)))
        elif inline:
            content = base64.b64encode(one.content()).decode("ascii")
            coded = [("ENCODING", ("BASE64",)), ("VALUE", ("BINARY",))]
            lines.append(Line("ATTACH", content, (*parameters, *coded)))
    return lines


def person_line(name: str, address: Address, parameters: dict[str, str]) -> Line:
    """Return an ORGANIZER or ATTENDEE; empty parameters are left out."""
    given = {"CN": address.name.replace('"', "'"), **parameters}
    return Line(
        name,
        written_email(address.email, address.kind),
        tuple([(key, (value,)) for key, value in given.items() if value]),
    )


def alarm(subject: str, when: datetime | timedelta) -> Component:
    """Return an alarm: at a moment, or some time before the start."""
    part = Component("VALARM")
    part.add("ACTION", "DISPLAY")
    part.add_text("DESCRIPTION", subject or "Reminder")
    if isinstance(when, datetime):
        part.add("TRIGGER", written_utc(when), VALUE="DATE-TIME")
    else:
        part.add("TRIGGER", written_duration(-when))
    return part


def made_uid(component: Component) -> str:
    """Return a UID for a component that has none: the same for the same content."""
    return hashlib.sha256(render(component)).hexdigest()[:40]


def in_minutes(duration: timedelta) -> int:
    """Return a duration in whole minutes, as MAPI has room for it."""
    return max(min(duration // _MINUTE, 0x7FFFFFFF), 0)
