"""What is worth being told about a queue, decided from figures alone.

Pure: it reads no database and runs no command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from smq_core.format import age, count, counted, size
from smq_core.message import TopicStats, WorkerInfo
from smq_core.serving import covers, is_served

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smq_core.daemon.configuration.config import AlertTable

__all__ = ["AlertFigures", "reasons"]


class AlertFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one moment."""

    topics: Sequence[TopicStats]
    workers: Sequence[WorkerInfo]
    wal_bytes: int = 0
    disk_used: float = 0.0
    """The part of the database's disk that is full."""


def reasons(alert: AlertTable, figures: AlertFigures) -> list[str]:
    """Return why an alert holds, a sentence for each condition that is met; empty: it does not."""
    mine = [stats for stats in figures.topics if covers(alert.topic, stats.topic)]
    return [*_topic_reasons(alert, mine, figures.workers), *_file_reasons(alert, figures)]


def _topic_reasons(
    alert: AlertTable, topics: Iterable[TopicStats], workers: Sequence[WorkerInfo]
) -> Iterator[str]:
    for stats in topics:
        waits = stats.oldest_age_s
        if (
            alert.oldest_over is not None
            and waits is not None
            and waits > alert.oldest_over
            and not stats.processing
        ):
            yield f"{stats.topic}: the oldest message has been waiting for {age(waits)}, and none is running"
        if alert.dead_over is not None and stats.dead > alert.dead_over:
            yield f"{stats.topic}: {counted(stats.dead, 'dead letter')} (limit {count(alert.dead_over)})"
        if alert.ready_over is not None and stats.ready > alert.ready_over:
            yield f"{stats.topic}: {counted(stats.ready, 'message')} ready (limit {count(alert.ready_over)})"
        if alert.no_worker and (stats.ready or stats.delayed) and not is_served(stats.topic, workers):
            yield (
                f"{stats.topic}: {count(stats.ready + stats.delayed)} waiting, and no daemon serves the topic"
            )


def _file_reasons(alert: AlertTable, figures: AlertFigures) -> Iterator[str]:
    if alert.wal_over is not None and figures.wal_bytes > alert.wal_over:
        yield f"the WAL file is {size(figures.wal_bytes)} (limit {size(alert.wal_over)})"
    if alert.disk_over is not None and figures.disk_used > alert.disk_over:
        yield f"the disk is {figures.disk_used:.0%} full (limit {alert.disk_over:.0%})"
