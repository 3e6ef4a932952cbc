"""Runs producers and consumers as processes on one queue at the same time, and adds up what they saw."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.actor import Actor, Seen
from benchmarks.native import CACHE
from benchmarks.rounds import surroundings
from benchmarks.slow_flush import slowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contender import Mode
    from benchmarks.roster import Entrant

__all__ = ["Crowd", "Gathering", "gather", "waits"]

GRACE_S = 30.0


@dataclass(frozen=True)
class Gathering:
    """How many work, on what, for how long."""

    producers: int
    consumers: int
    count: int = 0
    """Messages of each producer; 0: as many as the time allows."""
    seconds: float = 60.0
    waiting: int = 0
    """Messages that wait at the start."""
    mode: Mode = "default"
    is_slow: bool = False
    """Each flush to the disk takes 5 ms longer."""


@dataclass
class Crowd:
    """What all of them saw."""

    produced: list[Seen] = field(default_factory=list)
    consumed: list[Seen] = field(default_factory=list)
    problem: str = ""

    @property
    def put_rate(self) -> float:
        """Messages added a second by all."""
        return sum(one.done for one in self.produced) / max(
            (one.seconds for one in self.produced), default=1.0
        )

    @property
    def take_rate(self) -> float:
        """Messages finished a second by all."""
        return sum(one.done for one in self.consumed) / max(
            (one.seconds for one in self.consumed), default=1.0
        )

    @property
    def errors(self) -> Counter[str]:
        """What was raised, and how often."""
        return sum((Counter(one.errors) for one in (*self.produced, *self.consumed)), Counter())

    @property
    def doubled(self) -> int:
        """How often a message was handed out once more."""
        names = [name for one in self.consumed for name in one.names]
        return len(names) - len(set(names))

    @property
    def lost(self) -> int:
        """How many messages no consumer saw; means something when all were consumed."""
        return sum(one.done for one in self.produced) - len(
            {name for one in self.consumed for name in one.names}
        )


def gather(entrant: Entrant, plan: Gathering) -> Crowd:
    """Run a crowd once on a fresh folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="crowd-", dir=CACHE)
    crowd = Crowd()
    try:
        _fill(entrant, plan, folder)
        with _started(entrant, plan, folder) as (producers, consumers):
            for process in (*producers, *consumers):
                _say(process, "go")
            crowd.produced = [_result(process, plan) for process in producers]
            Path(folder, "producers-are-done").touch()
            crowd.consumed = [_result(process, plan) for process in consumers]
    except CrowdError as error:
        crowd.problem = str(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return crowd


class CrowdError(Exception):
    """One of the processes failed."""


def _fill(entrant: Entrant, plan: Gathering, folder: str) -> None:
    """Create the queue, with what waits in it, at full speed."""
    actor = Actor(entrant.adapter, "producer", "first", plan.mode, count=max(1, plan.waiting), seconds=600.0)
    process = _spawn(entrant, actor, folder)
    _expect_ready(process)
    _say(process, "go")
    _result(process, plan)
    if not plan.waiting:
        taker = _spawn(entrant, Actor(entrant.adapter, "consumer", "first", plan.mode, seconds=600.0), folder)
        _expect_ready(taker)
        Path(folder, "producers-are-done").touch()
        _say(taker, "go")
        _result(taker, plan)
        Path(folder, "producers-are-done").unlink()


@contextlib.contextmanager
def _started(
    entrant: Entrant, plan: Gathering, folder: str
) -> Iterator[tuple[list[subprocess.Popen[str]], list[subprocess.Popen[str]]]]:
    producers = [
        Actor(entrant.adapter, "producer", f"p{number}", plan.mode, plan.count, plan.seconds)
        for number in range(plan.producers)
    ]
    # beside producers that stop by the clock, consumers stop with them; else they empty the queue
    seconds = plan.seconds if not plan.count else plan.seconds + GRACE_S
    consumers = [
        Actor(entrant.adapter, "consumer", f"c{number}", plan.mode, seconds=seconds)
        for number in range(plan.consumers)
    ]
    started: list[subprocess.Popen[str]] = []
    try:
        started += [
            _spawn(entrant, actor, folder, is_slow=plan.is_slow) for actor in (*producers, *consumers)
        ]
        for process in started:
            _expect_ready(process)
        yield started[: plan.producers], started[plan.producers :]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _spawn(entrant: Entrant, actor: Actor, folder: str, *, is_slow: bool = False) -> subprocess.Popen[str]:
    command = [str(entrant.python), "-m", "benchmarks.actor", actor.as_argument(), folder]
    command, more = slowed(command) if is_slow else (command, {})
    return subprocess.Popen(
        command,
        cwd=folder,
        env=surroundings(**more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _expect_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise CrowdError(_last_words(process))


def _say(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()


def _result(process: subprocess.Popen[str], plan: Gathering) -> Seen:
    try:
        out, errors = process.communicate(timeout=plan.seconds + 2 * GRACE_S + 600.0 * bool(plan.waiting))
    except subprocess.TimeoutExpired:
        raise CrowdError("did not end in time") from None
    if not out:
        raise CrowdError((errors.strip().splitlines() or [f"ended with {process.returncode}"])[-1])
    return Seen(**json.loads(out))


def _last_words(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=GRACE_S)
    return (errors.strip().splitlines() or [f"ended with {process.returncode}"])[-1]


def waits(seen: Sequence[Seen]) -> list[float]:
    """Join the waits of several, in order."""
    return sorted(wait for one in seen for wait in one.waits_ms)
