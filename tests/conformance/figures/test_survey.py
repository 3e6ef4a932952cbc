"""Which topics have something to do: what is ready, delayed, leased, expired, and when that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


def test_ready_topics_come_by_name_and_in_parts(desk: Desk) -> None:
    for topic in ("c", "a", "b", "a"):
        desk.send(topic)
    desk.send("later", delay=9)
    desk.send("taken")
    desk.take_one("taken")

    assert desk.store.ready_topics(desk.now_ms, limit=9) == ["a", "b", "c"]
    assert desk.store.ready_topics(desk.now_ms, limit=2) == ["a", "b"]
    assert desk.store.ready_topics(desk.now_ms, after="b", limit=2) == ["c"]
    assert desk.store.ready_topics(desk.now_ms, after="c", limit=2) == []
    assert desk.store.has_ready(["taken", "later", "a"], desk.now_ms)
    assert not desk.store.has_ready(["taken", "later", "new"], desk.now_ms)


def test_a_paused_topic_is_ready_and_delayed_again_when_its_pause_is_over(desk: Desk) -> None:
    desk.send("a")
    desk.send("a", delay=9)
    desk.pause("a", until_ms=desk.now_ms + 1_000)

    assert desk.store.ready_topics(desk.now_ms, limit=9) == []
    assert desk.store.delays(desk.now_ms) == desk.store.delays(desk.now_ms, ["a"]) == []
    assert desk.store.next_end(desk.now_ms) == desk.now_ms + 1_000

    desk.clock.advance(1)
    assert desk.store.ready_topics(desk.now_ms, limit=9) == ["a"]
    assert [topic for topic, _ in desk.store.delays(desk.now_ms)] == ["a"]
    assert desk.store.next_end(desk.now_ms) is None


def test_delays_tell_the_first_of_each_topic(desk: Desk) -> None:
    desk.send("b", delay=5)
    desk.send("a", delay=9)
    desk.send("a", delay=7)
    desk.send("ready")

    assert desk.store.delays(desk.now_ms) == [("a", desk.now_ms + 7_000), ("b", desk.now_ms + 5_000)]
    assert desk.store.delays(desk.now_ms, ["b", "ready", "new"]) == [("b", desk.now_ms + 5_000)]
    assert desk.store.delays(desk.now_ms, []) == []


def test_leased_topics_and_the_next_end_of_a_lease(desk: Desk) -> None:
    desk.send("a")
    desk.send("b")
    assert (desk.store.leased_topics(), desk.store.next_end(desk.now_ms)) == ([], None)
    desk.take_one("a", visibility_ms=3_000)

    assert (desk.store.leased_topics(), desk.store.next_end(desk.now_ms)) == (["a"], desk.now_ms + 3_000)


def test_expired_leases_are_taken_back_without_a_topic_to_ask_for(desk: Desk) -> None:
    """A live lease stays; where nothing has expired nothing is written."""
    short, long = desk.send("a"), desk.send("b")
    desk.take_one("a", visibility_ms=1_000)
    desk.take_one("b", visibility_ms=9_000)
    assert not desk.store.reclaim(desk.now_ms)
    desk.clock.advance(1)

    assert desk.store.reclaim(desk.now_ms)
    assert [desk.state(one) for one in (short, long)] == ["ready", "processing"]
    assert [entry.outcome for entry in desk.store.attempts(short)] == ["reclaim"]
    assert not desk.store.reclaim(desk.now_ms)
