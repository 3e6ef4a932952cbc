"""One simulation: an empty queue, its actors, and what is seen of each of their transactions."""

from __future__ import annotations

import random
import shutil
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from smq_core.store import open_store
from smq_core.testing import ManualClock
from tests.simulation.casting import cast
from tests.simulation.comparing import Comparison
from tests.simulation.foretold_operators import ForetoldStore
from tests.simulation.ledger import Ledger
from tests.simulation.model import Model
from tests.simulation.rare import Rare
from tests.simulation.scheduler import Over, Scheduler, Vanished

if TYPE_CHECKING:
    from smq_core.store.records import Hold
    from tests.simulation.actor import Actor
    from tests.simulation.watched import Arguments, Call

ALL_EVERY = 100
"""Transactions after which everything is compared, not only what was touched."""
CALLS_TOLD = 25


class Difference(AssertionError):  # noqa: N818 - it is one
    """The engine and the model do not agree, or a promise is broken."""


class World:
    """A queue and everybody who works with it."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        template: Path,
        *,
        durability: Literal["full", "normal"] = "full",
        all_every: int = ALL_EVERY,
        length: int | None = None,
        rare: Rare | None = None,
    ) -> None:
        self.seed = seed
        self.path = str(folder / f"{seed}.sqlite3")
        shutil.copyfile(template, self.path)
        self.durability = durability
        self.random = random.Random(seed)  # noqa: S311 - it has to happen again
        self.clock = ManualClock()
        self.scheduler = Scheduler(self.random, self.clock)
        self.rare = rare or Rare()
        self.model = Model(self.rare)
        self.foretold = ForetoldStore(self.model)
        self.ledger = Ledger()
        self.steps = 0
        self.late_calls = 0
        self.limbo: deque[Hold] = deque(maxlen=40)
        """Leases whose holders died: they may yet come back, as one that was only stopped does."""
        self.dead: list[tuple[str, frozenset[int]]] = []
        """Daemons that died, and which messages their handlers had begun with."""
        self._all_every = all_every
        self._calls: deque[tuple[int, str, str, Arguments]] = deque(maxlen=CALLS_TOLD)
        self._failure: Exception | None = None
        self._failed = "the end"
        self._opened = open_store(self.path, durability=durability, clock=self.clock)
        """Open all the time, so that whoever closes is not the last one."""
        self.room, usual, self._actors = cast(self)
        self._length = length or usual

    @property
    def struck(self) -> int:
        """The faults so far: deaths, jumps of the clock, calls of holders that were thought dead."""
        return self.scheduler.crashes + self.scheduler.jumps + self.late_calls

    def run(self) -> None:
        """Let everybody act.

        Raises:
            Difference: with the seed and the step, at the first one that is not as it should be.
        """
        self._opened.size("a")
        self._comparison = Comparison(self.path, self.model)
        for actor in self._actors:
            actor.thread.start()
        self.scheduler.run(list(self._actors))
        for actor in self._actors:
            actor.thread.join()
        self._finish()

    def fail(self, error: Exception, actor: Actor) -> None:
        """End it all, as something is wrong with what an actor does."""
        self._failure = error
        self._failed = actor.name
        self.scheduler.end()

    # around each step

    def before_step(self, actor: Actor) -> None:
        """Let others come first."""
        self.scheduler.pause(actor)

    def after_step(self, call: Call | None, result: object) -> None:
        """Compare; then whoever made the step may vanish before it is told."""
        self.steps += 1
        if self.steps % self._all_every == 0:
            self._comparison.everything()
            self.ledger.nothing_is_lost(self.model.entries, self.model.gone)
        elif self.model.touched:
            self._comparison.touched()
        if self.steps >= self._length:
            self.scheduler.end()
            raise Over
        try:
            self.scheduler.strike()
        except Vanished:
            self._note_crash(call, result)
            raise

    def note_call(self, actor: Actor, verb: str, arguments: Arguments) -> None:
        """Remember what was called, to be told when something is wrong."""
        self._calls.append((self.steps, actor.name, verb, arguments))

    def note_taken_back(self, error: BaseException, calls: list[Call] | None) -> None:
        """Count transactions that ended otherwise than by a commit."""
        if calls and isinstance(error, Vanished):
            self.rare.note("a crash inside a transaction, which took it back")
        elif calls and not isinstance(error, AssertionError | Over):
            self.rare.note("a transaction left by an error, which took it back")

    def judge(self, verb: str, arguments: Arguments, answer: object) -> None:
        """Hold an answer against those before it."""
        self.ledger.judge(verb, arguments, answer)

    def _note_crash(self, call: Call | None, result: object) -> None:
        if call is None or call.twin is None:
            return
        if call.verb == "lease" and isinstance(result, tuple) and result[0]:
            self.rare.note("a crash between a dequeue's commit and its return")
        elif call.verb in ("enqueue", "ack"):
            self.rare.note(f"a crash between an {call.verb}'s commit and its return")
        elif call.verb in ("act", "purge", "undo") and not call.twin.is_over:
            self.rare.note("a crash between two chunks of an operator's action")

    def _finish(self) -> None:
        try:
            if self._failure is None:
                self._comparison.everything()
                self._comparison.integrity()
        except AssertionError as error:
            self._failure = error
        finally:
            self._comparison.close()
            self._opened.close()
            for suffix in ("", "-wal", "-shm"):
                Path(self.path + suffix).unlink(missing_ok=True)
        if self._failure is not None:
            raise Difference(self._told()) from self._failure

    def _told(self) -> str:
        calls = "\n".join(
            f"  {step} {name}: {verb} {arguments.positional} {arguments.named}"
            for step, name, verb, arguments in self._calls
        )
        return (
            f"seed {self.seed}, step {self.steps}, {self._failed}: {self._failure or repr(self._failure)}\n"
            f"again: SMQ_SIMULATION_SEED={self.seed} SMQ_SIMULATION_STEPS=1 pytest tests/simulation\n"
            f"the last calls:\n{calls}"
        )
