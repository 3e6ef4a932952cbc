"""Where a backend joins: whatever is listed here has to pass every test of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from smq_core.store import open_store
from tests.conformance.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


class Backend(Protocol):
    """One queue of a backend, which any number of stores can open."""

    def open(self, *, read_only: bool = False, timeout: float = 5.0) -> Store:
        """Return a store on the queue, with the clock that stands still; it is closed when the test ends."""
        ...


class SqliteBackend:
    """A queue in a file."""

    def __init__(self, location: str, clock: ManualClock, opened: list[Store]) -> None:
        self._location = location
        self._clock = clock
        self._opened = opened

    def open(self, *, read_only: bool = False, timeout: float = 5.0) -> Store:
        """Return a store on the file."""
        store = open_store(self._location, clock=self._clock, read_only=read_only, timeout=timeout)
        self._opened.append(store)
        return store


BACKENDS: dict[str, Callable[[str, ManualClock, list[Store]], Backend]] = {"sqlite": SqliteBackend}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest, location: str, clock: ManualClock) -> Iterator[Backend]:
    """Give an empty queue of each backend."""
    opened: list[Store] = []
    yield BACKENDS[request.param](location, clock, opened)
    for store in opened:
        store.close()


@pytest.fixture
def store(backend: Backend) -> Store:
    """Give a store on the queue."""
    return backend.open()


@pytest.fixture
def second(backend: Backend) -> Store:
    """Give another store on the same queue, as another program has it."""
    return backend.open(timeout=0.05)


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Desk:
    """Give the store with short ways to use it."""
    return Desk(store, clock)
