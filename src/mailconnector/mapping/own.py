"""Named properties of this program's own: what mail has and MAPI has no place for.

Outlook keeps them and shows them to nobody.
"""

from __future__ import annotations

from mailconnector.mapi.named import PSETID_MAIL_CONNECTOR, NamedTag, PropertyName
from mailconnector.mapi.types import PropertyType

__all__ = ["PSETID_MAIL_CONNECTOR"]


def _tag(name: str, property_type: int) -> NamedTag:
    return NamedTag(PropertyName(PSETID_MAIL_CONNECTOR, name), property_type)


HEADER_BYTES = _tag("HeaderBytes", PropertyType.BINARY)
"""The header block, where its bytes are not those of the text in PidTagTransportMessageHeaders."""

MIME_ORIGINAL = _tag("MimeOriginal", PropertyType.BINARY)
"""Content header and body of a signed or encrypted mail that MAPI does not keep byte for byte."""

MIME_ORIGINAL_CHECK = _tag("MimeOriginalCheck", PropertyType.BINARY)
"""Digest of what was read from it: once that has been changed, the original is not the mail any more."""

MIME_LAYOUT = _tag("MimeLayout", PropertyType.BINARY)
"""How the message's bytes were put together (`Mail.layout`); it holds for as long as the content is the same."""

CONTENT_PARAMETERS = _tag("ContentParameters", PropertyType.MULTIPLE_STRING)
"""Parameters of an attachment's content type, each as "name=value"."""

PLACEMENT = _tag("Placement", PropertyType.STRING)
"""Where an attachment stands in its mail, where MAPI does not say so."""

FILE_DATES = _tag("FileDates", PropertyType.STRING)
"""Which of an attachment's times are its file's ("created", "modified"): stores set them for their own object too."""

CARD_LINES = _tag("CardLines", PropertyType.STRING)
"""What a contact's or a list's card had and no field expresses."""
