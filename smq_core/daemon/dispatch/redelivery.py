"""What becomes of a message that is leased again while an older delivery of it is still in this daemon.

Only one lease of a message is valid, the newest, and no two handlers of one daemon run one message:

- Where the older lease had merely run out, and nobody else had leased the message since, the older delivery
  goes on under the new lease: nothing is run twice, and its outcome counts.
- Else somebody took the message over: another daemon, a consumer, or an operator by force. The older delivery
  is dropped if it has not begun, and its handler is interrupted if it has; its outcome no longer counts. The
  new delivery waits, renewed, until the older one has ended.
- An operator who requeued by force does not wait for a handler that does not end: after `STOP_S` seconds the
  new delivery starts in another worker process, where there is one. This alone runs a message twice at once.

This is where a running handler is made to stop because its lease was lost: only when this daemon has leased
the message again. Until then it goes on; `lost_leases` only keeps handlers from beginning under a lost lease.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.daemon.processes.process import WorkerProcess

__all__ = ["STOP_S", "Redeliveries", "Takeover", "stop_superseded", "takeover_of"]

STOP_S: Final = 10.0
"""How long a handler that was told to end has for it before a forced delivery starts elsewhere."""


class Takeover(Enum):
    """What happened to a message between two leases of this daemon."""

    NONE = auto()
    """The first one ran out, and nobody leased or touched it since."""
    BY_OTHERS = auto()
    """Another worker or consumer had it, or an operator changed it."""
    BY_FORCE = auto()
    """An operator requeued it, though the first one had not run out."""


def takeover_of(older: InFlight, newer: InFlight, *, had_ended: bool) -> Takeover:
    """Return what happened between two leases of a message, by what each found in its row.

    Each lease counts a delivery and an attempt, and only an operator's requeue starts the attempts again. It
    was by force unless the first lease `had_ended` before.
    """
    was, now = older.row, newer.row
    if now.attempts <= 1:
        return Takeover.BY_OTHERS if had_ended else Takeover.BY_FORCE
    has_same_work = (was.topic, was.body, was.kind, was.headers) == (
        now.topic,
        now.body,
        now.kind,
        now.headers,
    )
    is_next = (was.deliveries + 1, was.attempts + 1) == (now.deliveries, now.attempts)
    return Takeover.NONE if has_same_work and is_next else Takeover.BY_OTHERS


class _Waiting(NamedTuple):
    """A delivery that waits for older ones of its message to end."""

    flight: InFlight
    older: tuple[tuple[WorkerProcess, int], ...]
    """Where they are, and their tags."""
    elsewhere_at: float
    """From when on it may start in a process that has none of them."""

    @property
    def has_ended(self) -> bool:
        """Return whether all older ones have ended."""
        return all(tag not in process.in_flight for process, tag in self.older)

    def find_process(self, processes: Sequence[WorkerProcess], now: float) -> WorkerProcess | None:
        """Return a process that may start it alongside the older deliveries; None: there is none now."""
        if now < self.elsewhere_at:
            return None
        busy = {process.pid for process, tag in self.older if tag in process.in_flight}
        return next((one for one in processes if one.room > 0 and one.pid not in busy), None)


class Redeliveries:
    """Deliveries that wait for older ones of their messages."""

    def __init__(self, pool: ProcessPool, had_ended: Callable[[InFlight, int], bool]) -> None:
        """Know what a pool has in flight; `had_ended` shows whether a lost lease had run out before."""
        self._pool = pool
        self._had_ended = had_ended
        self._waiting: list[_Waiting] = []
        self._highest_id = 0
        """Of all messages that were ever leased: what is above it cannot be here already."""

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting)

    def flights(self) -> Iterator[InFlight]:
        """Yield what waits."""
        return (one.flight for one in self._waiting)

    def admit(self, flights: list[InFlight], now: float) -> list[InFlight]:
        """Take newly leased messages in; return those that no older delivery stands against."""
        if not flights:
            return flights
        ids = [one.row.id for one in flights]
        known, self._highest_id = self._highest_id, max(self._highest_id, *ids)
        if min(ids) > known:
            return flights
        older = self._in_processes()
        return [one for one in flights if not self._waits(one, older.get(one.row.id, []), now)]

    def take_ready(self) -> list[InFlight]:
        """Remove and return what need not wait any more."""
        ready = [one.flight for one in self._waiting if one.has_ended]
        if ready:
            self._waiting = [one for one in self._waiting if not one.has_ended]
        return ready

    def start_elsewhere(self, now: float) -> None:
        """Start what has waited long enough alongside its older delivery, in another process."""
        for one in list(self._waiting):
            process = one.find_process(self._pool.processes, now)
            if process is not None:
                self._waiting.remove(one)
                process.give([one.flight], now)

    def is_possible(self, now: float) -> bool:
        """Return whether anything could go on now."""
        return any(
            one.has_ended or one.find_process(self._pool.processes, now) is not None for one in self._waiting
        )

    def drop(self, tags: Iterable[int]) -> None:
        """Forget deliveries whose leases are lost."""
        dropped = set(tags)
        self._waiting = [one for one in self._waiting if one.flight.tag not in dropped]

    def give_up(self) -> list[InFlight]:
        """Remove and return all that waits."""
        given_up = list(self.flights())
        self._waiting.clear()
        return given_up

    def _in_processes(self) -> dict[int, list[tuple[WorkerProcess, InFlight]]]:
        """Return what is in flight, by message."""
        found: dict[int, list[tuple[WorkerProcess, InFlight]]] = {}
        for process in self._pool.processes:
            for flight in process.in_flight.values():
                found.setdefault(flight.row.id, []).append((process, flight))
        return found

    def _waits(self, newer: InFlight, older: list[tuple[WorkerProcess, InFlight]], now: float) -> bool:
        """Return whether a delivery cannot be handed out; one that is adopted by an older one never is."""
        # an earlier one that waited has lost its lease to this one
        self._waiting = [one for one in self._waiting if one.flight.row.id != newer.row.id]
        if not older:
            return False
        process, latest = max(older, key=lambda one: one[1].tag)
        had_ended = self._had_ended(latest, newer.leased_at)
        takeover = takeover_of(latest, newer, had_ended=had_ended)
        if takeover is Takeover.NONE and latest.tag not in process.superseded:
            process.adopt(latest.tag, newer)
            return True
        for where, flight in older:
            where.supersede(flight.tag)
        elsewhere_at = now + STOP_S if takeover is Takeover.BY_FORCE else float("inf")
        places = tuple((where, flight.tag) for where, flight in older)
        self._waiting.append(_Waiting(newer, places, elsewhere_at))
        return True


def stop_superseded(pool: ProcessPool, journal: Journal) -> None:
    """Interrupt the handlers of superseded deliveries: a newer delivery of each message waits for that."""
    for process in pool.processes:
        if process.superseded - process.cancelled.keys():
            for flight, slot in process.begun():
                if flight.tag in process.superseded and flight.tag not in process.cancelled:
                    process.cancel(flight.tag, slot.thread, "stopped")
                    journal.warning(
                        "handler_stopped",
                        "the message was taken over and then leased here again: the earlier "
                        "handler run was interrupted",
                        id=flight.row.id,
                    )
