"""Quotas: how much a mailbox may hold, and holds (RFC 9208, RFC 2087)."""

from __future__ import annotations

from mailconnector.imap.responses import Quota
from mailconnector.imap.session import Session


class Quotas:
    """The quotas of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, mailbox: str) -> list[Quota]:
        """Return the quotas that a mailbox counts for; nothing where the server has none.

        Raises:
            ImapNoError: the mailbox does not exist, or its quota may not be seen.
        """
        session = self._session
        if not session.has("QUOTA"):
            return []
        return session.run(session.line("GETQUOTAROOT", mailbox), Quota).all(Quota)
