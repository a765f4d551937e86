"""Accounts: what one is, its secrets, how its servers are found, reached and tried."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.app.account.certificates import distrust, read_certificate, shown_certificate
else:
    __getattr__ = deferred(
        __name__, distrust="certificates", read_certificate="certificates", shown_certificate="certificates"
    )

__all__ = ["distrust", "read_certificate", "shown_certificate"]
