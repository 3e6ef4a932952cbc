from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.supervisor.timeouts import busy_ones, enforce_deadlines
from smq_core.daemon.wire.protocol import Cancel, Failed, Handled
from smq_core.message import Receipt
from smq_core.testing import make_message
from tests.daemon.processes.stub_pool import StubPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock

MILLISECOND = 1_000_000


@pytest.mark.parametrize(
    ("used_ms", "busy"),
    [
        pytest.param([290, 1], [0], id="one loops, and the other waits for the interpreter"),
        pytest.param([1, 30], [1], id="one loops on a machine that has little time for it"),
        pytest.param([1, 2], [], id="both sleep: each hangs by itself"),
        pytest.param([280, 0, 250], [0, 2], id="two loop without the interpreter"),
    ],
)
def test_who_is_at_work_in_a_process_that_hangs(used_ms: list[int], busy: list[int]) -> None:
    assert busy_ones([used * MILLISECOND for used in used_ms], 0.3) == busy


@pytest.fixture
def pool(store: Store, clock: ManualClock) -> Iterator[StubPool]:
    """Give one worker process; handlers have a second."""
    store.enqueue(make_message(), clock.now_ms())
    with closing(StubPool(store, clock, processes=1, lease_ms=60_000)) as made:
        yield made


def begin(pool: StubPool) -> InFlight:
    pool.step()
    (delivered,) = pool.in_flight
    pool.begin(delivered)
    return delivered


def enforce(pool: StubPool) -> None:
    enforce_deadlines(pool, Routes(pool.program.handlers), pool.journal, pool.clock.monotonic())  # type: ignore[arg-type]  # it has processes


def told(pool: StubPool) -> list[int]:
    return [tag for frame in pool.children[0].sent if isinstance(frame, Cancel) for tag in frame.tags]


def test_every_timeout_of_a_message_in_one_process_is_told(pool: StubPool) -> None:
    tags: list[int] = []
    for _ in range(3):
        delivered = begin(pool)
        tags.append(delivered.tag)
        pool.clock.advance(1.5)
        enforce(pool)
        enforce(pool)
        pool.processes[0].slots.clear()
        pool.dispatcher.take_outcomes(
            pool.processes[0], Handled([], [Failed(delivered.tag, "requeue", "timed out", 0.0)])
        )
        pool.clock.advance(30)
        enforce(pool)

    assert told(pool) == tags
    assert pool.processes[0].cancelled == {}
    assert pool.children[0].killed == []


def test_only_the_delivery_that_is_at_work_counts_as_overdue(pool: StubPool) -> None:
    delivered = begin(pool)
    pool.begin(delivered._replace(receipt=Receipt(delivered.receipt + 1)))
    pool.clock.advance(60)
    enforce(pool)

    assert told(pool) == []
    assert pool.children[0].killed == []


def test_a_handler_that_was_told_and_does_not_end_is_killed_with_its_process(pool: StubPool) -> None:
    delivered = begin(pool)
    pool.clock.advance(1.5)
    enforce(pool)
    pool.clock.advance(6)
    enforce(pool)

    assert told(pool) == [delivered.tag]
    assert pool.children[0].killed == [signal.SIGKILL]
    assert pool.processes[0].killed_for == {delivered.tag}
