"""What is written down of delegates on the server, in annotations of mailboxes (METADATA, RFC 5464).

The rights stand in the access control lists and nowhere else. Beside them there are things that no list can hold: who
may send on the owner's behalf, and to whom meeting requests go. The whole of it is in a private annotation of the
owner's Inbox, which the owner alone reads; what a delegate's own connector has to know is in an annotation that all
see, of each folder that the delegate was given. Anybody who may see that folder may be able to change that one: it is a
note that spares mistakes, and no protection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OWN_ENTRY = "/private/vendor/mailconnector/delegates"
SEEN_ENTRY = "/shared/vendor/mailconnector/delegates"

_MOST = 100  # delegates
_LONGEST = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Delegate:
    """One delegate.

    Attributes:
        login: who.
        address: the mail address.
        roles: the role's name by what the folder is for, as "calendar": "editor".
        on_behalf: may send on the owner's behalf.
        requests: gets a copy of meeting requests.
    """

    login: str
    address: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    on_behalf: bool = False
    requests: bool = False


def own_value(delegates: Mapping[str, Delegate]) -> bytes | None:
    """Return the owner's own annotation; None when there are no delegates."""
    if not delegates:
        return None
    entries = {
        one.login: {
            "address": one.address,
            "roles": dict(one.roles),
            "on_behalf": one.on_behalf,
            "requests": one.requests,
        }
        for one in delegates.values()
    }
    return json.dumps({"delegates": entries}, sort_keys=True).encode("ascii")


def read_own(value: bytes | None) -> dict[str, Delegate]:
    """Return the delegates that an owner's annotation tells; what makes no sense is left out."""
    found = {}
    entries = _object(value).get("delegates")
    for login, entry in list(entries.items())[:_MOST] if isinstance(entries, dict) else ():
        if isinstance(entry, dict):
            roles = entry.get("roles")
            found[login] = Delegate(
                login,
                str(entry.get("address") or ""),
                {str(key): str(role) for key, role in roles.items()} if isinstance(roles, dict) else {},
                entry.get("on_behalf") is True,
                entry.get("requests") is True,
            )
    return found


def seen_value(owner: str, delegates: Mapping[str, Delegate], use: str) -> bytes | None:
    """Return the annotation of one folder that its delegates read; None when nobody has a role in it.

    Args:
        owner: the owner's mail address.
        delegates: all delegates.
        use: what the folder is for, as "calendar".
    """
    logins = sorted(one.login for one in delegates.values() if one.on_behalf and use in one.roles)
    if not any(use in one.roles for one in delegates.values()):
        return None
    return json.dumps({"owner": owner, "on_behalf": logins}, sort_keys=True).encode("ascii")


def read_seen(value: bytes | None) -> tuple[str, frozenset[str]]:
    """Return the owner's address and the logins of those who may send on the owner's behalf."""
    content = _object(value)
    logins = content.get("on_behalf")
    names = frozenset(str(login) for login in logins[:_MOST]) if isinstance(logins, list) else frozenset()
    return str(content.get("owner") or ""), names


def _object(value: bytes | None) -> dict[str, Any]:
    if not value or len(value) > _LONGEST:
        return {}
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
