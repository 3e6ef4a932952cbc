"""Serves Prometheus metrics, /healthz and /readyz on the loopback address, in threads of its own.

It needs the extra `metrics`.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from smq_core.daemon.dispatch.topic_counts import with_others_together
from smq_core.daemon.reporting.loopback_server import BoundedServer, QuietHandler
from smq_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import Metric

    from smq_core.clock import Clock
    from smq_core.daemon.dispatch.outcome_counts import OutcomeCounts
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.message import TopicStats
    from smq_core.store.base import Store

__all__ = ["LOOPBACK", "STALLED_S", "DaemonCollector", "MetricsServer"]

LOOPBACK: Final = "127.0.0.1"
STALLED_S: Final = 10.0
"""A loop that has not turned for this long is not healthy."""
_STATES: Final = ("ready", "delayed", "processing", "dead", "done")


class MetricsServer:
    """The HTTP server."""

    name = "metrics"

    def __init__(
        self,
        port: int,
        collector: DaemonCollector,
        *,
        clock: Clock,
        journal: Journal,
        last_turn: Callable[[], float],
        is_ready: Callable[[], bool],
    ) -> None:
        """Listen on a port; `last_turn` returns when the supervisor's loop last turned.

        Raises:
            OSError: when the port is taken.
        """
        registry = CollectorRegistry()
        registry.register(collector)

        class Handler(_Handler):
            def answer(self) -> tuple[HTTPStatus, str, bytes]:
                if self.path == "/metrics":
                    return HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)
                if self.path == "/healthz":
                    return _verdict(is_good=clock.monotonic() - last_turn() < STALLED_S)
                if self.path == "/readyz":
                    return _verdict(is_good=is_ready())
                return HTTPStatus.NOT_FOUND, "text/plain", b"try /metrics, /healthz or /readyz\n"

        self._server = BoundedServer(
            (LOOPBACK, port),
            Handler,
            failed=lambda error: journal.error(
                "metrics_failed", f"a request for metrics was not answered: {type(error).__name__}: {error}"
            ),
        )
        self.port = int(self._server.server_address[1])
        self._is_running = threading.Event()

    def run(self) -> None:
        """Return until it is asked to stop."""
        self._is_running.set()
        self._server.serve_forever()

    def stop(self) -> None:
        """Ask to end, and listen no more."""
        # a shutdown before the first turn would wait for it forever
        if self._is_running.is_set():
            self._server.shutdown()
        self._server.server_close()


class _Handler(QuietHandler):
    def answer(self) -> tuple[HTTPStatus, str, bytes]:
        raise NotImplementedError

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        status, content_type, body = self.answer()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class DaemonCollector:
    """Reads the figures of a daemon when they are asked for."""

    def __init__(
        self,
        store: Store,
        pool: ProcessPool,
        counts: OutcomeCounts,
        *,
        clock: Clock,
        crashes: Callable[[], int],
        conditions: Callable[[], Mapping[str, str]],
        is_lost: Callable[[], bool],
    ) -> None:
        """Read these parts of it; `conditions` returns what is wrong with each thread, by name."""
        self._store = store
        self._pool = pool
        self._counts = counts
        self._clock = clock
        self._crashes = crashes
        self._conditions = conditions
        self._is_lost = is_lost

    def collect(self) -> Iterator[Metric]:
        """Return all metrics; without the database, only the daemon's own."""
        yield from self._own()
        try:
            topics = self._store.topics(self._clock.now_ms())
        except StoreError:
            topics = []
        yield from _of_topics(with_others_together(topics))

    def describe(self) -> list[Metric]:
        """Return nothing: a registration must not read the database."""
        return []

    def _own(self) -> Iterator[Metric]:
        counts, pool = self._counts, self._pool
        for name, text, by_topic in (
            ("smq_processed", "Messages that this daemon processed.", counts.processed),
            ("smq_failed", "Handler runs that failed in this daemon.", counts.failed),
        ):
            family = CounterMetricFamily(name, text, labels=["topic"])
            for topic, value in dict(by_topic).items():
                family.add_metric([topic], value)
            yield family
        yield CounterMetricFamily("smq_worker_crashes", "Worker processes that died.", value=self._crashes())
        yield GaugeMetricFamily("smq_in_flight", "Messages held by worker processes.", value=pool.in_flight)
        yield GaugeMetricFamily("smq_worker_processes", "Worker processes.", value=len(pool.processes))
        failing = GaugeMetricFamily(
            "smq_thread_failing", "1 while a thread of the daemon keeps failing.", labels=["thread"]
        )
        for name, condition in self._conditions().items():
            failing.add_metric([name], int(bool(condition)))
        yield failing
        yield GaugeMetricFamily(
            "smq_database_lost",
            "1 while the database is unavailable.",
            value=int(self._is_lost()),
        )


def _of_topics(topics: list[TopicStats]) -> Iterator[Metric]:
    depth = GaugeMetricFamily("smq_messages", "Messages by topic and state.", labels=["topic", "state"])
    oldest = GaugeMetricFamily(
        "smq_oldest_age_seconds", "How long the oldest message has been waiting.", labels=["topic"]
    )
    paused = GaugeMetricFamily("smq_paused", "1 while a topic is paused.", labels=["topic"])
    entered = CounterMetricFamily("smq_entered", "Messages added so far.", labels=["topic"])
    finished = CounterMetricFamily("smq_finished", "Messages finished so far.", labels=["topic"])
    for stats in topics:
        for state in _STATES:
            depth.add_metric([stats.topic, state], int(getattr(stats, state)))
        oldest.add_metric([stats.topic], stats.oldest_age_s or 0.0)
        paused.add_metric([stats.topic], int(stats.paused))
        entered.add_metric([stats.topic], stats.entered)
        finished.add_metric([stats.topic], stats.finished)
    yield from (depth, oldest, paused, entered, finished)


def _verdict(*, is_good: bool) -> tuple[HTTPStatus, str, bytes]:
    if is_good:
        return HTTPStatus.OK, "text/plain", b"ok\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"not ok\n"
