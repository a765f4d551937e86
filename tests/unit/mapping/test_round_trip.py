"""Mails to MAPI messages and back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import parse, render
from mailconnector.items import Address, Mail
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import lines, mails

_leftovers: st.SearchStrategy[Properties] = st.fixed_dictionaries(
    {},
    optional={
        tags.PidTagMessageLocaleId: st.integers(0, 5000),
        tags.PidTagSearchKey: st.binary(min_size=1, max_size=8),
        tags.PidTagCreatorName: lines,
        named.PidLidInternetAccountName: lines,
        named.PidLidBilling: lines,
        tags.PidTagMessageFlags: st.sampled_from([0x20, 0x402, 0x2002]),
    },
)


@given(mails(), _leftovers)
def test_a_mail_comes_back_from_its_message(mail: Mail, leftover: Properties) -> None:
    mail = replace(mail, leftover=leftover)
    assert from_mapi(to_mapi(mail)) == mail


@given(mails())
def test_a_mail_from_the_wire_comes_back_with_its_header(mail: Mail) -> None:
    read = parse(render(mail), flags=mail.flags, received=mail.received)
    assert from_mapi(to_mapi(read)) == read


@given(mails())
def test_a_message_is_made_the_same_each_time(mail: Mail) -> None:
    assert to_mapi(mail) == to_mapi(mail)
    again = from_mapi(to_mapi(mail))
    assert isinstance(again, Mail)
    assert to_mapi(again) == to_mapi(mail)


@given(mails(), lines)
def test_no_property_stands_twice(mail: Mail, name: str) -> None:
    narrow: Properties = {tags.PidTagDisplayName & ~0xFFFF | 0x001E: name}
    mail = replace(mail, to=(*mail.to, Address("Somebody", "somebody@example.org", leftover=narrow)))
    for properties in _all_properties(to_mapi(mail)):
        ids = [key >> 16 if isinstance(key, int) else key.name for key in properties]
        assert len(ids) == len(set(ids))


def _all_properties(message: MessageObject) -> list[Properties]:
    found = [message.properties]
    found += [recipient.properties for recipient in message.recipients]
    for attachment in message.attachments:
        found.append(attachment.properties)
        if attachment.embedded is not None:
            found += _all_properties(attachment.embedded)
    return found
