"""Messages that kill, hang or fill the process that handles them: each ends alone.

The story: one poisoned message takes a queue's workers down, again and again, and everything else with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.policy import Backoff
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

BAD = """
    import ctypes, os, re, threading, time
    def handle(message):
        if message.payload == "segfault": ctypes.string_at(0)
        if message.payload == "exit": os._exit(3)
        if message.payload == "hang": threading.Event().wait()
        if message.payload == "loop": re.match(r"(a+)+$", "a" * 60 + "b")
        if message.payload == "memory":
            kept = []
            while True: kept.append(bytearray(4_000_000_000))
        if message.payload == "fork" and os.fork() == 0: return
        with open("handled", "a") as file: file.write(f"{message.id}\\n")
"""
CONFIG = """
    processes = 2
    threads = 2
    memory_limit = "1GiB"
    [[handler]]
    topic = "t"
    run = "handlers:handle"
    timeout = "0.5s"
    kill_after = "0.3s"
"""


@pytest.mark.fault(
    row="a message whose handler crashes, hangs, exits, forks or exhausts memory",
    part="workers",
    promise="only that message fails: it becomes a dead letter with the reason (or is done, if its handler "
    "only forked); all other messages run once",
    how="a handler that reads address 0, exits, waits forever, loops in C code, allocates endlessly, or "
    "forks",
)
@pytest.mark.parametrize(
    ("what", "fate", "error"),
    [
        ("segfault", "dead", "poison: crashed its worker process 3 times, last time: worker died: SIGSEGV"),
        ("exit", "dead", "poison: crashed its worker process 3 times, last time: worker died: exit code 3"),
        ("hang", "dead", "timed out after 0.5 s"),
        ("loop", "dead", "timed out after 0.5 s"),
        ("memory", "dead", "MemoryError"),
        ("fork", "done", ""),
    ],
)
def test_a_bad_message_ends_alone(
    tmp_path: Path, queue: Queue, fault: Fault, *, what: str, fate: str, error: str
) -> None:
    path = tmp_path / "queue.sqlite3"
    neighbours = queue.enqueue_many("t", ["ok"] * 20)
    with Inspector(path) as inspector:
        inspector.set_policy("t", max_attempts=3, backoff=Backoff(0.01, 1, 0.01), keep=3600.0)
    bad = queue.enqueue("t", what)
    neighbours += queue.enqueue_many("t", ["ok"] * 20)
    (tmp_path / "smq.toml").write_text("\n".join(line.strip() for line in CONFIG.splitlines()))

    with Daemon(tmp_path, "--config", "smq.toml", "--burst", code=BAD) as daemon:
        assert daemon.end() == 0, daemon.lines

    with Inspector(path) as inspector:
        message = inspector.get(bad)
        assert message.state == fate
        assert (message.last_error or "").startswith(error)
        assert {inspector.get(one).state for one in neighbours} == {"done"}
        assert {inspector.get(one).attempts for one in neighbours} == {1}
        assert not inspector.topic("t").paused
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a topic in which every message crashes its worker process",
    part="workers",
    promise="five crashes pause the topic, with the reason",
    how="a handler that calls os._exit",
)
def test_five_deaths_of_a_topic_that_does_nothing_else_pause_it(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    queue.enqueue_many("t", ["exit"] * 12)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--threads", "1", code=BAD) as daemon:
        daemon.wait_for("topic_paused", "it crashed five worker processes")
        assert daemon.stop() == 0

    with Inspector(path) as inspector:
        stats = inspector.topic("t")
        assert stats.paused
        assert "it crashed five worker processes" in stats.pause_reason
        assert stats.paused_until is not None
    fault.struck(5)
    fault.ran()
