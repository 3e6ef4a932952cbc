"""One simulation of daemons: who acts next, what time it is, and what goes wrong, by a seed."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.testing import ManualClock
from tests.simulation.supervised.daemon import LEASE_S, SimulatedDaemon
from tests.simulation.supervised.judge import Judge
from tests.simulation.supervised.people import People

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.supervised.child import SimulatedChild
    from tests.simulation.supervised.seen import Seen

__all__ = ["Broken", "SupervisedWorld"]

BETWEEN: Final = 0.06
"""How often others come between two calls of a daemon to its store."""
LENGTH: Final = 4_000
DRAIN: Final = 40_000
"""Steps in which everything has to come to an end once nothing goes wrong any more."""
PASSES_S: Final = (0.001, 0.01, 0.01, 0.02, 0.05, 0.1)
LONG_S: Final = (0.5, 1.5, 3.0, 10.0)
JUMPS_S: Final = (-26 * 3600.0, -3 * 3600.0, -60.0, -5.0, 5.0, 60.0, 2 * 3600.0, 26 * 3600.0)


class Broken(AssertionError):  # noqa: N818 - it is one
    """A promise is broken."""


class SupervisedWorld:
    """Daemons, their worker processes, and everybody else, on one file."""

    def __init__(self, seed: int, folder: Path, template: Path, seen: Seen, *, length: int = LENGTH) -> None:
        self.seed = seed
        self.path = str(folder / f"daemons-{seed}.sqlite3")
        shutil.copyfile(template, self.path)
        self.random = random.Random(seed)  # noqa: S311 - it has to happen again
        self.clock = ManualClock()
        self.seen = seen
        self.steps = 0
        self.struck = 0
        self.people = People(self)
        # after a connection of the store's: a file that another one has open already is refused
        self.judge = Judge(self, seen)
        self.daemons: list[SimulatedDaemon] = []
        self._length = length
        self._numbers = 0
        self._is_calm = False
        self._depth = 0
        self._faults: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.0040, self._freeze),
            (0.0300, self._thaw),
            (0.0010, self._set_clock),
            (0.0020, self._lose_database),
            (0.0200, self._find_database),
            (0.0020, self._kill_child),
            (0.0006, self._kill_daemon),
            (0.0006, self._stop_daemon),
            (0.0006, self._reload),
        )

    def run(self) -> None:
        """Let everybody act, then let everything come to an end.

        Raises:
            Broken: with the seed and the step, at the first promise that is.
        """
        try:
            for _ in range(self.random.choice((1, 2, 2, 3))):
                self._start_daemon()
            while self.steps < self._length:
                self._step()
            self._drain()
        except Exception as error:
            raise Broken(f"seed {self.seed}, step {self.steps}: {error!r}") from error
        finally:
            self._close()

    def next_number(self) -> int:
        """Return a number that nothing else has."""
        self._numbers += 1
        return self._numbers

    def chance(self, of: float) -> bool:
        """Draw; nothing happens by chance once it is calm."""
        return not self._is_calm and self.random.random() < of

    def come_between(self, daemon: SimulatedDaemon) -> None:
        """Let others act in the middle of what a daemon does."""
        if self._depth == 0 and self.chance(BETWEEN):
            self._depth += 1
            try:
                for _ in range(self.random.randint(1, 3)):
                    self._let_other_act(daemon)
            finally:
                self._depth -= 1

    def note_write(self, by: SimulatedDaemon | None = None) -> None:
        """Tell all daemons but one that somebody may have written."""
        for daemon in self.daemons:
            daemon.selector.was_written |= daemon is not by

    # steps

    def _step(self) -> None:
        self.steps += 1
        chance = self.random.random()
        if chance < 0.40:
            self._turn(self.random.choice(self.daemons))
        elif chance < 0.75:
            self._let_child_act()
        elif chance < 0.92:
            self._let_time_pass()
        else:
            self.people.act()
            self.note_write()
        if not self._is_calm:
            self._let_things_go_wrong()
        self.judge.look()
        if self.steps % 100 == 0:
            self.judge.everything()

    def _let_other_act(self, daemon: SimulatedDaemon) -> None:
        chance = self.random.random()
        others = [one for one in self.daemons if one is not daemon]
        if chance < 0.25 and others:
            self._turn(self.random.choice(others))
        elif chance < 0.5:
            self._let_child_act()
        elif chance < 0.8:
            self.people.act()
            self.note_write()
        elif chance < 0.9:
            self._let_time_pass()
        elif chance < 0.93:
            self._set_clock()

    def _turn(self, daemon: SimulatedDaemon) -> None:
        if daemon.is_frozen or daemon not in self.daemons or not daemon.turn():
            return
        self.seen.note("a daemon that ended in good order")
        assert not daemon.runs, "a daemon ended before its handlers"
        self.daemons.remove(daemon)
        daemon.close()
        if not self._is_calm:
            self._start_daemon()

    def _let_child_act(self) -> None:
        children = [child for daemon in self.daemons for child in daemon.children if child.is_alive]
        if children:
            self.random.choice(children).act()

    def _let_time_pass(self) -> None:
        is_long = self.chance(0.03)
        self.clock.advance(self.random.choice(LONG_S if is_long else PASSES_S))

    # faults

    def _let_things_go_wrong(self) -> None:
        for often, fault in self._faults:
            if self.random.random() < often:
                fault()

    def _freeze(self) -> None:
        """Stop a daemon with its processes, its supervisor alone, or one process."""
        self.struck += 1
        daemon = self.random.choice(self.daemons)
        chance = self.random.random()
        if chance < 0.7:
            daemon.is_frozen = True
            daemon.is_steady = False
        if chance < 0.4 or chance > 0.7:
            children = daemon.children if chance < 0.4 else daemon.children[:1]
            self._freeze_children(children)
        if chance < 0.7 and self.random.random() < 0.5:
            self.clock.advance(self.random.choice((LEASE_S * 1.5, LEASE_S * 3, 30.0)))
            self.seen.note("a daemon that stood still for longer than its leases")

    def _freeze_children(self, children: list[SimulatedChild]) -> None:
        for child in children:
            child.is_frozen = True
            self.seen.note("worker processes that stood still")

    def _thaw(self) -> None:
        for daemon in self.daemons:
            daemon.is_frozen = False
            for child in daemon.children:
                child.is_frozen = False

    def _set_clock(self) -> None:
        self.struck += 1
        self._move_clock(self.random.choice(JUMPS_S))

    def _move_clock(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.seen.note("a clock set forward" if seconds > 0 else "a clock set back")
        for daemon in self.daemons:
            daemon.is_steady = False

    def _lose_database(self) -> None:
        self.struck += 1
        daemon = self.random.choice(self.daemons)
        daemon.store.is_out = True
        daemon.is_steady = False
        if self.random.random() < 0.3:
            self.clock.advance(LEASE_S * 2)
            self.seen.note("a time without the database longer than the leases")

    def _find_database(self) -> None:
        for daemon in self.daemons:
            daemon.store.is_out = False

    def _kill_child(self) -> None:
        children = [child for daemon in self.daemons for child in daemon.children if child.code is None]
        if children:
            self.struck += 1
            self.random.choice(children).die(-11)
            self.seen.note("a process that died")

    def _kill_daemon(self) -> None:
        self.struck += 1
        daemon = self.random.choice(self.daemons)
        self.daemons.remove(daemon)
        daemon.vanish()
        self.seen.note("a daemon that died")
        self._start_daemon()

    def _stop_daemon(self) -> None:
        self.random.choice(self.daemons).stop()

    def _reload(self) -> None:
        self.random.choice(self.daemons).reload()
        self.seen.note("a reload")

    # the end

    def _start_daemon(self) -> None:
        self.daemons.append(SimulatedDaemon(self, self.next_number()))

    def _drain(self) -> None:
        """Let everything come to an end: nothing goes wrong any more, and nobody adds anything."""
        self._is_calm = True
        self._thaw()
        self._find_database()
        self.people.leave()
        # what consumers have left behind under a clock that was set back since
        self._move_clock(max(JUMPS_S) * 4)
        if not self.daemons:
            self._start_daemon()
        last = self.steps + DRAIN
        while self.judge.unfinished() and self.steps < last:
            for _ in range(50):
                if self.daemons:
                    self._step()
            if not self.daemons:
                self._start_daemon()
        assert self.judge.unfinished() == 0, f"{self.judge.unfinished()} messages come to no end"
        for daemon in list(self.daemons):
            daemon.stop()
        while self.daemons and self.steps < last:
            self._step()
        assert not self.daemons, "a daemon does not end"

    def _close(self) -> None:
        for daemon in self.daemons:
            daemon.vanish()
        self.people.close()
        self.judge.close()
        for suffix in ("", "-wal", "-shm", "-workers"):
            Path(self.path + suffix).unlink(missing_ok=True)
