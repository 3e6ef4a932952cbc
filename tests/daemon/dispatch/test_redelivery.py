"""A message that a daemon leases again while an older delivery of it is still there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.dispatch.redelivery import STOP_S, Takeover, takeover_of
from smq_core.daemon.wire.protocol import Failed, Handled, Recall
from smq_core.states import State
from smq_core.testing import make_message, make_request
from tests.daemon.processes.fleets import Stable, flight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.processes.flight import Flight
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


@pytest.fixture
def stable(store: Store, clock: ManualClock) -> Iterator[Stable]:
    with closing(Stable(store, clock)) as made:
        yield made


@pytest.fixture
def first(stable: Stable, store: Store, clock: ManualClock) -> Flight:
    """Give a delivery whose handler is at work."""
    store.enqueue(make_message(), clock.now_ms())
    stable.step()
    (delivered,) = stable.in_flight
    stable.begin(delivered)
    return delivered


def force(stable: Stable, *ids: int) -> None:
    """Let an operator requeue messages by force."""
    with stable.inspector() as inspector:
        assert inspector.requeue(list(ids), force=True).done == len(ids)


def reclaim(stable: Stable) -> None:
    """Let somebody who looks for another topic take back what has ended."""
    stable.store.lease(make_request("other"), stable.clock.now_ms())


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
    stable: Stable, first: Flight
) -> None:
    stable.clock.advance(3)
    reclaim(stable)
    stable.step()

    (adopted,) = stable.in_flight
    assert (adopted.tag, adopted.row.deliveries) == (first.tag, 2)
    assert adopted.receipt != first.receipt
    assert [one.tag for one, _ in stable.process_of(first.tag).begun()] == [first.tag]
    stable.pass_time(5)
    stable.end(first.tag)
    stable.step()
    assert stable.store.get(first.row.id) is None


def test_a_delivery_that_goes_on_under_another_lease_begins_under_that_one(
    stable: Stable, first: Flight
) -> None:
    stable.process_of(first.tag).slots.clear()
    stable.clock.advance(3)
    reclaim(stable)
    stable.step()
    (adopted,) = stable.in_flight
    stable.feeder.take_back(stable.process_of(first.tag), [first.tag])

    (again,) = stable.in_flight
    assert (again.receipt, again.first_receipt) == (adopted.receipt, None)
    stable.begin(again)
    assert len(stable.process_of(again.tag).begun()) == 1


def test_a_forced_message_waits_renewed_for_the_end_of_its_older_run(stable: Stable, first: Flight) -> None:
    force(stable, first.row.id)
    stable.step()

    assert [one.tag for one in stable.in_flight] == [first.tag]
    assert stable.process_of(first.tag).unwanted == {first.tag}
    stable.pass_time(STOP_S - 1)
    assert [one.tag for one in stable.in_flight] == [first.tag]
    assert stable.feeder.held == 1
    stable.feeder.take_outcomes(
        stable.process_of(first.tag), Handled([], [Failed(first.tag, "release", "told to end")])
    )
    stable.step()

    (second,) = stable.in_flight
    assert (second.row.id, second.row.deliveries) == (first.row.id, 2)
    stable.end(second.tag)
    stable.step()
    assert "lease_lost" in stable.log.getvalue()


def test_the_outcome_of_an_older_run_settles_no_newer_lease(stable: Stable, first: Flight) -> None:
    force(stable, first.row.id)
    stable.step()
    stable.end(first.tag)
    stable.step()

    row = stable.store.get(first.row.id)
    assert row is not None
    assert row.status == State.PROCESSING
    assert [one.row.deliveries for one in stable.in_flight] == [2]


def test_a_forced_message_starts_in_another_process_where_its_handler_does_not_end(
    stable: Stable, first: Flight
) -> None:
    force(stable, first.row.id)
    stable.step()
    stable.pass_time(STOP_S)

    older, newer = stable.in_flight
    assert stable.process_of(older.tag) is not stable.process_of(newer.tag)
    assert (older.tag, newer.row.deliveries) == (first.tag, 2)


def test_in_a_lone_process_a_forced_message_waits_as_long_as_it_takes(
    store: Store, clock: ManualClock
) -> None:
    one = store.enqueue(make_message(), clock.now_ms())
    with closing(Stable(store, clock, processes=1)) as lone:
        lone.step()
        (first,) = lone.in_flight
        lone.begin(first)
        force(lone, one)
        lone.step()
        lone.pass_time(STOP_S * 4)

        assert [flight.tag for flight in lone.in_flight] == [first.tag]


@pytest.mark.parametrize("by", ["another worker", "an operator, once it had expired"])
def test_what_was_taken_over_without_force_waits_for_its_older_run_for_ever(
    stable: Stable, first: Flight, by: str
) -> None:
    stable.clock.advance(3)
    if by == "another worker":
        rows, _ = stable.store.lease(make_request("mail", receipt=7), stable.clock.now_ms())
        stable.store.release([(first.row.id, 7)], stable.clock.now_ms())  # type: ignore[list-item]  # as a hold
        assert [row.id for row in rows] == [first.row.id]
    else:
        with stable.inspector() as inspector:
            assert inspector.requeue([first.row.id]).done == 1
    stable.step()
    stable.pass_time(STOP_S * 4)

    assert [one.tag for one in stable.in_flight] == [first.tag]
    assert stable.process_of(first.tag).unwanted == {first.tag}
    stable.end(first.tag)
    stable.step()
    assert [one.row.id for one in stable.in_flight] == [first.row.id]


def test_an_older_delivery_that_has_not_begun_is_dropped(stable: Stable, first: Flight) -> None:
    process = stable.process_of(first.tag)
    force(stable, first.row.id)
    stable.step()
    assert any(isinstance(frame, Recall) for frame in _sent(stable, process.pid))
    stable.feeder.take_back(process, [first.tag])
    stable.step()

    (second,) = stable.in_flight
    assert second.tag != first.tag
    assert process.revoked == process.unwanted == set()


def test_a_message_forced_twice_waits_once(stable: Stable, first: Flight) -> None:
    for _ in range(2):
        force(stable, first.row.id)
        stable.step()

    assert stable.feeder.held == 1
    stable.end(first.tag)
    stable.step()
    assert [one.row.deliveries for one in stable.in_flight] == [3]


def test_what_waits_is_released_when_the_daemon_stops(stable: Stable, first: Flight) -> None:
    force(stable, first.row.id)
    stable.step()
    stable.feeder.stop_leasing()
    stable.step()

    row = stable.store.get(first.row.id)
    assert row is not None
    assert (row.status, row.attempts) == (State.READY, 0)
    assert stable.feeder.held == 0


def test_a_delivery_whose_lease_is_lost_does_not_begin(stable: Stable, first: Flight) -> None:
    process = stable.process_of(first.tag)
    with stable.inspector() as inspector:
        inspector.delete([first.row.id], force=True)
    stable.pass_time(1)

    assert process.revoked == {first.tag}
    stable.feeder.take_back(process, [first.tag])
    stable.step()
    assert stable.in_flight == []
    assert stable.log.getvalue().count("lease_lost") == 1
    row = stable.store.get(first.row.id)
    assert row is not None
    assert row.status == State.DELETED


def test_a_suspect_that_is_leased_again_while_it_waits_is_handed_out_once(stable: Stable) -> None:
    for tag in (1, 2):
        suspect = flight(tag, is_suspect=1, deliveries=tag, attempts=tag)
        stable.feeder._handout.admit([suspect], 0.0)

    stable.feeder._handout.hand_out(0.0)

    assert [one.tag for one in stable.in_flight] == [2]
    assert stable.process_of(2).alone == 2


def test_an_outcome_of_an_unknown_delivery_changes_nothing(stable: Stable, first: Flight) -> None:
    stable.feeder.take_outcomes(stable.process_of(first.tag), Handled([first.tag + 7], []))

    assert len(stable.ledger) == 0
    assert [one.tag for one in stable.in_flight] == [first.tag]


def _sent(stable: Stable, pid: int) -> list[object]:
    return [frame for child in stable.children if child.pid == pid for frame in child.sent]
