"""Lets one actor run at a time, and says which is next: by a seed, so that everything happens again.

Each actor is a thread that waits for its turn; whoever has it hands it on. Between two turns time passes, the
clock may be set, and whoever is about to go on may vanish instead.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random

    from smq_core.testing import ManualClock

STAYS = 0.5
"""How often an actor goes on without anybody coming between."""
PASSES_S = (0.0, 0.0, 0.0, 0.001, 0.01, 0.01, 0.1, 0.1, 0.5, 2.0)
JUMPS_S = (-26 * 3600.0, -3600.0, -30.0, -1.0, 30.0, 3600.0, 3600.0, 86_395.0, 25 * 3600.0)
JUMPS = 0.0008
VANISHES = 0.004


class Over(BaseException):
    """The simulation has ended."""


class Vanished(BaseException):
    """The process of an actor was killed."""


class Turned(Protocol):
    """Whatever can have the turn."""

    wake: threading.Lock


class Scheduler:
    """The turn, the clock and chance."""

    def __init__(self, random: random.Random, clock: ManualClock) -> None:
        self.random = random
        self.clock = clock
        self.jumps = 0
        self.crashes = 0
        self.is_over = False
        self._ended = threading.Event()
        self._actors: list[Turned] = []

    def run(self, actors: list[Turned]) -> None:
        """Give the first one the turn, and wait until somebody ends it all."""
        self._actors = actors
        actors[0].wake.release()
        self._ended.wait()

    def end(self) -> None:
        """Let no actor go on."""
        if not self.is_over:
            self.is_over = True
            for actor in self._actors:
                if actor.wake.locked():
                    actor.wake.release()
            self._ended.set()

    def pause(self, actor: Turned) -> None:
        """Let others come between, time pass, and the actor vanish."""
        if self.is_over:
            raise Over
        self._let_time_pass()
        if self.random.random() >= STAYS:
            self._hand_on(actor)
        self.strike()

    def strike(self) -> None:
        """Let whoever has the turn vanish, now and then."""
        if self.random.random() < VANISHES:
            self.crashes += 1
            raise Vanished

    def _let_time_pass(self) -> None:
        chance = self.random.random()
        if chance < JUMPS:
            self.clock.step(self.random.choice(JUMPS_S))
            self.jumps += 1
        elif chance < 0.3:
            self.clock.advance(self.random.choice(PASSES_S))

    def _hand_on(self, actor: Turned) -> None:
        following = self.random.choice(self._actors)
        if following is not actor:
            following.wake.release()
            actor.wake.acquire()
            if self.is_over:
                raise Over
