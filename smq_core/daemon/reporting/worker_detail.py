"""What a daemon reports about itself in its row of `smq_workers`.

The `detail` that the dashboard and `smq workers` show.
"""

from __future__ import annotations

import msgspec

__all__ = ["ProcessDetail", "RunningDetail", "WorkerDetail"]


class RunningDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a handler thread is at."""

    id: int
    topic: str
    since: int
    """Milliseconds since the epoch."""
    pid: int


class ProcessDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process."""

    pid: int
    in_flight: int
    memory: int = 0
    """Bytes resident."""


class WorkerDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon at its last heartbeat."""

    topics: list[str] = []
    """Its handlers' topics and patterns."""
    threads: int = 0
    """Of each process."""
    processes: list[ProcessDetail] = []
    running: list[RunningDetail] = []
    processed: int = 0
    failed: int = 0
    rate: float = 0.0
    """Messages a second since the heartbeat before."""
    memory: int = 0
    """Bytes resident, the supervisor's and its processes'."""
    crashes: int = 0
    """Worker processes that died."""
    condition: str = ""
    """What is wrong with it; empty: nothing."""
