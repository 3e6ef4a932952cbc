"""Messages could have been taken, and were not, since they wait or since the last pause of their topic."""

from __future__ import annotations

import pytest

from smq_core import TopicStats
from smq_core.untaken import untaken_for

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("stats", "seen_paused_at", "seconds"),
    [
        (TopicStats(topic="mail"), 0.0, 0.0),
        (TopicStats(topic="mail", oldest_age_s=99.0), 0.0, 99.0),
        (TopicStats(topic="mail", oldest_age_s=99.0, paused_until=NOW - 30), 0.0, 30.0),
        (TopicStats(topic="mail", oldest_age_s=9.0, paused_until=NOW - 30), 0.0, 9.0),
        (TopicStats(topic="mail", oldest_age_s=99.0, paused_until=NOW - 30), NOW - 20, 20.0),
        (TopicStats(topic="mail", oldest_age_s=99.0, paused_until=NOW - 20), NOW - 30, 20.0),
        (TopicStats(topic="mail", oldest_age_s=99.0, paused=True, paused_until=NOW + 5), 0.0, 0.0),
    ],
)
def test_the_shorter_of_the_wait_and_the_time_since_the_last_pause(
    stats: TopicStats, seen_paused_at: float, seconds: float
) -> None:
    assert untaken_for(stats, NOW, seen_paused_at=seen_paused_at) == seconds
