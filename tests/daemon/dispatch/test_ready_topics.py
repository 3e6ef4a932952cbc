"""Which topics a daemon asks for: the cost follows what is ready, and no topic waits behind others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.dispatch.delayed_topics import RESTS, DelayedTopics
from smq_core.daemon.dispatch.ready_topics import MOST, ReadyTopics
from smq_core.daemon.dispatch.topic_rotation import TopicRotation
from smq_core.daemon.supervisor.burst import has_nothing_soon
from smq_core.daemon.wire.protocol import HandlerSpec
from smq_core.store import open_store
from smq_core.testing import make_message, make_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


@pytest.fixture
def store(location: str, clock: ManualClock) -> Iterator[Store]:
    """Give an empty store."""
    opened = open_store(location, clock=clock)
    yield opened
    opened.close()


def send(store: Store, clock: ManualClock, *topics: str, delay: float = 0.0) -> None:
    """Send a message to each of some topics."""
    for topic in topics:
        store.enqueue(make_message(topic, available_at=clock.now_ms() + round(delay * 1000)), clock.now_ms())


def ready_topics(store: Store, clock: ManualClock, *patterns: str) -> ReadyTopics:
    return ReadyTopics(store, clock, Routes([HandlerSpec(pattern) for pattern in patterns]))


def take(store: Store, clock: ManualClock, *topics: str, visibility_ms: int = 60_000) -> list[str]:
    """Lease what there is, and return the topics that it came from."""
    request = make_request(*topics, limit=99, visibility_ms=visibility_ms)
    return [row.topic for row in store.lease(request, clock.now_ms())[0]]


def test_named_topics_are_asked_for_whatever_they_hold(store: Store, clock: ManualClock) -> None:
    send(store, clock, "other")

    assert ready_topics(store, clock, "b", "a").find(9, clock.now_ms(), after="") == ["b", "a"]


def test_a_pattern_asks_for_what_is_ready_or_due_and_for_nothing_else(
    store: Store, clock: ManualClock
) -> None:
    send(store, clock, "m.ready", "m.taken", "x.ready")
    send(store, clock, "m.due", "x.due", delay=1)
    send(store, clock, "m.later", delay=99)
    take(store, clock, "m.taken")
    clock.advance(1)

    assert ready_topics(store, clock, "m.*", "named").find(9, clock.now_ms(), after="") == [
        "m.due",
        "m.ready",
        "named",
    ]


def test_ready_topics_are_found_behind_the_last_one_and_then_from_the_beginning(
    store: Store, clock: ManualClock
) -> None:
    send(store, clock, "a", "b", "c", "d")
    made = ready_topics(store, clock, "*")

    assert (made.find(2, clock.now_ms(), after="b"), made.has_more) == (["c", "d"], True)
    assert (made.find(3, clock.now_ms(), after="c"), made.has_more) == (["a", "b", "d"], True)
    assert (made.find(4, clock.now_ms(), after="c"), made.has_more) == (["a", "b", "c", "d"], False)
    assert (made.find(9, clock.now_ms(), after="zz"), made.has_more) == (["a", "b", "c", "d"], False)


def test_what_is_passed_over_takes_no_place(store: Store, clock: ManualClock) -> None:
    """More topics than one page holds that nobody serves, and one at its limit, stand before the only one."""
    send(store, clock, *(f"a{number:04}" for number in range(2 * MOST + 1)), "m.busy", "m.free")

    found = ready_topics(store, clock, "m.*").find(
        1, clock.now_ms(), after="", is_wanted=lambda topic: topic != "m.busy"
    )

    assert found == ["m.free"]


def test_a_due_topic_that_is_at_its_limit_is_asked_for_later(store: Store, clock: ManualClock) -> None:
    send(store, clock, "busy", "free", delay=1)
    made = ready_topics(store, clock, "*")
    clock.advance(1)
    now_ms = clock.now_ms()

    assert made.find(9, now_ms, after="", is_wanted=lambda topic: topic != "busy") == ["free"]
    assert take(store, clock, "free") == ["free"]
    assert made.next_due(now_ms) == now_ms + 1
    assert made.find(9, now_ms, after="") == ["busy"]


def test_the_next_look_is_when_a_delay_a_lease_or_a_pause_ends(store: Store, clock: ManualClock) -> None:
    made = ready_topics(store, clock, "m.*")
    now_ms = clock.now_ms()

    def next_due() -> int | None:
        made.find(9, now_ms, after="")
        return made.next_due(now_ms)

    assert next_due() is None
    send(store, clock, "m.a", delay=9)
    send(store, clock, "x.a", delay=1)
    assert next_due() == now_ms + 9_000
    store.pause("m.p", reason="", until_ms=now_ms + 7_000, actor="ann", now_ms=now_ms)
    assert next_due() == now_ms + 7_000
    send(store, clock, "x.b")
    take(store, clock, "x.b", visibility_ms=5_000)
    assert next_due() == now_ms + 5_000


def test_a_paused_topic_is_no_reason_to_look(store: Store, clock: ManualClock) -> None:
    send(store, clock, "m.a", delay=1)
    store.pause("m.a", reason="", until_ms=None, actor="ann", now_ms=clock.now_ms())
    clock.advance(9)
    made = ready_topics(store, clock, "*")

    assert made.find(9, clock.now_ms(), after="") == []
    assert made.next_due(clock.now_ms()) is None


def test_leases_that_expired_in_topics_of_nobody_are_taken_back(store: Store, clock: ManualClock) -> None:
    """Else they would be due for ever, and the look be done again and again."""
    send(store, clock, "x.a")
    take(store, clock, "x.a", visibility_ms=1_000)
    clock.advance(2)
    made = ready_topics(store, clock, "m.*")

    assert made.find(9, clock.now_ms(), after="") == []
    assert made.next_due(clock.now_ms()) is None
    assert store.ready_topics(clock.now_ms(), limit=9) == ["x.a"]


def test_every_ready_topic_has_its_turn_to_be_first(store: Store, clock: ManualClock) -> None:
    """With room for one message, among many idle topics, beside a named one that is always there."""
    busy = ["a", "m", "z"]
    send(store, clock, *(f"idle{number}" for number in range(50)))
    take(store, clock, *(f"idle{number}" for number in range(50)))
    send(store, clock, *busy)
    routes = Routes([HandlerSpec("*"), HandlerSpec("named")])
    made, rotation = ReadyTopics(store, clock, routes), TopicRotation(routes)

    firsts: list[str] = []
    for _ in range(8):
        topics = made.find(1, clock.now_ms(), after=rotation.last_first)
        (ask,) = rotation.next(topics, 1, Counter())
        firsts += ask.topics[:1]

    assert firsts == ["a", "m", "named", "z"] * 2


class Walked:
    """A store whose walk over delayed topics takes a second."""

    def __init__(self, clock: ManualClock, due: dict[str, int]) -> None:
        self.clock = clock
        self.due = due
        self.walks = 0

    def delays(self, now_ms: int, topics: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Walk, or look for the topics that are named."""
        del now_ms
        if topics is not None:
            return [(topic, self.due[topic]) for topic in topics if topic in self.due]
        self.walks += 1
        self.clock.advance(1)
        return sorted(self.due.items())


