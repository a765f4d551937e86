"""What the forms of contacts, tasks, journal entries and notes have in common ([MS-OXCMSG] 2.2.1)."""

from __future__ import annotations

from typing import Protocol

from mailconnector.items import Mail, Sensitivity
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import Properties
from mailconnector.mapping.fields import Field, Group, text, texts

LINKS: tuple[Field, ...] = (
    text("billing", named.PidLidBilling),
    text("mileage", named.PidLidMileage),
    texts("companies", named.PidLidCompanies),
    texts("contacts", named.PidLidContacts),
)
"""What says to whom and to which account an item belongs."""


class HasMail(Protocol):
    """An item that carries its mail."""

    @property
    def mail(self) -> Mail:
        """What reads as a mail."""


def _write_private(item: HasMail, left: Properties) -> Properties:
    return {named.PidLidPrivate: True} if item.mail.sensitivity is Sensitivity.PRIVATE else {}


PRIVATE: Group[HasMail] = Group(
    (named.PidLidPrivate,), lambda source: reading.truth(source, named.PidLidPrivate), _write_private
)
"""Follows the sensitivity."""


def icon(number: int) -> Group[HasMail]:
    """Return the group of an icon that is the same for all items of a class; another one in a store stays."""
    return Group((tags.PidTagIconIndex,), lambda source: None, lambda item, left: {tags.PidTagIconIndex: number})
