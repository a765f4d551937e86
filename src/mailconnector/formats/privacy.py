"""Which items are private, and what that is called which stands for them in a shared folder (`placeholder`)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from mailconnector.items import Appointment, Item, Sensitivity, mail_of
from mailconnector.items.message_ids import MADE_DOMAIN

SUBJECTS: Mapping[str, str] = {
    "en": "Private appointment",
    "de": "Privater Termin",
    "fr": "Rendez-vous privé",
    "it": "Appuntamento privato",
    "es": "Cita privada",
}
"""What a placeholder is called, by language."""

_DOMAIN = f"@private.{MADE_DOMAIN}"
_KEY_BYTES = 64


def is_private(item: Item) -> bool:
    """Tell whether an item is to be kept from others: it is marked private or confidential."""
    if isinstance(item, Appointment) and item.private:
        return True
    return mail_of(item).sensitivity in (Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL)


def placeholder_name(name: str, key: str) -> str:
    """Return the message id of the placeholder of a private item.

    Whoever knows the key finds the one by the other, and nobody else learns anything by it, be it that the item's id
    has words in it or that it stands in a request that a delegate has got a copy of.

    Args:
        name: The item's message id (`items.message_id_of`).
        key: What the owner alone knows; empty where there is none.
    """
    secret = key.encode("utf-8", "surrogatepass")[:_KEY_BYTES]
    digest = blake2b(name.encode("utf-8", "surrogatepass"), key=secret, digest_size=16)
    return f"<{digest.hexdigest()}{_DOMAIN}>"


def is_placeholder_name(name: str) -> bool:
    """Tell whether a message id is a placeholder's."""
    return name.strip("<> ").endswith(_DOMAIN)
