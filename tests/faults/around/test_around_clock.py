"""A wall clock that is set by hours either way, while leases and delays run, and while nobody is there.

The story: a machine comes up with its clock in another year, works for a while, and is then set right.
"""

from __future__ import annotations

import random
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from smq_core.testing import ManualClock
from tests.faults.invariant import assert_invariant
from tests.faults.recorded import Recorded
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core import Lease
    from tests.matrix import Fault

HOUR_S = 3600.0

set_under_load = pytest.mark.fault(
    row="a clock set hours forward or back while leases and delays are pending",
    part="environment",
    promise="no message is lost or leased twice at the same time; a message leased until an implausibly "
    "late time returns immediately",
    how="an injected clock is moved 1 s to 40 h forward or back, at random (seeded), between the calls of "
    "three clients",
)


@set_under_load
def test_a_clock_that_is_set_under_load(tmp_path: Path, template: Path, fault: Fault) -> None:
    for seed in range(scaled(3, 120)):
        chance, clock = random.Random(seed), ManualClock()  # noqa: S311 - repeatable, no secret
        location = shutil.copyfile(template, str(tmp_path / f"{seed}.sqlite3"))
        logs = [tmp_path / f"{seed}.{user}" for user in range(3)]
        with ExitStack() as stack:
            users = [
                User(stack.enter_context(Recorded(location, log, log.name, clock=clock)), log.name, chance)
                for log in logs
            ]
            for _ in range(120):
                chance.choice(users).act()
                if chance.random() < 0.1:
                    clock.step(
                        chance.choice((-1, 1)) * chance.choice((1, 90, HOUR_S, 5 * HOUR_S, 40 * HOUR_S))
                    )
                    fault.struck()

        verdict = assert_invariant(location, *logs)

        assert verdict.finished > 10
        fault.ran()


@pytest.mark.fault(
    row="a clock set hours forward or back across a restart",
    part="environment",
    promise="no message is lost or leased twice at the same time",
    how="every client closes its queue and reopens it with a clock up to 40 h fast or slow (seeded)",
)
def test_a_clock_that_is_set_across_a_restart(tmp_path: Path, location: str, fault: Fault) -> None:
    chance, clock = random.Random(3), ManualClock()  # noqa: S311 - repeatable, no secret
    logs = [tmp_path / f"life{life}" for life in range(scaled(6, 60))]
    for log in logs:
        with Recorded(location, log, log.name, clock=clock) as queue:
            user = User(queue, log.name, chance)
            for _ in range(25):
                user.act()
        clock = ManualClock(clock.now_ms() + round(chance.uniform(-40, 40) * HOUR_S * 1000))
        fault.struck()

    verdict = assert_invariant(location, *logs)

    assert verdict.finished > 10
    fault.ran(fault.fired)


@set_under_load
@pytest.mark.parametrize(("hours", "comes_back"), [(-24.5, False), (-27, True), (1, True)])
def test_a_lease_after_a_step_of_the_clock(
    tmp_path: Path, location: str, fault: Fault, hours: float, *, comes_back: bool
) -> None:
    """Back by no more than a lease may last, it stays; by more, it was made under a wrong clock."""
    clock = ManualClock()
    with Recorded(location, tmp_path / "log", "user", clock=clock) as user:
        user.enqueue("held")
        (held,) = user.dequeue()
        clock.step(hours * HOUR_S)
        fault.struck()
        taken = user.dequeue()
        assert bool(taken) == comes_back
        # whoever has the newest receipt ends it
        assert user.ack(*taken, held) == (not comes_back)

    assert assert_invariant(location, tmp_path / "log").finished == 1
    fault.ran()


class User:
    """One who sends, takes and settles by chance."""

    def __init__(self, queue: Recorded, name: str, chance: random.Random) -> None:
        """Begin with no lease in hand."""
        self.queue = queue
        self.name = name
        self.chance = chance
        self.held: list[Lease] = []
        self._sent = 0

    def act(self) -> None:
        """Do one thing."""
        acts: tuple[Callable[[], object], ...] = (
            self._send,
            self._send,
            self._take,
            self._take,
            self._settle,
        )
        self.chance.choice(acts)()

    def _send(self) -> None:
        self._sent += 1
        self.queue.enqueue(f"{self.name}-{self._sent}", delay=self.chance.choice((0, 0, 30, 6 * HOUR_S)))

    def _take(self) -> None:
        self.held += self.queue.dequeue(
            self.chance.choice((1, 3)), visibility=self.chance.choice((60, HOUR_S))
        )

    def _settle(self) -> None:
        if not self.held:
            return
        lease = self.held.pop(self.chance.randrange(len(self.held)))
        verbs = (self.queue.ack, self.queue.requeue, self.queue.release, self.queue.bury)
        if self.chance.random() < 0.2:
            self.held.append(self.queue.extend(lease, HOUR_S))
        else:
            self.chance.choice(verbs)(lease)
