"""Items: what the program's own parts speak of, neither wire bytes nor MAPI."""

from mailconnector.items.mail import (
    OLE_STORAGE,
    Address,
    Attachment,
    Flags,
    GenericItem,
    Importance,
    Item,
    Mail,
    Placement,
    Sensitivity,
    StoredContent,
)

__all__ = [
    "OLE_STORAGE",
    "Address",
    "Attachment",
    "Flags",
    "GenericItem",
    "Importance",
    "Item",
    "Mail",
    "Placement",
    "Sensitivity",
    "StoredContent",
]
