"""The processes of the torture: started, started again when they end, and struck by signals at random."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core import Inspector, Queue
from tests.faults.torture.actors import FOR_DAEMONS, LEASE_S, TOPICS
from tests.faults.torture.journal import Journal

if TYPE_CHECKING:
    from typing import IO

__all__ = ["Cast"]

ROOT: Final = Path(__file__).parents[3]
CROWD: Final = (
    *("library", "library", "sql", "command", "consumer", "consumer", "operator", "housekeeper"),
    *("daemon", "daemon"),
)
"""Who plays, by role."""
SIGNALS: Final = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGHUP)
WEIGHTS: Final = (4, 3, 2, 1)
DAEMON_WEIGHTS: Final = (2, 6, 1, 2)
"""A daemon has to live for a while, or it never has to stand by what it holds."""
KEEP_S: Final = 7 * 86_400.0
"""Finished messages stay, so that each can be accounted for."""
DRAIN_S: Final = 120.0
LOOK_S: Final = 0.2
CONFIG: Final = "\n".join(
    (
        "processes = 2",
        "threads = 3",
        f'lease = "{LEASE_S:g}s"',
        'grace = "2s"',
        'log_format = "json"',
        *(
            f'[[handler]]\ntopic = "{topic}"\nrun = "handlers:{"good" if topic == "shared" else topic}"\n'
            'timeout = "10s"\nkill_after = "1s"'
            for topic in FOR_DAEMONS
        ),
    )
)


@dataclass
class Player:
    """A process in a role."""

    role: str
    name: str
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    signals: set[int]
    """What it was struck by."""


class Cast:
    """Everybody on one queue in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Make the queue, and start everybody."""
        self._folder = folder
        self._path = folder / "queue.sqlite3"
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
        self.journal = Journal(folder / "journal", "cast")
        shutil.copy(Path(__file__).with_name("handlers.py"), folder / "handlers.py")
        (folder / "smq.toml").write_text(CONFIG, encoding="utf-8")
        with Queue(self._path) as queue, Inspector(self._path) as inspector:
            queue.enqueue_many("good", ["first"])
            for topic in TOPICS:
                inspector.set_policy(topic, keep=KEEP_S, max_attempts=5)
        self.struck = 0
        self.faults: list[str] = []
        self._stopped: list[tuple[float, list[int], dict[str, object]]] = []
        """Who stands still: until when, the processes, and what the journal has about it."""
        self._number = 0
        self._players = [self._start(role) for role in CROWD]

    def torture(self, seconds: float) -> None:
        """Strike somebody every now and then, and put another in the place of who ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pause(self._chance.random() * 2 * LOOK_S)
            self._let_go_on(time.monotonic())
            self._replace_ended()
            self._strike(self._chance.choice(self._players))
        self._let_go_on(float("inf"))

    def calm_down(self) -> None:
        """Let everybody but the daemons end, and the daemons finish what is left."""
        self.journal.note("calm")
        (self._folder / "calm").touch()
        daemons = [player for player in self._players if player.role == "daemon"]
        for player in self._players:
            if player not in daemons:
                self._await_end(player)
        self._players = daemons
        end = time.monotonic() + DRAIN_S
        with Queue(self._path) as queue, Inspector(self._path, actor="cast") as inspector:
            while time.monotonic() < end and self._is_anything_left(inspector):
                self._replace_ended()
                self._consume(queue)
                pause(LOOK_S)
        for player in self._players:
            player.process.terminate()
        for player in self._players:
            self._await_end(player)

    def end(self) -> None:
        """Leave no process behind, whatever became of the test."""
        for player in self._players:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(player.process.pid, signal.SIGKILL)
            player.process.wait()
            player.errors.close()
        self.journal.close()

    def _is_anything_left(self, inspector: Inspector) -> bool:
        """Look whether anything waits, and end the pauses that an operator left."""
        is_left = False
        for topic in inspector.topics():
            if topic.paused:
                inspector.resume(topic.topic)
            is_left |= bool(topic.ready or topic.delayed or topic.processing)
        return is_left

    def _consume(self, queue: Queue) -> None:
        """Process what only consumers take."""
        for lease in queue.dequeue("library", limit=500):
            self.journal.note("acking", id=lease.message.id, delivery=lease.message.deliveries)
            queue.ack(lease)

    def _start(self, role: str) -> Player:
        self._number += 1
        name = f"{role}-{self._number}"
        errors = (self._folder / f"{name}.log").open("wb")
        if role == "daemon":
            command = ["-m", "smq_core.daemon.main", "--db", "queue.sqlite3", "--config", "smq.toml"]
        else:
            command = ["-m", "tests.faults.torture.actors", role, name, str(self._folder)]
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=self._folder if role == "daemon" else ROOT,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        )
        self.journal.note("started", role=role, name=name, process=process.pid)
        return Player(role, name, process, errors, set())

    def _replace_ended(self) -> None:
        for place, player in enumerate(self._players):
            if player.process.poll() is not None:
                self._await_end(player)
                self._players[place] = self._start(player.role)

    def _strike(self, player: Player) -> None:
        """Send a signal to a process, or to one of a daemon's worker processes, or to all of them."""
        if player.process.poll() is not None:
            return
        workers = children(player.process.pid) if player.role == "daemon" else []
        aims = [[player.process.pid], [player.process.pid, *workers], workers[:1]] if workers else []
        pids = self._chance.choice(aims) if aims else [player.process.pid]
        number = self._chance.choices(SIGNALS, DAEMON_WEIGHTS if workers else WEIGHTS)[0]
        if player.role in {"operator", "housekeeper"} and number != signal.SIGSTOP:
            # the commands that they run have to be whole
            return
        if player.process.pid in pids:
            player.signals.add(number)
        facts: dict[str, object] = {"victim": player.name, "pids": pids, "signal": number.name}
        self.journal.note("striking", **facts)
        for pid in pids:
            send(pid, number)
        self.struck += 1
        if number == signal.SIGSTOP:
            until = time.monotonic() + self._chance.random() * 2 * LEASE_S
            self._stopped.append((until, pids, facts))

    def _let_go_on(self, now: float) -> None:
        """Let those go on that have stood still for long enough."""
        for stop in [one for one in self._stopped if one[0] <= now]:
            self._stopped.remove(stop)
            _, pids, facts = stop
            for pid in reversed(pids):
                send(pid, signal.SIGCONT)
            self.journal.note("went on", **facts)

    def _await_end(self, player: Player) -> None:
        """Wait for an end, and note it where it was not a good one."""
        try:
            code = player.process.wait(timeout=60.0)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{player.name} did not end")
            player.process.kill()
            code = player.process.wait()
        player.errors.close()
        said = Path(player.errors.name).read_text(encoding="utf-8", errors="replace")
        self.journal.note("ended", name=player.name, process=player.process.pid, code=code)
        if code != 0 and -code not in player.signals:
            self.faults.append(f"{player.name} ended with {code}: {said[-2000:]}")
        elif "\nTraceback" in f"\n{said}" and not player.signals & {signal.SIGTERM, signal.SIGHUP}:
            self.faults.append(f"{player.name} printed a traceback: {said[-2000:]}")


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal, unless the process has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def pause(seconds: float) -> None:
    """Let the others work."""
    threading.Event().wait(seconds)
