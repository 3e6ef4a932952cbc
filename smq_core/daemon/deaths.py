"""What becomes of the messages of a worker process that has died: who is blamed, who only stood beside. It writes nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.fleet import end_commands
from smq_core.daemon.ledger import Casualty
from smq_core.daemon.protocol import Failed
from smq_core.store.records import Hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_core.daemon.breaker import Breaker
    from smq_core.daemon.fleet import Death
    from smq_core.daemon.journal import Journal
    from smq_core.daemon.ledger import Ledger

__all__ = ["Pause", "settle_death"]


class Pause(NamedTuple):
    """A topic that is to be paused, and why."""

    topic: str
    seconds: float
    reason: str


def settle_death(
    death: Death,
    ledger: Ledger,
    breaker: Breaker,
    handled: Mapping[str, int],
    journal: Journal,
    now: float,
    *,
    is_ours: bool,
) -> list[Pause]:
    """Note the fate of each message of a dead process in the ledger; answer the topics whose messages kill too often.

    `handled` counts for each topic what was handled so far. `is_ours` says that the daemon killed it to stop: its messages then go back uncounted.
    """
    process = death.process
    slots = process.slots.started()
    end_commands(process)
    process.slots.clear()
    flights = dict(process.in_flight)
    process.in_flight.clear()
    process.close()
    started = {slot.message_id for slot in slots if slot.message_id in flights}
    if is_ours:
        for flight in flights.values():
            ledger.release(flight)
        return []
    for message_id in process.killed_for:
        if (hung := flights.pop(message_id, None)) is not None:
            ledger.fail(hung, Failed(message_id, "requeue", _killed(process.killed_timeout_s)))
    if process.killed_for:
        started = set()
    error = f"worker died: {death.cause}"
    if lines := process.last_lines():
        error = f"{error}\n{lines}"
    verdict = "blamed" if len(started) == 1 else "suspect"
    for message_id, flight in flights.items():
        is_started = message_id in started
        ledger.recover(
            Casualty(
                Hold(message_id, flight.receipt),
                verdict if is_started else "untouched",
                error if is_started else "",
            )
        )
    if process.refusal or (death.code == 0 and not flights):
        return []
    journal.warning(
        "worker_died",
        f"worker process {process.pid} died: {death.cause}; {_fate(started, len(flights))}",
        pid=process.pid,
        messages=", ".join(str(one) for one in sorted(started)[:10]),
    )
    if process.alone in started:
        return []
    return _pauses({flights[one].row.topic for one in started}, breaker, handled, now, death.cause)


def _pauses(
    topics: set[str], breaker: Breaker, handled: Mapping[str, int], now: float, cause: str
) -> list[Pause]:
    pauses: list[Pause] = []
    for topic in sorted(topics):
        if (seconds := breaker.note_death(topic, handled.get(topic, 0), now)) is not None:
            pauses.append(
                Pause(topic, seconds, f"five worker processes died of it within a minute, last by {cause}")
            )
    return pauses


def _fate(started: set[int], others: int) -> str:
    if not started:
        return f"{others} messages go back uncounted"
    if len(started) == 1:
        return f"message {next(iter(started))} was running and is charged, {others - 1} go back uncounted"
    return f"{len(started)} messages were running and will run one by one, {others - len(started)} go back uncounted"


def _killed(timeout_s: float) -> str:
    return f"timed out after {timeout_s:g} s and did not end when told: its worker process was killed"
