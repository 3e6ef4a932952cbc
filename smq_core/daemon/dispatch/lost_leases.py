"""Leases that somebody else has ended: each is logged once, and no handler begins under one. No database.

A handler that has begun goes on; it is interrupted in `redelivery`, when its message is leased here again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from smq_core.daemon.dispatch.distribution import Distribution
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.store.records import Hold

__all__ = ["LostLeases"]


class LostLeases:
    """The lost leases of a daemon's deliveries.

    A lease may be found lost twice: when it is to be renewed, and when its delivery has ended.
    """

    def __init__(self, pool: ProcessPool, distribution: Distribution, journal: Journal) -> None:
        """Begin with none."""
        self._pool = pool
        self._distribution = distribution
        self._journal = journal
        self._told: set[Hold] = set()

    def note(self, lost: Collection[Hold]) -> None:
        """Log the messages that have since been leased by another consumer, unless already logged."""
        for hold in lost:
            if hold not in self._told:
                self._told.add(hold)
                self._journal.warning(
                    "lease_lost",
                    "an operator or another worker took the message over; the outcome of this run is dropped",
                    id=hold.id,
                )

    def revoke(self, lost: Collection[Hold]) -> None:
        """Let no handler begin with deliveries whose leases are lost; one that has begun goes on."""
        if not lost:
            return
        holds = set(lost)
        self._distribution.drop(holds)
        for process in self._pool.processes:
            tags = [flight.tag for flight in process.in_flight.values() if flight.hold in holds]
            if tags:
                process.revoke(tags)

    def forget_ended(self, flights: Iterator[InFlight]) -> None:
        """Forget the leases of deliveries that are over and booked; `flights` are those that are not."""
        if self._told:
            self._told.intersection_update([flight.hold for flight in flights])