@pytest.fixture
def walked(clock: ManualClock) -> Callable[[dict[str, int]], tuple[Walked, DelayedTopics]]:
    """Give a way to make delays of such a store."""

    def make(due: dict[str, int]) -> tuple[Walked, DelayedTopics]:
        store = Walked(clock, {topic: clock.now_ms() + 1_000 * after for topic, after in due.items()})
        return store, DelayedTopics(store, clock, is_served=lambda topic: topic != "other")  # type: ignore[arg-type]  # it is all that is asked

    return make


def test_a_walk_that_took_long_is_not_done_again_soon(
    walked: Callable[[dict[str, int]], tuple[Walked, DelayedTopics]], clock: ManualClock
) -> None:
    store, delays = walked({"a": 5, "b": 9_999})
    delays.refresh(clock.now_ms())
    for _ in range(10):
        delays.refresh(clock.now_ms())
    assert store.walks == 1

    clock.advance(RESTS)
    delays.refresh(clock.now_ms())
    assert store.walks == 2


def test_while_it_rests_what_is_known_is_on_time_and_the_next_walk_is_foretold(
    walked: Callable[[dict[str, int]], tuple[Walked, DelayedTopics]], clock: ManualClock
) -> None:
    store, delays = walked({"a": 5, "other": 1})
    delays.refresh(clock.now_ms())
    assert delays.next_ms(clock.now_ms()) == store.due["a"]
    clock.advance(4)
    store.due["a"] += 1_000
    now_ms = clock.now_ms()

    delays.refresh(now_ms)
    assert delays.take_due(now_ms, 9, lambda _: True) == ["a"]
    assert delays.next_ms(now_ms) == now_ms + 1_000 * (RESTS - 4)
    delays.settle(now_ms)
    assert delays.next_ms(now_ms) == store.due["a"]


def test_what_is_still_due_is_due_at_once_and_not_before(
    walked: Callable[[dict[str, int]], tuple[Walked, DelayedTopics]], clock: ManualClock
) -> None:
    _, delays = walked({"a": -5, "b": -4, "c": -3})
    delays.refresh(clock.now_ms())
    now_ms = clock.now_ms()

    assert delays.take_due(now_ms, 2, lambda _: True) == ["a", "b"]
    delays.settle(now_ms)
    assert delays.next_ms(now_ms) == now_ms + 1
    assert delays.take_due(now_ms, 9, lambda _: True) == ["a", "b", "c"]


def test_a_burst_waits_for_topics_of_its_own_alone(store: Store, clock: ManualClock) -> None:
    routes = Routes([HandlerSpec("m.*")])
    send(store, clock, "x.a")
    send(store, clock, "x.b", delay=1)
    send(store, clock, "x.c", "m.paused")
    take(store, clock, "x.c")
    store.pause("m.paused", reason="", until_ms=None, actor="ann", now_ms=clock.now_ms())
    send(store, clock, "m.late", delay=61)
    assert has_nothing_soon(store, routes, clock.now_ms())

    clock.advance(1)
    assert not has_nothing_soon(store, routes, clock.now_ms())
    for topic in ("m.a", "m.b"):
        send(store, clock, topic)
        assert not has_nothing_soon(store, Routes([HandlerSpec(topic)]), clock.now_ms())
        take(store, clock, topic)
        assert not has_nothing_soon(store, Routes([HandlerSpec(topic)]), clock.now_ms())
