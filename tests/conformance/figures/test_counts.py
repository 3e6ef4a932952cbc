"""Depth: counters equal counts after every kind of write, at a cost that does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.message import TopicStats
from smq_core.states import State
from smq_core.store.records import Edit

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


def counted(desk: Desk, topic: str) -> dict[str, int]:
    """Count the messages of a topic by state, one by one."""
    rows = [row for row in desk.page(limit=10_000) if row.topic == topic]
    return {state.value: sum(row.status == state for row in rows) for state in State}


def shown(desk: Desk, topic: str) -> dict[str, int]:
    """Read the counters of a topic."""
    stats = desk.stats(topic)
    return {state.value: getattr(stats, state.value) for state in State}


def test_a_topic_never_used_has_zeros(desk: Desk) -> None:
    assert desk.stats("unknown") == TopicStats(topic="unknown")
    assert desk.store.size("unknown") == 0


def test_each_state_is_counted(desk: Desk) -> None:
    desk.prepared()

    assert shown(desk, "mail") == {state.value: 1 for state in State}


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_counters_stay_true_through_operators_actions_and_their_undo(desk: Desk, verb: str) -> None:
    made = desk.prepared()
    outcome = desk.act(verb, *made.values(), to="print", force=True)
    assert shown(desk, "mail") == counted(desk, "mail")
    assert shown(desk, "print") == counted(desk, "print")
    desk.undo(outcome.operation)

    assert shown(desk, "mail") == counted(desk, "mail")
    assert shown(desk, "print") == counted(desk, "print")


def test_entered_and_gone_count_up_only(desk: Desk) -> None:
    sent = desk.send()
    desk.act("move", sent, to="print")
    desk.ack(desk.take_one("print"))

    assert [(stats.topic, stats.entered, stats.gone) for stats in desk.store.topics(desk.now_ms)] == [
        ("mail", 1, 1),
        ("print", 1, 1),
    ]


def test_size_counts_what_is_unfinished(desk: Desk) -> None:
    desk.prepared()

    assert desk.store.size("mail") == 3


def test_topics_come_by_name(desk: Desk) -> None:
    for topic in ("b", "a", "c"):
        desk.send(topic)

    assert [stats.topic for stats in desk.store.topics(desk.now_ms)] == ["a", "b", "c"]


def test_the_oldest_age_counts_from_when_a_message_was_there_and_due(desk: Desk) -> None:
    desk.send(delay=-5)
    desk.clock.advance(2)

    assert desk.stats().oldest_age_s == 2.0


@pytest.mark.parametrize("many", [1, 3, 50])
def test_a_due_time_in_the_past_is_not_waited_since(desk: Desk, many: int) -> None:
    desk.send_many(["midnight"] * many, available_at=desk.now_ms - 10_800_000)
    desk.clock.advance(1)
    desk.send(delay=-3_600)
    desk.clock.advance(1)

    assert (desk.stats().oldest_age_s, desk.stats().ready) == (2.0, many + 1)


def test_one_that_waits_is_not_hidden_by_a_later_one_that_was_due_before(desk: Desk) -> None:
    desk.send()
    desk.clock.advance(30)
    desk.send(delay=-3_600)
    desk.send(delay=-7_200, priority=5)

    assert desk.stats().oldest_age_s == 30.0


def test_what_plain_sql_sends_with_a_due_time_in_the_past_has_not_waited_since(desk: Desk) -> None:
    with desk.store.transaction():
        desk.store.execute(
            "INSERT INTO smq_messages(topic, payload, created_at, available_at) VALUES ('mail', 'x', ?, ?)",
            (desk.now_ms, desk.now_ms - 3_600_000),
        )
    desk.clock.advance(1)

    assert desk.stats().oldest_age_s == 1.0


def test_a_delayed_message_whose_due_time_is_set_back_waits_since_it_was_sent(desk: Desk) -> None:
    sent = desk.send(delay=3_600)
    past = Edit(available_at=desk.now_ms - 3_600_000)
    desk.store.edit(sent, past, actor="operator", now_ms=desk.now_ms)
    desk.clock.advance(4)

    assert desk.stats().oldest_age_s == 4.0


def test_the_oldest_age_sees_the_least_urgent(desk: Desk) -> None:
    desk.send(priority=-100)
    desk.clock.advance(10)
    desk.send_many(["x"] * 50, priority=100)

    assert desk.stats().oldest_age_s == 10.0


def test_the_oldest_age_sees_every_priority(desk: Desk) -> None:
    desk.send(priority=0)
    desk.clock.advance(10)
    desk.send_many(["x"] * 40, priority=1)
    desk.send(priority=-1)

    assert desk.stats().oldest_age_s == 10.0
    assert desk.store.topics(desk.now_ms)[0].oldest_age_s == 10.0


def test_the_oldest_age_sees_due_messages_that_nobody_promoted(desk: Desk) -> None:
    desk.send(delay=5)
    assert desk.stats().oldest_age_s is None
    desk.clock.advance(8)

    assert desk.stats().oldest_age_s == 3.0


def test_nothing_waits_in_a_topic_whose_messages_are_all_processing(desk: Desk) -> None:
    desk.send()
    desk.take()

    assert desk.stats().oldest_age_s is None


def test_a_pause_is_shown_with_its_reason_even_of_a_topic_never_used(desk: Desk) -> None:
    desk.pause("new", until_ms=desk.now_ms + 1_000)

    for stats in (desk.stats("new"), *desk.store.topics(desk.now_ms)):
        assert (stats.topic, stats.paused, stats.pause_reason) == ("new", True, "mending")
        assert (stats.paused_by, stats.paused_until) == ("operator", desk.now_ms / 1000 + 1)


def test_a_pause_that_is_over_is_not_shown_as_one(desk: Desk) -> None:
    desk.send()
    desk.pause(until_ms=desk.now_ms + 1_000)
    desk.clock.advance(1)

    assert not desk.stats().paused
