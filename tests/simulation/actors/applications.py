"""Actors that use the queue as an application does: producers, consumers, and holders that come back late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.errors import LeaseLost
from smq_core.store.records import Failure, Hold
from tests.simulation.actor import TOPICS, Actor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.message import Lease
    from tests.simulation.world import World

KEYS = (None, None, None, "k", "l")
DELAYS_S = (0.0, 0.0, 0.0, 0.001, 0.5, 5.0, 30.0)
SETTLED = ("ack", "ack", "ack_many", "requeue", "bury", "release", "extend", "replace")
LASTS_S = (0.1, 1.0, 1.0, 5.0, 20.0, 86_400.0, None)


class Producer(Actor):
    """Adds messages as long as there is room."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.application = self.queue()

    def act(self) -> None:
        """Add one, or several, or look how much there is."""
        if len(self.world.model.entries) >= self.world.room:
            self.application.size(self.topic())
        elif self.chance(0.7):
            self.application.enqueue(
                self.topic(),
                "text",
                delay=self.random.choice(DELAYS_S),
                priority=self.random.choice((0, 0, 0, 5, -5)),
                key=self.random.choice(KEYS),
                max_attempts=self.random.choice((None, None, 1, 2)),
            )
        else:
            keys = [self.random.choice(KEYS) for _ in range(self.random.randint(1, 4))]
            self.application.enqueue_many(self.topic(), ["text"] * len(keys), keys=keys)


class Consumer(Actor):
    """Leases and settles, at its leisure: some of its leases expire meanwhile."""

    most = 4

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.application = self.queue()
        self.leases: list[Lease] = []

    def act(self) -> None:
        """Take messages, or settle one or several."""
        try:
            if not self.leases or self.chance(0.4):
                self._dequeue()
            else:
                self._settle(self.random.choice(self.leases))
        except LeaseLost as lost:
            self._forget(lost.leases)

    def vanish(self) -> None:
        """Die: the leases run on, and may be used yet."""
        super().vanish()
        self.world.limbo.extend(Hold(lease.message.id, lease.receipt) for lease in self.leases)
        self.leases.clear()
        self.application = self.queue()

    def _dequeue(self) -> None:
        """Take some; or finish one and take the next of its topic, as a simple loop does."""
        finished = [lease for lease in self.leases if self.chance(0.2)]
        topics, limit = (
            self.random.sample(TOPICS, self.random.randint(1, 3)),
            self.random.randint(1, self.most),
        )
        if self.leases and self.chance(0.3):
            finished = [self.random.choice(self.leases)]
            topics, limit = [finished[0].message.topic], 1
        try:
            self.leases += self.application.dequeue(
                *topics,
                limit=limit,
                visibility_timeout=self.random.choice(LASTS_S),
                ack=finished,
                order=self.random.choice(("topics", "topics", "oldest")),
            )
        finally:
            self._forget(finished)

    def _settle(self, lease: Lease) -> None:
        verb = self.random.choice(
            ("ack", "ack", "ack_many", "requeue", "bury", "release", "extend", "replace")
        )
        if verb == "extend":
            self.application.extend_many(self.leases, self.random.choice(LASTS_S))
            return
        if verb == "ack_many":
            some, self.leases = self.leases, []
            self.application.ack_many(some)
            return
        self._forget([lease])
        if verb == "requeue":
            delay = self.random.choice((None, 0.0, 2.0))
            self.application.requeue(lease, delay=delay, error="boom")
        elif verb == "replace":
            self._replace(lease)
        else:
            getattr(self.application, verb)(lease)

    def _replace(self, lease: Lease) -> None:
        """Finish a message and send the next with its key, in one transaction."""
        key = lease.message.key or "k"
        with self.application.transaction() as transaction:
            transaction.ack(lease)
            follower = transaction.enqueue(lease.message.topic, "next", key=key)
        if lease.message.key and follower > lease.message.id:
            self.world.rare.note("a key freed by an ack and taken in the same transaction")

    def _forget(self, leases: Iterable[Lease]) -> None:
        gone = {(lease.message.id, lease.receipt) for lease in leases}
        self.leases = [one for one in self.leases if (one.message.id, one.receipt) not in gone]


class LateHolder(Actor):
    """A process that was thought dead, and goes on with a lease that it had."""

    def act(self) -> None:
        """Settle a lease of the dead."""
        if not self.world.limbo:
            self.store.next_due(TOPICS, self.now)
            return
        self.world.late_calls += 1
        hold = self.random.choice(self.world.limbo)
        match self.random.randrange(9):
            case 0:
                self.store.release([hold])
            case 1:
                self.store.bury(hold, Failure(error="late"), self.now)
            case 2:
                self.store.requeue(hold, Failure(error="late", jitter=0.5), self.now)
            case 3:
                self.store.extend([hold], 5_000, self.now)
            case _:
                self.store.ack([hold], self.now)
