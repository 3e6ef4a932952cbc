from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.daemon.bench import Bench
from tests.daemon.inbox.dropping import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


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


@pytest.fixture
def drop(tmp_path: Path, store: Store, clock: ManualClock) -> Drop:
    """Give an inbox that is stepped by hand."""
    return Drop(tmp_path / "inbox", store, clock)
