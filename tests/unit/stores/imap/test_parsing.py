import multiprocessing
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from mailconnector.items import Item, Mail, mail_of
from mailconnector.stores.imap.parsing import Parsed, Parsers, Prepare, Source
from mailconnector.sync.errors import ItemError
from mailconnector.sync.flags import FlagSet
from mailconnector.sync.store import Failure, ItemState, MadeReady

_COUNT = 130


@pytest.fixture
def parsers() -> Iterator[Parsers]:
    parsers = Parsers(1)
    yield parsers
    parsers.close()


def sources() -> Iterator[tuple[ItemState, Source] | Failure]:
    for number in range(_COUNT):
        if number == 60:
            yield Failure("60", ItemError("the server does not give it"))
        else:
            data = b"" if number == 70 else f"Subject: {number}\r\n\r\ntext\r\n".encode()
            yield ItemState(str(number), frozenset(), "", len(data), None), Source(data, frozenset(), None)


def check(parsers: Parsers) -> None:
    results = list(parsers.run(sources()))
    assert len(results) == _COUNT
    for number, result in enumerate(results):
        if number == 60:
            assert isinstance(result, Failure)
            continue
        assert isinstance(result, tuple)
        state, got = result
        assert state.id == str(number)
        if number == 70:
            assert isinstance(got, Exception)
        else:
            assert isinstance(got, Parsed)
            assert not isinstance(got.content, MadeReady)
            assert mail_of(got.content).subject == got.identity.title == str(number)


def test_messages_come_in_order_before_a_process_answers_and_after_and_the_process_ends(parsers):
    before = set(multiprocessing.active_children())
    begun = time.monotonic()
    check(parsers)
    assert time.monotonic() - begun < 60
    while not parsers.has_answered and time.monotonic() < begun + 60:
        check(parsers)
    assert parsers.has_answered
    check(parsers)
    assert set(multiprocessing.active_children()) - before
    parsers.close()
    assert set(multiprocessing.active_children()) == before


def test_a_process_that_dies_is_done_without(parsers):
    begun = time.monotonic()
    while not parsers.has_answered and time.monotonic() < begun + 60:
        check(parsers)
    for child in multiprocessing.active_children():
        child.kill()
    check(parsers)
    check(parsers)


def test_a_run_that_is_given_up_leaves_nothing_for_the_next_one(parsers):
    begun = time.monotonic()
    while not parsers.has_answered and time.monotonic() < begun + 60:
        check(parsers)
    for taken in (1, 60):
        run = parsers.run(sources())
        for _ in range(taken):
            next(run)
        run.close()
        check(parsers)


def test_few_messages_are_not_worth_a_process():
    parsers = Parsers(1)
    assert not parsers.pay_for(Parsers.worth_it - 1)
    assert parsers.pay_for(Parsers.worth_it)


def test_many_large_messages_are_worth_one_though_each_fetch_has_few_of_them():
    parsers = Parsers(1)
    told = [parsers.pay_for(100) for _ in range(Parsers.worth_it // 100 + 1)]
    assert told == [False] * (Parsers.worth_it // 100 - 1) + [True, True]
    assert not parsers.pay_for(1)


def made_of(item: Item, flags: FlagSet, date: datetime | None) -> object:
    return mail_of(item).subject, flags, date


def test_the_processes_make_something_of_items_for_the_store_that_they_go_to():
    asked = []

    def preparation() -> Prepare:
        asked.append(True)
        return made_of

    parsers = Parsers(1, preparation)
    try:
        begun = time.monotonic()
        while not parsers.has_answered and time.monotonic() < begun + 60:
            list(parsers.run(sources()))
        assert parsers.has_answered
        asked.clear()
        got = [result[1] for result in parsers.run(sources()) if isinstance(result, tuple)]
    finally:
        parsers.close()
    found = [one.content for one in got if isinstance(one, Parsed)]
    ready = [one.ready if isinstance(one, MadeReady) else None for one in found]
    assert any(one.is_mail for one in found if isinstance(one, MadeReady))
    items = [one.item if isinstance(one, MadeReady) else one for one in found]  # they are read when they are wanted
    read = [item.subject for item in items if isinstance(item, Mail)]
    assert read == [str(number) for number in range(_COUNT) if number not in (60, 70)]
    assert asked
    assert ready[0] == ("0", frozenset(), None)  # the first batch finds a process without work
    assert all(made is None or made == (str(number), frozenset(), None) for number, made in enumerate(ready[:60]))
