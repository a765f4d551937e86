"""Typed fields of an item beside its mail, and the properties that say them.

A group is a few properties that stand and fall together: one field and what Outlook keeps in step with it. What a
store has of a group goes to the leftover as it was unless the field alone gives the same. On the way back the
leftover holds as long as it says what the item says; once the field was changed the whole group is written anew. So
nothing is lost, nothing out of date survives, and properties that only accompany a field (display forms, copies) are
made again when it changes and are left alone when it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import IntEnum
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

from mailconnector.items import Mail
from mailconnector.mapi import reading
from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey, find, get
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.leftovers import identity

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Group(Generic[ItemT]):
    """Properties that stand and fall together.

    Attributes:
        keys: All of them.
        state: What they say; properties that say the same are as good as each other.
        write: Makes them of an item; gets what is left over of the group, which the item contradicts.
    """

    keys: tuple[PropertyKey, ...]
    state: Callable[[reading.Source], object]
    write: Callable[[ItemT, Properties], Properties]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that one property says.

    Attributes:
        name: Of the attribute.
        key: The property.
        read: Returns the field's value of the properties.
        write: Returns the property's value; None where there is nothing to write.
    """

    name: str
    key: PropertyKey
    read: Callable[[reading.Source, PropertyKey], Any]
    write: Callable[[Any], Value]


def values(fields: Iterable[Field], source: reading.Source) -> dict[str, Any]:
    """Return the values of fields by their names."""
    return {field.name: field.read(source, field.key) for field in fields}


def groups_of(fields: Iterable[Field], within: str = "") -> tuple[Group[Any], ...]:
    """Return a group for each field.

    Args:
        fields: The fields.
        within: Name of the attribute that has them; empty when the item itself has.
    """
    return tuple([_group_of(field, f"{within}.{field.name}" if within else field.name) for field in fields])


def _group_of(field: Field, path: str) -> Group[Any]:
    value_of = attrgetter(path)

    def state(source: reading.Source) -> object:
        return field.read(source, field.key)

    def write(item: Any, left: Properties) -> Properties:
        value = field.write(value_of(item))
        return {} if value is None else {field.key: value}

    return Group((field.key,), state, write)


def part(source: Mapping[PropertyKey, Value], keys: Iterable[PropertyKey]) -> Properties:
    """Return the properties of some keys that are there, strings of either type."""
    found: Properties = {}
    for key in keys:
        present = find(source, key)
        if present is not None:
            found[present] = source[present]
    return found


def mail_part(message: MessageObject, groups: Iterable[Group[Any]]) -> MessageObject:
    """Return what of a message is for its mail to read: all that its fields do not say."""
    owned = part(message.properties, (key for group in groups for key in group.keys))
    properties = {key: value for key, value in message.properties.items() if key not in owned}
    return replace(message, properties=properties)


def with_fields(mail: Mail, item: ItemT, groups: Sequence[Group[ItemT]], source: Properties) -> Mail:
    """Return an item's mail with what its fields leave over.

    Args:
        mail: What was read of `mail_part`.
        item: What was read of the message; its mail does not matter.
        groups: Of the item.
        source: The message's properties.
    """
    kept: Properties = {}
    taken: set[int | PropertyName] = set()
    for group in groups:
        present = part(source, group.keys)
        made = group.write(item, {})
        if present and not _same(present, made) and group.state(present) == group.state(group.write(item, present)):
            kept |= present
            taken.update(map(identity, present))
        elif present or group.state({}) != group.state(made):
            taken.update(map(identity, made))
    # Values of the wrong type are left over where there is none of the right one.
    leftover = {key: value for key, value in mail.leftover.items() if identity(key) not in taken} | kept
    return replace(mail, leftover=leftover)


def _same(present: Properties, made: Properties) -> bool:
    return len(present) == len(made) and all(
        find(made, key) is not None and get(made, key) == value for key, value in present.items()
    )


def without_fields(mail: Mail, groups: Iterable[Group[Any]]) -> Mail:
    """Return an item's mail without what is left over of its fields."""
    owned = part(mail.leftover, (key for group in groups for key in group.keys))
    if not owned:
        return mail
    return replace(mail, leftover={key: value for key, value in mail.leftover.items() if key not in owned})


