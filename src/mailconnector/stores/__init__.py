"""Sync stores: the kinds of store that can be kept in step with each other."""

from mailconnector.stores.imap.store import ImapStore
from mailconnector.stores.pst.preparing import Preparation
from mailconnector.stores.pst.store import PstStore

__all__ = ["ImapStore", "Preparation", "PstStore"]
