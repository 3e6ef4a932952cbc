"""What the supervisor still has to write about messages, kept until it was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.dispatch.orphaned_messages import recover_orphan
from smq_core.states import State
from smq_core.store.failed_message import FailedMessage
from smq_core.store.records import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.daemon.dispatch.orphaned_messages import OrphanedMessage
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.wire.protocol import Failed
    from smq_core.policy import RandomSource
    from smq_core.store.base import Store
    from smq_core.store.records import Hold

__all__ = ["PendingOutcomes"]


class _Failure(NamedTuple):
    flight: InFlight
    verb: str
    failure: Failure


class PendingOutcomes:
    """Outcomes on their way into the database."""

    def __init__(self, worker_id: str, random: RandomSource, max_crashes: int) -> None:
        """Write as the daemon `worker_id`; `random` is for the back-off's jitter."""
        self._worker_id = worker_id
        self._random = random
        self._max_crashes = max_crashes
        self._acks: list[Hold] = []
        self._outputs: list[tuple[Hold, str]] = []
        self._failures: list[_Failure] = []
        self._releases: list[Hold] = []
        self._orphans: list[OrphanedMessage] = []
        self._failed: list[FailedMessage] = []
        """What the last `write` made of messages that were not processed."""
        self._was_tried = False

    def __len__(self) -> int:
        """Count what is waiting."""
        return len(self._acks) + len(self._failures) + len(self._releases) + len(self._orphans)

    @property
    def gives_back(self) -> bool:
        """Return whether any message will wait for another run."""
        return bool(self._failures or self._releases or self._orphans)

    def allow_crashes(self, max_crashes: int) -> None:
        """Set how many worker processes a message may crash before it is dead."""
        self._max_crashes = max_crashes

    def holds(self) -> set[Hold]:
        """Return every lease that something is to be written about."""
        failed = (entry.flight.hold for entry in self._failures)
        return {*self._acks, *failed, *self._releases, *(orphan.hold for orphan in self._orphans)}

    def ack(self, flights: Iterable[InFlight]) -> None:
        """Note that messages were processed."""
        self._acks += [flight.hold for flight in flights]

    def ack_with_output(self, flight: InFlight, output: str) -> None:
        """Note that a command processed a message, and what it printed."""
        self.ack([flight])
        self._outputs.append((self._acks[-1], output))

    def fail(self, flight: InFlight, outcome: Failed) -> None:
        """Note that a message was not processed."""
        if outcome.verb == "release":
            self.release(flight)
            return
        delay_ms = None if outcome.delay_s is None else max(0, round(outcome.delay_s * 1000))
        failure = Failure(error=outcome.error, delay_ms=delay_ms, jitter=self._random.random())
        self._failures.append(_Failure(flight, outcome.verb, failure))

    def release(self, flight: InFlight) -> None:
        """Note that a message goes back uncounted."""
        self._releases.append(flight.hold)

    def recover(self, orphan: OrphanedMessage) -> None:
        """Note what a worker process's death left."""
        self._orphans.append(orphan)

    def write(self, store: Store, now_ms: int) -> list[Hold]:
        """Write all, inside a transaction; return what was lost. Nothing is forgotten before `forget`."""
        self._failed.clear()
        for hold, output in self._outputs:
            store.keep_output(hold, output)
        lost = store.ack(self._acks, now_ms) if self._acks else []
        for flight, verb, failure in self._failures:
            state = _give_back(store, flight.hold, verb, failure, now_ms)
            if state is None:
                lost.append(flight.hold)
            else:
                row = flight.row
                self._failed.append(FailedMessage(row.id, row.topic, row.attempts, failure.error, state))
        if self._releases:
            lost += store.release(self._releases)
        for orphan in self._orphans:
            dead = recover_orphan(store, orphan, self._worker_id, self._max_crashes, now_ms)
            self._failed += [] if dead is None else [dead]
        # a first try whose answer was an error may have been committed all the same: lost then means done
        lost = [] if self._was_tried else lost
        self._was_tried = True
        return lost

    def forget(self) -> list[FailedMessage]:
        """Forget what was committed, and return what became of the messages that were not processed.

        Of those whose worker process died, only the dead ones.
        """
        self._was_tried = False
        for entries in (self._acks, self._outputs, self._failures, self._releases, self._orphans):
            entries.clear()
        failed, self._failed = self._failed, []
        return failed


def _give_back(store: Store, hold: Hold, verb: str, failure: Failure, now_ms: int) -> State | None:
    """Give back a message that was not processed; return its new state, None where the lease is lost."""
    if verb == "bury":
        return State.DEAD if store.bury(hold, failure, now_ms) else None
    requeued = store.requeue(hold, failure, now_ms)
    return None if requeued is None else requeued.state
