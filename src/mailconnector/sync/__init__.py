"""Two-way synchronisation of stores: what changed, what follows from it, and doing that safely.

`store` is what a store has to offer; `synchronise` keeps two of them in step.
"""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred
from mailconnector.sync.errors import (
    AccountError,
    FolderError,
    FolderNotEmptyError,
    ItemError,
    Radius,
    StateError,
    StoreError,
    SyncError,
)
from mailconnector.sync.options import Answer, Brake, FolderOptions, Form, Mode, Settings, Trigger
from mailconnector.sync.rules import Change, Conflict, Side, Step
from mailconnector.sync.store import SyncStore

if TYPE_CHECKING:
    from mailconnector.sync.engine import Request, Watcher, synchronise
    from mailconnector.sync.report import Report
    from mailconnector.sync.state import State
else:
    __getattr__ = deferred(
        __name__, Report="report", Request="engine", State="state", Watcher="engine", synchronise="engine"
    )

__all__ = [
    "AccountError",
    "Answer",
    "Brake",
    "Change",
    "Conflict",
    "FolderError",
    "FolderNotEmptyError",
    "FolderOptions",
    "Form",
    "ItemError",
    "Mode",
    "Radius",
    "Report",
    "Request",
    "Settings",
    "Side",
    "State",
    "StateError",
    "Step",
    "StoreError",
    "SyncError",
    "SyncStore",
    "Trigger",
    "Watcher",
    "synchronise",
]
