"""Leased messages on their way to worker processes. No database.

A suspect gets its own process; a message whose older delivery is still in this daemon waits for its end.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from smq_core.daemon.dispatch.redelivery import Redeliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.store.records import Hold

__all__ = ["Distribution"]


class Distribution:
    """What is leased and in no worker process yet."""

    def __init__(self, pool: ProcessPool, had_ended: Callable[[InFlight, int], bool]) -> None:
        """Hand out to a pool; `had_ended` shows whether a lost lease had run out before."""
        self._pool = pool
        self._waiting: deque[InFlight] = deque()
        self._suspects: deque[InFlight] = deque()
        self._redeliveries = Redeliveries(pool, had_ended)

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting) + len(self._suspects) + len(self._redeliveries)

    def flights(self) -> Iterator[InFlight]:
        """Yield what waits."""
        yield from self._waiting
        yield from self._suspects
        yield from self._redeliveries.flights()

    def admit(self, flights: list[InFlight], now: float) -> None:
        """Take in what was just leased; what is in this daemon already, under an older lease, is seen to."""
        if self._suspects and flights:
            # one that was leased again while it waited has lost its older lease
            leased = {flight.row.id for flight in flights}
            self._suspects = deque(flight for flight in self._suspects if flight.row.id not in leased)
        self.add(self._redeliveries.admit(flights, now))

    def add(self, flights: Sequence[InFlight]) -> None:
        """Take in what may be handed out."""
        for flight in flights:
            (self._suspects if flight.row.is_suspect else self._waiting).append(flight)

    def give_up(self, *, with_suspects: bool) -> list[InFlight]:
        """Forget and return what waits; suspects and what waits for an older delivery stay unless told."""
        given_up = list(self._waiting)
        self._waiting.clear()
        if with_suspects:
            given_up += self._suspects
            self._suspects.clear()
            given_up += self._redeliveries.give_up()
        return given_up

    def drop(self, lost: Container[Hold]) -> None:
        """Forget deliveries whose leases are lost."""
        self._waiting = deque(one for one in self._waiting if one.hold not in lost)
        self._suspects = deque(one for one in self._suspects if one.hold not in lost)
        self._redeliveries.drop(one.tag for one in self._redeliveries.flights() if one.hold in lost)

    def is_possible(self, now: float) -> bool:
        """Return whether anything that waits could be handed out now."""
        processes = self._pool.processes
        if len(self._redeliveries) and self._redeliveries.is_possible(now):
            return True
        if self._waiting and any(one.room > 0 for one in processes):
            return True
        reserved = [one for one in processes if one.is_reserved and not one.is_draining]
        if not self._suspects:
            return bool(reserved)
        if any(not one.in_flight for one in reserved):
            return True
        return len(reserved) < len(self._suspects) and any(one.is_open for one in processes)

    def hand_out(self, now: float) -> None:
        """Hand out what there is room for."""
        if len(self._redeliveries):
            self.add(self._redeliveries.take_ready())
            self._redeliveries.start_elsewhere(now)
        self._hand_out_suspects(now)
        processes = self._pool.processes
        while self._waiting:
            # where bytes were counted too generously, a process has a few too many rather than the messages
            # be given back, which would write them all again
            open_ones = [one for one in processes if one.room > 0] or [
                one for one in processes if one.places > 0
            ]
            if not open_ones:
                break
            process = min(open_ones, key=lambda one: len(one.in_flight))
            share = max(1, len(self._waiting) // len(open_ones))
            process.give(self._next(min(share, process.places), process.bytes_left), now)

    def _next(self, count: int, bytes_left: int) -> list[InFlight]:
        """Take the first messages that wait: at most `count`, as many as fit the bytes, and at least one."""
        taken: list[InFlight] = []
        while self._waiting and len(taken) < count and (bytes_left > 0 or not taken):
            taken.append(self._waiting.popleft())
            bytes_left -= taken[-1].size
        return taken

    def _hand_out_suspects(self, now: float) -> None:
        """Give each suspect its own process.

        One that is empty, or becomes so because it gets nothing more.
        """
        for process in self._pool.processes:
            if not process.is_reserved or process.is_draining:
                continue
            if not self._suspects:
                process.release()
            elif not process.in_flight:
                suspect = self._suspects.popleft()
                process.reserve_for(suspect.tag)
                process.give([suspect], now)
        reserved = sum(1 for process in self._pool.processes if process.is_reserved)
        candidates = sorted(
            (one for one in self._pool.processes if one.is_open), key=lambda one: len(one.in_flight)
        )
        for process in candidates[: max(0, len(self._suspects) - reserved)]:
            process.reserve()
            if process.in_flight:
                process.recall(len(process.in_flight))
            else:
                self._hand_out_suspects(now)
                return
