"""Topics' settings and housekeeping: policies, pauses, what the janitor removes and what it never touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.policy import Backoff, TopicPolicy
from smq_core.states import State

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

DAY = 24 * 3600


def prune(desk: Desk) -> int:
    """Prune until nothing is left to do; answer how much was removed."""
    removed = 0
    while some := desk.store.prune(desk.now_ms).total:
        removed += some
    return removed


def test_a_topic_without_settings_has_the_defaults(desk: Desk) -> None:
    assert desk.store.policy("mail") == TopicPolicy()


def test_settings_are_kept_where_none_is_given(desk: Desk) -> None:
    desk.set_policy(max_attempts=3, backoff=Backoff(first=1.5, factor=1.5, cap=90.0))
    desk.set_policy(visibility_ms=2_500, keep_ms=1_000)

    assert desk.store.policy("mail") == TopicPolicy(
        max_attempts=3, visibility_timeout=2.5, backoff=Backoff(first=1.5, factor=1.5, cap=90.0), keep=1.0
    )


def test_resuming_a_topic_that_is_not_paused_does_nothing(desk: Desk) -> None:
    assert desk.resume().done == 0
    assert desk.store.activity(limit=9, before=None) == []


def test_resuming_a_topic_whose_pause_is_over_does_nothing(desk: Desk) -> None:
    desk.pause(until_ms=desk.now_ms + 1_000)
    desk.clock.advance(1)

    assert (desk.resume().done, desk.resume().operation) == (0, None)
    assert [entry.action for entry in desk.store.activity(limit=9, before=None)] == ["pause"]


def test_a_pause_is_resumed_up_to_its_end(desk: Desk) -> None:
    desk.pause(until_ms=desk.now_ms + 1_000)
    desk.clock.advance(0.999)

    assert desk.resume().done == 1
    assert not desk.stats().paused


def test_setting_nothing_of_a_policy_does_nothing(desk: Desk) -> None:
    outcome = desk.set_policy()

    assert (outcome.done, outcome.operation) == (0, None)
    assert desk.store.activity(limit=9, before=None) == []
    assert desk.store.topics(desk.now_ms) == []


def test_done_messages_are_removed_when_their_topic_kept_them_long_enough(desk: Desk) -> None:
    desk.set_policy(keep_ms=10_000)
    sent = desk.send()
    desk.ack(desk.take_one())
    desk.clock.advance(9.999)
    assert prune(desk) == 0
    desk.clock.advance(0.001)
    prune(desk)

    assert desk.state(sent) == "gone"


def test_the_trash_is_emptied_after_a_day_and_cannot_be_undone_then(desk: Desk) -> None:
    sent = desk.send()
    desk.act("delete", sent)
    desk.clock.advance(DAY - 1)
    prune(desk)
    assert desk.state(sent) == "deleted"
    desk.clock.advance(1)
    prune(desk)

    assert desk.state(sent) == "gone"
    assert not desk.store.activity(limit=1, before=None)[0].is_undoable


def test_nothing_else_is_ever_pruned(desk: Desk) -> None:
    made = desk.prepared()
    desk.set_policy(keep_ms=100 * DAY * 1000)
    desk.clock.advance(10 * DAY)
    prune(desk)

    assert [one for one, target in made.items() if desk.state(target) == "gone"] == [State.DELETED]


def test_an_empty_topic_without_settings_is_forgotten_after_a_day(desk: Desk) -> None:
    desk.send()
    desk.ack(*desk.take())
    prune(desk)
    desk.clock.advance(DAY)
    prune(desk)

    assert desk.store.topics(desk.now_ms) == []


def test_an_empty_topic_with_a_policy_stays(desk: Desk) -> None:
    desk.set_policy(max_attempts=3)
    desk.send()
    desk.ack(*desk.take())
    prune(desk)
    desk.clock.advance(DAY)
    prune(desk)

    assert [stats.topic for stats in desk.store.topics(desk.now_ms)] == ["mail"]


def test_a_topic_that_is_used_again_starts_its_day_anew(desk: Desk) -> None:
    desk.send()
    desk.ack(*desk.take())
    prune(desk)
    desk.clock.advance(DAY - 1)
    desk.send()
    prune(desk)
    desk.ack(*desk.take())
    prune(desk)
    desk.clock.advance(DAY - 1)
    prune(desk)

    assert [stats.topic for stats in desk.store.topics(desk.now_ms)] == ["mail"]
