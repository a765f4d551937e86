"""Sending: who may write in whose name, messages made ready, what became of each, and the PST's Outbox."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.app.send.delivering import Choice, Means, deliver
else:
    __getattr__ = deferred(__name__, Choice="delivering", Means="delivering", deliver="delivering")

__all__ = ["Choice", "Means", "deliver"]
