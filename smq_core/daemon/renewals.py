"""Pushes out the leases of messages that living worker processes have, while their handlers may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.records import Hold

if TYPE_CHECKING:
    from smq_core.daemon.feeder import Feeder
    from smq_core.store.base import Store

__all__ = ["SHORTEST_LEASE_MS", "Renewals"]

SHORTEST_LEASE_MS: Final = 1000


class Renewals:
    """Knows until when each lease lasts."""

    def __init__(self, store: Store, feeder: Feeder) -> None:
        """Renew what the feeder holds."""
        self._store = store
        self._feeder = feeder
        self._until: dict[int, int] = {}
        self._lengths: dict[int, int] = {}

    def renew(self, now_ms: int) -> None:
        """Extend the leases that have less than two thirds of their time left; what was lost is logged.

        A handler that runs past its timeout is killed with its process, so that nothing is renewed for ever.

        Raises:
            StoreError: when the database does not take it.
        """
        flights = {flight.row.id: flight for flight in self._feeder.flights()}
        self._until = {one: until for one, until in self._until.items() if one in flights}
        self._lengths = {one: length for one, length in self._lengths.items() if one in flights}
        due = [
            Hold(one, flight.receipt)
            for one, flight in flights.items()
            if self._remaining(one, flight.row.locked_until, now_ms) < 2 / 3
        ]
        if due:
            until, lost = self._store.extend(due, self._feeder.lease_ms, now_ms)
            self._until |= until
            self._lengths |= {one: end - now_ms for one, end in until.items()}
            self._feeder.tell_lost(lost)
            # told once: a lost lease is not asked for again
            self._until |= {hold.id: now_ms + 2**40 for hold in lost}

    def extend(self, message_id: int, visibility_ms: int | None, now_ms: int) -> None:
        """Extend one lease because its handler asked for it.

        Raises:
            StoreError: when the database does not take it.
        """
        hold = next(
            (Hold(one.row.id, one.receipt) for one in self._feeder.flights() if one.row.id == message_id),
            None,
        )
        if hold is not None:
            until, _ = self._store.extend([hold], visibility_ms, now_ms)
            self._until |= until

    def _remaining(self, message_id: int, leased_until: int, now_ms: int) -> float:
        """Answer what part of a lease is left.

        How long it was at first is known from the first look at it.
        """
        until = self._until.get(message_id, leased_until)
        length = self._lengths.setdefault(message_id, max(until - now_ms, SHORTEST_LEASE_MS))
        return (until - now_ms) / length
