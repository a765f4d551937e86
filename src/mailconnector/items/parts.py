"""An item taken apart into what can be changed by itself, put together again, and digests of the parts.

A part has a dotted path: the name of a field, behind a dot the element where it has many ("phones.mobile",
"attendees.eva@example.com", "deleted.2026-03-05"), and behind a colon what goes along with its content
("author:leftover", "attendees:replied.eva@example.com"). The path of a list as such ("attendees") stands for the order
of its elements. What is at its default has no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import Any
from uuid import UUID

from mailconnector.items.appointment import Attendee, ChangedInstance, Reminder
from mailconnector.items.contact import ContactEmail, PersonName, PhoneRole, is_photo
from mailconnector.items.field_groups import LEFTOVER, grouping
from mailconnector.items.item import Item, mail_of
from mailconnector.items.mail import Address, Attachment, Flags, Mail, StoredContent
from mailconnector.items.words import words_of
from mailconnector.items.zones import Zone
from mailconnector.mapi.named import PROPERTY_SETS, PSETID_MAIL_CONNECTOR
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.types import PropertyType

Parts = dict[str, Any]
"""What an item is made of, by path."""

_CHUNK = 1 << 16
_SET_NAMES = {guid: name for name, guid in PROPERTY_SETS.items()} | {PSETID_MAIL_CONNECTOR: "own"}
_BITS = ("seen", "answered", "flagged", "draft", "forwarded", "deleted")
_FIELDS: dict[object, tuple[Field[Any], ...]] = {}
_BODIES = frozenset(("text", "html", "rtf"))
_UNICODE: dict[int, int] = {
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}  # fmt: skip


def taken_apart(item: Item) -> Parts:
    """Return the parts of an item."""
    parts: Parts = {}
    for one, value in _values_of(item):
        way = _WAYS.get(one.name)
        if way is not None:
            way.split(parts, one.name, value)
        elif value != _default(one):
            parts[one.name] = value
    return parts


def put_together(like: Item, parts: Mapping[str, Any]) -> Item:
    """Return the item of another one's type that has these parts."""
    elements: dict[str, list[str]] = {}
    for path in parts:
        elements.setdefault(path.partition(".")[0], []).append(path)

    def value(one: Field[Any]) -> Any:
        way = _WAYS.get(one.name)
        if way is None:
            return parts.get(one.name, _default(one))
        return way.join(parts, one.name, elements.get(one.name, []), _default(one))

    mail = Mail(**{one.name: value(one) for one in fields(Mail)})
    if isinstance(like, Mail):
        return mail
    return type(like)(mail=mail, **{one.name: value(one) for one in fields(like) if one.name != "mail"})


def digests_of(item: Item, parts: Parts | None = None) -> dict[str, bytes]:
    """Return eight bytes for each part of an item, and for the words of its body.

    Args:
        item: The item.
        parts: Its parts, if they are known already.
    """
    found = {
        path: digest(value[1] if path.startswith(LEFTOVER) else value)
        for path, value in (taken_apart(item) if parts is None else parts).items()
        # An empty body is none.
        if path not in _BODIES or value.strip()
    }
    words = words_of(mail_of(item))
    if words:
        found["words"] = digest(words)
    return found


def _values_of(item: Item) -> Iterator[tuple[Field[Any], Any]]:
    mail = mail_of(item)
    for one in _fields(Mail):
        yield one, getattr(mail, one.name)
    if not isinstance(item, Mail):
        for one in _fields(type(item)):
            if one.name != "mail":
                yield one, getattr(item, one.name)


def _fields(kind: type) -> tuple[Field[Any], ...]:
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = fields(kind)
    return known


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


# -- Fields that have more than one part -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Way:
    """How a field is taken apart and put together.

    Attributes:
        split: Adds the parts of a value to others.
        join: Makes a value of parts: all of them, the paths that name the field alone, and the field's default.
    """

    split: Callable[[Parts, str, Any], None]
    join: Callable[[Mapping[str, Any], str, list[str], Any], Any]


