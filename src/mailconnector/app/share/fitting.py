"""Rights as a server can grant them: some have none of the finer ones, or have several that go together only.

LISTRIGHTS (RFC 4314 section 3.7) tells which somebody has in any case, and the others in groups: of a group all are
granted or none. A server of RFC 2086 has `c` and `d` in place of the four that became of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailconnector.imap.responses import GrantableRights
from mailconnector.imap.rights import Rights

_OLD_GROUPS = (Rights(frozenset("k")), Rights(frozenset("xte")))


_NONE = Rights()


@dataclass(frozen=True, slots=True)
class Fitted:
    """What becomes of rights on a server.

    Attributes:
        rights: what is to be asked for.
        tied: what nobody asked for and comes along, being tied to what was.
        missing: what the server cannot grant.
        fixed: what the identifier has in any case, whatever the list says.
    """

    rights: Rights
    tied: Rights = _NONE
    missing: Rights = _NONE
    fixed: Rights = _NONE


def fitted(wanted: Rights, grantable: GrantableRights, *, old: bool) -> Fitted:
    """Return the nearest that a server can grant.

    A group of rights that go together is taken whole where one of it is wanted; but never for the right to administer:
    what would hand that over unasked is left out.

    Args:
        wanted: what is asked for.
        grantable: the server's answer to LISTRIGHTS.
        old: the server knows RFC 2086 only.
    """
    groups = list(grantable.optional) + (list(_OLD_GROUPS) if old else [])
    chosen = _NONE
    for group in groups:
        if group.letters & wanted.letters and ("a" not in group or "a" in wanted):
            chosen |= group
    can_have = chosen | grantable.required
    return Fitted(
        chosen | Rights(wanted.letters & grantable.required.letters),
        chosen - wanted - grantable.required,
        wanted - can_have,
        grantable.required,
    )
