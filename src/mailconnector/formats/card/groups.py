"""Distribution lists as vCards: KIND:group and MEMBER (RFC 6350 6.1.4, 6.6.5), Apple's X-ADDRESSBOOKSERVER- in 3.0."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from email.utils import parseaddr

from mailconnector.formats.card.lines import V3, Line, escape, escape_uri, kept, line, parse_kept
from mailconnector.formats.card.reading import Lines, link_lines, mail_lines, read_links, read_mail
from mailconnector.formats.syntax import transfer
from mailconnector.formats.syntax.percent import quoted, unquoted
from mailconnector.items.distribution_list import DistributionList, Member, MemberKind

MESSAGE_CLASS = "IPM.DistList"

_KIND = "X-ADDRESSBOOKSERVER-KIND"
_MEMBER = "X-ADDRESSBOOKSERVER-MEMBER"
_OLD = {_KIND: "KIND", _MEMBER: "MEMBER"}
_NEW = {new: old for old, new in _OLD.items()}
_MAIL = "mailto:"
_OTHER = "x-address:"
_KINDS = {kind.value.replace(" ", "-"): kind for kind in MemberKind}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def is_group(lines: Sequence[Line]) -> bool:
    """Tell whether a card is that of a list."""
    return any(one.name in {"KIND", _KIND} and one.value.strip().lower() == "group" for one in lines)


def read(version: str, all_lines: Sequence[Line]) -> DistributionList:
    """Return a card as a distribution list; members that are named by their cards' ids alone stay in its `source`."""
    lines = Lines(version, [replace(one, name=_OLD[one.name]) if one.name in _OLD else one for one in all_lines])
    lines.first("KIND")
    name = lines.text("FN")
    named = lines.first("N")
    if not name and named is not None:
        name = " ".join(filter(None, named.parts()))
    members = []
    for one in lines.of("MEMBER"):
        member = _member(one)
        if member is not None:
            members.append(member)
            lines.claim(one)
    item = DistributionList(read_mail(lines, MESSAGE_CLASS), name, tuple(members), **read_links(lines))
    return replace(item, source=kept(version, lines.left)).titled()


def lines_of(item: DistributionList, version: str) -> list[Line]:
    """Return the lines of a list's card."""
    made = [line("KIND", "group"), line("FN", escape(item.name))]
    if version == V3:
        made.append(line("N", f"{escape(item.name)};;;;"))
    made += map(_member_line, item.members)
    made += [*mail_lines(item.mail), *link_lines(item), *parse_kept(item.source)[1]]
    return [replace(one, name=_NEW.get(one.name, one.name)) for one in made] if version == V3 else made


def _member(one: Line) -> Member | None:
    value = one.text().strip()
    name = one.param("X-NAME") or one.param("CN")
    kind = _KINDS.get(one.param("X-MEMBER").lower(), MemberKind.ADDRESS)
    if value.lower().startswith(_MAIL):
        address = unquoted(value[len(_MAIL) :].partition("?")[0])
        if not one.param("X-NAME") and "<" in address:
            # Kolab writes the name with the address.
            name, address = parseaddr(address)
    elif value.lower().startswith(_OTHER):
        address = unquoted(value[len(_OTHER) :])
    else:
        return None
    entry_id = transfer.decode_base64(one.param("X-ENTRY-ID").encode("ascii", "ignore"))
    slot = one.param("X-SLOT")
    return Member(
        name, address, one.param("X-KIND") or "SMTP", kind, entry_id, int(slot) if re.fullmatch("[0-7]", slot) else 4
    )


def _member_line(member: Member) -> Line:
    is_mail = member.address_type == "SMTP" and bool(member.address)
    return line(
        "MEMBER",
        escape_uri((_MAIL if is_mail else _OTHER) + quoted(member.address)),
        X_NAME=member.name,
        X_KIND="" if member.address_type == "SMTP" else member.address_type,
        X_MEMBER="" if member.kind is MemberKind.ADDRESS else _NAMES[member.kind],
        X_ENTRY_ID=b64encode(member.entry_id).decode("ascii"),
        X_SLOT="" if member.slot == 4 else str(member.slot),
    )
