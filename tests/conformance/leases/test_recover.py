"""What becomes of the leases of a daemon's worker that died, by whoever noticed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


@pytest.mark.parametrize(
    ("verdict", "attempts", "crashes", "is_suspect"),
    [("untouched", 0, 0, 0), ("suspect", 0, 0, 1), ("blamed", 1, 1, 1)],
)
def test_each_verdict_counts_what_it_should(
    desk: Desk, verdict: str, attempts: int, crashes: int, is_suspect: int
) -> None:
    sent = desk.send()
    hold = desk.take_one(worker="w")

    assert desk.recover(hold, verdict) == 1
    row = desk.row(sent)
    assert (row.status, row.attempts, row.crashes, row.is_suspect) == (
        State.READY,
        attempts,
        crashes,
        is_suspect,
    )


def test_a_lease_tells_whether_its_message_is_a_suspect(desk: Desk) -> None:
    desk.send()
    desk.recover(desk.take_one(worker="w"), "suspect")

    (row,), _ = desk.lease()
    assert row.is_suspect == 1


def test_a_blamed_message_dies_when_it_is_exhausted(desk: Desk) -> None:
    sent = desk.send(max_attempts=1)
    desk.recover(desk.take_one(worker="w"), "blamed")

    row = desk.row(sent)
    assert (row.status, row.last_error, row.finished_at) == (State.DEAD, "worker died", desk.now_ms)
    assert [attempt.outcome for attempt in desk.store.attempts(sent)] == ["recover"]


def test_poison_dies_at_once(desk: Desk) -> None:
    sent = desk.send()
    desk.recover(desk.take_one(worker="w"), "poison")

    assert desk.state(sent) == "dead"


def test_an_uncharged_message_keeps_its_last_error_and_gets_no_history(desk: Desk) -> None:
    sent = desk.send()
    desk.requeue(desk.take_one(), error="before")
    desk.recover(desk.take_one(worker="w"), "untouched")

    assert desk.row(sent).last_error == "before"
    assert [attempt.outcome for attempt in desk.store.attempts(sent)] == ["requeue"]


@pytest.mark.parametrize("verdict", ["untouched", "suspect", "blamed", "poison"])
def test_a_late_ack_is_taken_after_a_recover(desk: Desk, verdict: str) -> None:
    sent = desk.send()
    hold = desk.take_one(worker="w")
    desk.recover(hold, verdict)

    assert desk.ack(hold) == []
    assert desk.state(sent) == "gone"


def test_the_lease_of_another_worker_is_left_alone(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one(worker="v")

    assert desk.recover(hold, "blamed", worker="w") == 0
    assert desk.state(sent) == "processing"


def test_a_message_that_was_leased_again_is_left_alone(desk: Desk) -> None:
    sent = desk.send()
    stale = desk.take_one(worker="w")
    desk.clock.advance(60)
    desk.take(worker="w")

    assert desk.recover(stale, "blamed") == 0
    assert desk.state(sent) == "processing"
