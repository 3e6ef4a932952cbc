"""Where a backend joins: whatever is listed here has to pass every test of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.store import open_store
from tests.conformance.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


def sqlite_store(location: str, clock: ManualClock) -> Store:
    """Open a store of the SQLite backend on a file of its own."""
    return open_store(location, clock=clock, timeout=5.0)


BACKENDS: dict[str, Callable[[str, ManualClock], Store]] = {"sqlite": sqlite_store}


@pytest.fixture(params=sorted(BACKENDS))
def store(request: pytest.FixtureRequest, location: str, clock: ManualClock) -> Iterator[Store]:
    """Give an empty store of each backend."""
    opened = BACKENDS[request.param](location, clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Desk:
    """Give the store with short ways to use it."""
    return Desk(store, clock)
