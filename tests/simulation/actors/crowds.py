"""Actors that make more messages, leases and delays than one transaction may change."""

from __future__ import annotations

from smq_core.message import Receipt
from smq_core.store.records import Hold, LeaseRequest
from tests.simulation.actor import Actor
from tests.simulation.model import CHUNK

MANY = CHUNK + 150


class Crowd(Actor):
    """Adds hundreds at once, leases hundreds at once, and lets most of them expire."""

    def act(self) -> None:
        """Add while there is room, else take."""
        if len(self.world.model.entries) < self.world.room:
            self._add()
        elif self.chance(0.5):
            self._take()
        else:
            self.store.size(self.topic())

    def _add(self) -> None:
        delay = self.random.choice((0.0, 0.5, 0.5))
        self.queue().enqueue_many(self.topic(), ["text"] * MANY, delay=delay)

    def _take(self) -> None:
        receipt = Receipt(self.random.getrandbits(63))
        request = LeaseRequest(
            topics=[self.topic()], limit=MANY, receipt=receipt, visibility_ms=1_000, worker=self.worker
        )
        rows, _ = self.store.lease(request, self.now)
        holds = [Hold(row.id, receipt) for row in rows]
        if self.chance(0.3):
            self.store.ack(holds, self.now)
        else:
            self.world.limbo.extend(holds[-20:])
