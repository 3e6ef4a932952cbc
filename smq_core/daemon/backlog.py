"""Takes messages back that stand behind a long handler.

For processes that are free, after a while for other daemons too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.daemon.fleet import Fleet
    from smq_core.daemon.process import WorkerProcess

__all__ = ["TO_ANYBODY_S", "TO_OTHERS_HERE_S", "has_backlog", "recall_backlog"]

TO_OTHERS_HERE_S: Final = 0.02
TO_ANYBODY_S: Final = 0.25


def has_backlog(fleet: Fleet) -> bool:
    """Say whether any process has more messages than threads."""
    return any(_backlog(one) > 0 for one in fleet.processes)


def recall_backlog(fleet: Fleet, now: float) -> None:
    """Ask processes for what they have not begun with and, it seems, will not soon."""
    free = sum(max(0, one.program.threads - len(one.in_flight)) for one in fleet.processes if one.is_open)
    for process in fleet.processes:
        backlog, quiet_s = _backlog(process), now - process.quiet_since
        if backlog <= 0 or process.is_draining:
            continue
        if quiet_s >= TO_ANYBODY_S:
            _recall(process, backlog, now)
        elif free and quiet_s >= TO_OTHERS_HERE_S:
            _recall(process, min(backlog, free), now)
            free -= min(backlog, free)


def _recall(process: WorkerProcess, count: int, now: float) -> None:
    process.recall(count)
    process.quiet_since = now


def _backlog(process: WorkerProcess) -> int:
    return len(process.in_flight) - process.program.threads
