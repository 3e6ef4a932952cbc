"""The story: another program writes rows into our tables that no program of ours would write.

Whatever stands there ends no consumer, no command, no daemon and no screen; the healthy messages beside it
are delivered, and each message that nobody holds comes to its end.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pytest

from smq_core import Inspector, InvalidMessage, Queue, State
from smq_core.cli.main import run
from smq_core.clock import SystemClock
from smq_core.store import administration
from smq_core.testing import ManualClock
from smq_core.validation import check_topic
from smq_tui.gateway import reads
from smq_tui.gateway.poller import read
from smq_tui.requests import DetailOf, LeasesOf, OrderOf, RowsOf
from tests.faults.odd_rows import OddWriter
from tests.matrix import IS_FULL, scaled
from tests.tui import dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_core import Lease, Message
    from smq_tui.app import Dashboard
    from tests.matrix import Fault

PROMISE = (
    "no traceback and no hang; valid messages are delivered, and every other one is shown and "
    "reaches a final state"
)
HOW = "random rows in every table, with the tables' constraints on and off"
ENDINGS = {0, 1}
LONG = pytest.mark.timeout(1_800 if IS_FULL else 240)
ROUNDS = 60
ORDERS: tuple[Literal["topics"], Literal["oldest"]] = ("topics", "oldest")
DAEMON_S = 120
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Scene:
    """A queue with healthy messages and odd rows beside them."""

    def __init__(self, location: str, seed: int, fault: Fault) -> None:
        self.location = location
        self.chance = random.Random(seed)  # noqa: S311 - repeatable is what it is for
        self.clock = ManualClock()
        with Queue(location, clock=self.clock) as queue:
            self.healthy = {queue.enqueue("mail", f"healthy {number}") for number in range(3)}
        writer = OddWriter(location, self.chance, spared=self.healthy)
        writer.write(25)
        writer.change(15)
        fault.struck(writer.stored)

    def messages(self) -> list[Message]:
        """Return all messages."""
        with Inspector(self.location, clock=self.clock, read_only=True) as inspector:
            return inspector.browse(limit=1_000)

    def topics(self) -> Iterator[str]:
        """Yield the topics that can be asked for, which are not paused any more."""
        with Inspector(self.location, clock=self.clock) as inspector:
            for stats in inspector.topics():
                if is_legal(stats.topic):
                    inspector.resume(stats.topic)
                    yield stats.topic

    def drain(self) -> Counter[int]:
        """Consume as applications do, until nothing comes any more; what was delivered, and how often."""
        topics = sorted({"mail", *self.topics()})
        delivered: Counter[int] = Counter()
        with Queue(self.location, clock=self.clock, visibility_timeout=30) as queue:
            for _ in range(ROUNDS):
                for topic in topics:
                    limit = self.chance.choice((1, 5, 50))
                    for lease in queue.dequeue(topic, limit=limit, order=self.chance.choice(ORDERS)):
                        delivered[lease.message.id] += 1
                        self.settle(queue, lease)
                self.clock.advance(40)
        return delivered

    def settle(self, queue: Queue, lease: Lease) -> None:
        """End a lease in one of the ways there are."""
        match self.chance.randrange(6):
            case 0:
                queue.requeue(lease, error="no", delay=0)
            case 1:
                queue.bury(lease, error="no")
            case 2:
                queue.release(lease)
            case 3:
                queue.ack(queue.extend(lease))
            case _:
                queue.ack(lease)

    def unfinished(self) -> list[tuple[int, str, State]]:
        """Return what is neither at its end nor held, nor waits for a time."""
        now = self.clock.now_ms() / 1000
        return [
            (one.id, one.topic, one.state)
            for one in self.messages()
            if one.state is State.READY
            or (one.state is State.PROCESSING and (one.locked_until or 0.0) <= now)
            or (one.state is State.DELAYED and one.available_at <= now)
        ]


def is_legal(topic: str) -> bool:
    try:
        check_topic(topic)
    except InvalidMessage:
        return False
    return True


def scenes(tmp_path: Path, template: Path, count: int, fault: Fault) -> Iterator[Scene]:
    for seed in range(count):
        path = shutil.copyfile(template, str(tmp_path / f"{seed}.sqlite3"))
        yield Scene(path, seed, fault)
        fault.ran()
        for left in tmp_path.glob(f"{seed}.sqlite3*"):
            left.unlink()


@LONG
@pytest.mark.fault(
    row="rows written by another program, read by library consumers",
    part="bad input",
    promise=PROMISE,
    how=HOW,
)
def test_odd_rows_stop_no_consumer(tmp_path: Path, template: Path, fault: Fault) -> None:
    for scene in scenes(tmp_path, template, scaled(6, 300), fault):
        delivered = scene.drain()
        assert delivered.keys() >= scene.healthy

        assert run(["doctor", "--db", scene.location, "--repair"]) in ENDINGS
        scene.drain()
        assert scene.unfinished() == []


@LONG
@pytest.mark.fault(
    row="rows written by another program, read by every command", part="bad input", promise=PROMISE, how=HOW
)
def test_odd_rows_stop_no_command(
    tmp_path: Path,
    template: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    for scene in scenes(tmp_path, template, scaled(3, 100), fault):
        for command, *arguments in commands(scene, tmp_path):
            code = run([command, "--db", scene.location, *arguments])
            printed = capsys.readouterr()
            said = f"{command} {arguments}: {code} {printed.err[-500:]}"
            assert code in ENDINGS, said
            assert "Traceback" not in printed.out + printed.err, said
            if command != "export":
                assert CONTROL.findall(printed.out + printed.err) == [], said


@LONG
@pytest.mark.fault(
    row="rows written by another program, after `smq doctor --repair`",
    part="bad input",
    promise=PROMISE,
    how=HOW,
)
def test_the_doctor_cures_what_he_calls_an_error(tmp_path: Path, template: Path, fault: Fault) -> None:
    for scene in scenes(tmp_path, template, scaled(4, 200), fault):
        assert run(["doctor", "--db", scene.location, "--repair"]) in ENDINGS

        now_ms = SystemClock().now_ms()
        findings = administration(scene.location).examine(now_ms)
        assert [one for one in findings if one.severity == "error"] == []


@pytest.mark.slow
@LONG
@pytest.mark.fault(
    row="rows written by another program, read by a daemon", part="bad input", promise=PROMISE, how=HOW
)
def test_odd_rows_stop_no_daemon(tmp_path: Path, template: Path, fault: Fault) -> None:
    for scene in scenes(tmp_path, template, scaled(1, 25), fault):
        topics = sorted(scene.topics())
        daemon = [sys.executable, "-P", "-m", "smq_core.daemon.main", "--db", scene.location, "--burst"]
        serving = [part for topic in ("*", *topics) for part in ("--exec", f"{topic}=true")]
        ended = subprocess.run(
            [*daemon, *serving],
            cwd=tmp_path,
            capture_output=True,
            timeout=DAEMON_S,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

        assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended.stderr[-2_000:].decode()
        left = [one for one in scene.messages() if one.state in (State.READY, State.PROCESSING)]
        assert [one.id for one in left if one.topic in topics] == []


@LONG
@pytest.mark.fault(
    row="rows written by another program, read by the dashboard's queries",
    part="bad input",
    promise=PROMISE,
    how=HOW,
)
def test_odd_rows_stop_no_reading_of_the_dashboard(tmp_path: Path, template: Path, fault: Fault) -> None:
    for scene in scenes(tmp_path, template, scaled(4, 200), fault):
        with Inspector(scene.location, clock=scene.clock, read_only=True) as inspector:
            read(inspector, scene.clock)
            reads.leases(inspector, LeasesOf(None))
            inspector.error_kinds()
            inspector.activity()
            inspector.samples(10, 0)
            for state in (None, *State):
                every = OrderOf(inspector.select(None, state), limit=100, is_newest_first=False)
                order = reads.order(inspector, every, lambda *_: True)
                reads.rows(inspector, RowsOf(tuple(order.ids)))
                for number in order.ids[:5]:
                    assert reads.detail(inspector, DetailOf(number)).message.id == number


@pytest.mark.slow
@LONG
@pytest.mark.fault(
    row="rows written by another program, shown on every screen", part="bad input", promise=PROMISE, how=HOW
)
def test_odd_rows_stop_no_screen(tmp_path: Path, template: Path, fault: Fault) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        for screen in "1234567":
            await pilot.press(screen)
            await dashboard.settle(pilot)
            for keys in ("jjjj", "G", "s", ("enter",), ("escape",), "RDePu"):
                for key in keys:
                    await pilot.press(key)
                    await pilot.pause()
                    if key.isupper() or key in "eu":
                        await pilot.press("escape")
                await dashboard.settle(pilot)
        assert not app.main.context.trouble

    for scene in scenes(tmp_path, template, scaled(1, 25), fault):
        dashboard.run(dashboard.make_dashboard(scene.location), scenario, size=(120, 40))


def commands(scene: Scene, folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield every command that reads or changes rows; those that change come last."""
    ids = [str(one.id) for one in scene.messages()]
    lines = folder / "lines.jsonl"
    lines.write_text('{"topic": "mail", "payload": "imported"}\n')
    backup = folder / "backup"
    backup.unlink(missing_ok=True)
    for words in ("topics", "workers", "activity", "top"):
        yield (words,)
        yield (words, "--json")
    yield from ((words, "mail") for words in ("peek", "policy"))
    yield ("peek", "mail", "--json", "--limit", "100")
    yield from (("show", number) for number in ids)
    yield from (("show", number, "--json") for number in ids[:5])
    yield ("check", "--workers", "--max-age", "1s", "--max-dead", "0")
    yield ("wait", "mail", "--timeout", "0s")
    yield ("export",)
    yield ("doctor",)
    yield ("backup", str(backup))
    yield ("import", str(lines), "--again")
    yield ("requeue", "--topic", "mail", "--state", "dead", "--yes")
    yield ("bury", "--topic", "mail", "--state", "ready", "--dry-run")
    for start, verb in enumerate(("delete", "requeue", "bury")):
        yield (verb, "--force", ids[0], *ids[start::5])
    yield ("move", ids[0], *ids[3::5], "--to", "post")
    yield from (("edit", number, "--yes") for number in ids[4::5])
    yield from (("undo",), ("undo", "1"), ("undo", "2"))
    yield from (("pause", "mail"), ("resume", "mail"), ("policy", "mail", "--max-attempts", "3"), ("undo",))
    yield ("purge", "post", "--state", "dead", "--yes")
    yield ("doctor", "--repair")
