"""Races, forced into their worst order: one looks, another writes, the first goes on by what it saw."""

from __future__ import annotations

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError
from smq_core.store import open_store
from smq_core.store.sqlite.wal import write_lock
from tests.conformance.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.testing import ManualClock


@pytest.fixture
def desks(location: str, clock: ManualClock) -> Iterator[tuple[Desk, Desk]]:
    """Give two programs on one file."""
    stores = [open_store(location, clock=clock) for _ in range(2)]
    yield Desk(stores[0], clock), Desk(stores[1], clock)
    for store in stores:
        store.close()


@pytest.fixture
def stands_in_line(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Report when somebody found the turn taken: it has looked, and has not written yet."""
    found_taken = threading.Event()
    flock = fcntl.flock

    def tell(descriptor: int, operation: int) -> None:
        try:
            flock(descriptor, operation)
        except BlockingIOError:
            found_taken.set()
            raise

    monkeypatch.setattr(write_lock, "flock", tell)
    return found_taken


@contextmanager
def before_the_write_of(
    work: Callable[[], object], first: Desk, stands_in_line: threading.Event
) -> Iterator[list[object]]:
    """Run the body between another one's look and its write; the list has the answer in the end."""
    answer: list[object] = []
    with ThreadPoolExecutor(1) as pool:
        with first.store.transaction():
            waiting = pool.submit(work)
            stands_in_line.wait()
            yield answer
        answer.append(waiting.result())


def test_a_consumer_that_saw_a_message_finds_it_leased_by_another(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    first.send()
    with before_the_write_of(lambda: second.take(), first, stands_in_line) as answer:  # noqa: PLW0108 - it takes options
        (hold,) = first.take()

    assert answer == [[]]
    assert first.ack(hold) == []


def test_a_consumer_that_saw_a_message_finds_its_topic_paused(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    sent = first.send()
    with before_the_write_of(lambda: second.take(), first, stands_in_line) as answer:  # noqa: PLW0108 - as above
        first.pause()

    assert answer == [[]]
    assert first.state(sent) == "ready"


def test_a_consumer_that_saw_an_expired_lease_finds_it_extended(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    first.send()
    hold = first.take_one()
    first.clock.advance(60)
    with before_the_write_of(lambda: second.take(), first, stands_in_line) as answer:  # noqa: PLW0108 - as above
        first.extend(hold)

    assert answer == [[]]
    assert first.ack(hold) == []


def test_a_late_ack_comes_after_the_message_was_leased_again(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    first.send()
    stale = second.take_one()
    first.clock.advance(60)
    with before_the_write_of(lambda: second.ack(stale), first, stands_in_line) as answer:
        (fresh,) = first.take()

    assert answer == [[stale]]
    assert first.ack(fresh) == []


def test_a_producer_that_found_its_key_held_adds_when_the_holder_is_finished_first(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    held = first.send(key="k")
    hold = first.take_one()
    with before_the_write_of(lambda: second.send(key="k"), first, stands_in_line) as answer:
        first.ack(hold)

    assert answer != [held]
    assert first.stats().ready == 1


def test_an_operator_who_saw_a_dead_letter_leaves_it_alone_when_another_requeued_it(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    sent = first.send()
    first.bury(first.take_one())
    with before_the_write_of(lambda: second.act("requeue", sent).done, first, stands_in_line) as answer:
        first.act("requeue", sent)

    assert answer == [0]
    assert first.state(sent) == "ready"


def test_an_operator_who_would_undo_a_pause_is_told_that_another_did(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    paused = first.pause().operation
    with (
        pytest.raises(SmqError, match=r"has already been undone"),
        before_the_write_of(lambda: second.undo(paused), first, stands_in_line),
    ):
        first.undo(paused)

    assert [entry.action for entry in first.store.activity(limit=9, before=None)] == ["undo", "pause"]


def test_a_worker_is_not_recovered_that_acked_meanwhile(
    desks: tuple[Desk, Desk], stands_in_line: threading.Event
) -> None:
    first, second = desks
    sent = first.send()
    hold = first.take_one(worker="w")
    with before_the_write_of(lambda: second.recover(hold, "blamed"), first, stands_in_line) as answer:
        first.ack(hold)

    assert (answer, first.state(sent)) == ([0], "gone")


def test_a_reader_sees_one_moment_while_another_writes(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    sent = first.send()
    with first.store.transaction():
        first.act("delete", sent)
        assert (second.state(sent), second.stats().ready) == ("ready", 1)

    assert (second.state(sent), second.stats().deleted) == ("deleted", 1)
