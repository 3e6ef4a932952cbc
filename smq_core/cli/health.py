"""What `smq check` judges without being asked: pure, from what was read at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.format import age, count
from smq_core.serving import is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smq_core.message import ErrorKind, TopicSample, TopicStats, WorkerInfo

__all__ = ["DEAD_WITHIN_S", "MAX_AGE_S", "UNTAKEN_S", "died_lately", "lost", "moving", "untaken"]

UNTAKEN_S: Final = 30.0
"""Seconds that ready messages may wait while nothing of their topic is taken."""
MAX_AGE_S: Final = 3_600.0
"""Seconds that a message may wait though others of its topic are taken."""
DEAD_WITHIN_S: Final = 86_400.0
"""Dead letters are told of for so long after the last of them."""


def untaken(
    topics: Sequence[TopicStats], live: Mapping[str, int], moved: set[str], now: float
) -> Iterator[str]:
    """Yield the topics whose messages wait while nothing of them is taken.

    `live` are leases by topic that are not over, `moved` topics of which something went out lately.
    A topic is
    not judged while it is paused, nor for 30 seconds after a pause that ended by itself.
    """
    for stats in topics:
        since_pause = now - (stats.paused_until or 0.0)
        waits = min(stats.oldest_age_s or 0.0, since_pause)
        is_taken = live.get(stats.topic, 0) > 0 or stats.topic in moved
        if stats.ready and not stats.paused and not is_taken and waits > UNTAKEN_S:
            yield (
                f"{stats.topic}: {count(stats.ready)} ready, and none was taken for {age(waits)}: "
                "start or mend its workers (smq workers)"
            )


def moving(samples: Sequence[TopicSample]) -> set[str]:
    """Return the topics of which something went out between two samples."""
    first: dict[str, int] = {}
    return {one.topic for one in samples if one.finished > first.setdefault(one.topic, one.finished)}


def lost(workers: Sequence[WorkerInfo]) -> Iterator[str]:
    """Yield the daemons that are not heard of any more."""
    for worker in workers:
        if is_lost(worker):
            silent = f"no heartbeat of {worker.id} for {age(worker.heartbeat_age_s)}"
            yield f"{silent}: start smq-daemon again"


def died_lately(kinds: Sequence[ErrorKind], now: float) -> Iterator[str]:
    """Yield the topics of which a message died in the last 24 hours."""
    newest: dict[str, float] = {}
    number: dict[str, int] = {}
    for kind in kinds:
        newest[kind.topic] = max(kind.last, newest.get(kind.topic, kind.last))
        number[kind.topic] = number.get(kind.topic, 0) + kind.count
    for topic, last in sorted(newest.items()):
        if now - last <= DEAD_WITHIN_S:
            letters = "dead letter" if number[topic] == 1 else "dead letters"
            yield (
                f"{topic}: {count(number[topic])} {letters}, the newest {age(max(0.0, now - last))} ago: "
                f"see smq peek {topic} --state dead, then smq requeue or delete"
            )