def put_fields(properties: Properties, item: ItemT, leftover: Properties, groups: Sequence[Group[ItemT]]) -> None:
    """Put an item's fields among the properties that were made of its mail.

    Args:
        properties: Of the mail; changed.
        item: The item.
        leftover: Of its mail.
        groups: Of the item.
    """
    for key in part(properties, (key for group in groups for key in group.keys)):
        del properties[key]
    others = {identity(key) for key in properties}
    written: Properties = {}
    for group in groups:
        left = part(leftover, group.keys)
        made = group.write(item, left)
        if left and group.state(left) == group.state(made):
            written |= left
        elif left or group.state({}) != group.state(made) or not others & set(map(identity, made)):
            written |= made
    # A value of the wrong type gives way to one of the right type, unless that says no more than none.
    taken = {identity(key) for key in written}
    for key in [key for key in properties if identity(key) in taken]:
        del properties[key]
    properties |= written


# -- kinds of fields ---------------------------------------------------------------------------------------------------


def read_text(source: reading.Source, key: PropertyKey) -> str:
    r"""Return a string property with "\n" alone as its line end."""
    return shown_text(reading.text(source, key))


def shown_text(value: str) -> str:
    r"""Return a text that MAPI keeps with "\n" alone as its line end."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value


def stored_text(text: str) -> str:
    """Return a text as MAPI keeps it."""
    return text.replace("\0", "").replace("\n", "\r\n")


def text(name: str, key: PropertyKey) -> Field:
    """Return a field that is a text; empty when there is none."""
    return Field(name, key, read_text, lambda value: stored_text(value) or None)


def texts(name: str, key: PropertyKey) -> Field:
    """Return a field that is several texts."""
    return Field(name, key, read_texts, lambda value: [one.replace("\0", "") for one in value] or None)


def read_texts(source: reading.Source, key: PropertyKey) -> tuple[str, ...]:
    """Return a multi-valued string property without zero characters."""
    return tuple([one.replace("\0", "") for one in reading.texts(source, key)])


def binaries(name: str, key: PropertyKey) -> Field:
    """Return a field that is several byte strings."""
    return Field(name, key, _read_binaries, lambda value: list(value) or None)


def _read_binaries(source: reading.Source, key: PropertyKey) -> tuple[bytes, ...]:
    value = source.get(key)
    return tuple([one for one in value if isinstance(one, bytes)]) if isinstance(value, list) else ()


def binary(name: str, key: PropertyKey) -> Field:
    """Return a field that is a byte string."""
    return Field(name, key, reading.data, lambda value: value or None)


def number(name: str, key: PropertyKey) -> Field:
    """Return a field that is a whole number; 0 when there is none."""
    return Field(name, key, reading.number, lambda value: value or None)


def optional_number(name: str, key: PropertyKey) -> Field:
    """Return a field that is a whole number or None."""
    return Field(name, key, _read_optional, lambda value: value)


def _read_optional(source: reading.Source, key: PropertyKey) -> int | None:
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, (bool, FileTime)) else None


def truth(name: str, key: PropertyKey) -> Field:
    """Return a field that is true or false."""
    return Field(name, key, reading.truth, lambda value: value or None)


def certain_choice(name: str, key: PropertyKey, default: IntEnum) -> Field:
    """Return a field that is one of an enumeration and always written, for what Outlook wants to be there."""
    return Field(name, key, partial(_read_choice, default=default), int)


def moment(name: str, key: PropertyKey) -> Field:
    """Return a field that is an aware datetime or None."""
    return Field(name, key, reading.moment, lambda value: None if value is None else file_time_of(value))


def choice(name: str, key: PropertyKey, default: IntEnum) -> Field:
    """Return a field that is one of an enumeration, the default for numbers that are none of them."""
    return Field(
        name, key, partial(_read_choice, default=default), lambda value: None if value == default else int(value)
    )


def _read_choice(source: reading.Source, key: PropertyKey, default: IntEnum) -> IntEnum:
    try:
        return type(default)(reading.number(source, key, int(default)))
    except ValueError:
        return default


def read_day(source: reading.Source, key: PropertyKey) -> date | None:
    """Return the day of a time property that is a local date at midnight."""
    found = reading.moment(source, key)
    return None if found is None else found.date()


def stored_day(day: date, at: time = time()) -> FileTime | None:
    """Return a day, at a time of the day, as MAPI keeps it; None when it lies before MAPI's time."""
    return file_time_of(datetime.combine(day, at, UTC))
