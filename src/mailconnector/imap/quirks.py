"""The oddities of servers, each by its name, with the server that has it and what we do about it.

A `Quirk` is a switch: `detect` turns it on from what the server tells of itself. What can be borne without knowing the
server needs no switch:

- special uses in lower case (Cyrus): attributes are compared in lower case;
- a space before a day of one digit in INTERNALDATE, and sometimes before two (Cyrus): spaces are passed over;
- a failed UNCHANGEDSINCE as OK or as NO: the code MODIFIED counts;
- `c` and `d` beside the new rights (both): see `rights`;
- `(CONDSTORE QRESYNC (...))` refused by some: QRESYNC is sent alone;
- \\HasChildren left out of LIST RETURN (STATUS ...) (Dovecot): CHILDREN is asked for as well;
- an entry that stays when its rights are set to nothing (Dovecot): DELETEACL is sent;
- OK to STORE and EXPUNGE without the right, and nothing done (Dovecot): PERMANENTFLAGS is looked at first, and what is
  still there afterwards.

Each of them, switch or not, has a captured transcript among the tests.
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

    STATUS_HAS_GUID = "status-has-guid"
    """Dovecot has no OBJECTID; its STATUS (X-GUID) and FETCH (X-GUID) serve the same end."""

    NAMES_ARE_NARROW = "names-are-narrow"
    """Cyrus 3.6 refuses mailboxes with one of !"%;<>\\^`{|} in their names: such characters are replaced."""

    NAMES_ARE_RESERVED = "names-are-reserved"
    """Dovecot refuses mailboxes that would be called like its own folders, cur, new, tmp: something is added."""

    KEYWORDS_ARE_SHORT = "keywords-are-short"
    """Dovecot refuses a message or a STORE with a keyword of more than 50 characters: none is sent."""

    KEYWORDS_ARE_FEW = "keywords-are-few"
    """Cyrus 3.6 refuses a message or a STORE with a keyword when its mailbox has 100 others, though PERMANENTFLAGS
    allows new ones; it drops such a keyword when a message is copied or moved there. A keyword that went out of use
    keeps its place."""


_DOVECOT = frozenset({Quirk.STATUS_HAS_GUID, Quirk.NAMES_ARE_RESERVED, Quirk.KEYWORDS_ARE_SHORT})
_CYRUS = frozenset({Quirk.STATUS_MAILBOXID_IS_GARBAGE, Quirk.NAMES_ARE_NARROW, Quirk.KEYWORDS_ARE_FEW})


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
