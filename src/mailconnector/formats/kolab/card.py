"""Cards as Kolab has them (version 3): xCard in a strict order, and some ways of its own.

Kolab's ways, by its schema: what belongs to a firm (work address, role, manager, assistant) stands in a group with the
firm's name; of types and parameters there are few; all else is in `x-custom`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mailconnector.formats.card import contact as card_contact
from mailconnector.formats.card import groups as card_groups
from mailconnector.formats.card import lines as card_lines
from mailconnector.formats.card.lines import V4, CardFormatError, Line, escape_uri, line
from mailconnector.formats.kolab import xcard
from mailconnector.formats.kolab.custom import LINE, NUMBER, PARAMETERS, custom, in_order, opened, places_of
from mailconnector.formats.kolab.message import TYPES
from mailconnector.formats.syntax.percent import quoted, unquoted
from mailconnector.formats.syntax.xml_changes import merged
from mailconnector.formats.syntax.xml_tree import Element, parse_xml, render_xml
from mailconnector.items import Contact, DistributionList

KINDS = frozenset({TYPES[Contact], TYPES[DistributionList]})
"""Kolab's names of what is a card."""

_FIRM = "Affiliation"
_VERSION = "3.1.0"
_PRODUCT = "Mail Connector"
_NO_DATE = "19700101T000000Z"
_ORDER = (
    "uid", "x-kolab-version", "prodid", "rev", "categories", "kind", "fn", "n", "note", "fburl", "title", "group",
    "url", "adr", "nickname", "related", "bday", "anniversary", "photo", "gender", "lang", "tel", "impp", "email",
    "geo", "key", "x-crypto", "member", "x-custom",
)  # fmt: skip
_IN_FIRM = ("org", "logo", "role", "related", "adr")
_MANY = frozenset({"TITLE", "URL", "ADR", "RELATED", "LANG", "TEL", "IMPP", "EMAIL", "GEO", "KEY", "MEMBER", "ROLE"})
_TYPES = frozenset(
    {
        "work", "home", "text", "voice", "fax", "cell", "video", "pager", "textphone", "x-car", "spouse", "child",
        "x-assistant", "x-manager", "x-blog",
    }
)  # fmt: skip
_MAILING = "X-MS-OL-DEFAULT-POSTAL-ADDRESS"
_COLLEAGUES = {"X-MS-MANAGER": "x-manager", "X-MS-ASSISTANT": "x-assistant"}
_BY_VALUE = frozenset({"tel", "url", "related", "email", "impp", "member", "lang", "title", "role", "key", "geo"})
# What each object has, and says nothing of the card.
_OF_WRITING = frozenset({"X-KOLAB-VERSION", "PRODID", "REV", "KIND"})


# -- Reading -----------------------------------------------------------------------------------------------------------


def read(root: Element, kind: str) -> Contact | DistributionList:
    """Return the item of an object; its card's UID is in its mail's message id.

    Args:
        root: The document; it is changed.
        kind: One of `KINDS`.

    Raises:
        FormatError: It is none.
    """
    card = root if root.name == "vcard" else root.first("vcard")
    if card is None:
        raise CardFormatError("no vcard in it")
    _number_firms(card)
    lines = xcard.read_card(Element("vcard", parts=opened(card.parts, text_kind="text")))
    lines = [_read_line(one) for one in _with_own_lines(lines) if one.name not in _OF_WRITING]
    item = card_contact.read(V4, lines) if kind == "contact" else card_groups.read(V4, lines)
    uid = next((one.text() for one in lines if one.name == "UID"), "").removeprefix("urn:uuid:")
    return replace(item, mail=replace(item.mail, message_id=f"<{uid}>" if uid else ""))


def _with_own_lines(lines: list[Line]) -> list[Line]:
    plain = [one for one in lines if one.name not in (LINE, PARAMETERS)]
    extra = _lines_of(lines, PARAMETERS)
    wanted = [((one.group, one.name, one.value), one.param(NUMBER)) for one in extra]
    for place, number in places_of([(one.group, one.name, one.value) for one in plain], wanted).items():
        plain[place] = replace(plain[place], params=_joined(plain[place], extra[number]))
    return plain + _lines_of(lines, LINE)


def _lines_of(lines: list[Line], name: str) -> list[Line]:
    return card_lines.parse_kept("\n".join([one.text().replace("\n", "") for one in lines if one.name == name]))[1]


def _read_line(one: Line) -> Line:
    if one.name == "MEMBER" and one.value[:7].lower() == "mailto:":
        name, mark, rest = unquoted(one.text()[7:]).partition("<")
        if mark:
            known = one.param("X-NAME") or _bare(name)
            value = escape_uri("mailto:" + quoted(rest.rpartition(">")[0] or rest))
            params = [param for param in one.params if param[0] != "X-NAME"]
            return replace(one, value=value, params=(*params, *([("X-NAME", (known,))] if known else [])))
    return one


def _bare(name: str) -> str:
    return name.strip().strip('"')


def _joined(one: Line, more: Line) -> tuple[tuple[str, tuple[str, ...]], ...]:
    params = dict(one.params)
    for name, values in more.params:
        if name == NUMBER:
            continue
        params[name] = tuple(dict.fromkeys((*params.get(name, ()), *values))) if name == "TYPE" else values
    return tuple(params.items())


# -- Writing -----------------------------------------------------------------------------------------------------------


def write(item: Contact | DistributionList, source: bytes = b"") -> bytes:
    """Return an item as an object.

    Args:
        item: The item.
        source: The object from which it was read; empty for none. What it has and the item does not know is kept.
    """
    now = _document(item)
    if not source:
        return _rendered(now)
    before = _document(read(parse_xml(source), TYPES[type(item)]))
    original = parse_xml(source)
    for card in original.parts:
        _number_firms(card)
    return _rendered(merged(now, before, original, _key))


