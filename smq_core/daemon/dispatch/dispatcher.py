"""Between the store and the worker processes.

Writes outcomes and leases the next messages in one transaction, and hands them out.
"""

from __future__ import annotations

from collections import Counter
from itertools import count, repeat
from typing import TYPE_CHECKING, Final

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.dispatch.distribution import Distribution
from smq_core.daemon.dispatch.lost_leases import LostLeases
from smq_core.daemon.dispatch.ready_topics import ReadyTopics
from smq_core.daemon.dispatch.renewals import Renewals
from smq_core.daemon.dispatch.topic_rotation import Ask, TopicRotation
from smq_core.daemon.processes.byte_budget import LARGEST_MESSAGE
from smq_core.daemon.processes.in_flight import InFlight
from smq_core.daemon.wire.protocol import Failed
from smq_core.error_text import first_line
from smq_core.message import Receipt
from smq_core.store.failed_message import SHOWN
from smq_core.store.records import LEASE_BYTES, LeaseRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.clock import Clock
    from smq_core.daemon.dispatch.outcome_counts import OutcomeCounts
    from smq_core.daemon.dispatch.pending_outcomes import PendingOutcomes
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.wire.protocol import Handled
    from smq_core.policy import RandomSource
    from smq_core.store.base import Store
    from smq_core.store.records import Hold

__all__ = ["ACK_BATCH", "ACK_WITHIN_S", "Dispatcher"]

ACK_WITHIN_S: Final = 0.003
ACK_BATCH: Final = 500


