"""What must hold whenever anybody has done anything, in whatever order."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

import apsw

from smq_core.store.sqlite.queue.lease import HORIZON_MS
from tests.simulation.supervised.daemon import LEASE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.records import LeasedRow
    from tests.simulation.supervised.child import Run, SimulatedChild
    from tests.simulation.supervised.daemon import SimulatedDaemon
    from tests.simulation.supervised.seen import Seen
    from tests.simulation.supervised.world import SupervisedWorld

__all__ = ["Judge"]

_LEASES: Final = (
    "SELECT id, receipt, locked_until FROM smq_messages "
    "WHERE status = 'processing' AND id IN (SELECT value FROM carray(?))"
)
_UNFINISHED: Final = "SELECT count(*) FROM smq_messages WHERE status IN ('ready', 'delayed', 'processing')"
_CRASHED: Final = "SELECT id FROM smq_messages WHERE crashes > 0"
LONGEST_MS: Final = round(LEASE_S * 1000) + 60_000 + 20_000
"""A lease, how far it may be too long after the clock went back, and what a handler asks for."""
TOLD_S: Final = 0.5
"""How long after its deadline a handler has to have been told."""


class Judge:
    """Looks at the database and at every daemon."""

    def __init__(self, world: SupervisedWorld, seen: Seen) -> None:
        self._world = world
        self._seen = seen
        self._db = apsw.Connection(world.path, flags=apsw.SQLITE_OPEN_READONLY)
        self._forced: set[tuple[SimulatedDaemon, int]] = set()
        self._ran_at_a_death: set[int] = set()
        self._leased_by: dict[tuple[int, int], SimulatedDaemon] = {}
        """By message and number of the delivery."""
        self._unwanted_since: dict[tuple[SimulatedDaemon, int], float] = {}

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    # what happens

    def begins(self, daemon: SimulatedDaemon, run: Run) -> None:
        """Check that a handler may begin."""
        delivery = run.delivery
        assert all(delivery.tag not in child.begun for child in daemon.children), "a delivery ran twice"
        for other in daemon.runs:
            if other.delivery.id == delivery.id:
                self._check_overlap(daemon, other, run)
        others = (run for other in self._world.daemons if other is not daemon for run in other.runs)
        if any(other.delivery.id == delivery.id for other in others):
            self._seen.note("a message begun that another daemon still runs")

    def _check_overlap(self, daemon: SimulatedDaemon, older: Run, newer: Run) -> None:
        told = f"message {older.delivery.id} ran twice at once in one daemon"
        assert (daemon, older.delivery.tag) in self._forced, told
        assert older.child is not newer.child, f"{told}, in one process"
        process = daemon.process_of(older.child)
        assert process is None or older.delivery.tag in process.superseded, f"{told}, and was not to end"
        self._seen.note("a forced message begun in another process beside its older run")

    def may_lease(self, daemon: SimulatedDaemon, now_ms: int) -> None:
        """Check that a daemon which takes back what has ended finds nothing of its own among it."""
        mine = {flight.row.id: flight for flight in _at_work(daemon)}
        if not mine:
            return
        for one, receipt, until in self._leases(mine):
            if mine[one].receipt == receipt:
                assert now_ms < until <= now_ms + HORIZON_MS, f"a daemon takes back message {one}, which runs"

    def leased(self, daemon: SimulatedDaemon, rows: Iterable[LeasedRow]) -> None:
        """Note who leased what."""
        self._leased_by |= {(row.id, row.deliveries): daemon for row in rows}

    def forces(self, ids: Iterable[int]) -> None:
        """Note that an operator requeued messages by force."""
        wanted = set(ids)
        for daemon in self._world.daemons:
            self._forced |= {
                (daemon, flight.tag)
                for flight in daemon.components.dispatcher.flights()
                if flight.row.id in wanted
            }

    def died(self, runs: Iterable[Run]) -> None:
        """Note what ran in a process that died."""
        self._ran_at_a_death |= {run.delivery.id for run in runs}

    def may_kill(self, daemon: SimulatedDaemon, child: SimulatedChild) -> None:
        """Check that a process which is killed for a timeout was told, and did not end."""
        process = daemon.process_of(child)
        if process is None or not process.killed_for:
            return
        now = self._world.clock.monotonic()
        hung = [run for run in child.runs if run.delivery.tag in process.killed_for]
        for run in hung:
            assert run.delivery.tag in process.cancelled, "a handler was killed that had not been told to end"
            assert now > run.deadline + daemon.spec_of(run.delivery.topic).kill_after_s
        self._seen.note("a process killed for a handler that did not end")

    def gives_back(self, daemon: SimulatedDaemon, child: SimulatedChild, tags: Iterable[int]) -> None:
        """Note what a worker process gives back unstarted."""
        process = daemon.process_of(child)
        if process is not None and process.revoked.intersection(tags):
            self._seen.note("a delivery taken back as its lease was lost")

    # what is

    def look(self) -> None:
        """Check every lease and every note of every daemon."""
        self._check_leases()
        self._check_holds()
        for daemon in self._world.daemons:
            for process in daemon.components.pool.processes:
                in_flight = process.in_flight.keys()
                noted = process.cancelled.keys() | process.revoked | process.superseded
                assert noted <= in_flight, "notes about deliveries that are over"
            if daemon.turns_regularly:
                self._check_timeouts(daemon)

    def everything(self) -> None:
        """Check what costs more."""
        crashed = {row[0] for row in self._db.execute(_CRASHED)}
        assert crashed <= self._ran_at_a_death, "a message was charged with a crash that was not its own"

    def unfinished(self) -> int:
        """Count what is not in a final state."""
        counts: list[Any] = self._db.execute(_UNFINISHED).fetchall()
        return int(counts[0][0])

    def _check_leases(self) -> None:
        """Check that no lease ends under a living handler whose daemon turns regularly."""
        running = {
            flight.row.id: flight
            for daemon in self._world.daemons
            if daemon.turns_regularly
            for flight in _at_work(daemon)
        }
        if not running:
            return
        now_ms = self._world.clock.now_ms()
        for one, receipt, until in self._leases(running):
            if running[one].receipt == receipt:
                assert now_ms < until, f"the lease of message {one} ended under its handler"
                assert until < now_ms + LONGEST_MS, f"the lease of message {one} is too long"

    def _leases(self, ids: Iterable[int]) -> list[tuple[int, int, int]]:
        """Read id, receipt and end of the leases of some messages."""
        wanted = apsw.carray(array("q", sorted(ids)))
        rows: Iterable[Any] = self._db.execute(_LEASES, (wanted,))
        return [(one, receipt, until) for one, receipt, until in rows]

    def _check_holds(self) -> None:
        """Check that nobody else has the lease of a delivery."""
        flights = [
            flight for daemon in self._world.daemons for flight in daemon.components.dispatcher.flights()
        ]
        for daemon in self._world.daemons:
            self._check_adopted(daemon)
        if any(
            len(daemon.components.dispatcher._distribution._redeliveries) for daemon in self._world.daemons
        ):
            self._seen.note("a delivery that waited for an older one to end")
        holds = [flight.hold for flight in flights]
        assert len(holds) == len(set(holds)), "two deliveries have one lease"

    def _check_adopted(self, daemon: SimulatedDaemon) -> None:
        """Check that a run goes on under a newer lease only where nobody else had the message between."""
        for child in daemon.children:
            process = daemon.process_of(child)
            for run in child.runs:
                flight = process and process.in_flight.get(run.delivery.tag)
                if flight and flight.first_receipt is not None:
                    between = range(run.delivery.deliveries, flight.row.deliveries + 1)
                    holders = {self._leased_by.get((flight.row.id, number)) for number in between}
                    assert holders == {daemon}, "a run goes on under a lease that is not its own"
                    self._seen.note("a delivery that went on under a newer lease")

    def _check_timeouts(self, daemon: SimulatedDaemon) -> None:
        """Check that handlers are told which are past their deadline, or whose message was leased again."""
        now = self._world.clock.monotonic()
        for child in daemon.children:
            process = daemon.process_of(child)
            for run in child.runs:
                is_over = run.deadline > 0 and max(run.deadline, daemon.regular_since) < now - TOLD_S
                if process is None or run.delivery.tag not in process.in_flight:
                    continue
                if run.delivery.tag in process.superseded:
                    since = self._unwanted_since.setdefault((daemon, run.delivery.tag), now)
                    is_over |= max(since, daemon.regular_since) < now - TOLD_S
                if is_over:
                    assert run.delivery.tag in process.cancelled, "a handler was not told to end"


def _at_work(daemon: SimulatedDaemon) -> Iterable[InFlight]:
    for child in daemon.children:
        process = daemon.process_of(child)
        if process is not None:
            for run in child.runs:
                if (flight := process.in_flight.get(run.delivery.tag)) is not None:
                    yield flight
