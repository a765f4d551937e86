"""Who lets the user send on their behalf, as it stands on the server."""

from __future__ import annotations

from mailconnector.app.account.model import Account
from mailconnector.app.delegate.delegating import Delegating
from mailconnector.app.share.sharing import NoSharingError, Sharing
from mailconnector.app.sync.job import Job


class Trusted:
    """Answers for one account; the server is asked once, and only when somebody wants to know.

    Args:
        account: the user's.
        job: its job.
    """

    def __init__(self, account: Account, job: Job) -> None:
        self._account = account
        self._job = job
        self._owners: frozenset[str] | None = None

    def may_act_for(self, address: str) -> bool:
        """Tell whether the owner of an address has written down that the user may send on their behalf.

        Raises:
            ImapError: the server does not tell.
            SecretError: the password or token cannot be had.
        """
        if self._owners is None:
            self._owners = self._asked()
        return address.lower() in self._owners

    def _asked(self) -> frozenset[str]:
        try:
            with Sharing.open(self._account, self._job) as sharing:
                trusts = Delegating(sharing, self._account.address).trusts()
        except NoSharingError:
            return frozenset()
        return frozenset(trust.address.lower() for trust in trusts if trust.on_behalf and trust.address)
