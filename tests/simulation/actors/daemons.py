"""An actor that does what a daemon does.

It leases ahead, writes outcomes together with the next leases, and returns what the dead held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.daemon.dispatch.orphaned_messages import OrphanedMessage, recover_orphan
from smq_core.message import Receipt
from smq_core.store.records import Failure, Hold, LeasedRow, LeaseRequest
from tests.simulation.actor import TOPICS, Actor

if TYPE_CHECKING:
    from tests.simulation.world import World

AHEAD = 5
MAX_CRASHES = 3
KILLER = 7
"""A message whose id is a multiple of it crashes every worker process that begins with it."""


class Daemon(Actor):
    """A supervisor with one worker process."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.flights: dict[int, tuple[LeasedRow, Hold]] = {}
        self.started: set[int] = set()
        self.outcomes: list[tuple[str, Hold]] = []
        self._acts = (
            *(self._begin, self._begin, self._begin, self._finish, self._finish),
            *(self._step, self._step, self._step, self._extend, self._give_back, self._lose_worker),
            self._return_dead,
        )

    def act(self) -> None:
        """Do one of its duties."""
        self.random.choice(self._acts)()

    def vanish(self) -> None:
        """Die as a whole: other daemons see it, and what its handlers had begun with."""
        self.world.dead.append((self.worker, frozenset(self.started)))
        super().vanish()
        self._let_go()
        self.outcomes.clear()

    def _let_go(self) -> None:
        self.world.limbo.extend(hold for _, hold in self.flights.values())
        self.flights.clear()
        self.started.clear()

    def _begin(self) -> None:
        """Let a handler begin; a suspect runs alone."""
        waiting = [row for one, (row, _) in self.flights.items() if one not in self.started]
        has_suspect = any(self.flights[one][0].is_suspect for one in self.started)
        if not waiting or has_suspect:
            return
        row = self.random.choice(waiting)
        if row.is_suspect and self.started:
            return
        self.started.add(row.id)
        if row.id % KILLER == 0:
            self._lose_worker()

    def _finish(self) -> None:
        """Let a handler end."""
        if self.started:
            one = self.random.choice(sorted(self.started))
            self.started.discard(one)
            verb = self.random.choice(("ack", "ack", "ack", "requeue", "bury", "release"))
            self.outcomes.append((verb, self.flights.pop(one)[1]))

    def _step(self) -> None:
        """Write what is known and lease what there is room for, in one transaction."""
        if not self.outcomes:
            self._lease()
            return
        with self.store.transaction(is_durable=False):
            self._write_outcomes()
            rows = self._ask()
        self.outcomes.clear()
        self._take(rows)

    def _write_outcomes(self) -> None:
        failure = Failure(error="failed", jitter=self.random.random())
        self.store.ack([hold for verb, hold in self.outcomes if verb == "ack"], self.now)
        for verb, hold in self.outcomes:
            if verb == "requeue":
                self.store.requeue(hold, failure, self.now)
            elif verb == "bury":
                self.store.bury(hold, failure, self.now)
        self.store.release([hold for verb, hold in self.outcomes if verb == "release"])

    def _lease(self) -> None:
        self._take(self._ask())

    def _ask(self) -> tuple[Receipt, list[LeasedRow]]:
        receipt = Receipt(self.random.getrandbits(63))
        room = AHEAD - len(self.flights)
        if room <= 0:
            return receipt, []
        topics = self.random.sample(TOPICS, 2)
        visibility_ms = self.random.choice((1_000, 5_000, 20_000, None))
        request = LeaseRequest(
            topics=topics, limit=room, receipt=receipt, visibility_ms=visibility_ms, worker=self.worker
        )
        return receipt, self.store.lease(request, self.now)[0]

    def _take(self, answer: tuple[Receipt, list[LeasedRow]]) -> None:
        receipt, rows = answer
        self.flights |= {row.id: (row, Hold(row.id, receipt)) for row in rows}
        self.started.difference_update(row.id for row in rows)

    def _extend(self) -> None:
        """Renew what it holds; what is lost is left alone."""
        if self.flights:
            holds = [hold for _, hold in self.flights.values()]
            _, lost = self.store.extend(holds, self.random.choice((10_000, None)), self.now)
            for hold in lost:
                del self.flights[hold.id]
                self.started.discard(hold.id)

    def _give_back(self) -> None:
        """Give back what no handler has begun with."""
        waiting = [hold for one, (_, hold) in self.flights.items() if one not in self.started]
        if waiting:
            for hold in waiting:
                del self.flights[hold.id]
            self.store.release(waiting)

    def _lose_worker(self) -> None:
        """Notice that the worker process died, and return what it had."""
        if self.started:
            holds = [hold for _, hold in self.flights.values()]
            self._recover(holds, frozenset(self.started), self.worker)
            self._let_go()

    def _return_dead(self) -> None:
        """Notice that another daemon died, and return what it had."""
        if self.world.dead:
            worker, started = self.random.choice(self.world.dead)
            self._recover(None, started, worker)
            self.world.dead = [one for one in self.world.dead if one[0] != worker]

    def _recover(self, holds: list[Hold] | None, started: frozenset[int], worker: str) -> None:
        with self.store.transaction(is_durable=False):
            found = self.store.held_by(worker) if holds is None else holds
            running = [hold for hold in found if hold.id in started]
            verdict = "blamed" if len(running) == 1 else "suspect"
            for hold in found:
                judged = verdict if hold.id in started else "untouched"
                recover_orphan(
                    self.store, OrphanedMessage(hold, judged, "worker died"), worker, MAX_CRASHES, self.now
                )