class Dispatcher:
    """Keeps worker processes fed."""

    def __init__(
        self,
        store: Store,
        pool: ProcessPool,
        pending: PendingOutcomes,
        counts: OutcomeCounts,
        *,
        worker_id: str,
        clock: Clock,
        journal: Journal,
        random: RandomSource,
    ) -> None:
        """Lease as this daemon for as long as each topic's policy has it, and count outcomes."""
        self._is_leasing = True
        self._is_suspended = False
        """The database's file is not where it was: acks go on, leasing does not."""
        self._is_worth_a_look = True
        """Something may be ready: somebody wrote, a time has come, or the last lease was full."""
        self._due_at_ms: int | None = None
        """When something changes by time alone."""
        self._lease_ms: int | None = None
        self._store = store
        self._pool = pool
        self._pending = pending
        self._counts = counts
        self._worker_id = worker_id
        self._clock = clock
        self._random = random
        self._journal = journal
        self._tags = count(1)
        self.renewals = Renewals(store, self.flights, lambda: self._lease_ms, self._lose)
        self._distribution = Distribution(pool, self.renewals.had_ended)
        self._lost_leases = LostLeases(pool, self._distribution, journal)
        self._oldest_outcome: float | None = None
        self._is_cut = False
        """The last lease left messages of what it was asked for: there were no bytes left for them."""
        self._looked_at_ms = 0
        self.use(Routes(pool.program.handlers))

    def use(self, routes: Routes) -> None:
        """Lease for these handlers from now on."""
        self._routes = routes
        self._rotation = TopicRotation(routes)
        self._ready_topics = ReadyTopics(self._store, self._clock, routes)
        self._is_worth_a_look = True

    @property
    def is_worth_a_look(self) -> bool:
        """Return whether something may be ready that was not looked for yet."""
        return self._is_worth_a_look

    def wake(self) -> None:
        """Look for messages in the next step: something may be ready."""
        self._is_worth_a_look = True

    def suspend(self) -> None:
        """Lease nothing until `resume`; outcomes are written all the same."""
        self._is_suspended = True

    def resume(self) -> None:
        """Lease again after `suspend`."""
        self._is_suspended = False

    def stop_leasing(self) -> None:
        """Lease nothing until `start_leasing`, and give back what is in no worker process."""
        self._is_leasing = False
        self.release_waiting()

    def start_leasing(self) -> None:
        """Lease again after `stop_leasing`."""
        self._is_leasing = True

    def lease_for(self, lease_ms: int | None) -> None:
        """Set how long leases last from now on, in milliseconds; None: as each topic's policy has it."""
        self._lease_ms = lease_ms

    @property
    def held(self) -> int:
        """Count the messages that are leased but in no worker process."""
        return len(self._distribution)

    def flights(self) -> Iterator[InFlight]:
        """Yield every delivery that this daemon has."""
        yield from self._distribution.flights()
        for process in self._pool.processes:
            yield from process.in_flight.values()

    def notice_time(self, now_ms: int) -> None:
        """Look again when time alone may have changed something, or when the clock was set back."""
        if (self._due_at_ms is not None and now_ms >= self._due_at_ms) or now_ms < self._looked_at_ms:
            self._due_at_ms = None
            self._looked_at_ms = now_ms
            self._is_worth_a_look = True

    def is_due(self, now: float) -> bool:
        """Return whether a step is worth its transaction."""
        if len(self._pending):
            if self._oldest_outcome is None:
                self._oldest_outcome = now
            if (
                len(self._pending) >= ACK_BATCH
                or now - self._oldest_outcome >= ACK_WITHIN_S
                or self._has_hungry()
            ):
                return True
        if self._distribution.is_possible(now):
            return True
        return self._takes_more and self._is_worth_a_look and self._has_hungry()

    def due_in(self, now: float) -> float | None:
        """Return in how many seconds a step becomes due by itself; None: never."""
        waits: list[float] = []
        if self._oldest_outcome is not None and len(self._pending):
            waits.append(max(0.0, self._oldest_outcome + ACK_WITHIN_S - now))
        if self._takes_more and self._due_at_ms is not None and self._has_hungry():
            waits.append(max(0.0, (self._due_at_ms - self._clock.now_ms()) / 1000))
        return min(waits, default=None)

    def step(self) -> None:
        """Keep the leases there are, write what is known, lease what there is room for, hand it out.

        Raises:
            StoreError: when the database does not take it; nothing is forgotten then.
        """
        now = self._clock.monotonic()
        now_ms = self._clock.now_ms()
        # first: what has ended while this daemon slept is its own, and the lease below would take it back
        self.renewals.keep(now_ms)
        if self._pending.gives_back:
            # what is given back is ready again, or has a time, and no notice tells us of our own commit
            self._is_worth_a_look = True
        room = sum(process.room for process in self._pool.processes)
        is_look = self._takes_more and self._is_worth_a_look and room > 0
        asks = self._asks(room, now_ms) if is_look else []
        if len(self._pending):
            with self._store.transaction(is_durable=False):
                lost = self._pending.write(self._store, now_ms)
                flights = self._lease(asks, now_ms)
            for failed in self._pending.forget():
                self._journal.failed(failed)
            self._oldest_outcome = None
            self._lost_leases.note(lost)
            self._lost_leases.forget_ended(self.flights())
        else:
            flights = self._lease(asks, now_ms)
        self._distribution.admit(self._bearable(flights), now)
        if is_look:
            self._note_look(asks, len(flights), now_ms)
        self._distribution.hand_out(now)
        # what finds no room after all (a suspect took it) is left to others
        self.release_waiting()

    def take_outcomes(self, process: WorkerProcess, handled: Handled) -> None:
        """Note what handlers are done with."""
        now = self._clock.monotonic()
        count = len(handled.done) + len(handled.printed) + len(handled.failed)
        process.note_handled(count, handled.busy_s, now)
        if self._oldest_outcome is None:
            self._oldest_outcome = now
        pop, processed, failed = process.in_flight.pop, self._counts.processed, self._counts.failed
        done = [flight for tag in handled.done if (flight := pop(tag, None)) is not None]
        self._pending.ack(done)
        for flight in done:
            processed[flight.row.topic] += 1
        for printed in handled.printed:
            if (flight := pop(printed.tag, None)) is not None:
                self._pending.ack_with_output(flight, printed.output)
                processed[flight.row.topic] += 1
        for outcome in handled.failed:
            if (flight := pop(outcome.tag, None)) is not None:
                self._pending.fail(flight, outcome)
                if outcome.verb == "release":
                    why, row = first_line(outcome.error, SHOWN), flight.row
                    self._journal.info("message_release", why, id=row.id, topic=row.topic)
                else:
                    failed[flight.row.topic] += 1
        process.forget_ended()
        self._counts.trim()
        if self._routes.has_limits:
            # a topic at its limit was left out of the last look
            self._is_worth_a_look = True

    def take_back(self, process: WorkerProcess, tags: list[int]) -> None:
        """Take deliveries that no handler has begun with.

        For other processes that are free, or for the next consumer that leases them; those whose leases are
        lost are dropped.
        """
        self._distribution.add(process.take_back(tags))
        if self._is_leasing:
            self._distribution.hand_out(self._clock.monotonic())
        self.release_waiting()

    def release_waiting(self) -> None:
        """Give back what is leased but in no worker process."""
        for flight in self._distribution.give_up(with_suspects=not self._is_leasing):
            self._pending.release(flight)

    def reconcile(self) -> None:
        """Release what the database says we hold and we know nothing of.

        Leased by a commit whose success was not reported.

        Raises:
            StoreError: when the database does not answer.
        """
        known = {flight.hold for flight in self.flights()} | self._pending.holds()
        unknown = [hold for hold in self._store.held_by(self._worker_id) if hold not in known]
        if unknown:
            self._store.release(unknown)

    @property
    def _takes_more(self) -> bool:
        return self._is_leasing and not self._is_suspended

    def _has_hungry(self) -> bool:
        return any(one.is_hungry for one in self._pool.processes)

    def _asks(self, room: int, now_ms: int) -> list[Ask]:
        running = (
            Counter(flight.row.topic for flight in self.flights()) if self._routes.has_limits else Counter()
        )
        rotation = self._rotation
        topics = self._ready_topics.find(
            room, now_ms, after=rotation.last_first, is_wanted=lambda topic: rotation.has_room(topic, running)
        )
        return rotation.next(topics, room, running)

    def _lease(self, asks: list[Ask], now_ms: int) -> list[InFlight]:
        flights: list[InFlight] = []
        room = max((ask.limit for ask in asks), default=0)
        bytes_left = min(LEASE_BYTES, self._bytes_left()) if asks else 0
        self._is_cut = False
        for ask in asks:
            limit = min(ask.limit, room - len(flights))
            if limit <= 0 or bytes_left <= 0:
                self._is_cut |= bytes_left <= 0
                break
            receipt = Receipt(self._random.getrandbits(63))
            rows, _ = self._store.lease(
                LeaseRequest(
                    topics=ask.topics,
                    limit=limit,
                    max_bytes=bytes_left,
                    receipt=receipt,
                    visibility_ms=self._lease_ms,
                    worker=self._worker_id,
                ),
                now_ms,
            )
            sizes = [row.size for row in rows]
            flights += map(InFlight, rows, repeat(receipt), self._tags, repeat(now_ms), sizes)
            bytes_left -= sum(sizes)
            # there was not enough of it, or the next message was too large
            self._is_cut |= 0 < len(rows) < limit and self._store.has_ready(ask.topics, now_ms)
        return flights

    def _bearable(self, flights: list[InFlight]) -> list[InFlight]:
        """Leave out what is too large for a worker process: it goes to the dead letters."""
        # it leaves no bytes for another one behind it
        if not flights or flights[-1].size <= LARGEST_MESSAGE:
            return flights
        flight = flights.pop()
        said = f"it has {flight.size:,} bytes, more than the {LARGEST_MESSAGE:,} that a daemon accepts"
        self._pending.fail(flight, Failed(flight.tag, "bury", f"{said}: process it with your own consumer"))
        return flights

    def _bytes_left(self) -> int:
        return sum(max(0, one.bytes_left) for one in self._pool.processes if one.places)

    def _note_look(self, asks: list[Ask], found: int, now_ms: int) -> None:
        """Look again only when there was more than fitted; else when somebody writes, or a time comes."""
        self._looked_at_ms = now_ms
        is_full = bool(asks) and found >= max(ask.limit for ask in asks)
        self._is_worth_a_look = is_full or self._is_cut or (found > 0 and self._ready_topics.has_more)
        self._due_at_ms = None if self._is_worth_a_look else self._ready_topics.next_due(now_ms)

    def _lose(self, lost: list[Hold]) -> None:
        self._lost_leases.note(lost)
        self._lost_leases.revoke(lost)
