"""The vocabulary of MAPI: types, tags, names and values of properties, entry ids, compressed RTF.

It needs the standard library only, and knows neither files nor servers.
"""

from mailconnector.mapi.named import NamedTag, PropertyName
from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
    PropertyKey,
    RecipientObject,
)
from mailconnector.mapi.types import FileTime, MapiError, PropertyType
from mailconnector.mapi.values import Value, ValueFormatError

__all__ = [
    "AttachmentObject",
    "FileTime",
    "MapiError",
    "MessageObject",
    "NamedTag",
    "Properties",
    "PropertyKey",
    "PropertyName",
    "PropertyType",
    "RecipientObject",
    "Value",
    "ValueFormatError",
]
