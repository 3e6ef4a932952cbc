"""Notices that worker processes of this daemon ended, on SIGCHLD, and deals with each exit.

Other daemons that died are noticed in `dead_daemons`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.daemon.processes.spawn import was_struck, why_not_ready
from smq_core.daemon.supervisor.circuit_breaker import CircuitBreaker
from smq_core.daemon.supervisor.crash_attribution import CrashAttribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.daemon.assembly import Components
    from smq_core.daemon.processes.pool import ProcessExit
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.supervisor.crash_attribution import TopicPause
    from smq_core.daemon.wire.protocol import FromProcess

__all__ = ["STARTS_TRIED", "Crashes"]

STARTS_TRIED: Final = 5
"""How many worker processes in a row may be struck by signals before they are ready.

One more is taken for the handlers' doing.
"""


class Crashes:
    """Takes the exits of worker processes: their last reports, their messages, and topics to pause."""

    def __init__(
        self,
        components: Components,
        *,
        hear: Callable[[WorkerProcess, FromProcess], None],
        pause: Callable[[TopicPause], None],
    ) -> None:
        """`hear` takes what a process reported last, `pause` pauses a topic that crashes processes."""
        self._components = components
        self._hear = hear
        self._pause = pause
        self._attribution = CrashAttribution(
            components.pending,
            CircuitBreaker(),
            components.counts.processed,
            components.presence,
            components.journal,
        )

    def take(self, *, is_ours: bool) -> Iterator[WorkerProcess]:
        """Deal with every worker process that has ended, and return each after that.

        `is_ours` says that the daemon kills them because it stops.
        """
        for ended in self._components.pool.reap():
            self._take_exit(ended, is_ours=is_ours)
            yield ended.process

    def _take_exit(self, ended: ProcessExit, *, is_ours: bool) -> None:
        components, process = self._components, ended.process
        for message in process.read():
            self._hear(process, message)
        if process.is_starting and not self._may_start_again(ended):
            why = why_not_ready(process.importing, ended.code, process.program.import_limit_s)
            process.refuse(why, components.clock.monotonic())
        elif not process.is_draining and not process.refusal:
            components.heartbeat.count_crash()
        for pause in self._attribution.judge(ended, components.clock.monotonic(), is_ours=is_ours):
            self._pause(pause)
        components.pool.note_header()
        components.dispatcher.wake()

    def _may_start_again(self, ended: ProcessExit) -> bool:
        """Return whether a process that ended before it was ready says nothing about the handlers, so far."""
        struck = was_struck(ended.process.importing, ended.code)
        return struck and self._components.pool.short_lives < STARTS_TRIED
