"""Where a backend joins: whatever is listed here has to pass every test of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.store import open_store
from tests.conformance.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


def sqlite_store(folder: Path, clock: ManualClock) -> Store:
    """Open a store of the SQLite backend in a folder of its own."""
    return open_store(folder / "queue.sqlite3", clock=clock, timeout=5.0)


BACKENDS: dict[str, Callable[[Path, ManualClock], Store]] = {"sqlite": sqlite_store}


@pytest.fixture(params=sorted(BACKENDS))
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """An empty store of each backend."""
    opened = BACKENDS[request.param](tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Desk:
    """The store with short ways to use it."""
    return Desk(store, clock)