def _of_list(
    key: Callable[[Any], str],
    divide: Callable[[Any], tuple[Any, dict[str, Any]]],
    join: Callable[[Any, dict[str, Any]], Any],
    aspects: tuple[str, ...],
) -> _Way:
    """Return the way of a list whose elements are parts.

    Args:
        key: By what an element is known again.
        divide: Returns an element's content, and what goes along with it, by its aspect.
        join: Makes an element of these.
        aspects: The aspects that there are.
    """

    def split(parts: Parts, name: str, values: Any) -> None:
        order = []
        for value in values:
            wanted = key(value)
            rest, number = wanted, 1
            while f"{name}.{rest}" in parts:
                number += 1
                rest = f"{wanted}#{number}"
            order.append(rest)
            content, beside = divide(value)
            parts[f"{name}.{rest}"] = content
            parts.update((f"{name}:{aspect}.{rest}", part) for aspect, part in beside.items() if part)
        if len(order) > 1:
            parts[name] = tuple(order)

    def put(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> Any:
        there = dict.fromkeys(path.partition(".")[2] for path in paths if path != name)
        order = dict.fromkeys(rest for rest in parts.get(name, ()) if rest in there)
        return tuple(
            [
                join(
                    parts[f"{name}.{rest}"],
                    {aspect: parts[path] for aspect in aspects if (path := f"{name}:{aspect}.{rest}") in parts},
                )
                for rest in order | there
            ]
        )

    return _Way(split, put)


def _of_person() -> _Way:
    def split(parts: Parts, name: str, value: Address | None) -> None:
        if value is not None:
            parts[name] = replace(value, leftover={})
            if value.leftover:
                parts[f"{name}:leftover"] = value.leftover

    def join(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> Address | None:
        value: Address | None = parts.get(name)
        return value and replace(value, leftover=parts.get(f"{name}:leftover", {}))

    return _Way(split, join)


def _split_flags(parts: Parts, name: str, value: Flags) -> None:
    parts.update((f"{name}.{bit}", True) for bit in _BITS if getattr(value, bit))
    parts.update((f"categories.{keyword}", True) for keyword in value.keywords)
    if len(value.keywords) > 1:
        parts["categories"] = value.keywords


def _join_flags(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> Flags:
    there = dict.fromkeys(path.partition(".")[2] for path in parts if path.startswith("categories."))
    order = dict.fromkeys(one for one in parts.get("categories", ()) if one in there)
    return Flags(**{bit: f"{name}.{bit}" in parts for bit in _BITS}, keywords=tuple(order | there))


def _split_leftover(parts: Parts, name: str, value: Mapping[PropertyKey, Any]) -> None:
    for key, content in value.items():
        parts[f"{name}.{name_of(key)}"] = (key, content)


def _join_leftover(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> Any:
    return dict(parts[path] for path in paths)


def name_of(key: PropertyKey) -> str:
    """Return a property's key in words: its property set and its name or number, and its type."""
    if isinstance(key, int):
        return f"0x{key >> 16:04X}.{_UNICODE.get(key & 0xFFFF, key & 0xFFFF):04X}"
    name = key.name.name
    spelled = f"0x{name:04X}" if isinstance(name, int) else name.lower()
    return f"{_SET_NAMES.get(key.name.guid) or key.name.guid}.{spelled}.{_UNICODE.get(key.type, key.type):04X}"


def _split_phones(parts: Parts, name: str, value: Mapping[PhoneRole, str]) -> None:
    parts.update((f"{name}.{role.value}", number) for role, number in value.items())


def _join_phones(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> dict[PhoneRole, str]:
    return {role: parts[f"{name}.{role.value}"] for role in PhoneRole if f"{name}.{role.value}" in parts}


def _split_name(parts: Parts, name: str, value: PersonName | str) -> None:
    if isinstance(value, PersonName):
        parts.update((f"{name}.{one.name}", text) for one in fields(value) if (text := getattr(value, one.name)))
    elif value:
        parts[name] = value


def _join_name(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> PersonName | str:
    if isinstance(default, PersonName):
        return PersonName(**{path.partition(".")[2]: parts[path] for path in paths})
    return str(parts.get(name, default))


def _split_email(parts: Parts, name: str, value: ContactEmail | None) -> None:
    if value is not None:
        parts[name] = replace(value, display="")
        if value.display:
            parts[f"{name}:display"] = value.display


def _join_email(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> ContactEmail | None:
    value: ContactEmail | None = parts.get(name)
    return value and replace(value, display=parts.get(f"{name}:display", ""))


def _split_reminder(parts: Parts, name: str, value: Reminder | datetime | None) -> None:
    if isinstance(value, Reminder):
        # How it is done, and when next, is the program's affair; when it should be is the user's.
        parts[name] = Reminder(value.minutes)
        if value.due is not None:
            parts[f"{name}:due"] = value.due
        manner = replace(value, minutes=0, due=None)
        if manner != Reminder(0):
            parts[f"{name}:manner"] = manner
    elif value is not None:
        parts[name] = value


def _join_reminder(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> Reminder | datetime | None:
    value: Reminder | datetime | None = parts.get(name)
    if not isinstance(value, Reminder):
        return value
    manner: Reminder = parts.get(f"{name}:manner", value)
    return replace(manner, minutes=value.minutes, due=parts.get(f"{name}:due"))


def _split_days(parts: Parts, name: str, value: tuple[date, ...]) -> None:
    parts.update((f"{name}.{day.isoformat()}", day) for day in value)


def _join_days(parts: Mapping[str, Any], name: str, paths: list[str], default: Any) -> tuple[date, ...]:
    return tuple(sorted(parts[path] for path in paths))


def _address_key(one: Address) -> str:
    return (one.email or one.name).casefold()


def _divide_address(one: Address) -> tuple[Address, dict[str, Any]]:
    return replace(one, leftover={}), {"leftover": one.leftover}


def _join_address(content: Address, beside: dict[str, Any]) -> Address:
    return replace(content, **beside)


def _divide_attendee(one: Attendee) -> tuple[Attendee, dict[str, Any]]:
    content = replace(one, address=replace(one.address, leftover={}), replied=None)
    return content, {"leftover": one.address.leftover, "replied": one.replied}


def _join_attendee(content: Attendee, beside: dict[str, Any]) -> Attendee:
    address = replace(content.address, leftover=beside.get("leftover", {}))
    return replace(content, address=address, replied=beside.get("replied"))


def _attachment_key(one: Attachment) -> str:
    if is_photo(one):
        return "photo"
    title = mail_of(one.item).subject if one.item is not None else ""
    return one.name or one.content_id or title or one.reference or one.content_type


def _divide_attachment(one: Attachment) -> tuple[Attachment, dict[str, Any]]:
    content = Attachment(one.name, one.content_type, one.data, one.item, one.reference)
    manner = replace(one, name="", content_type="", data=b"", item=None, reference="", leftover={})
    return content, {"manner": None if manner == Attachment(content_type="") else manner, "leftover": one.leftover}


def _join_attachment(content: Attachment, beside: dict[str, Any]) -> Attachment:
    manner: Attachment = beside.get("manner", content)
    return replace(
        manner,
        name=content.name,
        content_type=content.content_type,
        data=content.data,
        item=content.item,
        reference=content.reference,
        leftover=beside.get("leftover", {}),
    )


def _divide_instance(one: ChangedInstance) -> tuple[ChangedInstance, dict[str, Any]]:
    beyond = [one.leftover]
    if one.item is not None:
        beyond.append(one.item.mail.leftover)
        one = replace(one, item=replace(one.item, mail=replace(one.item.mail, leftover={})))
    return replace(one, leftover={}), {"leftover": tuple(beyond) if any(beyond) else ()}


def _join_instance(content: ChangedInstance, beside: dict[str, Any]) -> ChangedInstance:
    own, *of_item = beside.get("leftover") or ({},)
    item = content.item
    if item is not None and of_item:
        item = replace(item, mail=replace(item.mail, leftover=of_item[0]))
    return replace(content, item=item, leftover=own)


def _whole(one: Any) -> tuple[Any, dict[str, Any]]:
    return one, {}


def _as_it_is(content: Any, beside: dict[str, Any]) -> Any:
    return content


_PEOPLE = _of_list(_address_key, _divide_address, _join_address, ("leftover",))
_EMAIL = _Way(_split_email, _join_email)
_WAYS: Mapping[str, _Way] = {
    "author": _of_person(),
    "sender": _of_person(),
    **dict.fromkeys(("to", "cc", "bcc", "reply_to"), _PEOPLE),
    "attendees": _of_list(
        lambda one: _address_key(one.address), _divide_attendee, _join_attendee, ("leftover", "replied")
    ),
    "members": _of_list(lambda one: (one.address or one.name).casefold(), _whole, _as_it_is, ()),
    "attachments": _of_list(_attachment_key, _divide_attachment, _join_attachment, ("manner", "leftover")),
    "deleted": _Way(_split_days, _join_days),
    "changed": _of_list(lambda one: one.original.moment.isoformat(), _divide_instance, _join_instance, ("leftover",)),
    "flags": _Way(_split_flags, _join_flags),
    "leftover": _Way(_split_leftover, _join_leftover),
    "phones": _Way(_split_phones, _join_phones),
    "name": _Way(_split_name, _join_name),
    **dict.fromkeys(("email1", "email2", "email3"), _EMAIL),
    "reminder": _Way(_split_reminder, _join_reminder),
}


# -- Digests ---------------------------------------------------------------------------------------------------------


def digest(value: Any, *, size: int = 8) -> bytes:
    """Return a number of bytes that tell a part from others, in each run and each version of Python the same."""
    if type(value) is str:  # as most are
        return blake2b(b"".join(_text(value)), digest_size=size).digest()
    found = blake2b(digest_size=size)
    for piece in _pieces(value):
        found.update(piece)
    return found.digest()


def _pieces(value: Any) -> Iterator[bytes]:
    """Yield a value as bytes that no other value has."""
    kind = type(value)
    if kind is str:
        yield from _text(value)
    elif value is None:
        yield b"n"
    elif kind is bool:
        yield b"t" if value else b"f"
    elif isinstance(value, int):
        yield b"i%d;" % value
    elif isinstance(value, (bytes, StoredContent)):
        yield from _content(value)
    elif isinstance(value, Enum):
        yield from _pieces(value.value)
    elif isinstance(value, (date, timedelta, float, UUID)):
        yield from _framed(b"v", _spelled(value).encode())
    elif isinstance(value, Zone):
        # What a zone is called in words, and by how many rules it is told, differs from program to program.
        yield from _pieces(value.name or value.rules)
    elif isinstance(value, Item):
        yield from _pieces(_essence(value))
    elif is_dataclass(value):
        yield b"d"
        for one in _fields(kind):
            part = getattr(value, one.name)
            if part != _default(one):
                yield from _pieces(one.name)
                yield from _pieces(part)
        yield b"."
    elif isinstance(value, Mapping):
        yield b"m"
        named = {key if isinstance(key, str) else name_of(key): part for key, part in value.items()}
        for name in sorted(named):
            yield from _pieces(name)
            yield from _pieces(named[name])
        yield b"."
    else:
        yield b"l"
        for part in value:
            yield from _pieces(part)
        yield b"."


def _text(value: str) -> tuple[bytes, bytes]:
    # How lines end, and blanks behind the last one, differs from store to store.
    content = (value.replace("\r\n", "\n") if "\r" in value else value).rstrip().encode("utf-8", "surrogatepass")
    return b"s%d:" % len(content), content


def _framed(mark: bytes, content: bytes) -> Iterator[bytes]:
    yield b"%s%d:" % (mark, len(content))
    yield content


def _content(value: bytes | StoredContent) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield from _framed(b"b", value)
        return
    yield b"b%d:" % value.size()
    while chunk := value.stream.read(_CHUNK):
        yield chunk
    value.stream.seek(0)


def _spelled(value: date | timedelta | float | UUID) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo is not None else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, float) else str(value)


def _essence(item: Item) -> dict[str, bytes]:
    """Return the digests of an item within another, without what programs write for themselves."""
    return {path: part for path, part in digests_of(item).items() if not grouping(type(item), path)[1]}
