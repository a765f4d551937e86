"""Groups of properties that say fields of an appointment together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mailconnector.items.appointment import Appointment
from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapping.leftovers import identity


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """Properties that are read and made together.

    Attributes:
        keys: The properties.
        read: Gives the item with the fields that the properties (of the group alone) say; fields of the groups
            before are set.
        make: Gives the properties of an item's fields.
        identities: What the properties are, whatever their types.
    """

    keys: frozenset[PropertyKey]
    read: Callable[[Properties, Appointment], Appointment]
    make: Callable[[Appointment], Properties]
    identities: frozenset[int | PropertyName] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identities", frozenset(map(identity, self.keys)))
