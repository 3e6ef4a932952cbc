"""Puts a daemon together: every part with what it depends on.

The one place of the daemon that chooses and connects.
"""

from __future__ import annotations

import os
import secrets
import selectors
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smq_core.daemon.dependencies import Base
from smq_core.daemon.dispatch.dispatcher import Feeder
from smq_core.daemon.dispatch.pending_outcomes import Ledger
from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import BerthHeader
from smq_core.daemon.processes.child_process import ChildProcess
from smq_core.daemon.processes.pool import Fleet
from smq_core.daemon.processes.reaper import Children
from smq_core.daemon.reporting.heartbeat import Heartbeat
from smq_core.daemon.supervisor.outage import Patience
from smq_core.daemon.supervisor.peers import Neighbours
from smq_core.daemon.system.process_identity import machine_id, started_at
from smq_core.daemon.threads import Threads
from smq_core.derived_file import Access

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.configuration.config import Config
    from smq_core.daemon.dispatch.renewals import Renewals
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.process import Program
    from smq_core.policy import RandomSource
    from smq_core.store.base import Store

__all__ = ["Parts", "assemble"]


@dataclass(frozen=True)
class Parts:
    """The parts of a daemon."""

    base: Base
    presence: Presence
    fleet: Fleet
    ledger: Ledger
    feeder: Feeder
    neighbours: Neighbours
    heartbeat: Heartbeat
    patience: Patience
    threads: Threads

    @property
    def worker_id(self) -> str:
        """The daemon's name in rows and leases."""
        return self.base.worker_id

    @property
    def store(self) -> Store:
        """The database."""
        return self.base.store

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        return self.base.clock

    @property
    def renewals(self) -> Renewals:
        """The leases of what the feeder has handed out."""
        return self.feeder.renewals

    @property
    def journal(self) -> Journal:
        """The log."""
        return self.base.journal

    @property
    def children(self) -> Children:
        """Its child processes."""
        return self.base.children

    @property
    def selector(self) -> selectors.BaseSelector:
        """What the loop waits on."""
        return self.base.selector

    def take(self, config: Config) -> None:
        """Go by another configuration from now on."""
        self.feeder.lease_ms = _lease_ms(config)
        self.ledger.max_crashes = self.neighbours.max_crashes = config.max_crashes
        self.patience.limit_s = float(config.db_patience)
        self.journal.use(config.log_format, is_verbose=config.verbose)

    def close(self) -> None:
        """Give back what the daemon held outside the database."""
        self.neighbours.close()
        # what could not be written stays told, for the next daemon that looks
        self.presence.leave(is_told=bool(len(self.ledger)) or any(True for _ in self.feeder.flights()))
        self.selector.close()


def assemble(
    config: Config, program: Program, store: Store, clock: Clock, *, random: RandomSource, journal: Journal
) -> Parts:
    """Open the -workers file, take a berth, and make every part; no process is started and nothing is leased.

    Raises:
        StoreError: when the database or the -workers file cannot be used.
    """
    path, access = _workers_file(store)
    worker_id = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
    header = BerthHeader(worker_id, os.getpid(), machine_id(), started=started_at(os.getpid()))
    presence = Presence(path, access, header, journal)
    selector = selectors.DefaultSelector()
    children = Children()
    base = Base(worker_id, store, clock, journal, selector, children)
    fleet = Fleet(
        program,
        base,
        presence=presence,
        spawn=lambda folder: ChildProcess(presence.file.map_fd, folder, children, journal.output),
    )
    ledger = Ledger(worker_id, random, config.max_crashes)
    feeder = Feeder(base, fleet, ledger, lease_ms=_lease_ms(config), random=random)
    return Parts(
        base=base,
        presence=presence,
        fleet=fleet,
        ledger=ledger,
        feeder=feeder,
        neighbours=Neighbours(base, presence, max_crashes=config.max_crashes),
        heartbeat=Heartbeat(worker_id, fleet, feeder, clock),
        patience=Patience(float(config.db_patience), clock, journal),
        threads=Threads(clock, journal),
    )


def _lease_ms(config: Config) -> int | None:
    return None if config.lease is None else round(config.lease * 1000)


def _workers_file(store: Store) -> tuple[str, Access]:
    # the first look makes the database, or says why it cannot be used
    store.data_version()
    database = Path(store.location).resolve()
    return f"{database}-workers", Access.beside(database)
