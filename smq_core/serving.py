"""Whether a daemon serves a topic: what its patterns match, and when it is lost, stale or forgotten.

The same for the daemon, the commands and the dashboard; it reads what is known of a daemon, not the database.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.message import WorkerInfo

__all__ = [
    "FORGOTTEN_S",
    "LOST_MS",
    "LOST_S",
    "STALE_MS",
    "covers",
    "is_forgotten",
    "is_lost",
    "is_pattern",
    "is_served",
    "served_topics",
    "serves",
]

LOST_MS: Final = 15_000
"""Milliseconds without a heartbeat after which a daemon is lost: so it is called, and nobody counts on it."""
LOST_S: Final = LOST_MS / 1000
STALE_MS: Final = 60_000
"""Milliseconds without a heartbeat after which a daemon's row may be removed and its leases taken back.

Longer than until it is lost: nothing may be taken from one that a slow disk only kept from its heartbeat.
"""
FORGOTTEN_S: Final = 86_400.0
"""Seconds without a heartbeat after which nobody waits any more for a daemon that holds nothing."""
_WILDCARD: Final = "*"
_KEPT: Final = 1_024
"""Expressions that are remembered: a dashboard asks for all topics of all daemons each second."""


def is_pattern(text: str) -> bool:
    """Return whether a handler's topic stands for several."""
    return _WILDCARD in text


def covers(pattern: str, topic: str) -> bool:
    """Return whether a handler's topic or pattern takes a topic; nothing but `*` is special in it."""
    if not is_pattern(pattern):
        return pattern == topic
    return _expression(pattern).fullmatch(topic) is not None


def is_lost(worker: WorkerInfo) -> bool:
    """Return whether a daemon had sent no heartbeat for too long when its row was read."""
    return worker.heartbeat_age_s > LOST_S


def is_forgotten(worker: WorkerInfo, held: int) -> bool:
    """Return whether a daemon that holds `held` messages was lost so long ago that it is shown no more."""
    return not held and worker.heartbeat_age_s > FORGOTTEN_S


def served_topics(worker: WorkerInfo) -> tuple[str, ...]:
    """Return the topics and patterns that a daemon has handlers for."""
    topics = worker.detail.get("topics")
    return tuple(str(topic) for topic in topics) if isinstance(topics, list) else ()


def serves(worker: WorkerInfo, topic: str) -> bool:
    """Return whether a daemon has a handler for a topic, by its name or a pattern."""
    return any(covers(pattern, topic) for pattern in served_topics(worker))


def is_served(topic: str, workers: Sequence[WorkerInfo]) -> bool:
    """Return whether one of the daemons is heard of and takes messages of a topic."""
    return any(
        serves(worker, topic) for worker in workers if not is_lost(worker) and worker.state == "running"
    )


@lru_cache(maxsize=_KEPT)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split(_WILDCARD)), re.DOTALL)
