"""Deliveries that do not begin: which processes are ended for it, and which are only slow."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.processes.delivery_probe import PINGS, DeliveryProbe
from smq_core.daemon.processes.pool import ProcessExit
from smq_core.daemon.wire.protocol import Ping
from smq_core.message import Receipt
from smq_core.testing import make_message
from tests.daemon.processes.stub_pool import THREADS, StubPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock

LOOKS = PINGS + 2
"""One that sees it first, one for each ping, and one that acts."""


@pytest.fixture
def pool(store: Store, clock: ManualClock) -> Iterator[StubPool]:
    """Give one worker process with two deliveries, which two threads could begin with."""
    for _ in range(THREADS):
        store.enqueue(make_message(), clock.now_ms())
    with closing(StubPool(store, clock, processes=1, lease_ms=60_000)) as made:
        made.step()
        assert len(made.in_flight) == THREADS
        yield made


@pytest.fixture
def arrivals(pool: StubPool) -> DeliveryProbe:
    return DeliveryProbe(pool.journal)


def look(arrivals: DeliveryProbe, pool: StubPool, times: int = LOOKS) -> None:
    for _ in range(times):
        arrivals.look(pool.processes)


def pings(pool: StubPool) -> int:
    return pool.children[0].sent.count(Ping())


def test_a_process_that_reads_and_does_not_begin_is_killed_and_says_why(
    arrivals: DeliveryProbe, pool: StubPool
) -> None:
    look(arrivals, pool, LOOKS - 1)
    assert (pings(pool), pool.children[0].killed) == (PINGS, [])
    look(arrivals, pool, 1)

    assert pool.children[0].killed == [signal.SIGKILL]
    assert "is reading from the connection to the daemon" in pool.log.getvalue()
    assert (
        "is reading from the connection to the daemon"
        in ProcessExit(pool.processes[0], -signal.SIGKILL).cause
    )
    look(arrivals, pool)
    assert pool.log.getvalue().count("worker_killed") == 1


def test_a_killed_process_is_given_nothing_more(arrivals: DeliveryProbe, pool: StubPool) -> None:
    look(arrivals, pool)

    assert not pool.processes[0].is_open


def test_one_that_is_at_work_is_told_apart_from_what_was_lost_beside_it(
    arrivals: DeliveryProbe, pool: StubPool
) -> None:
    first, second = pool.in_flight
    pool.begin(first)
    look(arrivals, pool)

    assert pool.children[0].killed == [signal.SIGKILL]
    assert f'"{second.row.id}"' in pool.log.getvalue() or str(second.row.id) in pool.log.getvalue()


@pytest.mark.parametrize("is_ever_read", [False, True])
def test_a_process_that_does_not_read_is_left_alone(
    arrivals: DeliveryProbe, pool: StubPool, *, is_ever_read: bool
) -> None:
    """It is stopped, or a handler in C code keeps the interpreter: its reader reads once more, at most."""
    look(arrivals, pool, 2 if is_ever_read else 0)
    pool.children[0].has_unread = True
    look(arrivals, pool, 10 * LOOKS)

    assert (pings(pool), pool.children[0].killed) == (int(is_ever_read), [])


def test_a_process_whose_threads_are_all_at_work_is_left_alone(
    arrivals: DeliveryProbe, pool: StubPool
) -> None:
    for thread, delivered in enumerate(pool.in_flight):
        pool.begin(delivered, thread)
    pool.processes[0].in_flight |= {99: pool.in_flight[0]._replace(tag=99, receipt=Receipt(1))}
    look(arrivals, pool, 2 * LOOKS)

    assert (pings(pool), pool.children[0].killed) == (0, [])


def test_a_process_that_gets_on_is_left_alone(arrivals: DeliveryProbe, pool: StubPool) -> None:
    """Each look finds something that has not begun, but never the same."""
    for _ in range(2 * LOOKS):
        look(arrivals, pool, 1)
        for delivered in pool.in_flight:
            pool.end(delivered.tag)
            pool.store.enqueue(make_message(), pool.clock.now_ms())
        pool.step()

    assert (pings(pool), pool.children[0].killed) == (0, [])


def test_what_arrives_in_the_end_clears_its_process(arrivals: DeliveryProbe, pool: StubPool) -> None:
    look(arrivals, pool, LOOKS - 1)
    for thread, delivered in enumerate(pool.in_flight):
        pool.begin(delivered, thread)
    look(arrivals, pool)

    assert pool.children[0].killed == []


@pytest.mark.parametrize("state", ["starting", "finishing", "killed for a timeout", "empty"])
def test_a_process_that_is_not_to_work_is_left_alone(
    arrivals: DeliveryProbe, pool: StubPool, state: str
) -> None:
    process = pool.processes[0]
    if state == "starting":
        process.is_ready = False
    elif state == "finishing":
        process.finish(0.0)
    elif state == "killed for a timeout":
        process.killed_for = set(process.in_flight)
    else:
        process.in_flight.clear()
    look(arrivals, pool, 2 * LOOKS)

    assert (pings(pool), pool.children[0].killed) == (0, [])
