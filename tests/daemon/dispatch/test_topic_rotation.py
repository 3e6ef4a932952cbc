from __future__ import annotations

from collections import Counter

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.dispatch.topic_rotation import Ask, TopicRotation
from smq_core.daemon.wire.protocol import HandlerSpec


def rotation(*specs: HandlerSpec) -> TopicRotation:
    return TopicRotation(Routes(specs))


def test_each_topic_is_first_in_turn() -> None:
    made = rotation(HandlerSpec("a"), HandlerSpec("b"), HandlerSpec("c"))

    firsts = [made.next(["a", "b", "c"], 10, Counter())[0].topics[0] for _ in range(6)]

    assert sorted(firsts) == ["a", "a", "b", "b", "c", "c"]


def test_topics_without_limit_are_asked_for_together() -> None:
    made = rotation(HandlerSpec("*"))

    (ask,) = made.next(["a", "b"], 10, Counter())

    assert (sorted(ask.topics), ask.limit) == (["a", "b"], 10)


def test_a_limited_topic_is_asked_for_what_it_has_left() -> None:
    made = rotation(HandlerSpec("a", limit=3))

    assert made.next(["a"], 10, Counter(a=1)) == [Ask(["a"], 2)]


def test_a_topic_at_its_limit_is_not_asked_for() -> None:
    made = rotation(HandlerSpec("a", limit=3))

    assert made.next(["a"], 10, Counter(a=3)) == []


def test_a_limit_of_a_pattern_is_each_topic_s_own() -> None:
    made = rotation(HandlerSpec("m.*", limit=2))

    asks = made.next(["m.a", "m.b"], 10, Counter({"m.a": 2}))

    assert asks == [Ask(["m.b"], 2)]


def test_nothing_is_asked_for_without_room() -> None:
    assert rotation(HandlerSpec("a")).next(["a"], 0, Counter()) == []