def _rendered(document: Element) -> bytes:
    for card in document.parts:
        _sort(card)
        for group in card.all("group"):
            group.attributes = {"name": _FIRM}
    return render_xml(document)


def kept(root: Element) -> bytes:
    """Return what has to be kept of an object to write it again: all but the photo, which the item has."""
    cards = [replace(card, parts=[part for part in card.parts if part.name != "photo"]) for card in root.parts]
    return render_xml(replace(root, parts=cards))


def _key(element: Element) -> str:
    if element.name == "x-custom":
        return element.said("identifier")
    if element.name == "group":
        return element.attributes.get("name", "")
    values = [part.text for part in element.parts if part.name != "parameters"]
    return "\n".join(values) if element.name in _BY_VALUE else ""


def _document(item: Contact | DistributionList) -> Element:
    """Return the object of an item; firms are numbered in it."""
    lines = card_contact.lines_of(item, V4) if isinstance(item, Contact) else card_groups.lines_of(item, V4)
    is_said = any(one.name == "ADR" and one.preference < 100 for one in lines)
    lines = [one for one in lines if one.name != "KIND" and not (is_said and one.name == _MAILING)]
    if not any(one.name == "UID" for one in lines):
        lines.append(line("UID", escape_uri("urn:uuid:" + item.mail.message_id.strip("<>"))))
    card = Element("vcard")
    groups: dict[str, Element] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for one in map(_written_line, lines):
        firm = one.group if one.group.startswith(_FIRM) else ""
        place = card
        if firm and one.name.lower() in _IN_FIRM:
            place = groups.get(firm) or card.add("group", name=firm)
            groups[firm] = place
        is_known = one.name.lower() in (_IN_FIRM if place is not card else _ORDER)
        where = (firm if place is not card else "", one.name)
        is_known = is_known and (one.name in _MANY or not seen[where]) and _has_usual_value(one)
        if is_known or one.name == xcard.ELEMENT:
            element, *customs = _properties(replace(one, group=where[0]), seen[where])
            seen[where] += 1
        else:
            element, customs = _custom(one), []
        place.parts.append(element)
        card.parts += customs
    usual = {"kind": "individual" if isinstance(item, Contact) else "group", "prodid": _PRODUCT}
    for name, text in ({"x-kolab-version": _VERSION} | usual).items():
        card.add(name).add("text", text)
    card.add("rev").add("timestamp", _NO_DATE)
    for group in groups.values():
        if group.first("org") is None:
            group.add("org").add("text")
    _sort(card)
    return Element("vcards", parts=[card], namespace=xcard.NAMESPACE)


def _sort(card: Element) -> None:
    for group in card.all("group"):
        group.parts = in_order(group.parts, _IN_FIRM)
    card.parts = in_order(card.parts, _ORDER)


def _number_firms(card: Element) -> None:
    """Give each firm a name of its own: all of them have the same one."""
    for number, group in enumerate(card.all("group")):
        group.attributes = {"name": f"{_FIRM}-{number}"}


def _written_line(one: Line) -> Line:
    """Return a line as Kolab has it."""
    kind = _COLLEAGUES.get(one.name)
    if kind is not None:
        return line("RELATED", one.value, f"{_FIRM}-0", VALUE="text", TYPE=kind)
    if not one.group and (one.name in ("ORG", "ROLE", "LOGO") or (one.name == "ADR" and "work" in one.types)):
        return replace(one, group=f"{_FIRM}-0")
    if one.name == "MEMBER" and one.value.startswith("mailto:"):
        name = one.param("X-NAME")
        is_said = "<" not in name and name == _bare(name)
        params = tuple([param for param in one.params if param[0] != "X-NAME"]) if is_said else one.params
        person = f"{name.replace('<', '')}<{unquoted(one.text().removeprefix('mailto:'))}>"
        return replace(one, value=f"mailto:{quoted(person, unreserved_only=True)}", params=params)
    return one


def _has_usual_value(one: Line) -> bool:
    kind = one.param("VALUE")
    return not kind or (one.name == "RELATED" and kind == "text")


def _custom(one: Line) -> Element:
    if one.name.startswith("X-") and not one.params:
        return custom(one.name, one.text())
    return custom(LINE, card_lines.written(replace(one, group="")))


def _properties(one: Line, number: int) -> list[Element]:
    """Return a line as a property, and what the schema does not know of it as one more.

    Args:
        one: The line.
        number: Which of its name it is at its place.
    """
    plain: dict[str, tuple[str, ...]] = {}
    extra: dict[str, tuple[str, ...]] = {}
    for name, values in one.params:
        if name == "TYPE":
            plain[name] = tuple([value for value in values if value in _TYPES])
            extra[name] = tuple([value for value in values if value not in _TYPES])
        elif name in ("VALUE", "LABEL") or (name == "PREF" and values == ("1",)):
            plain[name] = values
        elif name != "PREF":
            # Beside the first one, what is liked better is said by the order.
            extra[name] = values
    made = xcard.written_property(replace(one, params=_filled(plain)))
    if made is None:
        return [custom(LINE, card_lines.written(one))]
    if one.name == "ADR":
        texts = {part.name: ", ".join([same.text for same in made.all(part.name)]) for part in made.parts}
        made.parts = [*made.all("parameters"), *(Element(*pair) for pair in texts.items() if pair[0] != "parameters")]
    more = _filled(extra)
    if not more:
        return [made]
    about = Line(one.name, one.value, (*more, (NUMBER, (str(number),))), one.group)
    return [made, custom(PARAMETERS, card_lines.written(about))]


def _filled(params: dict[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple([(name, values) for name, values in params.items() if values])
