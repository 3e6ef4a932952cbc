"""Takes messages back that stand behind a long handler.

For processes that are free, after a while for other daemons too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.daemon.processes.process import WorkerProcess

__all__ = ["TO_ANYBODY_S", "TO_OTHERS_HERE_S", "has_backlog", "recall_backlog"]

TO_OTHERS_HERE_S: Final = 0.02
TO_ANYBODY_S: Final = 0.25


def has_backlog(pool: ProcessPool) -> bool:
    """Return whether any process has more messages than threads."""
    return any(_backlog(one) > 0 for one in pool.processes)


def recall_backlog(pool: ProcessPool, now: float) -> None:
    """Ask processes for what they have not begun with and, it seems, will not soon."""
    others_are_free = any(len(one.in_flight) < one.program.threads for one in pool.processes if one.is_open)
    wait_s = TO_OTHERS_HERE_S if others_are_free else TO_ANYBODY_S
    for process in pool.processes:
        backlog = _backlog(process)
        if backlog > 0 and not process.is_draining and now - process.quiet_since >= wait_s:
            process.recall_backlog(backlog, now)


def _backlog(process: WorkerProcess) -> int:
    return len(process.in_flight) - process.program.threads
