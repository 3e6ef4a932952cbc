"""How long a topic's messages could have been leased but were not, for `smq check` and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.message import TopicStats

__all__ = ["UNTAKEN_S", "untaken_for"]

UNTAKEN_S: Final = 30.0
"""Seconds that ready messages may wait while no message of their topic is taken."""


def untaken_for(stats: TopicStats, now: float, *, seen_paused_at: float = 0.0) -> float:
    """Return for how many seconds a topic's oldest message has waited since the last pause, 0 at least.

    A pause that ended by itself is in `stats`; of one that an operator ended nothing is left, so that whoever
    watches may tell when the topic was last seen paused. `now` is in seconds since the epoch, as that is.
    """
    paused_at = max(stats.paused_until or 0.0, seen_paused_at)
    return max(0.0, min(stats.oldest_age_s or 0.0, now - paused_at))
