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
        self._owners: dict[str, str] | None = None

    def may_act_for(self, address: str) -> bool:
        """Tell whether the owner of an address has written down that the user may send on their behalf.

        Raises:
            ImapError: the server does not tell.
            SecretError: the password or token cannot be had.
        """
        return address.lower() in self._known()

    def owner_of(self, address: str) -> str:
        """Return the login of an owner by their address; empty where they have not written it down. Raises the same."""
        return self._known().get(address.lower(), "")

    def address_of(self, owner: str) -> str:
        """Return the address of an owner by their login; empty where they have not written it down. Raises the same."""
        return next((address for address, login in self._known().items() if login == owner), "")

    def _known(self) -> dict[str, str]:
        if self._owners is None:
            self._owners = self._asked()
        return self._owners

    def _asked(self) -> dict[str, str]:
        try:
            with Sharing.open(self._account, self._job) as sharing:
                trusts = Delegating(sharing, self._account.address).trusts()
        except NoSharingError:
            return {}
        return {trust.address.lower(): trust.owner for trust in trusts if trust.on_behalf and trust.address}
