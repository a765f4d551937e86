"""Named properties of this program's own: what mail has and MAPI has no place for.

Outlook keeps them and shows them to nobody.
"""

from __future__ import annotations

from mailconnector.mapi.named import PSETID_MAIL_CONNECTOR, NamedTag, PropertyName
from mailconnector.mapi.types import PropertyType


def tag(name: str, property_type: int) -> NamedTag:
    """Return the tag of a property of this program's own."""
    return NamedTag(PropertyName(PSETID_MAIL_CONNECTOR, name), property_type)


HEADER_BYTES = tag("HeaderBytes", PropertyType.BINARY)
"""The header block, where its bytes are not those of the text in PidTagTransportMessageHeaders."""

MIME_ORIGINAL = tag("MimeOriginal", PropertyType.BINARY)
"""Content header and body of a signed or encrypted mail that MAPI does not keep byte for byte."""

MIME_ORIGINAL_CHECK = tag("MimeOriginalCheck", PropertyType.BINARY)
"""Digest of what was read from it: once that has been changed, the original is not the mail any more."""

MIME_LAYOUT = tag("MimeLayout", PropertyType.BINARY)
"""How the message's bytes were put together (`Mail.layout`); it holds for as long as the content is the same."""

CONTENT_PARAMETERS = tag("ContentParameters", PropertyType.MULTIPLE_STRING)
"""Parameters of an attachment's content type, each as "name=value"."""

PLACEMENT = tag("Placement", PropertyType.STRING)
"""Where an attachment stands in its mail, where MAPI does not say so."""

FILE_DATES = tag("FileDates", PropertyType.STRING)
"""Which of an attachment's times are its file's ("created", "modified"): stores set them for their own object too."""

CARD_LINES = tag("CardLines", PropertyType.STRING)
"""What a contact's or a list's card had and no field expresses."""
