"""Any number of topics may pass through a daemon: what it remembers of them is bounded, and adds up."""

from __future__ import annotations

from smq_core.daemon.dispatch.topic_counts import MOST_TOPICS, OTHERS, TopicCounts, with_others_together
from smq_core.daemon.maintenance.sampling import MOST_SAMPLED, Sampler
from smq_core.daemon.supervisor.circuit_breaker import (
    CRASHES,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    WITHIN_S,
    CircuitBreaker,
)
from smq_core.message import TopicStats
from smq_core.store.records import Sample

MANY = 100_000
STEP_MS = 10_000


def stats(topic: str, entered: int = 0, ready: int = 0, *, gone: int | None = None) -> TopicStats:
    """Make a topic's figures; what is not ready is gone."""
    return TopicStats(
        topic=topic, entered=entered, ready=ready, gone=entered - ready if gone is None else gone
    )


def test_counts_of_many_topics_are_bounded_and_add_up() -> None:
    counts = TopicCounts()
    for number in range(MANY):
        counts[f"t{number}"] += 1
        counts["busy"] += 1
        counts.trim()
        assert len(counts) <= 2 * MOST_TOPICS

    assert counts.total() == 2 * MANY
    assert counts["busy"] == MANY
    assert counts[OTHERS] >= MANY - 2 * MOST_TOPICS


def test_few_topics_are_told_apart() -> None:
    counts = TopicCounts({f"t{number}": 1 for number in range(2 * MOST_TOPICS)})
    counts.trim()

    assert counts[OTHERS] == 0
    assert len(counts) == 2 * MOST_TOPICS


def test_metrics_tell_so_many_topics_apart_and_add_the_others_up() -> None:
    few = [stats(f"t{number}", entered=1) for number in range(MOST_TOPICS)]
    assert with_others_together(few) == few

    many = [stats("big", entered=9), *(stats(f"t{number}", entered=2, ready=1) for number in range(MANY))]
    kept = {one.topic: one for one in with_others_together(many)}
    assert len(kept) == MOST_TOPICS + 1
    assert kept["big"].entered == 9
    assert kept[OTHERS].entered == 2 * (MANY - MOST_TOPICS + 1)
    assert sum(one.ready for one in kept.values()) == MANY


def test_the_others_are_paused_and_old_when_one_of_them_is() -> None:
    many = [stats(f"t{number}", entered=2) for number in range(MOST_TOPICS)]
    old = TopicStats(topic="old", entered=1, oldest_age_s=7.0)
    paused = TopicStats(topic="paused", entered=1, paused=True)

    together = with_others_together([*many, old, paused, TopicStats(topic="other", oldest_age_s=3.0)])[-1]

    assert (together.topic, together.oldest_age_s, together.paused, together.entered) == (
        OTHERS,
        7.0,
        True,
        2,
    )


def test_a_breaker_forgets_topics_whose_deaths_and_pauses_are_over() -> None:
    circuit_breaker = CircuitBreaker()
    for number in range(1_000):
        for _ in range(CRASHES):
            circuit_breaker.note_crash(f"t{number}", 0, now=2 * number)
    remembered = sum(map(len, vars(circuit_breaker).values()))
    assert remembered <= WITHIN_S + 2 * LONGEST_PAUSE_S

    circuit_breaker.note_crash("last", 0, now=1e9)
    assert sum(map(len, vars(circuit_breaker).values())) == 1


def test_pauses_that_follow_each_other_are_longer_until_an_hour_has_passed() -> None:
    def pause(now: float) -> float | None:
        return [circuit_breaker.note_crash("t", 0, now) for _ in range(CRASHES)][-1]

    circuit_breaker = CircuitBreaker()
    assert [pause(0.0), pause(100.0)] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S]
    assert pause(100.0 + 2 * LONGEST_PAUSE_S) == FIRST_PAUSE_S


def test_idle_topics_have_no_samples_and_those_where_something_happens_have_their_last_figures_too() -> None:
    sampler = Sampler(STEP_MS)
    idle = [stats(f"t{number}", entered=5) for number in range(MANY)]
    deep = stats("deep", entered=3, ready=2)

    assert sampler.choose(STEP_MS, [*idle, deep]) == [Sample(STEP_MS, "deep", 3, 1, 2)]
    assert sampler.choose(2 * STEP_MS, [*idle, deep]) == [Sample(2 * STEP_MS, "deep", 3, 1, 2)]
    idle[7] = stats("t7", entered=8)
    assert sampler.choose(3 * STEP_MS, [*idle, deep]) == [
        Sample(2 * STEP_MS, "t7", 5, 5, 0),
        Sample(3 * STEP_MS, "t7", 8, 8, 0),
        Sample(3 * STEP_MS, "deep", 3, 1, 2),
    ]
    assert sampler.choose(4 * STEP_MS, idle) == []


def test_a_new_topic_is_sampled_and_a_gap_is_not_bridged() -> None:
    sampler = Sampler(STEP_MS)
    assert sampler.choose(STEP_MS, []) == []
    assert sampler.choose(2 * STEP_MS, [stats("new", entered=4)]) == [Sample(2 * STEP_MS, "new", 4, 4, 0)]
    sampler.choose(3 * STEP_MS, [stats("new", entered=4)])
    assert sampler.choose(9 * STEP_MS, [stats("new", entered=6)]) == [Sample(9 * STEP_MS, "new", 6, 6, 0)]


def test_one_round_of_samples_is_bounded_and_prefers_what_happens() -> None:
    sampler = Sampler(STEP_MS)
    waiting = [stats(f"t{number}", entered=1, ready=1) for number in range(MANY)]
    sampler.choose(STEP_MS, waiting)
    waiting[-1] = stats(waiting[-1].topic, entered=2, ready=1)
    chosen = sampler.choose(2 * STEP_MS, waiting)

    assert MOST_SAMPLED <= len(chosen) <= 2 * MOST_SAMPLED
    assert waiting[-1].topic in {sample.topic for sample in chosen}
