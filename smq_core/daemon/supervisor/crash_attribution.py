"""What becomes of the messages of a worker process that has died, and who is blamed. It writes nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.dispatch.orphaned_messages import OrphanedMessage
from smq_core.daemon.processes.pool import end_commands
from smq_core.daemon.wire.protocol import Failed
from smq_core.format import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_core.daemon.dispatch.pending_outcomes import PendingOutcomes
    from smq_core.daemon.liveness.presence import Presence
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.processes.pool import ProcessExit
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.supervisor.circuit_breaker import CircuitBreaker

__all__ = ["CrashAttribution", "TopicPause"]


class TopicPause(NamedTuple):
    """A topic that is to be paused, and why."""

    topic: str
    seconds: float
    reason: str


class CrashAttribution:
    """Decides which messages are charged when a worker process ends."""

    def __init__(
        self,
        pending: PendingOutcomes,
        circuit_breaker: CircuitBreaker,
        handled: Mapping[str, int],
        presence: Presence,
        journal: Journal,
    ) -> None:
        """Note outcomes as pending; `handled` counts for each topic what was handled so far."""
        self._pending = pending
        self._circuit_breaker = circuit_breaker
        self._handled = handled
        self._presence = presence
        self._journal = journal

    def judge(self, ended: ProcessExit, now: float, *, is_ours: bool) -> list[TopicPause]:
        """Note what becomes of the messages of a dead process; return the topics that kill too often.

        `is_ours` says that the daemon killed it to stop: its messages then go back uncounted.
        """
        process = ended.process
        has_lost_slots = self._has_lost_slots(ended)
        flights, started = self._take_over(process)
        if is_ours:
            for flight in flights.values():
                self._pending.release(flight)
            return []
        for tag in process.killed_for:
            if (hung := flights.pop(tag, None)) is not None:
                self._pending.fail(hung, Failed(tag, "requeue", _killed(process.killed_timeout_s)))
        if process.killed_for or has_lost_slots:
            # what ran beside the hung one is as innocent as what had not begun
            started = set()
        self._recover(ended, flights, started)
        if process.refusal or process.finishing_since is not None:
            return []
        self._tell(ended, {flights[tag].row.id for tag in started}, len(flights))
        topics = set() if process.alone in started else {flights[one].row.topic for one in started}
        return [pause for topic in sorted(topics) if (pause := self._pause(topic, ended, now)) is not None]

    def _has_lost_slots(self, ended: ProcessExit) -> bool:
        """Return whether it died because somebody cut the -workers file short, which it has mapped."""
        process = ended.process
        return ended.code == -signal.SIGBUS and (
            process.slots.are_cut_off() or self._presence.mend() != process.cuts
        )

    def _take_over(self, process: WorkerProcess) -> tuple[dict[int, InFlight], set[int]]:
        """Empty a dead process; return what it had in flight, and the tags of what it had started."""
        flights, begun = dict(process.in_flight), process.begun()
        end_commands(process.slots.read(), self._journal)
        process.slots.clear()
        process.in_flight.clear()
        process.close()
        return flights, {flight.tag for flight, _ in begun}

    def _recover(self, ended: ProcessExit, flights: dict[int, InFlight], started: set[int]) -> None:
        error = f"worker died: {ended.cause}"
        if started and (lines := ended.process.last_lines()):
            error = f"{error}\n{lines}"
        verdict = "blamed" if len(started) == 1 else "suspect"
        for tag, flight in flights.items():
            is_started = tag in started
            self._pending.recover(
                OrphanedMessage(flight.hold, verdict, error)
                if is_started
                else OrphanedMessage(flight.hold, "untouched", "")
            )

    def _tell(self, ended: ProcessExit, started: set[int], messages: int) -> None:
        self._journal.warning(
            "worker_died",
            f"worker process {ended.process.pid} died: {ended.cause}; {_outcome_of(started, messages)}",
            pid=ended.process.pid,
            ids=", ".join(str(one) for one in sorted(started)[:10]),
        )

    def _pause(self, topic: str, ended: ProcessExit, now: float) -> TopicPause | None:
        seconds = self._circuit_breaker.note_crash(topic, self._handled.get(topic, 0), now)
        if seconds is None:
            return None
        return TopicPause(
            topic, seconds, f"it crashed five worker processes within a minute (last: {ended.cause})"
        )


def _outcome_of(started: set[int], messages: int) -> str:
    others = f"unstarted messages released: {messages - len(started)}"
    if not started:
        return others
    if len(started) == 1:
        return f"message {next(iter(started))} was running and is charged an attempt; {others}"
    return f"{counted(len(started), 'message')} were running and will run one by one; {others}"


def _killed(timeout_s: float) -> str:
    return f"timed out after {timeout_s:g} s and did not stop when interrupted: its worker process was killed"
