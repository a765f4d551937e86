"""What is written down of delegates on the server, in annotations of mailboxes (METADATA, RFC 5464).

The rights stand in the access control lists and nowhere else. Beside them there are things that no list can hold: who
may send on the owner's behalf, and to whom meeting requests go. The whole of it is in a private annotation of the
owner's Inbox, which the owner alone reads; what a delegate's own connector has to know is in an annotation that all
see, of each folder that the delegate was given. Anybody who may see that folder may be able to change that one: it is a
note that spares mistakes, and no protection.

Copies of meeting requests are made by the owner's filter on the server, or by one of the owner's connectors. Which one
is in the note: another that runs elsewhere, on the same mailbox, must not make them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

OWN_ENTRY = "/private/vendor/mailconnector/delegates"
SEEN_ENTRY = "/shared/vendor/mailconnector/delegates"

_MOST = 100  # delegates
_LONGEST = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the owner's Inbox, between what was there and what comes later.

    Attributes:
        validity: the UIDVALIDITY.
        uid: the UID that the next message was to have.
    """

    validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Delegate:
    """One delegate.

    Attributes:
        login: who.
        address: the mail address.
        roles: the role's name by what the folder is for, as "calendar": "editor".
        on_behalf: may send on the owner's behalf.
        requests: gets a copy of meeting requests.
        since: a connector makes them of those that come in from this place on; None where only the filter ever did.
    """

    login: str
    address: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    on_behalf: bool = False
    requests: bool = False
    since: Place | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that an owner's annotation tells.

    Attributes:
        delegates: the delegates by login.
        copier: the name of the connector that makes copies of meeting requests; empty where the filter does.
        until: where in the Inbox the one that made them before has ended; None where none has.
    """

    delegates: Mapping[str, Delegate] = field(default_factory=dict)
    copier: str = ""
    until: Place | None = None

    @property
    def copied_to(self) -> list[Delegate]:
        """Those who get copies of meeting requests."""
        return [one for one in self.delegates.values() if one.requests]

    def having(self, delegate: Delegate) -> Record:
        """Return the record with a delegate, in place of one of that login who is there already."""
        return replace(self, delegates={**self.delegates, delegate.login: delegate})

    def without(self, login: str) -> Record:
        """Return the record without a delegate."""
        return replace(self, delegates={name: one for name, one in self.delegates.items() if name != login})


def own_value(record: Record) -> bytes | None:
    """Return the owner's own annotation; None when there are no delegates."""
    if not record.delegates:
        return None
    entries = {
        one.login: {
            "address": one.address,
            "roles": dict(one.roles),
            "on_behalf": one.on_behalf,
            "requests": one.requests,
            **({"since": [one.since.validity, one.since.uid]} if one.since else {}),
        }
        for one in record.delegates.values()
    }
    content: dict[str, Any] = {"delegates": entries}
    if record.copier:
        content["copier"] = record.copier
    if record.until:
        content["until"] = [record.until.validity, record.until.uid]
    return json.dumps(content, sort_keys=True).encode("ascii")


def read_own(value: bytes | None) -> Record:
    """Return what an owner's annotation tells; what makes no sense is left out."""
    found = {}
    content = _object(value)
    entries = content.get("delegates")
    for login, entry in list(entries.items())[:_MOST] if isinstance(entries, dict) else ():
        if isinstance(entry, dict):
            roles = entry.get("roles")
            found[login] = Delegate(
                login,
                str(entry.get("address") or ""),
                {str(key): str(role) for key, role in roles.items()} if isinstance(roles, dict) else {},
                entry.get("on_behalf") is True,
                entry.get("requests") is True,
                _place(entry.get("since")),
            )
    copier = content.get("copier")
    return Record(found, copier if isinstance(copier, str) else "", _place(content.get("until")))


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


def _place(value: object) -> Place | None:
    if isinstance(value, list) and len(value) == 2 and all(type(n) is int and 0 <= n < 1 << 32 for n in value):
        return Place(*value)
    return None


def _object(value: bytes | None) -> dict[str, Any]:
    if not value or len(value) > _LONGEST:
        return {}
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
