"""What a trial of a server found, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mailconnector.app.errors import AppError


class StepName(Enum):
    """The steps on the way to a server, each of which may fail for reasons of its own."""

    SECRET = "secret"
    NAME = "name"
    CONNECTION = "connection"
    TLS = "tls"
    PROTOCOL = "protocol"
    LOGIN = "login"
    CAPABILITIES = "capabilities"


class Outcome(Enum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepError(AppError):
    """A step failed.

    Attributes:
        step: which.
    """

    def __init__(self, step: StepName, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.step = step


@dataclass(frozen=True, slots=True)
class Missing:
    """An extension that a server lacks.

    Attributes:
        name: what it is called.
        meaning: what it is like without it.
    """

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a step found.

    Attributes:
        name: which step.
        outcome: how it ended.
        seconds: how long it took.
        text: what was found, or what is wrong.
        hint: what to do.
        missing: extensions that the server lacks; of the step CAPABILITIES only.
    """

    name: StepName
    outcome: Outcome
    seconds: float
    text: str
    hint: str = ""
    missing: Sequence[Missing] = ()


@dataclass(frozen=True, slots=True)
class ServerPing:
    """What the trial of a server found.

    Attributes:
        service: `imap` or `smtp`.
        host: the server.
        port: its port.
        steps: in their order, to the one that failed and those that were therefore left out.
    """

    service: str
    host: str
    port: int
    steps: tuple[Step, ...]

    @property
    def failed(self) -> Step | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.outcome is Outcome.FAILED), None)
