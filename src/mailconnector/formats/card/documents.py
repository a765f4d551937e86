"""vCards to contacts and distribution lists, and back."""

from __future__ import annotations

from datetime import UTC, datetime

from mailconnector.formats.card import contact as card_contact
from mailconnector.formats.card import groups as card_groups
from mailconnector.formats.card import lines as card_lines
from mailconnector.formats.card.lines import V2, V3, V4, CardFormatError, Line
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList

__all__ = ["CardFormatError", "parse", "render", "uid_of", "version_of"]


def parse(data: bytes) -> list[Contact | DistributionList]:
    """Return what the cards of a file say, of version 2.1, 3.0 or 4.0.

    Raises:
        CardFormatError: There is no card, one is not closed, or something is beyond its bound.
    """
    return [
        card_groups.read(version, lines) if card_groups.is_group(lines) else card_contact.read(version, lines)
        for version, lines in card_lines.read(data)
    ]


def render(
    item: Contact | DistributionList, version: str = V4, *, uid: str = "", revised: datetime | None = None
) -> bytes:
    """Return an item as a card; the same item gives the same bytes.

    Args:
        item: What the card is about.
        version: "4.0", or "3.0" for programs that know no newer one.
        uid: What the card is known by; empty for the one with which it came, if it had one.
        revised: When the item was changed, aware; None for what the card said when it came.

    Raises:
        ValueError: The version is another one.
    """
    if version not in {V3, V4}:
        raise ValueError(f"cards are not written in version {version}")
    lines = (
        card_groups.lines_of(item, version)
        if isinstance(item, DistributionList)
        else card_contact.lines_of(item, version)
    )
    front: list[Line] = []
    if uid:
        front.append(Line("UID", card_lines.escape_uri(uid)))
    if revised is not None:
        front.append(Line("REV", f"{revised.astimezone(UTC):%Y%m%dT%H%M%SZ}"))
    replaced = {one.name for one in front}
    return card_lines.write([*front, *[one for one in lines if one.name not in replaced]], version)


def version_of(item: Contact | DistributionList) -> str:
    """Return in which version an item is written that came from a card: in that of the card, or the next that is."""
    version = card_lines.parse_kept(item.source)[0]
    return V3 if version == V2 else version


def uid_of(item: Contact | DistributionList) -> str:
    """Return the UID in the card that an item came from; "" when it has none."""
    lines = card_lines.parse_kept(item.source)[1]
    return next((line.text() for line in lines if line.name == "UID"), "").strip()
