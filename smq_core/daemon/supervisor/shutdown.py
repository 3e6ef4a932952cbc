"""How a daemon ends: no new messages, one grace period for all handlers, then interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.daemon.wire.protocol import Cancel
from smq_core.format import counted

if TYPE_CHECKING:
    from smq_core.daemon.dispatch.dispatcher import Dispatcher
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.pool import ProcessPool

__all__ = ["AFTER_CANCEL_S", "PROCESS_END_S", "Shutdown"]

AFTER_CANCEL_S: Final = 1.0
"""How long interrupted handlers may take to clean up."""
PROCESS_END_S: Final = 2.0
"""How long idle processes may take to end."""


class Shutdown:
    """The end, step by step; each step is taken once."""

    def __init__(
        self, pool: ProcessPool, dispatcher: Dispatcher, journal: Journal, grace_s: float, now: float
    ) -> None:
        """Stop leasing, tell all handlers, take back what none has begun with."""
        self._pool = pool
        self._dispatcher = dispatcher
        self._journal = journal
        self._cancel_at = now + grace_s
        self._kill_at = self._cancel_at + AFTER_CANCEL_S
        self._end_at: float | None = None
        self._is_cancelled = False
        self.has_killed = False
        self.ended_at = float("inf")
        """When the last process had ended."""
        dispatcher.stop_leasing()
        pool.stop()
        journal.info("stopping", f"leasing no new messages; running ones have {grace_s:g} s to finish")

    def hurry(self, now: float) -> None:
        """End the grace period now."""
        if not self._is_cancelled:
            self._cancel_at = now
            self._kill_at = now + AFTER_CANCEL_S
            self._journal.info("hurrying", "second signal received: ending the grace period now")

    def next_at(self) -> float:
        """Return when the next step is due."""
        if self._end_at is not None:
            return self._end_at
        return self._kill_at if self._is_cancelled else self._cancel_at

    def advance(self, now: float) -> bool:
        """Take the step that is due; return whether all processes have ended."""
        if not self._pool.processes:
            self.ended_at = min(self.ended_at, now)
            return True
        if self._pool.in_flight == 0:
            self._pool.finish_drained()
            if self._end_at is None:
                self._end_at = now + PROCESS_END_S
            elif now >= self._end_at:
                self._kill()
        elif not self._is_cancelled and now >= self._cancel_at:
            self._is_cancelled = True
            for process in self._pool.processes:
                process.send(Cancel(list(process.in_flight), "stopped"))
            self._journal.warning(
                "interrupting",
                counted(
                    self._pool.in_flight,
                    "message is still running and is interrupted",
                    "messages are still running and are interrupted",
                ),
            )
        elif self._is_cancelled and now >= self._kill_at:
            self._kill()
        return False

    def _kill(self) -> None:
        if not self.has_killed:
            self.has_killed = True
            self._pool.kill_all()
