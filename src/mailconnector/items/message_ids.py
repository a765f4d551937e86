"""By what message id an item is known, in every store the same."""

from __future__ import annotations

from hashlib import blake2b

from mailconnector.items.appointment import Appointment
from mailconnector.items.item import Item, mail_of
from mailconnector.mapi import tags

MADE_DOMAIN = "mailconnector.invalid"
"""The domain of ids that are made up (RFC 2606: nobody has it)."""

_SHORTEST_KEY = 16
_MESSAGES = ("ipm.schedule.", "ipm.note", "ipm.post", "report.")


def message_id_of(item: Item) -> str:
    """Return an item's message id, angle brackets included; one that no edit of it changes.

    An entry of a calendar has the id that all copies of it have in common, as its iCalendar has it as UID. Everything
    else has the id with which it came, else one of the key that a store gave it for life. What has neither gets one
    of its class, the time at which it was made, and its subject; only there an edit of the subject is another item.
    """
    mail = mail_of(item)
    if isinstance(item, Appointment) and item.uid and not item.message_class.lower().startswith(_MESSAGES):
        return f"<{item.uid}>"
    written = mail.message_id.strip()
    if written:
        return written
    if isinstance(item, Appointment) and item.uid:
        return f"<{item.uid}>"
    key = mail.leftover.get(tags.PidTagSearchKey)
    if isinstance(key, bytes) and len(key) >= _SHORTEST_KEY:
        return f"<{key.hex()}@{MADE_DOMAIN}>"
    made = mail.leftover.get(tags.PidTagCreationTime)
    moment = made if isinstance(made, int) else 0
    text = f"{item.message_class.lower()}\0{moment}\0{mail.subject}"
    return f"<{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}@{MADE_DOMAIN}>"
