"""What the supervisor does from time to time.

Heartbeat, renewals, a look at its peers, at deadlines and at what stands still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.dispatch.redelivery import stop_superseded
from smq_core.daemon.dispatch.renewals import SHORTEST_LEASE_MS
from smq_core.daemon.processes.backlog import has_backlog, recall_backlog
from smq_core.daemon.processes.delivery_probe import LOOK_S, DeliveryProbe
from smq_core.daemon.supervisor.burst import has_nothing_soon
from smq_core.daemon.supervisor.database_retry import DatabaseRetry
from smq_core.daemon.supervisor.timeouts import enforce_deadlines
from smq_core.daemon.system.systemd import notify
from smq_core.validation import LONGEST_LEASE_MS

if TYPE_CHECKING:
    from smq_core.daemon.assembly import Components
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.supervisor.crash_attribution import TopicPause
    from smq_core.daemon.wire.protocol import Extend
    from smq_core.store.records import WorkerRow

__all__ = ["BACKLOG_S", "GREET_S", "HEARTBEAT_S", "LOCK_LOOK_S", "SCAN_S", "Schedule"]

HEARTBEAT_S: Final = 2.0
LOCK_LOOK_S: Final = 0.1
SCAN_S: Final = 0.1
GREET_S: Final = 0.05
BACKLOG_S: Final = 0.02


class Schedule:
    """The recurring work of one daemon."""

    def __init__(self, components: Components) -> None:
        """Work on a daemon's parts."""
        self._components = components
        self.database = DatabaseRetry(components.outage, self._prove)
        self._routes = Routes(components.pool.program.handlers)
        self._is_quiet = False
        self._is_stopping = False
        self.stop_was_asked = False
        self._greeted_at = now = components.clock.monotonic()
        self._delivery_probe = DeliveryProbe(components.journal)
        self._due = {self.beat: now, self._look_at_locks: now, self._scan: now, self._probe_deliveries: now}
        self._interval = {
            self.beat: HEARTBEAT_S,
            self._look_at_locks: LOCK_LOOK_S,
            self._scan: SCAN_S,
            self._probe_deliveries: LOOK_S,
        }

    def route(self, routes: Routes) -> None:
        """Go by these handlers from now on."""
        self._routes = routes

    def stop(self) -> None:
        """Note that the daemon stops."""
        self._is_stopping = True

    def due_in(self, now: float) -> float:
        """Return in how many seconds something is due."""
        pool = self._components.pool
        waits = [self._due[self.beat] - now]
        if pool.in_flight:
            waits.append(self._due[self._scan] - now)
            if not self._components.outage.is_lost:
                waits.append(self._components.dispatcher.renewals.due_in_s(self._components.clock.now_ms()))
            if has_backlog(pool):
                waits.append(BACKLOG_S)
        if self._components.dead_daemons.has_unwatched:
            waits.append(self._due[self._look_at_locks] - now)
        return max(0.0, min(waits))

    def run(self, now: float) -> None:
        """Do what is due."""
        recall_backlog(self._components.pool, now)
        self.renew()
        for task, interval_s in self._interval.items():
            if now >= self._due[task]:
                self._due[task] = now + interval_s
                task()

    def beat(self) -> None:
        """Write the daemon's row, do what it was asked there, and look at the peers."""
        self._components.presence.look()
        self.database.attempt(lambda: self._obey(self._components.store.put_worker(self._row())))
        self.database.attempt(self.look_for_dead_daemons)
        self.database.attempt(self._components.dead_daemons.drop_stale_rows)
        processed, pool = self._components.counts.processed, self._components.pool
        status = f"{self._state}: {processed.total()} processed, {pool.in_flight} in flight"
        notify("WATCHDOG=1", f"STATUS={status}")

    def renew(self) -> None:
        """Renew the leases that are due, by the wall clock: the machine may have slept."""
        renewals, now_ms = self._components.dispatcher.renewals, self._components.clock.now_ms()
        if renewals.due_in_s(now_ms) == 0.0:
            self.database.attempt(lambda: renewals.renew(now_ms))

    def extend(self, process: WorkerProcess, extension: Extend) -> None:
        """Extend a lease because its handler asked for it."""
        flight = process.in_flight.get(extension.tag)
        if flight is None:
            return
        seconds, now_ms = extension.visibility_s, self._components.clock.now_ms()
        visibility_ms = None
        if seconds is not None:
            # never too short to be renewed in time
            visibility_ms = round(min(max(seconds * 1000, SHORTEST_LEASE_MS), LONGEST_LEASE_MS))
        renewals = self._components.dispatcher.renewals
        self.database.attempt(lambda: renewals.extend(flight, visibility_ms, now_ms))

    def look_for_dead_daemons(self) -> None:
        """Return the messages of daemons that died."""
        if self._components.dead_daemons.look():
            self._components.dispatcher.wake()

    def greet(self, now: float) -> None:
        """Look for new peers, since somebody wrote: it may have been the first row of one."""
        if now - self._greeted_at >= GREET_S:
            self._greeted_at = now
            self.look_for_dead_daemons()

    def is_drained(self) -> bool:
        """Return whether nothing is in flight, to be written, or to come soon."""
        components, dispatcher = self._components, self._components.dispatcher
        if (
            dispatcher.is_worth_a_look
            or components.pool.in_flight
            or dispatcher.held
            or len(components.pending)
        ):
            return False
        if components.outage.is_lost:
            return False
        found: list[bool] = []
        now_ms = components.clock.now_ms()
        self.database.attempt(lambda: found.append(has_nothing_soon(components.store, self._routes, now_ms)))
        return found == [True]

    def pause(self, pause: TopicPause) -> None:
        """Pause a topic whose messages kill worker processes."""
        components = self._components
        now_ms = components.clock.now_ms()
        components.journal.error(
            "topic_paused",
            f"{pause.topic} is paused for {pause.seconds:g} s: {pause.reason}",
            topic=pause.topic,
        )
        self.database.attempt(
            lambda: components.store.pause(
                pause.topic,
                reason=pause.reason,
                until_ms=now_ms + round(pause.seconds * 1000),
                actor=components.worker_id,
                now_ms=now_ms,
            )
        )

    @property
    def _state(self) -> Literal["running", "quiet", "stopping"]:
        if self._is_stopping:
            return "stopping"
        return "quiet" if self._is_quiet else "running"

    def _row(self) -> WorkerRow:
        conditions = ["database unavailable"] if self._components.outage.is_lost else []
        conditions += filter(None, self._components.threads.conditions().values())
        topics = [spec.pattern for spec in self._routes.specs]
        return self._components.heartbeat.row(self._state, topics, "; ".join(conditions))

    def _prove(self) -> None:
        """Write something: a database whose disk is full can still be read."""
        components = self._components
        components.dispatcher.reconcile()
        if len(components.pending):
            components.dispatcher.step()
        else:
            components.store.put_worker(self._row())

    def _obey(self, command: str | None) -> None:
        if command is None:
            return
        self._components.journal.info("command", f"asked to {command}")
        if command == "stop":
            self.stop_was_asked = True
        elif not self._is_stopping:
            self._is_quiet = command == "quiet"
            self._components.dispatcher.wake()
            if self._is_quiet:
                self._components.dispatcher.stop_leasing()
                for process in self._components.pool.processes:
                    process.recall(len(process.in_flight))
            else:
                self._components.dispatcher.start_leasing()

    def _look_at_locks(self) -> None:
        if self._components.dead_daemons.has_unwatched:
            self.database.attempt(self.look_for_dead_daemons)

    def _probe_deliveries(self) -> None:
        # at the end what does not arrive is given back when the grace period is over
        if not self._is_stopping:
            self._delivery_probe.look(self._components.pool.processes)

    def _scan(self) -> None:
        pool, journal = self._components.pool, self._components.journal
        enforce_deadlines(pool, self._routes, journal, self._components.clock.monotonic())
        stop_superseded(pool, journal)
