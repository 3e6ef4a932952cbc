"""A message that a daemon leases again while an older delivery of it is still there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.dispatch.redelivery import STOP_S, Takeover, takeover_of
from smq_core.daemon.wire.protocol import Failed, Handled, Recall
from smq_core.states import State
from smq_core.testing import make_message, make_request
from tests.daemon.processes.stub_pool import StubPool, flight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


@pytest.fixture
def pool(store: Store, clock: ManualClock) -> Iterator[StubPool]:
    with closing(StubPool(store, clock)) as made:
        yield made


@pytest.fixture
def first(pool: StubPool, store: Store, clock: ManualClock) -> InFlight:
    """Give a delivery whose handler is at work."""
    store.enqueue(make_message(), clock.now_ms())
    pool.step()
    (delivered,) = pool.in_flight
    pool.begin(delivered)
    return delivered


def force(pool: StubPool, *ids: int) -> None:
    """Let an operator requeue messages by force."""
    with pool.inspector() as inspector:
        assert inspector.requeue(list(ids), force=True).done == len(ids)


def reclaim(pool: StubPool) -> None:
    """Let somebody who looks for another topic take back what has ended."""
    pool.store.lease(make_request("other"), pool.clock.now_ms())


@pytest.mark.parametrize(
    ("newer", "had_ended", "takeover"),
    [
        pytest.param({"attempts": 3, "deliveries": 3}, True, Takeover.NONE, id="the lease ran out"),
        pytest.param({"attempts": 3, "deliveries": 3}, False, Takeover.NONE, id="so it is by our clock"),
        pytest.param({"attempts": 3, "deliveries": 4}, True, Takeover.BY_OTHERS, id="another gave it back"),
        pytest.param({"attempts": 4, "deliveries": 4}, True, Takeover.BY_OTHERS, id="another failed with it"),
        pytest.param({"attempts": 2, "deliveries": 3}, True, Takeover.BY_OTHERS, id="and gave it back"),
        pytest.param({"attempts": 1, "deliveries": 3}, False, Takeover.BY_FORCE, id="requeued by force"),
        pytest.param({"attempts": 1, "deliveries": 3}, True, Takeover.BY_OTHERS, id="requeued once expired"),
        pytest.param({"attempts": 3, "deliveries": 3, "body": "new"}, True, Takeover.BY_OTHERS, id="edited"),
        pytest.param(
            {"attempts": 3, "deliveries": 3, "headers": "{}"}, True, Takeover.BY_OTHERS, id="so too"
        ),
        pytest.param({"attempts": 3, "deliveries": 3, "topic": "post"}, True, Takeover.BY_OTHERS, id="moved"),
    ],
)
def test_what_happened_between_two_leases_is_seen_in_the_row(
    newer: dict[str, object],
    had_ended: bool,  # noqa: FBT001 - a case
    takeover: Takeover,
) -> None:
    older = flight(1, attempts=2, deliveries=2)

    assert takeover_of(older, flight(2, **newer), had_ended=had_ended) is takeover


def test_a_run_whose_lease_others_took_back_goes_on_under_the_next_and_counts(
    pool: StubPool, first: InFlight
) -> None:
    pool.clock.advance(3)
    reclaim(pool)
    pool.step()

    (adopted,) = pool.in_flight
    assert (adopted.tag, adopted.row.deliveries) == (first.tag, 2)
    assert adopted.receipt != first.receipt
    assert [one.tag for one, _ in pool.process_of(first.tag).begun()] == [first.tag]
    pool.pass_time(5)
    pool.end(first.tag)
    pool.step()
    assert pool.store.get(first.row.id) is None


def test_a_delivery_that_goes_on_under_another_lease_begins_under_that_one(
    pool: StubPool, first: InFlight
) -> None:
    pool.process_of(first.tag).slots.clear()
    pool.clock.advance(3)
    reclaim(pool)
    pool.step()
    (adopted,) = pool.in_flight
    pool.dispatcher.take_back(pool.process_of(first.tag), [first.tag])

    (again,) = pool.in_flight
    assert (again.receipt, again.first_receipt) == (adopted.receipt, None)
    pool.begin(again)
    assert len(pool.process_of(again.tag).begun()) == 1


def test_a_forced_message_waits_renewed_for_the_end_of_its_older_run(pool: StubPool, first: InFlight) -> None:
    force(pool, first.row.id)
    pool.step()

    assert [one.tag for one in pool.in_flight] == [first.tag]
    assert pool.process_of(first.tag).superseded == {first.tag}
    pool.pass_time(STOP_S - 1)
    assert [one.tag for one in pool.in_flight] == [first.tag]
    assert pool.dispatcher.held == 1
    pool.dispatcher.take_outcomes(
        pool.process_of(first.tag), Handled([], [Failed(first.tag, "release", "told to end")])
    )
    pool.step()

    (second,) = pool.in_flight
    assert (second.row.id, second.row.deliveries) == (first.row.id, 2)
    pool.end(second.tag)
    pool.step()
    assert "lease_lost" in pool.log.getvalue()


def test_the_outcome_of_an_older_run_settles_no_newer_lease(pool: StubPool, first: InFlight) -> None:
    force(pool, first.row.id)
    pool.step()
    pool.end(first.tag)
    pool.step()

    row = pool.store.get(first.row.id)
    assert row is not None
    assert row.status == State.PROCESSING
    assert [one.row.deliveries for one in pool.in_flight] == [2]


def test_a_forced_message_starts_in_another_process_where_its_handler_does_not_end(
    pool: StubPool, first: InFlight
) -> None:
    force(pool, first.row.id)
    pool.step()
    pool.pass_time(STOP_S)

    older, newer = pool.in_flight
    assert pool.process_of(older.tag) is not pool.process_of(newer.tag)
    assert (older.tag, newer.row.deliveries) == (first.tag, 2)


def test_in_a_lone_process_a_forced_message_waits_as_long_as_it_takes(
    store: Store, clock: ManualClock
) -> None:
    one = store.enqueue(make_message(), clock.now_ms())
    with closing(StubPool(store, clock, processes=1)) as lone:
        lone.step()
        (first,) = lone.in_flight
        lone.begin(first)
        force(lone, one)
        lone.step()
        lone.pass_time(STOP_S * 4)

        assert [flight.tag for flight in lone.in_flight] == [first.tag]


@pytest.mark.parametrize("by", ["another worker", "an operator, once it had expired"])
def test_what_was_taken_over_without_force_waits_for_its_older_run_for_ever(
    pool: StubPool, first: InFlight, by: str
) -> None:
    pool.clock.advance(3)
    if by == "another worker":
        rows, _ = pool.store.lease(make_request("mail", receipt=7), pool.clock.now_ms())
        pool.store.release([(first.row.id, 7)])  # type: ignore[list-item]  # as a hold
        assert [row.id for row in rows] == [first.row.id]
    else:
        with pool.inspector() as inspector:
            assert inspector.requeue([first.row.id]).done == 1
    pool.step()
    pool.pass_time(STOP_S * 4)

    assert [one.tag for one in pool.in_flight] == [first.tag]
    assert pool.process_of(first.tag).superseded == {first.tag}
    pool.end(first.tag)
    pool.step()
    assert [one.row.id for one in pool.in_flight] == [first.row.id]


def test_an_older_delivery_that_has_not_begun_is_dropped(pool: StubPool, first: InFlight) -> None:
    process = pool.process_of(first.tag)
    force(pool, first.row.id)
    pool.step()
    assert any(isinstance(frame, Recall) for frame in _sent(pool, process.pid))
    pool.dispatcher.take_back(process, [first.tag])
    pool.step()

    (second,) = pool.in_flight
    assert second.tag != first.tag
    assert process.revoked == process.superseded == set()


def test_a_message_forced_twice_waits_once(pool: StubPool, first: InFlight) -> None:
    for _ in range(2):
        force(pool, first.row.id)
        pool.step()

    assert pool.dispatcher.held == 1
    pool.end(first.tag)
    pool.step()
    assert [one.row.deliveries for one in pool.in_flight] == [3]


def test_what_waits_is_released_when_the_daemon_stops(pool: StubPool, first: InFlight) -> None:
    force(pool, first.row.id)
    pool.step()
    pool.dispatcher.stop_leasing()
    pool.step()

    row = pool.store.get(first.row.id)
    assert row is not None
    assert (row.status, row.attempts) == (State.READY, 0)
    assert pool.dispatcher.held == 0


def test_a_delivery_whose_lease_is_lost_does_not_begin(pool: StubPool, first: InFlight) -> None:
    process = pool.process_of(first.tag)
    with pool.inspector() as inspector:
        inspector.delete([first.row.id], force=True)
    pool.pass_time(1)

    assert process.revoked == {first.tag}
    pool.dispatcher.take_back(process, [first.tag])
    pool.step()
    assert pool.in_flight == []
    assert pool.log.getvalue().count("lease_lost") == 1
    row = pool.store.get(first.row.id)
    assert row is not None
    assert row.status == State.DELETED


def test_a_suspect_that_is_leased_again_while_it_waits_is_handed_out_once(pool: StubPool) -> None:
    for tag in (1, 2):
        suspect = flight(tag, is_suspect=1, deliveries=tag, attempts=tag)
        pool.dispatcher._distribution.admit([suspect], 0.0)

    pool.dispatcher._distribution.hand_out(0.0)

    assert [one.tag for one in pool.in_flight] == [2]
    assert pool.process_of(2).alone == 2


def test_an_outcome_of_an_unknown_delivery_changes_nothing(pool: StubPool, first: InFlight) -> None:
    pool.dispatcher.take_outcomes(pool.process_of(first.tag), Handled([first.tag + 7], []))

    assert len(pool.pending) == 0
    assert [one.tag for one in pool.in_flight] == [first.tag]


def _sent(pool: StubPool, pid: int) -> list[object]:
    return [frame for child in pool.children if child.pid == pid for frame in child.sent]
