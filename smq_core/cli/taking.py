"""Whether messages of a topic are being taken: what is stored about it, and what a second look shows.

The time of a lease is not stored, so that a consumer which acknowledges at once leaves no trace between two
looks but the topic's counters. Where nothing stored proves that messages are taken, the counters are watched.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.clock import SystemClock
from smq_core.states import State
from smq_core.store.records import Filter, Selection
from smq_core.untaken import UNTAKEN_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from smq_core.inspector import Inspector
    from smq_core.message import TopicSample, TopicStats

__all__ = [
    "WATCH_S",
    "ConsumptionSigns",
    "is_taken",
    "moving",
    "signs",
    "taken_lately",
    "taken_meanwhile",
    "watched",
]

WATCH_S: Final = 2.0
"""Seconds for which topics are watched before their messages are reported as not taken."""
_LOOK_EVERY_S: Final = 0.1
_FIRST: Final = 32
"""Messages of a topic that are looked at."""
_STEP_S: Final = 10.0
"""Seconds between two samples of a daemon."""


class ConsumptionSigns(NamedTuple):
    """What changes in a topic when one of its messages is taken."""

    leases: int = 0
    """Leases that have not expired."""
    processed: int = 0
    dead: int = 0
    postponed: int = 0
    """Delayed messages, less those that ever came in: grows when a failed message is retried later."""
    deliveries: Mapping[int, int] = {}
    """How often each of the first ready messages was taken, by id."""


def signs(view: Inspector, topic: str) -> ConsumptionSigns:
    """Return the signs of a topic as they are now."""
    stats = view.topic(topic)
    first = view.browse(topic, State.READY, limit=_FIRST, preview=1)
    return ConsumptionSigns(
        leases=_leases(view, stats),
        processed=stats.processed,
        dead=stats.dead,
        postponed=stats.delayed - stats.entered,
        deliveries={message.id: message.deliveries for message in first},
    )


def is_taken(before: ConsumptionSigns, after: ConsumptionSigns) -> bool:
    """Return whether a message was taken between two looks."""
    return (
        after.leases > 0
        or after.processed > before.processed
        or after.dead > before.dead
        or after.postponed > before.postponed
        or any(number > before.deliveries.get(id_, number) for id_, number in after.deliveries.items())
    )


def taken_lately(view: Inspector, topics: Sequence[TopicStats], now: float) -> set[str]:
    """Return the topics with ready messages of which the database proves that one was taken lately.

    Proofs are a lease that has not expired, a finished message or a dead letter of the last 30 seconds that
    had been taken, and a daemon's samples in which the number of processed messages grew.
    """
    moved = moving(view.samples(_STEP_S, now - UNTAKEN_S - _STEP_S))
    return {
        stats.topic
        for stats in topics
        if stats.ready and (stats.topic in moved or _leases(view, stats) > 0 or _has_ended(view, stats, now))
    }


def taken_meanwhile(view: Inspector, topics: AbstractSet[str], seconds: float) -> set[str]:
    """Watch topics for at most `seconds`, until a message of each was taken; return those of which one was.

    Nothing is written and no lock is kept.
    """
    clock, pause = SystemClock(), threading.Event()
    ends_at = clock.monotonic() + seconds

    def goes_on() -> bool:
        pause.wait(max(0.0, min(_LOOK_EVERY_S, ends_at - clock.monotonic())))
        return clock.monotonic() < ends_at

    return watched(lambda topic: signs(view, topic), topics, goes_on)


def watched(
    look: Callable[[str], ConsumptionSigns], topics: AbstractSet[str], goes_on: Callable[[], bool]
) -> set[str]:
    """Compare the looks at each topic with the looks before; return the topics of which one was taken.

    `goes_on` waits for the next look, and returns False before the last.
    """
    left = {topic: look(topic) for topic in topics}
    is_watching = bool(left)
    while is_watching and left:
        is_watching = goes_on()
        for topic, before in list(left.items()):
            after = look(topic)
            if is_taken(before, after):
                del left[topic]
            else:
                left[topic] = after
    return set(topics) - set(left)


def moving(samples: Sequence[TopicSample]) -> set[str]:
    """Return the topics whose number of processed messages grew between two samples."""
    first: dict[str, int] = {}
    return {one.topic for one in samples if one.processed > first.setdefault(one.topic, one.processed)}


def _leases(view: Inspector, stats: TopicStats) -> int:
    if not stats.processing:
        return 0
    expired = Selection(topic=stats.topic, state=State.PROCESSING, where=Filter(only_expired=True))
    return stats.processing - view.count(expired, limit=sys.maxsize)


def _has_ended(view: Inspector, stats: TopicStats, now: float) -> bool:
    return any(
        message.deliveries and message.finished_at is not None and abs(now - message.finished_at) <= UNTAKEN_S
        for state, number in ((State.DONE, stats.done), (State.DEAD, stats.dead))
        if number
        for message in view.browse(stats.topic, state, newest=True, limit=_FIRST, preview=1)
    )
