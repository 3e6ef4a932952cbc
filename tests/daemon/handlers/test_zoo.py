"""A zoo of handlers that misbehave, run by a real daemon beside handlers that do not.

The story: one handler does to its process what no handler should, and from then on nothing works there.
Nobody says so, and other messages pay for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.policy import Backoff
from tests.daemon.handlers.cage import CAGE
from tests.daemon.handlers.zoo import ANIMALS, ASYNC_ANIMALS, CONFIG
from tests.daemon.running import Daemon
from tests.matrix import IS_FULL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

FATES = {
    **{f"zoo.{name}": fate for name, fate in ANIMALS.items()},
    **{f"async.{name}": fate for name, fate in ASYNC_ANIMALS.items()},
}
IN_SHORT = (
    "zoo.closes_all_but_standard_ones",
    "zoo.closes_sockets",
    "zoo.shuts_sockets_down",
    "zoo.leaves_a_thread_that_steals_frames",
    "zoo.forks_and_sleeps",
    "zoo.patches_os",
    "async.exits",
    "async.closes_the_selector",
    "async.forks_and_awaits",
)
NEIGHBOURS = {"neighbour.plain": 20, "neighbour.async": 10, "neighbour.command": 5}
OURS = re.compile(r'File ".*/smq_core/.*", line \d+, in')
"""A line of a traceback of ours; the stacks that a crash leaves look otherwise."""


def fill(path: Path, queue: Queue, topics: list[str]) -> tuple[dict[str, int], list[int]]:
    """Enqueue a message for each animal, between its neighbours; both by id."""
    neighbours = enqueue_neighbours(queue)
    with Inspector(path) as inspector:
        for topic, attempts in (*((one, 2) for one in topics), *((one, 20) for one in NEIGHBOURS)):
            backoff = Backoff(0.01, 1, 0.01)
            inspector.set_policy(topic, max_attempts=attempts, backoff=backoff, keep=3600.0)
    animals = {topic: queue.enqueue(topic, "bad") for topic in topics}
    return animals, neighbours + enqueue_neighbours(queue)


def enqueue_neighbours(queue: Queue) -> list[int]:
    return [one for topic, many in NEIGHBOURS.items() for one in queue.enqueue_many(topic, ["ok"] * many)]


def check(folder: Path, queue: Queue, topics: list[str]) -> None:
    """Run a daemon until nothing is left to do, and look at what became of everybody."""
    path = folder / "queue.sqlite3"
    animals, neighbours = fill(path, queue, topics)
    (folder / "smq.toml").write_text(CONFIG)

    with Daemon(folder, "--config", "smq.toml", "--burst", code=CAGE) as daemon:
        code = daemon.end()

    assert code == 0, daemon.lines[-20:]
    said = [str(line["text"]) for line in daemon.lines]
    assert [text for text in said if OURS.search(text)] == []
    assert [line for line in daemon.lines if line["action"] in {"raw", "left_running"}] == []
    with Inspector(path) as inspector:
        fates = {topic: inspector.get(one).state for topic, one in animals.items()}
        assert {topic: fate for topic, fate in fates.items() if fate not in FATES[topic]} == {}
        assert {inspector.get(one).state for one in neighbours} == {"done"}


@pytest.mark.fault(
    row="handlers that damage their worker process, in nearly a hundred ways",
    part="workers",
    promise="their messages fail, all other messages are processed, and the daemon exits with status 0 and "
    "without a traceback",
    how="handlers that crash, exit, fork, or close or replace descriptors, streams, signal handlers, "
    "functions and event loops",
)
@pytest.mark.parametrize("topic", FATES if IS_FULL else IN_SHORT)
def test_a_handler_that_misbehaves_harms_nobody_else(
    tmp_path: Path, queue: Queue, fault: Fault, topic: str
) -> None:
    check(tmp_path, queue, [topic])
    fault.struck()
    fault.ran()
