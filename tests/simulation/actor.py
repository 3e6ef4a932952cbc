"""What all actors share: a thread that waits for its turn, a store that is watched, and deaths."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from smq_core import Inspector, Queue
from tests.simulation.scheduler import Over, Vanished
from tests.simulation.watched import watched_store

if TYPE_CHECKING:
    from tests.simulation.world import World

TOPICS = ("a", "b", "c")


class Actor:
    """A process, as far as the queue can tell."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.random = world.random
        self.name = name
        self.lives = 1
        self.wake = threading.Lock()
        self.wake.acquire()
        self.store = watched_store(world, self)
        self.thread = threading.Thread(target=self._live, name=name)

    @property
    def worker(self) -> str:
        """The name on its leases: another after each death."""
        return f"{self.name}.{self.lives}"

    @property
    def now(self) -> int:
        """The time, in milliseconds."""
        return self.world.clock.now_ms()

    def act(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def vanish(self) -> None:
        """Die, leaving everything as it is; what is in memory is forgotten."""
        self.lives += 1

    def queue(self) -> Queue:
        """Open the queue as an application does, through the store that is watched."""
        queue = Queue(self.world.path, clock=self.world.clock, random=self.random, worker=self.worker)
        queue._store = self.store
        return queue

    def inspector(self) -> Inspector:
        """Open the operator's side of it."""
        inspector = Inspector(self.world.path, clock=self.world.clock, actor=self.name)
        inspector._store = self.store
        return inspector

    def chance(self, of: float) -> bool:
        """Draw."""
        return self.random.random() < of

    def topic(self) -> str:
        """Draw a topic."""
        return self.random.choice(TOPICS)

    def _live(self) -> None:
        with contextlib.suppress(Over):
            self.wake.acquire()
            try:
                while True:
                    self._act_or_vanish()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test has to tell it
                self.world.fail(error, self)
        self.store.close()

    def _act_or_vanish(self) -> None:
        try:
            self.world.scheduler.pause(self)
            self.act()
        except Vanished:
            if self.chance(0.2):
                self.store.close()
            self.vanish()
