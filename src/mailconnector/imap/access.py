"""Access control lists: who may do what with a mailbox (RFC 4314; RFC 2086 for old servers)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from types import MappingProxyType

from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.responses import AclEntries, GrantableRights, MyRights
from mailconnector.imap.rights import ALL_RIGHTS, Rights
from mailconnector.imap.session import Session

ANYONE = "anyone"
"""The identifier that means everybody (RFC 4314 section 2)."""


class AccessControl:
    """The access control lists of one session.

    Unknown users are accepted by some servers without a word; an identifier that begins with ``-`` takes rights
    away; ``$name`` is a group to Dovecot, ``group:name`` to Cyrus.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def old(self) -> bool:
        """Whether the server knows only the rights of RFC 2086."""
        return self._session.capabilities.value("RIGHTS") is None

    def mine(self, mailbox: str) -> Rights:
        """Return what this user may do with a mailbox; everything, where the server has no access control.

        Raises:
            ImapNoError: the mailbox does not exist, or nothing of it may be seen.
        """
        session = self._session
        if not session.has("ACL"):
            return ALL_RIGHTS
        answer = session.run(session.line("MYRIGHTS", mailbox), MyRights).last(MyRights)
        return answer.rights if answer else Rights()

    def get(self, mailbox: str) -> Mapping[str, Rights]:
        """Return who has which rights, by identifier.

        Raises:
            ImapUnsupportedError: the server has no access control.
            ImapNoError: the mailbox does not exist, or the right ``a`` is missing.
        """
        session = self._session
        session.need("ACL", hint="Folders on this server cannot be shared.")
        answer = session.run(session.line("GETACL", mailbox), AclEntries).last(AclEntries)
        return answer.entries if answer else MappingProxyType({})

    def grant(self, mailbox: str, identifier: str, rights: Rights) -> None:
        """Give somebody exactly these rights. With none, the entry is removed: some servers would keep it.

        Raises:
            ImapUnsupportedError: the server has no access control.
            ImapUsageError: the identifier is empty.
            ImapNoError: the server refuses it.
        """
        session = self._session
        if not rights:
            self.revoke(mailbox, identifier)
            return
        session.need("ACL", hint="Folders on this server cannot be shared.")
        line = session.line("SETACL", mailbox).text(_checked(identifier))
        session.run(line.text(rights.wire(old=self.old)))

    def revoke(self, mailbox: str, identifier: str) -> None:
        """Remove somebody's entry from the list. Who has none loses none.

        Raises:
            ImapUnsupportedError: the server has no access control.
            ImapNoError: the server refuses it.
        """
        session = self._session
        session.need("ACL", hint="Folders on this server cannot be shared.")
        session.run(session.line("DELETEACL", mailbox).text(_checked(identifier)))

    def announce(self, mailbox: str) -> None:
        """Have the server make its list of shared mailboxes anew, where it forgets those that are renamed.

        Dovecot up to 2.3 keeps a list of what is shared beside the access control lists, takes a mailbox's old name out
        when it is renamed, and never looks for the new one; others then may open it, and do not see it in lists. An
        entry for somebody new, in whichever of the owner's mailboxes, makes it look. It is taken away at once, and is
        for nobody who could be there. Elsewhere nothing is done.

        Args:
            mailbox: one of the user's own.

        Raises:
            ImapNoError: the server refuses it.
        """
        if not self._session.has("ACL") or Quirk.STATUS_HAS_GUID not in self._session.quirks:
            return
        nobody = f"mailconnector-{secrets.token_hex(8)}"
        self.grant(mailbox, nobody, Rights(frozenset("l")))
        self.revoke(mailbox, nobody)

    def grantable(self, mailbox: str, identifier: str) -> GrantableRights:
        """Return what somebody has in any case and what can be granted to them.

        Raises:
            ImapUnsupportedError: the server has no access control.
            ImapNoError: the server refuses it.
        """
        session = self._session
        session.need("ACL", hint="Folders on this server cannot be shared.")
        line = session.line("LISTRIGHTS", mailbox).text(_checked(identifier))
        answer = session.run(line, GrantableRights).last(GrantableRights)
        if answer is None:
            return GrantableRights(mailbox, identifier, Rights(), tuple(Rights(frozenset(c)) for c in "lrswipkxtea"))
        return answer


def _checked(identifier: str) -> str:
    if not identifier:
        raise ImapUsageError("an access control entry needs an identifier")
    return identifier
