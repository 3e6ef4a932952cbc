"""Leases of what a daemon runs: renewed before anything is taken back, whatever the clock does."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.dispatch.renewals import RENEWAL_MS
from smq_core.daemon.wire.protocol import Failed, Handled, Printed
from smq_core.store.records import Hold
from smq_core.testing import make_message, make_request
from tests.daemon.processes.stub_pool import StubPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock

LEASE_MS = 2000


@pytest.fixture
def pool(store: Store, clock: ManualClock) -> Iterator[StubPool]:
    with closing(StubPool(store, clock, lease_ms=LEASE_MS)) as made:
        yield made


@pytest.fixture
def held(pool: StubPool, store: Store, clock: ManualClock) -> InFlight:
    """Give a delivery."""
    store.enqueue(make_message(), clock.now_ms())
    pool.step()
    (delivered,) = pool.in_flight
    return delivered


def left_ms(pool: StubPool, held: InFlight) -> int:
    """Return how long a message's lease lasts from now."""
    row = pool.store.get(held.row.id)
    assert row is not None
    assert row.locked_until is not None
    return row.locked_until - pool.clock.now_ms()


@pytest.mark.parametrize("seconds", [3.0, 60.0, 8 * 3600.0])
@pytest.mark.parametrize("how", ["a stop", "a step of the clock"])
def test_a_lone_daemon_takes_back_nothing_that_it_runs(
    pool: StubPool, held: InFlight, seconds: float, how: str
) -> None:
    (pool.clock.advance if how == "a stop" else pool.clock.step)(seconds)
    pool.step()

    row = pool.store.get(held.row.id)
    assert row is not None
    assert (row.attempts, row.deliveries) == (1, 1)
    assert left_ms(pool, held) == LEASE_MS
    assert pool.in_flight == [held]


@pytest.mark.parametrize("back_s", [2.0, 3600.0, 3 * 3600.0, 30 * 3600.0])
def test_leases_are_shortened_when_the_clock_was_set_back(
    pool: StubPool, held: InFlight, back_s: float
) -> None:
    pool.clock.step(-back_s)
    pool.step()

    assert left_ms(pool, held) == LEASE_MS


def test_the_clock_set_forward_and_back_again_keeps_leases_as_they_should_be(
    pool: StubPool, held: InFlight
) -> None:
    for step_s in (7200.0, -10_800.0, 3600.0):
        pool.clock.step(step_s)
        pool.pass_time(3)
        assert LEASE_MS / 2 < left_ms(pool, held) <= LEASE_MS
    assert pool.in_flight == [held]


def test_a_lease_that_is_long_enough_is_left_alone(pool: StubPool, held: InFlight) -> None:
    pool.clock.advance(0.5)
    pool.step()
    assert left_ms(pool, held) == LEASE_MS - 500

    pool.clock.advance(0.25)
    pool.step()
    assert left_ms(pool, held) == LEASE_MS


def test_the_new_lease_is_renewed_and_the_old_one_is_not_asked_for_again(
    pool: StubPool, held: InFlight
) -> None:
    pool.begin(held)
    with pool.inspector() as inspector:
        inspector.requeue([held.row.id], force=True)
    pool.step()
    for _ in range(40):
        pool.pass_time(0.25)
        assert left_ms(pool, held) > 0

    assert pool.log.getvalue().count("lease_lost") == 1


OUTCOMES = {
    "done": lambda tag: Handled([tag], []),
    "printed": lambda tag: Handled([], [], printed=[Printed(tag, "")]),
    "failed": lambda tag: Handled([], [Failed(tag, "requeue", "why")]),
    "buried": lambda tag: Handled([], [Failed(tag, "bury", "why")]),
    "released": lambda tag: Handled([], [Failed(tag, "release", "why")]),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("looks", [0, 1, 3])
def test_a_lost_lease_is_told_of_once_however_often_it_is_found(
    pool: StubPool, held: InFlight, outcome: str, looks: int
) -> None:
    """When it is renewed, and when its outcome is written."""
    pool.begin(held)
    with pool.inspector() as inspector:
        inspector.delete([held.row.id], force=True)
    pool.pass_time(looks * LEASE_MS / 1000)
    assert pool.log.getvalue().count("lease_lost") == (looks > 0)

    pool.dispatcher.take_outcomes(pool.process_of(held.tag), OUTCOMES[outcome](held.tag))
    pool.step()
    assert pool.log.getvalue().count("lease_lost") == 1
    assert pool.dispatcher._lost_leases._told == set()


def test_an_extension_is_of_the_lease_whose_handler_asked(pool: StubPool, held: InFlight) -> None:
    with pool.inspector() as inspector:
        inspector.requeue([held.row.id], force=True)
    pool.store.lease(make_request("mail", receipt=7, visibility_ms=5000), pool.clock.now_ms())
    pool.dispatcher.renewals.extend(held, 60_000, pool.clock.now_ms())

    assert left_ms(pool, held) == 5000


def test_what_a_handler_asked_for_is_kept_until_it_is_nearly_used_up(pool: StubPool, held: InFlight) -> None:
    pool.dispatcher.renewals.extend(held, 20_000, pool.clock.now_ms())
    pool.pass_time(10)
    assert left_ms(pool, held) == 10_000

    pool.pass_time(10)
    assert 0 < left_ms(pool, held) <= LEASE_MS


def test_leases_are_looked_at_four_times_a_second_and_after_a_step_of_the_clock(
    pool: StubPool, held: InFlight
) -> None:
    due_in_s = pool.dispatcher.renewals.due_in_s
    now_ms = pool.clock.now_ms()

    assert due_in_s(now_ms) == RENEWAL_MS / 1000
    assert due_in_s(now_ms + 100) == (RENEWAL_MS - 100) / 1000
    assert due_in_s(now_ms + RENEWAL_MS) == 0
    assert due_in_s(now_ms - 1) == 0
    assert held.hold == Hold(held.row.id, held.receipt)
