"""The judgements that `smq check` makes by default: pure functions of what was read at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.format import age, count, counted
from smq_core.serving import is_lost
from smq_core.untaken import UNTAKEN_S, untaken_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from smq_core.message import ErrorKind, TopicStats, WorkerInfo

__all__ = ["DEAD_WITHIN_S", "MAX_AGE_S", "died_lately", "lost", "untaken", "untaken_line"]

MAX_AGE_S: Final = 3_600.0
"""Seconds that a message may wait although others of its topic are taken."""
DEAD_WITHIN_S: Final = 86_400.0
"""Seconds for which a dead letter is reported after its message died."""


def untaken(topics: Sequence[TopicStats], taken: AbstractSet[str], now: float) -> Iterator[TopicStats]:
    """Yield the topics whose messages wait while none of them is taken; `taken` are those that are.

    A topic is not judged while it is paused, nor for 30 seconds after a pause that ended by itself.
    """
    for stats in topics:
        if (
            stats.ready
            and not stats.paused
            and stats.topic not in taken
            and untaken_for(stats, now) > UNTAKEN_S
        ):
            yield stats


def untaken_line(stats: TopicStats, now: float) -> str:
    """Return the sentence about a topic whose messages are not taken."""
    return (
        f"{stats.topic}: {count(stats.ready)} ready, but none has been leased for "
        f"{age(untaken_for(stats, now))}: "
        "start or repair its consumers (see smq workers)"
    )


def lost(workers: Sequence[WorkerInfo], held: Callable[[str], int] | None = None) -> Iterator[str]:
    """Yield a sentence for each lost daemon; `held`, if given, returns how many messages a daemon holds."""
    for worker in workers:
        if is_lost(worker):
            holds = 0 if held is None else held(worker.id)
            messages = f" and it holds {counted(holds, 'message')}" if holds else ""
            yield (
                f"no heartbeat from {worker.id} for {age(worker.heartbeat_age_s)}{messages}: "
                "restart smq-daemon"
            )


def died_lately(kinds: Sequence[ErrorKind], now: float) -> Iterator[str]:
    """Yield a sentence for each topic of which messages died in the last 24 hours: those of `kinds`."""
    newest: dict[str, float] = {}
    number: dict[str, int] = {}
    for kind in kinds:
        newest[kind.topic] = max(kind.last, newest.get(kind.topic, kind.last))
        number[kind.topic] = number.get(kind.topic, 0) + kind.count
    for topic, last in sorted(newest.items()):
        letters = "dead letter" if number[topic] == 1 else "dead letters"
        yield (
            f"{topic}: {count(number[topic])} {letters} in the last 24 hours, the newest "
            f"{age(max(0.0, now - last))} "
            f"ago: see smq peek {topic} --state dead, then smq requeue or delete"
        )
