"""Sync stores: the kinds of store that can be kept in step with each other."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.stores.imap.store import ImapStore
    from mailconnector.stores.pst.preparing import Preparation
    from mailconnector.stores.pst.store import PstStore
else:
    __getattr__ = deferred(__name__, ImapStore="imap.store", Preparation="pst.preparing", PstStore="pst.store")

__all__ = ["ImapStore", "Preparation", "PstStore"]
