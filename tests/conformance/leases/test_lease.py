"""Leasing: order, limits, topics, and what a lease carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


def ids(desk: Desk, *topics: str, limit: int = 10, **changes: object) -> list[int]:
    """Lease and return the ids in order."""
    return [row.id for row in desk.lease(*topics, limit=limit, **changes)[0]]  # type: ignore[arg-type]  # by name


def test_a_lease_counts_the_attempt_and_lasts_as_asked(desk: Desk) -> None:
    sent = desk.send()
    (row,), _ = desk.lease(visibility_ms=1_500, worker="w")

    assert (row.id, row.attempts, row.deliveries, row.locked_until) == (sent, 1, 1, desk.now_ms + 1_500)
    stored = desk.row(sent)
    assert (stored.status, stored.worker, stored.locked_until) == (State.PROCESSING, "w", desk.now_ms + 1_500)


def test_a_lease_lasts_as_its_topic_has_it_when_nothing_is_asked(desk: Desk) -> None:
    desk.set_policy(visibility_ms=7_000)
    desk.send()
    desk.send("print")
    rows, _ = desk.lease("mail", "print", limit=2, visibility_ms=None)

    assert [row.locked_until - desk.now_ms for row in rows] == [7_000, 60_000]


def test_messages_come_in_the_order_in_which_they_were_sent(desk: Desk) -> None:
    sent = [desk.send() for _ in range(3)]

    assert ids(desk) == sent


def test_a_higher_priority_comes_first(desk: Desk) -> None:
    low, first, second = desk.send(priority=-1), desk.send(priority=9), desk.send(priority=9)

    assert ids(desk) == [first, second, low]


def test_a_message_that_comes_back_keeps_its_place(desk: Desk) -> None:
    first, second = desk.send(), desk.send()
    desk.requeue(desk.take_one())

    assert ids(desk) == [first, second]


def test_topics_are_served_strictly_as_given(desk: Desk) -> None:
    mail, printed = desk.send("mail"), desk.send("print", priority=100)

    assert ids(desk, "mail", "print") == [mail, printed]


def test_the_limit_is_the_total_over_topics(desk: Desk) -> None:
    mail = [desk.send("mail") for _ in range(2)]
    printed = [desk.send("print") for _ in range(2)]

    assert ids(desk, "mail", "print", limit=3) == [*mail, printed[0]]


def test_the_oldest_of_all_topics_comes_first_when_that_is_asked(desk: Desk) -> None:
    sent = [
        desk.send(topic, priority=priority) for topic, priority in (("b", 0), ("a", 9), ("b", 9), ("a", 0))
    ]

    assert ids(desk, "a", "b", limit=3, order="oldest") == sent[:3]


def test_the_oldest_of_one_topic_comes_before_what_is_more_urgent_when_that_is_asked(desk: Desk) -> None:
    first = desk.send()
    desk.send(priority=5)

    assert [hold.id for hold in desk.take(order="oldest")] == [first]


def test_other_topics_are_left_alone(desk: Desk) -> None:
    desk.send("print")

    assert ids(desk, "mail") == []


def test_a_message_that_is_processing_is_not_leased_again(desk: Desk) -> None:
    desk.send()
    desk.take()

    assert ids(desk) == []


def test_a_paused_topic_yields_nothing_and_others_go_on(desk: Desk) -> None:
    desk.send("mail")
    printed = desk.send("print")
    desk.pause("mail")

    assert ids(desk, "mail", "print") == [printed]
    assert ids(desk, "mail", "print", order="oldest") == []


def test_a_pause_ends_by_itself(desk: Desk) -> None:
    sent = desk.send()
    desk.pause(until_ms=desk.now_ms + 1_000)
    assert ids(desk) == []
    desk.clock.advance(1.0)

    assert ids(desk) == [sent]


def test_a_resumed_topic_is_served_again(desk: Desk) -> None:
    sent = desk.send()
    desk.pause()
    desk.resume()

    assert ids(desk) == [sent]


def test_acks_of_the_same_call_are_done_first(desk: Desk) -> None:
    first, second = desk.send(), desk.send()
    hold = desk.take_one()
    rows, lost = desk.lease(ack=[hold])

    assert ([row.id for row in rows], lost, desk.state(first)) == ([second], [], "gone")


def test_nothing_is_leased_when_an_ack_is_lost_and_the_valid_ones_are_done(desk: Desk) -> None:
    first, _, third = desk.send(), desk.send(), desk.send()
    good, bad = desk.take_one(), desk.take_one()
    desk.release(bad)
    rows, lost = desk.lease(ack=[good, bad])

    assert (rows, lost) == ([], [bad])
    assert (desk.state(first), desk.state(third)) == ("gone", "ready")


def test_an_ack_is_done_when_there_is_nothing_to_lease(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one()

    assert desk.lease("print", ack=[hold]) == ([], [])
    assert desk.state(sent) == "gone"


def test_finding_nothing_writes_nothing(desk: Desk) -> None:
    desk.send("print")
    desk.send(delay=60)
    version = desk.store.data_version()
    before = desk.store.highest_id(), desk.store.topics(desk.now_ms)

    assert ids(desk, "mail") == []
    assert (desk.store.highest_id(), desk.store.topics(desk.now_ms)) == before
    assert desk.store.data_version() == version


@pytest.mark.parametrize("limit", [1, 2, 600])
def test_a_call_leases_up_to_its_limit(desk: Desk, limit: int) -> None:
    desk.send_many(["x"] * 601)

    assert len(ids(desk, limit=limit)) == limit
    assert desk.stats().processing == limit


def test_the_next_due_time_is_the_first_of_delay_and_lease(desk: Desk) -> None:
    assert desk.store.next_due(["mail"], desk.now_ms) is None
    desk.send(delay=4)
    assert desk.store.next_due(["mail", "print"], desk.now_ms) == desk.now_ms + 4_000
    desk.send("print")
    desk.take("print", visibility_ms=3_000)
    assert desk.store.next_due(["mail"], desk.now_ms) == desk.now_ms + 3_000


def test_a_delay_is_no_due_time_while_its_topic_is_paused(desk: Desk) -> None:
    """Else a waiting dequeue would look again and again until the pause is over."""
    desk.send(delay=1)
    desk.pause()
    assert desk.store.next_due(["mail"], desk.now_ms) is None
    desk.pause(until_ms=desk.now_ms + 5_000)
    assert desk.store.next_due(["mail"], desk.now_ms) == desk.now_ms + 5_000
