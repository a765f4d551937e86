"""Scenarios over a PST file and a mailbox on Dovecot, ended at their steps, resumed, and run again unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.items import Mail
from mailconnector.lab import DovecotServer, MailServer
from mailconnector.mapi import named
from mailconnector.sync import Side, State, Step
from tests.cuts import Killed, Steps, broken
from tests.exchange import bodies, contents, folder_named, made_of, mail
from tests.live.pairs import RealExchange, real_exchange
from tests.scenarios import SCENARIOS, check, prepare
from tests.unit.items.edits import KINDS

# Neither a server's rights and ids nor the marks of a mail program can be changed from here.
IMPOSSIBLE = {"closed folder", "read only", "fields merged, read only", "void ids", "received twice"}
REAL = sorted(set(SCENARIOS) - IMPOSSIBLE)
OF_ITEMS = ("moves", "both edited")
SAMPLE = (
    "both edited",
    "deleted folder with news",
    "fields by others",
    "fields merged",
    "large ones completed",
    "moves",
    "names exchanged",
)


@contextmanager
def prepared(path: Path, server: MailServer, scenario: str) -> Iterator[RealExchange]:
    world = real_exchange(path, server)
    try:
        prepare(world, scenario)
        yield world
    finally:
        world.close()


def end_at(world: RealExchange, steps: Steps) -> None:
    world.open_state = steps.open_state
    try:
        world.run(wrap=steps.wrap, answer_all=world.answer)
    except Killed:
        world.crash()
    world.open_state = State


def cut(server: MailServer, path: Path, scenario: str, every: int) -> None:
    counter = Steps()
    with prepared(path / "wanted", server, scenario) as wanted:
        end_at(wanted, counter)
        wanted.settle()
        check(wanted, wanted)
        for at in range(1, counter.count + 1, every or max(1, counter.count // 2)):
            error = broken if at % 2 and at not in counter.commits else Killed
            with prepared(path / str(at), server, scenario) as world:
                end_at(world, Steps(at, error))
                world.settle()
                check(world, wanted)


@pytest.mark.parametrize("scenario", SAMPLE)
def test_run_ended_at_some_steps(scenario: str, dovecot: DovecotServer, tmp_path: Path) -> None:
    cut(dovecot, tmp_path, scenario, 0)


@pytest.mark.parametrize("scenario", OF_ITEMS)
@pytest.mark.parametrize("server", ["dovecot", "cyrus"])
def test_run_with_items_of_every_type_ended_at_some_steps(
    server: str, scenario: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with made_of(*KINDS):
        cut(request.getfixturevalue(server), tmp_path, scenario, 0)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", REAL)
@pytest.mark.parametrize("types", [(Mail,), KINDS], ids=["mail", "items"])
def test_run_ended_at_every_step(
    scenario: str, types: tuple[type, ...], dovecot: DovecotServer, tmp_path: Path
) -> None:
    with made_of(*types):
        cut(dovecot, tmp_path, scenario, 1)


def test_what_outlook_receives_after_us_is_kept_once(dovecot: DovecotServer, tmp_path: Path) -> None:
    world = real_exchange(tmp_path, dovecot)
    try:
        world.remote.put(folder_named(world.remote, "*inbox"), mail(1))
        world.settle()
        assert world.file is not None
        world.file.store.close()
        with pst.open_store(world.file.path, writable=True) as file, file.transaction():
            inbox = next(folder for folder in file.walk() if folder.content_count)
            (message,) = inbox.messages()
            received = message.to_object()
            received.properties[named.PidLidInternetAccountName] = "Provider"
            received.properties[named.PidLidInternetAccountStamp] = "00000002"
            for _ in range(2):  # the second has no counterpart on the server: only one is surely the same
                with inbox.compose() as draft:
                    draft.fill(received)
        world.file.store = world.file._open()
        report = world.run()
        assert report.done == {(Step.DELETE, Side.LOCAL): 1, (Step.ADD, Side.REMOTE): 1}
        world.settle()
        assert contents(world.local) == contents(world.remote)
        assert bodies(world.local) == {"body 1": 2}
    finally:
        world.close()
