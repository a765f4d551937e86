"""What synchronising one account needs: its state, its choices, and how its two stores are opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mailconnector.app.delegate.copying import CopyReport
from mailconnector.app.send.fates import OutboxReport
from mailconnector.sync import Settings, State, SyncStore
from mailconnector.sync.renames import Rename


class OpenStore(SyncStore, Protocol):
    """A sync store that is closed when it is done with."""

    def close(self) -> None:
        """Give back the file or the connection."""
        ...


class WaitingStore(OpenStore, Protocol):
    """A store whose `wait` can be ended from another thread."""

    def interrupt(self) -> None:
        """End a `wait` that goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """One account, ready to be synchronised.

    Attributes:
        account: Its name.
        state_path: The state file; the lock is beside it.
        settings: Returns what the user chose, as it is now.
        open_local: Opens the user's own store. Raises MailConnectorError.
        open_remote: Opens the shared store. Raises MailConnectorError.
        local_file: The file that the local store is in; None where it is in none.
        follow: Writes what the user chose for folders under their new paths. Raises MailConnectorError.
        copy_requests: Sends meeting requests on to delegates, where this connector does that; is given the open state
            file and whom to ask whether to end. Raises MailConnectorError.
        send: Sends what lies ready in the Outbox, where the user wants that; is told whether the user asked for it just
            now, and whom to ask whether to end. None of it where the user does not.
        send_again: Returns when something in the Outbox is to be sent, POSIX seconds; None for never.
        announce: Has the server show others the folders that got other names. Raises MailConnectorError.
    """

    account: str
    state_path: Path
    settings: Callable[[], Settings]
    open_local: Callable[[], OpenStore]
    open_remote: Callable[[], WaitingStore]
    local_file: Path | None = None
    follow: Callable[[Sequence[Rename]], None] | None = None
    copy_requests: Callable[[State, Callable[[], bool]], CopyReport | None] | None = None
    send: Callable[[bool, Callable[[], bool]], OutboxReport | None] | None = None
    send_again: Callable[[], float | None] | None = None
    announce: Callable[[], None] | None = None

    @property
    def lock_path(self) -> Path:
        """The file whose lock says that the account is being synchronised."""
        return self.state_path.with_name(self.state_path.name + ".lock")
