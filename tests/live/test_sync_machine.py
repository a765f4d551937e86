"""A PST file and a mailbox on a server in sync: random changes, faults and kills; see `tests.machine`."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mailconnector.lab import MailServer
from tests.live.pairs import RealExchange, real_exchange
from tests.machine import SyncMachine


def converge(server: MailServer, examples: int, steps: int) -> None:
    class Machine(SyncMachine):
        def begin(self) -> RealExchange:
            return real_exchange(self.directory / "pair", server)

        def end(self) -> None:
            assert isinstance(self.exchange, RealExchange)
            self.exchange.close()
            shutil.rmtree(self.directory)

        def text(self) -> str:
            # A server's revision of a message is its size and its date, and edits here keep the date.
            return f"text {self.serial} {'x' * self.serial}"

        # No client can make a server give other ids.
        renew = None  # type: ignore[assignment]

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # making an example smaller would take minutes
            suppress_health_check=list(HealthCheck),
            deadline=None,
        ),
    )


@pytest.mark.parametrize(("name", "examples"), [("dovecot", 8), ("cyrus", 4)])
def test_random_changes_converge(name: str, examples: int, request: pytest.FixtureRequest) -> None:
    converge(request.getfixturevalue(name), examples, 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dovecot", "cyrus"])
def test_many_random_changes_converge(name: str, request: pytest.FixtureRequest) -> None:
    converge(request.getfixturevalue(name), 60, 25)
