"""Everybody who is no daemon: producers, library consumers, and operators who lay hands on what runs."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from smq_core import Inspector, LeaseLost, Queue, SmqError
from smq_core.policy import Backoff

if TYPE_CHECKING:
    from smq_core import Lease
    from tests.simulation.supervised.world import SupervisedWorld

__all__ = ["People"]

TOPICS = ("a", "b")
MOST_UNFINISHED = (1, 4, 12)
"""How many messages of a topic there may be: few leave threads idle, many keep all of them busy."""


class People:
    """Whoever else works on the file."""

    def __init__(self, world: SupervisedWorld) -> None:
        self._world = world
        self._random = world.random
        self._queue = Queue(
            world.path, durability="normal", clock=world.clock, random=world.random, worker="consumer"
        )
        self._inspector = Inspector(world.path, clock=world.clock, actor="operator")
        for topic in TOPICS:
            self._inspector.set_policy(topic, max_attempts=4, backoff=Backoff(0.5, 1.0, 1.0))
        self._leases: deque[Lease] = deque()
        self._operations: deque[int] = deque(maxlen=3)
        self._most = self._random.choice(MOST_UNFINISHED)
        self._is_leaving = False

    def act(self) -> None:
        """Do one thing."""
        if self._is_leaving:
            return
        chance = self._random.random()
        if chance < 0.45:
            self._produce()
        elif chance < 0.65:
            self._consume()
        elif chance < 0.8:
            self._settle()
        else:
            self._operate()

    def leave(self) -> None:
        """Do nothing any more."""
        self._is_leaving = True
        self._leases.clear()

    def close(self) -> None:
        """Close what is open."""
        self._queue.close()
        self._inspector.close()

    def _produce(self) -> None:
        topic = self._random.choice(TOPICS)
        if self._queue.size(topic) < self._most:
            self._queue.enqueue_many(topic, [1] * self._random.randint(1, 4))

    def _consume(self) -> None:
        leases = self._queue.dequeue(
            *TOPICS, limit=self._random.randint(1, 2), visibility_timeout=self._random.choice((0.5, 2.0))
        )
        self._leases.extend(leases)

    def _settle(self) -> None:
        if not self._leases:
            return
        lease = self._leases.popleft()
        chance = self._random.random()
        try:
            if chance < 0.3:
                self._queue.ack(lease)
            elif chance < 0.5:
                self._queue.requeue(lease)
            elif chance < 0.6:
                self._queue.release(lease)
            else:
                self._world.seen.note("a consumer that let a lease end")
        except LeaseLost:
            return

    def _operate(self) -> None:
        """Lay hands on a message that runs, or take the last action back."""
        running = sorted({run.delivery.id for daemon in self._world.daemons for run in daemon.runs})
        if self._operations and self._random.random() < 0.3:
            # nothing may be left that could come back
            with contextlib.suppress(SmqError):
                self._inspector.undo(self._operations.popleft())
                self._world.seen.note("an operator's action undone")
            return
        if not running:
            return
        one = self._random.choice(running)
        chance = self._random.random()
        if chance < 0.5:
            self._force(one)
        elif chance < 0.8:
            verb = self._inspector.delete if chance < 0.65 else self._inspector.bury
            self._note(verb([one], force=True).operation)
            self._world.seen.note("a running message deleted or buried")
        else:
            self._note(self._inspector.requeue([one]).operation)

    def _force(self, one: int) -> None:
        # before: what is in flight now is what the new run may run beside
        self._world.judge.forces([one])
        self._note(self._inspector.requeue([one], force=True).operation)
        self._world.seen.note("a running message requeued by force")

    def _note(self, operation: int | None) -> None:
        if operation is not None:
            self._operations.append(operation)
