from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.daemon.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a daemon that runs in the test's folder finds its queue."""
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def queue(path: Path) -> Iterator[Queue]:
    """Give the queue of the test's folder."""
    with Queue(path) as opened:
        yield opened


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Give a runner on its own."""
    made = Bench()
    yield made
    made.close()
