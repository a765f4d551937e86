"""Notes of Kolab, version 3: a title and a text, which may be HTML, and a colour.

Outlook's note is one text whose first line is its title.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from mailconnector.formats.item.note_message import title_of
from mailconnector.formats.kolab.custom import custom, in_order
from mailconnector.formats.syntax.html_text import text_of_html
from mailconnector.formats.syntax.xml_changes import merged
from mailconnector.formats.syntax.xml_tree import Element, XmlFormatError, parse_xml, render_xml
from mailconnector.items import Attachment, Flags, Mail, Note, Sensitivity
from mailconnector.items.note import NoteColor
from mailconnector.mapi import reading, tags

NAMESPACE = "http://kolab.org"
MESSAGE_CLASS = "IPM.StickyNote"

_PRODUCT = "Mail Connector"
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
_ORDER = (
    "uid", "prodid", "creation-date", "last-modification-date", "categories", "classification", "attachment", "summary",
    "description", "color", "x-custom",
)  # fmt: skip
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|p|div|span|b|i|u|br|ul|ol|h[1-6])\b[^>]*>", re.IGNORECASE)
_COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_COLORS = {
    NoteColor.BLUE: "#a6c8ff",
    NoteColor.GREEN: "#b3e6a8",
    NoteColor.PINK: "#ffb3d1",
    NoteColor.YELLOW: "#fff59d",
    NoteColor.WHITE: "#ffffff",
}
_CLASSES = {
    "PUBLIC": Sensitivity.NORMAL,
    "PRIVATE": Sensitivity.PRIVATE,
    "CONFIDENTIAL": Sensitivity.CONFIDENTIAL,
}
_NAMES = {level: name for name, level in _CLASSES.items()} | {Sensitivity.PERSONAL: "PRIVATE"}
_NUMBERS = {name: f"X-MAILCONNECTOR-NOTE-{name.upper()}" for name in ("width", "height", "x", "y")}
_CONTACT = "X-MAILCONNECTOR-NOTE-CONTACT"


def color_of(text: str) -> NoteColor:
    """Return Outlook's colour that is nearest to one as "#rrggbb"; yellow for what is none."""
    wanted = _parts(text)
    if wanted is None:
        return NoteColor.YELLOW
    return min(_COLORS, key=lambda one: _distance(wanted, _parts(_COLORS[one]) or wanted))


def written_color(color: NoteColor) -> str:
    """Return a colour as "#rrggbb"."""
    return _COLORS[color]


def _parts(text: str) -> tuple[int, int, int] | None:
    match = _COLOR.fullmatch(text.strip())
    return None if match is None else (int(match[1], 16), int(match[2], 16), int(match[3], 16))


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return sum((mine - theirs) ** 2 for mine, theirs in zip(one, other, strict=True))


def joined(title: str, text: str) -> str:
    """Return the text of a note of its title and of its text, which may begin with the title as well."""
    if _HTML.match(text):
        text = text_of_html(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not title or title_of(text) == title_of(title):
        return text
    return f"{title}\n{text}" if text else title


def parted(text: str) -> tuple[str, str]:
    """Return title and text that `joined` gives back."""
    title, mark, rest = text.partition("\n")
    if not title_of(title) or title != title_of(title) or title_of(rest) == title:
        return title_of(text), text
    return title, rest if mark else ""


def moment_of(text: str) -> datetime | None:
    """Return a time of XML schema's; None when it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def written_moment(moment: datetime) -> str:
    """Return a time of XML schema's, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def read(root: Element) -> Note:
    """Return the note of an object; its UID is in its mail's message id.

    Raises:
        FormatError: It is none.
    """
    if root.name != "note":
        raise XmlFormatError("no note in it")
    title = root.first("summary")
    text = root.first("description")
    body = joined("" if title is None else title.text, "" if text is None else text.text)
    uid = root.said("uid")
    customs = {one.said("identifier"): one.said("value") for one in root.all("x-custom")}
    numbers: dict[str, Any] = {
        field: int(customs[name])
        for field, name in _NUMBERS.items()
        if re.fullmatch(r"-?\d{1,9}", customs.get(name, ""), re.ASCII)
    }
    words = [one.text.strip() for one in root.all("categories")]
    mail = Mail(
        MESSAGE_CLASS,
        subject=title_of(body),
        date=moment_of(root.said("creation-date")),
        message_id=f"<{uid}>" if uid else "",
        text=body,
        sensitivity=_CLASSES.get(root.said("classification").upper(), Sensitivity.NORMAL),
        flags=Flags(seen=True, keywords=tuple(dict.fromkeys(filter(None, words)))),
        attachments=tuple(map(_attachment, root.all("attachment"))),
    )
    contacts = [one.said("value") for one in root.all("x-custom") if one.said("identifier") == _CONTACT]
    return Note(mail, color_of(root.said("color")), contacts=tuple(filter(None, contacts)), **numbers)


def _attachment(element: Element) -> Attachment:
    given = element.first("parameters") or Element("")
    kind = given.said("fmttype").lower() or "application/octet-stream"
    return Attachment(given.said("x-label"), kind, reference=element.said("uri"))


def write(note: Note, source: bytes = b"") -> bytes:
    """Return a note as an object; files that are to travel beside it are references in the note.

    Args:
        note: The note.
        source: The object from which it was read; empty for none. What it has and the note does not know is kept.
    """
    now = _document(note)
    if source:
        original = parse_xml(source)
        before = _document(read(original))
        now = merged(now, before, original, _key)
        now.parts = in_order(now.parts, _ORDER)
    return render_xml(now)


def _document(note: Note) -> Element:
    mail = note.mail
    root = Element("note", attributes={"version": "3.0"}, namespace=NAMESPACE)
    root.add("uid", mail.message_id.strip("<>"))
    root.add("prodid", _PRODUCT)
    made = mail.date or _NO_DATE
    changed = reading.moment(mail.leftover, tags.PidTagLastModificationTime) or made
    root.add("creation-date", written_moment(made))
    root.add("last-modification-date", written_moment(changed))
    for word in mail.flags.keywords:
        root.add("categories", word)
    root.add("classification", _NAMES[mail.sensitivity])
    for one in mail.attachments:
        if one.reference:
            part = root.add("attachment")
            given = part.add("parameters")
            given.add("fmttype", one.content_type)
            given.add_text("x-label", one.name)
            part.add("uri", one.reference)
    title, text = parted(mail.text or "")
    root.add_text("summary", title)
    root.add_text("description", text)
    root.add("color", written_color(note.color))
    for field, name in _NUMBERS.items():
        number = getattr(note, field)
        if number is not None:
            root.parts.append(custom(name, str(number)))
    root.parts += [custom(_CONTACT, one) for one in note.contacts]
    return root


def _key(element: Element) -> str:
    if element.name == "x-custom":
        return element.said("identifier")
    if element.name == "attachment":
        return element.said("uri")
    return element.text
