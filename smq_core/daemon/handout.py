"""Leased messages on their way to worker processes; a suspect gets a process of its own. No database."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.daemon.fleet import Fleet
    from smq_core.daemon.process import Flight

__all__ = ["RESERVED", "Handout"]

RESERVED: Final = 0
"""Stands for `alone` while a suspect waits for the process to become empty."""


class Handout:
    """What is leased and in no worker process yet."""

    def __init__(self, fleet: Fleet) -> None:
        """Hand out to a fleet."""
        self._fleet = fleet
        self._waiting: deque[Flight] = deque()
        self._suspects: deque[Flight] = deque()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting) + len(self._suspects)

    def flights(self) -> Iterator[Flight]:
        """Answer what waits."""
        yield from self._waiting
        yield from self._suspects

    def add(self, flights: Sequence[Flight]) -> None:
        """Take messages in."""
        for flight in flights:
            (self._suspects if flight.row.is_suspect else self._waiting).append(flight)

    def give_up(self, *, with_suspects: bool) -> list[Flight]:
        """Forget what waits, and answer it; suspects wait for their process unless they too are to go."""
        given_up = list(self._waiting)
        self._waiting.clear()
        if with_suspects:
            given_up += self._suspects
            self._suspects.clear()
        return given_up

    def is_possible(self) -> bool:
        """Say whether anything that waits could be handed out now."""
        processes = self._fleet.processes
        if self._waiting and any(one.room > 0 for one in processes):
            return True
        reserved = [one for one in processes if one.alone == RESERVED and not one.is_draining]
        if not self._suspects:
            return bool(reserved)
        if any(not one.in_flight for one in reserved):
            return True
        return len(reserved) < len(self._suspects) and any(one.is_open for one in processes)

    def hand_out(self, now: float) -> None:
        """Hand out what there is room for."""
        self._hand_out_suspects(now)
        while self._waiting:
            open_ones = [one for one in self._fleet.processes if one.room > 0]
            if not open_ones:
                break
            process = min(open_ones, key=lambda one: len(one.in_flight))
            share = max(1, len(self._waiting) // len(open_ones))
            count = min(share, process.room, len(self._waiting))
            process.give([self._waiting.popleft() for _ in range(count)], now)

    def _hand_out_suspects(self, now: float) -> None:
        """Give each suspect a process of its own.

        One that is empty, or becomes so because it gets nothing more.
        """
        for process in self._fleet.processes:
            if process.alone != RESERVED or process.is_draining:
                continue
            if not self._suspects:
                process.alone = None
            elif not process.in_flight:
                suspect = self._suspects.popleft()
                process.alone = suspect.row.id
                process.give([suspect], now)
        reserved = sum(1 for process in self._fleet.processes if process.alone == RESERVED)
        candidates = sorted(
            (one for one in self._fleet.processes if one.is_open), key=lambda one: len(one.in_flight)
        )
        for process in candidates[: max(0, len(self._suspects) - reserved)]:
            process.alone = RESERVED
            if process.in_flight:
                process.recall(len(process.in_flight))
            else:
                self._hand_out_suspects(now)
                return
