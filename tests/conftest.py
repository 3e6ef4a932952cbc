"""Fixtures of a queue in a temporary folder, and the check that a test leaves nothing open behind it."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.store import open_store
from smq_core.testing import ManualClock, seeded_random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.base import Store

pytest_plugins = ("tests.matrix",)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # as for what a shell runs in the background; the commands that the tests start would ignore Ctrl-C too
    signal.signal(signal.SIGINT, signal.default_int_handler)

DESCRIPTORS = Path("/proc/self/fd")
DEAD_QUIETLY = ("asyncio_", "ThreadPoolExecutor")
"""Idle threads of executors, which end with the interpreter."""


@pytest.fixture(autouse=True)
def _leaves_nothing_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a test after which a thread runs on, or a descriptor of a temporary file or a watch is open."""
    base = str(tmp_path_factory.getbasetemp())
    threads, descriptors = _threads(), _descriptors(base)
    yield
    if _threads() - threads or len(_descriptors(base)) > len(descriptors):
        gc.collect()
        for thread in _threads() - threads:
            thread.join(timeout=5.0)
    assert {thread.name for thread in _threads() - threads} == set(), "threads run on"
    left = _descriptors(base)
    assert len(left) <= len(descriptors), f"descriptors are open: {left}"


@pytest.fixture(autouse=True)
def _comes_back() -> Iterator[None]:
    """Go back to where the tests are run, after one in whose process a daemon entered a folder."""
    home = Path.cwd()
    yield
    os.chdir(home)


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands still until it is advanced."""
    return ManualClock()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an empty queue, made once: a copy of its file costs a tenth of making another."""
    path = tmp_path_factory.mktemp("template") / "queue.sqlite3"
    with Queue(path) as made:
        made.size("mail")
    return path


@pytest.fixture
def location(tmp_path: Path, template: Path) -> str:
    """Where the test's queue lies, empty."""
    return shutil.copyfile(template, str(tmp_path / "queue.sqlite3"))


@pytest.fixture
def store(location: str, clock: ManualClock) -> Iterator[Store]:
    """Give a store with the clock that stands still."""
    opened = open_store(location, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def queue(location: str, clock: ManualClock) -> Iterator[Queue]:
    """Give a queue with the clock that stands still."""
    with Queue(location, clock=clock, random=seeded_random(), worker="tester") as opened:
        yield opened


@pytest.fixture
def inspector(queue: Queue, clock: ManualClock) -> Iterator[Inspector]:
    """Give the operator's side of the queue, which exists."""
    queue.size("mail")
    with Inspector(queue.location, clock=clock, actor="operator") as opened:
        yield opened


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.name.startswith(DEAD_QUIETLY)}


def _descriptors(base: str) -> list[str]:
    """List what is open of temporary files, and watches on files."""
    if not DESCRIPTORS.exists():
        return []
    targets = [_target(entry) for entry in DESCRIPTORS.iterdir()]
    return sorted(target for target in targets if target.startswith((base, "anon_inode:inotify")))


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""
