"""A store between whose calls others come first, which fails for a while, or whose answer is lost."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from smq_core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.base import Store
    from smq_core.store.records import Hold, LeasedRow, LeaseRequest
    from tests.simulation.supervised.daemon import SimulatedDaemon

__all__ = ["StoreBetween"]

LOST_ANSWERS = 0.002
_UNWATCHED = frozenset({"location", "close", "waiter", "data_version"})


class StoreBetween:
    """A daemon's store."""

    def __init__(self, store: Store, daemon: SimulatedDaemon) -> None:
        self._store = store
        self._daemon = daemon
        self._is_inside = False
        self.is_out = False
        """The database does not answer."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a store has
        found = getattr(self._store, name)
        return found if name in _UNWATCHED or not callable(found) else self._around(found)

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool = True) -> Iterator[object]:
        """Let nobody come between the calls of a transaction."""
        self._before()
        self._is_inside = True
        try:
            with self._store.transaction(is_durable=is_durable) as handle:
                yield handle
        finally:
            self._is_inside = False
        self._after()

    def lease(self, request: LeaseRequest, now_ms: int) -> tuple[list[LeasedRow], list[Hold]]:
        """Lease, under the judge's eyes."""
        judge = self._daemon.world.judge
        if not self._is_inside:
            self._before()
        judge.may_lease(self._daemon, now_ms)
        rows, lost = self._store.lease(request, now_ms)
        judge.leased(self._daemon, rows)
        if not self._is_inside:
            self._after()
        return rows, lost

    def _around(self, call: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object, **named: object) -> object:
            if self._is_inside:
                return call(*args, **named)
            self._before()
            answer = call(*args, **named)
            self._after()
            return answer

        return called

    def _before(self) -> None:
        self._daemon.world.come_between(self._daemon)
        if self.is_out:
            raise StoreUnavailable("the database is away")

    def _after(self) -> None:
        self._daemon.world.note_write(self._daemon)
        if self._daemon.world.chance(LOST_ANSWERS):
            self._daemon.is_steady = False
            raise StoreUnavailable("it was committed, and nobody was told")
        self._daemon.world.come_between(self._daemon)
