"""Leases that somebody else has ended: they are logged, and nothing begins under one. No database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.daemon.fleet import Fleet
    from smq_core.daemon.handout import Handout
    from smq_core.daemon.journal import Journal
    from smq_core.store.records import Hold

__all__ = ["note_lost", "revoke"]


def note_lost(journal: Journal, lost: Sequence[Hold]) -> None:
    """Log the messages whose lease somebody else has by now."""
    for hold in lost:
        journal.warning(
            "lease_lost",
            "an operator or another worker took the message over; the outcome of this run is dropped",
            id=hold.id,
        )


def revoke(lost: Sequence[Hold], fleet: Fleet, handout: Handout) -> None:
    """Let no handler begin with deliveries whose leases are lost; one that has begun goes on."""
    if not lost:
        return
    holds = set(lost)
    handout.drop(holds)
    for process in fleet.processes:
        tags = [flight.tag for flight in process.in_flight.values() if flight.hold in holds]
        if tags:
            process.revoke(tags)
