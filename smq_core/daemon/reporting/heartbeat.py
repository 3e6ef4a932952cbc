"""Draws the daemon's row: who it is, what it does, how fast. It decides nothing."""

from __future__ import annotations

import contextlib
import os
from importlib import metadata
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types

from smq_core.daemon.reporting.worker_detail import ProcessDetail, RunningDetail, WorkerDetail
from smq_core.store.records import WorkerRow

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.dispatch.outcome_counts import OutcomeCounts
    from smq_core.daemon.processes.pool import ProcessPool

__all__ = ["MEMORY_EVERY_S", "RUNNING_SHOWN", "Heartbeat"]

RUNNING_SHOWN: Final = 64
MEMORY_EVERY_S: Final = 10.0


class Heartbeat:
    """Makes one row after another."""

    def __init__(self, worker_id: str, pool: ProcessPool, counts: OutcomeCounts, clock: Clock) -> None:
        """Describe a daemon by its parts."""
        self._worker_id = worker_id
        self._pool = pool
        self._counts = counts
        self._clock = clock
        self._version = _version()
        self._started_at = clock.now_ms()
        self._last = (clock.monotonic(), 0)
        self._memory: dict[int, int] = {}
        self._memory_at = float("-inf")
        self._crashes = 0

    @property
    def crashes(self) -> int:
        """How many worker processes have died."""
        return self._crashes

    def count_crash(self) -> None:
        """Count a worker process that died."""
        self._crashes += 1

    def row(
        self, state: Literal["running", "quiet", "stopping"], topics: list[str], condition: str
    ) -> WorkerRow:
        """Return the row of this moment."""
        now = self._clock.monotonic()
        done = self._counts.total()
        since, before = self._last
        rate = (done - before) / max(now - since, 1e-3)
        self._last = (now, done)
        self._measure_memory(now)
        detail = WorkerDetail(
            topics=topics,
            threads=self._pool.program.threads,
            processes=[
                ProcessDetail(pid=one.pid, in_flight=len(one.in_flight), memory=self._memory.get(one.pid, 0))
                for one in self._pool.processes
            ],
            running=self._running(now),
            processed=self._counts.processed.total(),
            failed=self._counts.failed.total(),
            rate=round(rate, 2),
            memory=sum(self._memory.values()),
            crashes=self._crashes,
            condition=condition,
        )
        return WorkerRow(
            id=self._worker_id,
            host=os.uname().nodename,
            pid=os.getpid(),
            version=self._version,
            state=state,
            started_at=self._started_at,
            heartbeat_at=self._clock.now_ms(),
            detail=msgspec.json.encode(detail).decode(),
        )

    def _running(self, now: float) -> list[RunningDetail]:
        now_ms = self._clock.now_ms()
        return [
            RunningDetail(
                id=flight.row.id,
                topic=flight.row.topic,
                since=now_ms - round((now - slot.started) * 1000),
                pid=process.pid,
            )
            for process in self._pool.processes
            for flight, slot in process.begun()
        ][:RUNNING_SHOWN]

    def _measure_memory(self, now: float) -> None:
        if now - self._memory_at < MEMORY_EVERY_S:
            return
        self._memory_at = now
        pids = [os.getpid(), *(one.pid for one in self._pool.processes)]
        self._memory = {pid: _resident(pid) for pid in pids}


def _resident(pid: int) -> int:
    # psutil lets a shortage of descriptors through as it is
    with contextlib.suppress(psutil.Error, OSError):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _version() -> str:
    try:
        return metadata.version("simple-local-mq")
    except metadata.PackageNotFoundError:
        return "unknown"
