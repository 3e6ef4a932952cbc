"""What a queue should do, in a dict of plain records, with which every answer of the engine is compared.

It knows nothing of SQL or indexes; where it and `docs/states.md` differ, one of them is wrong. Producers and
holders are here, what operators do stands in `actions`, and what belongs to one transaction in `foretold`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.policy import Backoff, TopicPolicy
from smq_core.states import UNFINISHED, State
from tests.simulation.entries import Counts, Entry, Failed, Leased, Operation, Policy
from tests.simulation.rare import Rare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.store.records import Failure, Hold, LeaseRequest

CHUNK = 500
"""Messages that one transaction changes at most."""
DAY_MS = 24 * 3_600_000
HORIZON_MS = 25 * 3_600_000
VISIBILITY_MS = round(TopicPolicy().visibility_timeout * 1000)


class Look(NamedTuple):
    """What a dequeue saw of a topic before it began to write."""

    has_ready: bool
    has_due: bool
    is_paused: bool
    has_expired: bool
    visibility_ms: int

    @property
    def is_worth_a_write(self) -> bool:
        """Return whether there is anything to do."""
        return self.has_expired or ((self.has_ready or self.has_due) and not self.is_paused)


class Model:
    """The whole queue."""

    def __init__(self, rare: Rare | None = None) -> None:
        self.entries: dict[int, Entry] = {}
        self.topics: dict[str, Counts] = {}
        self.policies: dict[str, Policy] = {}
        self.pauses: dict[str, int | None] = {}
        self.operations: dict[int, Operation] = {}
        self.last_operation = 0
        self.last_id = 0
        self.history: dict[int, list[Failed]] = {}
        self.gone: set[int] = set()
        """Messages that were there: acked, pruned or purged."""
        self.forced: set[tuple[int, int | None]] = set()
        """Live leases that an operator took away."""
        self.touched: set[int] = set()
        """Messages to be compared next."""
        self.rare = rare or Rare()

    # what there is

    def holder_of(self, topic: str, key: str | None) -> Entry | None:
        """Return the unfinished message that holds a key."""
        if key is None:
            return None
        holders = (e for e in self.entries.values() if e.key == key and e.topic == topic)
        return next((entry for entry in holders if entry.state in UNFINISHED), None)

    def limit(self, entry: Entry) -> int:
        """Return after how many attempts a message is dead."""
        own = self.policies.get(entry.topic, Policy()).max_attempts
        return entry.max_attempts or own or TopicPolicy().max_attempts

    def keep_ms(self, topic: str) -> int:
        """Return how long a topic keeps what is done."""
        return self.policies.get(topic, Policy()).keep_ms or 0

    def visibility_ms(self, topic: str) -> int:
        """Return how long a lease of a topic lasts where the call does not tell."""
        return self.policies.get(topic, Policy()).visibility_ms or VISIBILITY_MS

    def is_paused(self, topic: str, now: int) -> bool:
        """Return whether a topic yields nothing."""
        if topic not in self.pauses:
            return False
        until = self.pauses[topic]
        return until is None or until > now

    def of(self, topic: str, state: State) -> list[Entry]:
        """Return the messages of a topic in a state."""
        return [entry for entry in self.entries.values() if entry.state is state and entry.topic == topic]

    def expired(self, now: int) -> list[Entry]:
        """Return what a dequeue takes back: leases that are over, or absurdly far ahead."""
        leased = (entry for entry in self.entries.values() if entry.locked_until is not None)
        return [entry for entry in leased if not now < (entry.locked_until or 0) <= now + HORIZON_MS]

    def due(self, topic: str, now: int) -> list[Entry]:
        """Return what a dequeue promotes."""
        return [entry for entry in self.of(topic, State.DELAYED) if entry.available_at <= now]

    # coming and going

    def add(self, entry: Entry) -> None:
        """Take a new message in."""
        assert entry.id > self.last_id, f"id {entry.id} was given before"
        self.last_id = entry.id
        self.entries[entry.id] = entry
        self.topics.setdefault(entry.topic, Counts()).entered += 1
        self.touched.add(entry.id)

    def remove(self, entry: Entry) -> None:
        """Let a message go for good."""
        del self.entries[entry.id]
        self.topics[entry.topic].gone += 1
        self.history.pop(entry.id, None)
        self.gone.add(entry.id)
        self.touched.add(entry.id)

    # dequeue

    def look(self, topic: str, now: int) -> Look:
        """See what there is to do for a topic."""
        return Look(
            bool(self.of(topic, State.READY)),
            bool(self.due(topic, now)),
            self.is_paused(topic, now),
            bool(self.expired(now)),
            self.visibility_ms(topic),
        )

    def reclaim(self, now: int) -> None:
        """Take expired leases back; the receipts stay."""
        order = sorted(self.expired(now), key=lambda e: (e.locked_until, e.topic, e.id))
        if len(order) > CHUNK:
            self.rare.note("a dequeue that reclaims over its limit")
        for entry in order[:CHUNK]:
            if (entry.locked_until or 0) > now:
                self.rare.note("a lease reclaimed as the clock had been set back")
            is_dead = self._is_exhausted(entry, "a reclaim that exhausted a message")
            self._record(entry, "reclaim", "lease expired", now)
            self._put_back(entry, State.DEAD if is_dead else State.READY, now)
            entry.last_error = "lease expired"

    def promote(self, looks: dict[str, Look], now: int) -> None:
        """Make due messages ready."""
        remaining = CHUNK
        for topic, look in looks.items():
            if not look.has_due or look.is_paused:
                continue
            due = sorted(self.due(topic, now), key=lambda e: (e.available_at, e.id))
            if len(due) > remaining:
                self.rare.note("a dequeue that promotes over its limit")
            for entry in due[:remaining]:
                entry.state = State.READY
                self.touched.add(entry.id)
            remaining -= len(due[:remaining])
            if due and any(entry.locked_until for entry in self.entries.values()):
                self.rare.note("a delayed message promoted while others were processing")

    def lease(self, request: LeaseRequest, looks: dict[str, Look], now: int) -> list[Leased]:
        """Lease what there is; answers it in order."""
        found: list[Entry] = []
        for topic in looks:
            if not self.is_paused(topic, now):
                ready = self.of(topic, State.READY)
                found += sorted(ready, key=lambda e: (-e.priority, e.id))
                if ready and topic in self.pauses:
                    self.rare.note("a pause that ended by time")
        if request.order == "oldest":
            found.sort(key=lambda e: e.id)
        taken = found[: request.limit]
        for entry in taken:
            lasts = request.visibility_ms or looks[entry.topic].visibility_ms
            entry.state, entry.receipt, entry.worker = State.PROCESSING, request.receipt, request.worker
            entry.locked_until = now + lasts
            entry.attempts += 1
            entry.deliveries += 1
            entry.limit_when_leased = self.limit(entry)
        self.touched.update(entry.id for entry in taken)
        return [leased(entry) for entry in taken]

    # holders

    def held(self, hold: Hold) -> Entry | None:
        """Return the processing message that a receipt is good for."""
        entry = self.entries.get(hold.id)
        if entry is None or entry.receipt != hold.receipt or entry.state is not State.PROCESSING:
            return None
        self.touched.add(entry.id)
        return entry

    def ack(self, hold: Hold, now: int) -> bool:
        """Finish a message; False: lost."""
        entry = self.entries.get(hold.id)
        if entry is None or entry.receipt != hold.receipt:
            self._note_lost(hold, entry)
            return False
        self.touched.add(entry.id)
        if entry.state is not State.PROCESSING:
            self.rare.note("a late ack taken")
        elif (entry.locked_until or 0) <= now:
            self.rare.note("an ack of an expired lease taken")
        if not self.keep_ms(entry.topic):
            self.remove(entry)
        else:  # worker is kept: who did it
            entry.state, entry.finished_at, entry.receipt, entry.locked_until = State.DONE, now, None, None
        return True

    def requeue(self, entry: Entry, failure: Failure, now: int) -> tuple[State, int]:
        """Put a message back for another attempt, or to the dead letters; where, and from when on."""
        if (entry.locked_until or 0) <= now:
            self.rare.note("an expired lease requeued by its holder")
        if self._is_exhausted(entry, "a requeue that exhausted a message"):
            self.bury(entry, failure.error, now, outcome="requeue")
            return State.DEAD, now
        delay_ms = failure.delay_ms
        if delay_ms is None:
            delay_ms = round(Backoff().ceiling(entry.attempts) * failure.jitter * 1000)
        self._record(entry, "requeue", failure.error, now)
        self._give_back(entry, State.DELAYED if delay_ms else State.READY, failure.error, now)
        entry.available_at = now + delay_ms
        return entry.state, entry.available_at

    def bury(self, entry: Entry, error: str, now: int, *, outcome: str = "bury") -> None:
        """Put a message among the dead letters."""
        self._record(entry, outcome, error, now)
        self._give_back(entry, State.DEAD, error, now)
        entry.available_at = now

    def release(self, entry: Entry) -> None:
        """Put a message back uncounted."""
        self.rare.note("a release that gave the attempt back", entry.attempts > 0)
        entry.state, entry.attempts = State.READY, max(entry.attempts - 1, 0)
        entry.receipt = entry.locked_until = entry.worker = None

    def recover(self, entry: Entry, verdict: str, error: str, now: int) -> None:
        """Return a dead worker's message; the receipt stays."""
        is_charged = verdict in {"blamed", "poison"}
        is_dead = verdict == "poison" or (is_charged and entry.attempts >= self.limit(entry))
        self.rare.note("a poison message dead", verdict == "poison")
        self.rare.note("a suspect that ran alone and crashed", is_charged and entry.is_suspect)
        self.rare.note("an untouched message of a dead worker gone back uncounted", verdict == "untouched")
        if is_charged:
            self._record(entry, "recover", error, now)
        self._put_back(entry, State.DEAD if is_dead else State.READY, now)
        entry.attempts -= 0 if is_charged else min(entry.attempts, 1)
        entry.crashes += is_charged
        entry.is_suspect = verdict != "untouched" and not is_dead
        entry.last_error = error if is_charged else entry.last_error

    def _record(self, entry: Entry, outcome: str, error: str, now: int) -> None:
        """Keep a failed attempt in the history, of which the last ten are kept."""
        failed = Failed(entry.attempts, now, outcome, error, entry.worker)
        self.history[entry.id] = [*self.history.get(entry.id, []), failed][-10:]

    def _give_back(self, entry: Entry, state: State, error: str, now: int) -> None:
        self._put_back(entry, state, now)
        entry.last_error, entry.receipt, entry.is_suspect = error, None, False

    def _put_back(self, entry: Entry, state: State, now: int) -> None:
        entry.state, entry.finished_at = state, now if state is State.DEAD else None
        entry.locked_until = entry.worker = None
        self.touched.add(entry.id)

    def _is_exhausted(self, entry: Entry, event: str) -> bool:
        is_exhausted = entry.attempts >= self.limit(entry)
        self.rare.note(event, is_exhausted)
        is_lowered = is_exhausted and entry.attempts < entry.limit_when_leased
        self.rare.note("a limit lowered in flight that made a message dead", is_lowered)
        return is_exhausted

    def _note_lost(self, hold: Hold, entry: Entry | None) -> None:
        if hold in self.forced:
            self.rare.note("an ack refused, as an operator had forced the message")
        elif hold.id in self.gone:
            self.rare.note("a second ack refused")
        elif entry is not None and entry.state is State.PROCESSING:
            self.rare.note("a late ack refused, as the message was leased again")


def leased(entry: Entry) -> Leased:
    """Return what is compared of a lease."""
    return Leased(
        *(entry.id, entry.topic, entry.priority, entry.key, entry.attempts, entry.deliveries),
        *(entry.max_attempts, entry.available_at, entry.last_error, entry.is_suspect),
        locked_until=entry.locked_until or 0,
    )


def ids_of(entries: Iterable[Entry]) -> list[int]:
    """Return ids in their order."""
    return sorted(entry.id for entry in entries)
