"""What a dequeue does because time passed: it returns expired leases and makes due messages ready.

Never more than 500 of each a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.states import State
from smq_core.validation import LONGEST_LEASE_MS

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

MOST = 500


def test_an_expired_lease_is_returned_by_the_next_dequeue_of_any_topic(desk: Desk) -> None:
    sent = desk.send()
    desk.take(worker="w")
    desk.clock.advance(60)
    desk.take("print")

    row = desk.row(sent)
    assert (row.status, row.locked_until, row.worker) == (State.READY, None, None)
    assert (row.attempts, row.last_error, row.error_kind) == (1, "lease expired", "lease expired")


def test_a_lease_is_valid_up_to_its_last_millisecond(desk: Desk) -> None:
    sent = desk.send()
    desk.take(visibility_ms=60_000)
    desk.clock.advance(59.999)
    desk.take()

    assert desk.row(sent).attempts == 1


def test_an_expired_lease_of_an_exhausted_message_is_dead(desk: Desk) -> None:
    desk.set_policy(max_attempts=1)
    sent = desk.send()
    desk.take()
    desk.clock.advance(60)
    desk.take()

    row = desk.row(sent)
    assert (row.status, row.finished_at, row.last_error) == (State.DEAD, desk.now_ms, "lease expired")


def test_the_message_s_own_limit_goes_before_its_topic_s(desk: Desk) -> None:
    desk.set_policy(max_attempts=1)
    sent = desk.send(max_attempts=2)
    desk.take()
    desk.clock.advance(60)
    desk.take("print")

    assert desk.state(sent) == "ready"


def test_a_reclaim_is_kept_in_the_history(desk: Desk) -> None:
    sent = desk.send()
    desk.take(worker="w")
    desk.clock.advance(60)
    desk.take("print")

    (attempt,) = desk.store.attempts(sent)
    assert (attempt.outcome, attempt.error, attempt.worker) == ("reclaim", "lease expired", "w")


def test_a_lease_from_before_the_clock_was_set_back_by_hours_counts_as_expired(desk: Desk) -> None:
    sent = desk.send()
    desk.take(visibility_ms=LONGEST_LEASE_MS)
    desk.clock.step(-2 * 3600)

    assert desk.take_one().id == sent


def test_the_longest_lease_outlives_a_small_step_of_the_clock(desk: Desk) -> None:
    desk.send()
    desk.take(visibility_ms=LONGEST_LEASE_MS)
    desk.clock.step(-60)

    assert desk.take() == []


def test_at_most_500_leases_are_returned_by_one_call_each_with_its_history(desk: Desk) -> None:
    sent = desk.send_many(["x"] * (MOST + 20))
    desk.take(limit=MOST + 20)
    desk.clock.advance(60)
    desk.take("print")

    returned = [one for one in sent if desk.state(one) == "ready"]
    assert len(returned) == MOST
    assert [one for one in sent if desk.store.attempts(one)] == returned


def test_a_due_message_is_leased(desk: Desk) -> None:
    sent = desk.send(delay=5)
    assert desk.take() == []
    desk.clock.advance(5)

    assert desk.take_one().id == sent


def test_a_message_is_not_due_a_millisecond_too_early(desk: Desk) -> None:
    desk.send(delay=5)
    desk.clock.advance(4.999)

    assert desk.take() == []


def test_at_most_500_due_messages_become_ready_by_one_call_over_all_its_topics(desk: Desk) -> None:
    for topic in ("mail", "print"):
        desk.send_many(["x"] * (MOST - 100), topic=topic, available_at=desk.now_ms + 1)
    desk.clock.advance(1)
    desk.take("mail", "print")

    assert sum(stats.delayed for stats in desk.store.topics(desk.now_ms)) == 2 * (MOST - 100) - MOST


def test_the_longest_due_become_ready_first(desk: Desk) -> None:
    later = desk.send_many(["x"] * MOST, available_at=desk.now_ms + 2_000)
    earlier = desk.send(delay=1, priority=-100)
    desk.clock.advance(2)
    desk.take()

    assert desk.state(earlier) == "ready"
    assert sum(desk.state(one) == "delayed" for one in later) == 1


def test_due_messages_of_a_paused_topic_stay_delayed(desk: Desk) -> None:
    sent = desk.send(delay=1)
    desk.pause()
    desk.clock.advance(1)

    assert desk.take() == []
    assert desk.state(sent) == "delayed"


def test_a_live_lease_is_left_out_of_a_reclaim_and_of_its_history(desk: Desk) -> None:
    expired, live = desk.send(), desk.send()
    desk.take(visibility_ms=1_000)
    desk.take(visibility_ms=60_000)
    desk.clock.advance(1)
    desk.take("print")

    assert (desk.state(expired), desk.state(live)) == ("ready", "processing")
    assert (len(desk.store.attempts(expired)), desk.store.attempts(live)) == (1, [])
