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

from smq_core.daemon.dispatch.dispatcher import Dispatcher
from smq_core.daemon.dispatch.outcome_counts import OutcomeCounts
from smq_core.daemon.dispatch.pending_outcomes import PendingOutcomes
from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import RecordHeader
from smq_core.daemon.liveness.workers_file_opening import workers_file_path
from smq_core.daemon.processes.child_process import ChildProcess
from smq_core.daemon.processes.children import Children
from smq_core.daemon.processes.pool import ProcessPool
from smq_core.daemon.reporting.heartbeat import Heartbeat
from smq_core.daemon.supervisor.dead_daemons import DeadDaemons
from smq_core.daemon.supervisor.outage import Outage
from smq_core.daemon.system.process_identity import machine_id, started_at
from smq_core.daemon.threads import Threads
from smq_core.derived_file import Access

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.configuration.config import DaemonConfig
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.process import Program
    from smq_core.policy import RandomSource
    from smq_core.store.base import Store

__all__ = ["Components", "assemble", "connect"]


@dataclass(frozen=True)
class Components:
    """What a daemon is put together from."""

    worker_id: str
    """The daemon's name in rows and leases."""
    store: Store
    clock: Clock
    journal: Journal
    selector: selectors.BaseSelector
    """What the loop waits on."""
    children: Children
    """The daemon's child processes."""
    presence: Presence
    pool: ProcessPool
    pending: PendingOutcomes
    counts: OutcomeCounts
    dispatcher: Dispatcher
    dead_daemons: DeadDaemons
    heartbeat: Heartbeat
    outage: Outage
    threads: Threads

    def take(self, config: DaemonConfig) -> None:
        """Go by another configuration from now on."""
        self.dispatcher.lease_for(_lease_ms(config))
        self.pending.allow_crashes(config.max_crashes)
        self.dead_daemons.allow_crashes(config.max_crashes)
        self.outage.allow(float(config.db_patience))
        self.journal.use(config.log_format, is_verbose=config.verbose)

    def close(self) -> None:
        """Give back what the daemon held outside the database."""
        self.dead_daemons.close()
        # what could not be written stays told, for the next daemon that looks
        self.presence.leave(is_told=bool(len(self.pending)) or any(True for _ in self.dispatcher.flights()))
        self.selector.close()


def assemble(
    config: DaemonConfig,
    program: Program,
    store: Store,
    clock: Clock,
    *,
    random: RandomSource,
    journal: Journal,
) -> Components:
    """Open the -workers file, claim a record, and make every part; it starts no process and leases nothing.

    Raises:
        StoreError: when the database or the -workers file cannot be used.
    """
    path, access = _workers_file(store)
    worker_id = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
    header = RecordHeader(worker_id, os.getpid(), machine_id(), started=started_at(os.getpid()))
    presence = Presence(path, access, header, journal)
    selector = selectors.DefaultSelector()
    children = Children()
    pool = ProcessPool(
        program,
        presence=presence,
        spawn=lambda folder: ChildProcess(presence.file.map_fd, folder, children, journal.output),
        selector=selector,
        clock=clock,
        journal=journal,
    )
    return connect(
        config,
        pool,
        presence,
        store=store,
        clock=clock,
        journal=journal,
        selector=selector,
        children=children,
        random=random,
    )


def connect(
    config: DaemonConfig,
    pool: ProcessPool,
    presence: Presence,
    *,
    store: Store,
    clock: Clock,
    journal: Journal,
    selector: selectors.BaseSelector,
    children: Children,
    random: RandomSource,
) -> Components:
    """Make the parts that have no processes and no file of their own, and hand each what it depends on."""
    worker_id = presence.worker_id
    pending = PendingOutcomes(worker_id, random, config.max_crashes)
    counts = OutcomeCounts()
    dispatcher = Dispatcher(
        store, pool, pending, counts, worker_id=worker_id, clock=clock, journal=journal, random=random
    )
    dispatcher.lease_for(_lease_ms(config))
    dead_daemons = DeadDaemons(
        store, presence, selector=selector, clock=clock, journal=journal, max_crashes=config.max_crashes
    )
    return Components(
        worker_id=worker_id,
        store=store,
        clock=clock,
        journal=journal,
        selector=selector,
        children=children,
        presence=presence,
        pool=pool,
        pending=pending,
        counts=counts,
        dispatcher=dispatcher,
        dead_daemons=dead_daemons,
        heartbeat=Heartbeat(worker_id, pool, counts, clock),
        outage=Outage(float(config.db_patience), clock, journal),
        threads=Threads(clock, journal),
    )


def _lease_ms(config: DaemonConfig) -> int | None:
    return None if config.lease is None else round(config.lease * 1000)


def _workers_file(store: Store) -> tuple[str, Access]:
    # the first look makes the database, or says why it cannot be used
    store.data_version()
    database = Path(store.location.address)
    return workers_file_path(database), Access.beside(database)
