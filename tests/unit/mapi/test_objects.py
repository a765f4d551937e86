"""The neutral message, and look-ups that ignore which kind of string a property is."""

from __future__ import annotations

import pytest

from mailconnector.mapi import MessageObject as ReexportedMessageObject
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PidNameKeywords, PropertyName
from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
    PropertyKey,
    RecipientObject,
    find,
    get,
    type_of,
    with_type,
)
from mailconnector.mapi.tags import PidTagDisplayName, PidTagImportance, PidTagSubject
from mailconnector.mapi.types import PropertyType

SUBJECT8 = 0x0037001E
KEYWORDS8 = NamedTag(PidNameKeywords.name, PropertyType.MULTIPLE_STRING8)


@pytest.mark.parametrize("asked", [PidTagSubject, SUBJECT8])
@pytest.mark.parametrize("stored", [PidTagSubject, SUBJECT8])
def test_a_string_is_found_whichever_kind_it_is(asked: int, stored: int) -> None:
    properties: Properties = {stored: "x"}
    assert get(properties, asked) == "x"
    assert find(properties, asked) == stored


def test_the_kind_asked_for_wins() -> None:
    properties: Properties = {PidTagSubject: "wide", SUBJECT8: "narrow"}
    assert get(properties, PidTagSubject) == "wide"
    assert get(properties, SUBJECT8) == "narrow"


@pytest.mark.parametrize("asked", [PidNameKeywords, KEYWORDS8])
@pytest.mark.parametrize("stored", [PidNameKeywords, KEYWORDS8])
def test_named_strings_are_found_as_well(asked: NamedTag, stored: NamedTag) -> None:
    properties: Properties = {stored: ["x"]}
    assert get(properties, asked) == ["x"]


def test_what_is_absent_gives_the_default() -> None:
    properties: Properties = {PidTagImportance: 1}
    assert get(properties, PidTagDisplayName) is None
    assert get(properties, PidTagDisplayName, "none") == "none"
    assert find(properties, PidTagDisplayName) is None
    assert find(properties, 0x00170102) is None


def test_a_value_that_is_none_is_not_absent() -> None:
    properties: Properties = {0x00370001: None}
    assert get(properties, 0x00370001, "default") is None


@pytest.mark.parametrize(
    ("key", "property_type", "result"),
    [
        (PidTagSubject, 0x1E, SUBJECT8),
        (0x80000102, 3, 0x80000003),
        (PidNameKeywords, 0x101E, KEYWORDS8),
    ],
)
def test_a_key_takes_another_type(key: PropertyKey, property_type: int, result: PropertyKey) -> None:
    assert with_type(key, property_type) == result
    assert type_of(result) == property_type


def test_messages_nest() -> None:
    inner = MessageObject({PidTagSubject: "inner"})
    outer = MessageObject(
        {PidTagSubject: "outer", NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x"), PropertyType.BOOLEAN): True},
        [RecipientObject({PidTagDisplayName: "Bob"})],
        [AttachmentObject(embedded=inner), AttachmentObject(data=b"bytes")],
    )
    assert outer.attachments[0].embedded is inner
    assert outer.attachments[1].embedded is None
    assert not outer.associated
    assert MessageObject() == MessageObject()
    assert MessageObject().recipients is not MessageObject().recipients
    assert ReexportedMessageObject is MessageObject
