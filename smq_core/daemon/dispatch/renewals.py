"""Pushes out the leases of the deliveries that this daemon has, while their handlers may run.

Leases end by the wall clock, which stands still for nobody: after a suspend of the machine, a stop of the
process, or a step of the clock they may all have ended at once. So the daemon renews its own before it takes
back anything that has ended (see `keep`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.base import Store
    from smq_core.store.records import Hold

__all__ = ["RENEWAL_MS", "SHORTEST_LEASE_MS", "Renewals"]

SHORTEST_LEASE_MS: Final = 1000
RENEWAL_MS: Final = 250
"""How often leases are looked at: often enough for the shortest that a daemon keeps."""
_MOST_BACK_MS: Final = 60_000
"""How far the clock may go back before leases are made as short as they should be.

Far less than what others take for a lease made under a wrong clock.
"""


class _Term(NamedTuple):
    """How long a lease lasts, by the wall clock."""

    made_at: int
    until: int
    length: int
    """Of a lease that nobody asked to be longer."""

    def is_due(self, now_ms: int) -> bool:
        """Return whether a third of it is used up, or the clock went back to long before it was made."""
        length = max(self.length, SHORTEST_LEASE_MS)
        return now_ms > self.until - 2 * length / 3 or now_ms < self.made_at - min(length / 3, _MOST_BACK_MS)


class Renewals:
    """Knows until when each lease lasts."""

    def __init__(
        self,
        store: Store,
        flights: Callable[[], Iterator[InFlight]],
        lease_ms: Callable[[], int | None],
        lose: Callable[[list[Hold]], None],
    ) -> None:
        """Renew what `flights` yields, by `lease_ms` (None: as each topic's policy has it).

        `lose` is told once of each lease that somebody else has ended.
        """
        self._store = store
        self._flights = flights
        self._lease_ms = lease_ms
        self._lose = lose
        self._terms: dict[Hold, _Term] = {}
        self._lost: dict[Hold, bool] = {}
        """The leases that were found lost, and whether each had run out by then."""
        self._looked_at_ms: int | None = None

    def due_in_s(self, now_ms: int) -> float:
        """Return in how many seconds leases are to be looked at; at once after a step of the clock.

        Between two looks so close to each other no lease of a second can end, whatever happened to the clock.
        """
        looked_at_ms = self._looked_at_ms
        if looked_at_ms is None or now_ms < looked_at_ms:
            return 0.0
        return max(0.0, (looked_at_ms + RENEWAL_MS - now_ms) / 1000)

    def keep(self, now_ms: int) -> None:
        """Renew what is due, unless that was just looked at: called before anything is leased.

        Raises:
            StoreError: when the database does not take it.
        """
        if self.due_in_s(now_ms) == 0.0:
            self.renew(now_ms)

    def renew(self, now_ms: int) -> None:
        """Extend the leases that have less than two thirds of their time left; what was lost is told.

        A lease that has ended is extended all the same, if nobody took it back. After the clock was set back,
        leases are shortened to what they should be. A handler that runs past its timeout is killed with its
        process, so that nothing is renewed forever.

        Raises:
            StoreError: when the database does not take it.
        """
        terms = {flight.hold: self._term(flight) for flight in self._flights()}
        self._lost = {hold: had_ended for hold, had_ended in self._lost.items() if hold in terms}
        due = [hold for hold, term in terms.items() if hold not in self._lost and term.is_due(now_ms)]
        if due:
            until, lost = self._store.extend(due, self._lease_ms(), now_ms)
            for hold in set(due).difference(lost):
                terms[hold] = _Term(now_ms, until[hold.id], until[hold.id] - now_ms)
            # told once: a lost lease is not asked for again
            self._lost |= {hold: terms[hold].until <= now_ms for hold in lost}
            self._lose(lost)
        self._terms = terms
        self._looked_at_ms = now_ms

    def had_ended(self, flight: InFlight, now_ms: int) -> bool:
        """Return whether a delivery's lease had run out before somebody else took the message."""
        return self._lost.get(flight.hold, self._term(flight).until <= now_ms)

    def extend(self, flight: InFlight, visibility_ms: int | None, now_ms: int) -> None:
        """Extend one lease because its handler asked for it.

        Raises:
            StoreError: when the database does not take it.
        """
        until, _ = self._store.extend([flight.hold], visibility_ms, now_ms)
        if flight.hold.id in until:
            length = self._term(flight).length
            self._terms[flight.hold] = _Term(now_ms, until[flight.hold.id], length)

    def _term(self, flight: InFlight) -> _Term:
        known = self._terms.get(flight.hold)
        if known is not None:
            return known
        until = flight.row.locked_until
        return _Term(flight.leased_at, until, until - flight.leased_at)
