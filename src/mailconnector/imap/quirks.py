"""The oddities of servers, each by its name, with the server that has it and what we do about it.

A `Quirk` is a switch: `detect` turns it on from what the server tells of itself. What every server may do at any time
needs no switch and is simply borne: attributes of LIST in lower case and a space before INTERNALDATE (Cyrus), a
failed UNCHANGEDSINCE as OK (Cyrus) or NO (Dovecot), ``c`` and ``d`` beside the new rights (both), text in place of a
quoted string. Each of them, switch or not, has a captured transcript among the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mailconnector.imap.capabilities import Capabilities


class Quirk(Enum):
    """A named oddity."""

    STATUS_MAILBOXID_IS_GARBAGE = "status-mailboxid-is-garbage"
    """Cyrus 3.6 answers STATUS (MAILBOXID) with random bytes, which may break the stream: it is not asked for.
    SELECT and CREATE tell the right one."""

    STATUS_NEEDS_CHILDREN = "status-needs-children"
    """Dovecot leaves \\HasChildren out of LIST RETURN (STATUS ...) unless CHILDREN is asked for as well."""

    STATUS_HAS_GUID = "status-has-guid"
    """Dovecot has no OBJECTID; its STATUS (X-GUID) and FETCH (X-GUID) serve the same end."""

    STORE_IGNORES_MISSING_RIGHTS = "store-ignores-missing-rights"
    """Dovecot answers STORE and EXPUNGE with OK and does nothing when the right is missing. The rights, or
    PERMANENTFLAGS, have to be looked at first."""

    SETACL_KEEPS_EMPTY_ENTRIES = "setacl-keeps-empty-entries"
    """Dovecot keeps an entry whose rights are set to nothing: DELETEACL is sent instead. (Right for all servers.)"""


_DOVECOT = frozenset(
    {
        Quirk.STATUS_NEEDS_CHILDREN,
        Quirk.STATUS_HAS_GUID,
        Quirk.STORE_IGNORES_MISSING_RIGHTS,
        Quirk.SETACL_KEEPS_EMPTY_ENTRIES,
    }
)
_CYRUS = frozenset({Quirk.STATUS_MAILBOXID_IS_GARBAGE})


def detect(greeting: str, capabilities: Capabilities, identity: Mapping[str, str]) -> frozenset[Quirk]:
    """Find out what to look out for.

    Args:
        greeting: the text of the server's greeting.
        capabilities: after the login.
        identity: the fields of ID by their name in lower case, if the server was asked.
    """
    name = identity.get("name", "").lower() or greeting.lower()
    if "dovecot" in name:
        return _DOVECOT
    # X-REPLICATION and X-CREATEDMODSEQ are Cyrus's own, when it hides its name.
    if "cyrus" in name or {"X-REPLICATION", "X-CREATEDMODSEQ"} <= capabilities.names:
        return _CYRUS
    return frozenset()
