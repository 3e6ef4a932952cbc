"""What a queue should do, in a dict of plain records, with which every answer of the engine is compared.

It knows nothing of SQL, chunks or indexes; where it and `docs/states.md` differ, one of them is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from smq_core.states import UNFINISHED, State

MOST_A_CALL = 500
TRASH_KEPT_MS = 24 * 3_600_000
HORIZON_MS = 25 * 3_600_000


@dataclass
class Entry:
    """One message, as it should stand."""

    id: int
    topic: str
    priority: int
    available_at: int
    state: State
    key: str | None = None
    max_attempts: int | None = None
    attempts: int = 0
    deliveries: int = 0
    receipt: int | None = None
    locked_until: int | None = None
    worker: str | None = None
    finished_at: int | None = None
    last_error: str | None = None
    crashes: int = 0
    is_suspect: bool = False
    operation: int | None = None


@dataclass
class Done:
    """An operation, and how its messages were before it and left by it."""

    action: str
    before: dict[int, tuple[Entry, State]]
    """The message as it was (what was processing comes back ready), and the state the operation left."""
    at: int
    is_undone: bool = False


@dataclass
class Policy:
    """A topic's settings."""

    max_attempts: int = 10
    keep_ms: int = 0


@dataclass
class Model:
    """The whole queue."""

    entries: dict[int, Entry] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    pauses: dict[str, int | None] = field(default_factory=dict)
    operations: dict[int, Done] = field(default_factory=dict)

    # producing

    def holder_of(self, topic: str, key: str | None) -> Entry | None:
        """Answer the unfinished message that holds a key."""
        if key is None:
            return None
        holders = (e for e in self.entries.values() if (e.topic, e.key) == (topic, key))
        return next((entry for entry in holders if entry.state in UNFINISHED), None)

    def policy(self, topic: str) -> Policy:
        """Answer a topic's settings, defaults filled in."""
        return self.policies.get(topic, Policy())

    def is_paused(self, topic: str, now: int) -> bool:
        """Say whether a topic yields nothing."""
        if topic not in self.pauses:
            return False
        until = self.pauses[topic]
        return until is None or until > now

    def limit(self, entry: Entry) -> int:
        """Answer after how many attempts a message is dead."""
        return self.policy(entry.topic).max_attempts if entry.max_attempts is None else entry.max_attempts

    # dequeue

    def dequeue(
        self, topics: list[str], limit: int, *, receipt: int, until: int, worker: str, now: int
    ) -> list[int]:
        """Reclaim, promote and lease; answers the ids in order."""
        if self._is_worth_a_write(topics, now):
            self._reclaim(now)
            self._promote(topics, now)
        leased: list[int] = []
        for topic in topics:
            if not self.is_paused(topic, now):
                ready = [e for e in self.entries.values() if (e.topic, e.state) == (topic, State.READY)]
                for entry in sorted(ready, key=lambda e: (-e.priority, e.id))[: limit - len(leased)]:
                    self._lease(entry, receipt, until, worker)
                    leased.append(entry.id)
        return leased

    def _is_worth_a_write(self, topics: list[str], now: int) -> bool:
        if any(self._is_expired(entry, now) for entry in self.entries.values()):
            return True
        return any(
            entry.topic in topics
            and not self.is_paused(entry.topic, now)
            and (entry.state is State.READY or self._is_due(entry, now))
            for entry in self.entries.values()
        )

    @staticmethod
    def _is_expired(entry: Entry, now: int) -> bool:
        until = entry.locked_until
        return until is not None and (until <= now or until > now + HORIZON_MS)

    @staticmethod
    def _is_due(entry: Entry, now: int) -> bool:
        return entry.state is State.DELAYED and entry.available_at <= now

    def _reclaim(self, now: int) -> None:
        expired = [entry for entry in self.entries.values() if self._is_expired(entry, now)]
        order = sorted(expired, key=lambda e: (e.locked_until, e.topic, e.id))
        for entry in order[:MOST_A_CALL]:
            is_dead = entry.attempts >= self.limit(entry)
            entry.state = State.DEAD if is_dead else State.READY
            entry.finished_at = now if is_dead else None
            entry.locked_until = entry.worker = None
            entry.last_error = "lease expired"

    def _promote(self, topics: list[str], now: int) -> None:
        remaining = MOST_A_CALL
        for topic in topics:
            due = [e for e in self.entries.values() if e.topic == topic and self._is_due(e, now)]
            if not self.is_paused(topic, now):
                for entry in sorted(due, key=lambda e: (e.available_at, e.id))[:remaining]:
                    entry.state = State.READY
                    remaining -= 1

    @staticmethod
    def _lease(entry: Entry, receipt: int, until: int, worker: str) -> None:
        entry.state, entry.receipt, entry.locked_until, entry.worker = (
            State.PROCESSING,
            receipt,
            until,
            worker,
        )
        entry.attempts += 1
        entry.deliveries += 1

    # holders

    def held(self, message_id: int, receipt: int, *, late: bool = False) -> Entry | None:
        """Answer the message that a receipt is good for."""
        entry = self.entries.get(message_id)
        if entry is None or entry.receipt != receipt:
            return None
        return entry if late or entry.state is State.PROCESSING else None

    def ack(self, message_id: int, receipt: int, now: int) -> bool:
        """Finish a message; False: lost."""
        entry = self.held(message_id, receipt, late=True)
        if entry is None:
            return False
        if not self.policy(entry.topic).keep_ms:
            del self.entries[message_id]
            return True
        # worker is kept: who did it
        entry.state, entry.finished_at, entry.receipt, entry.locked_until = State.DONE, now, None, None
        return True

    def give_back(self, entry: Entry, state: State, available_at: int, error: str, now: int) -> None:
        """Put a message where its holder's requeue or bury sends it."""
        entry.state, entry.available_at, entry.last_error = state, available_at, error
        entry.finished_at = now if state is State.DEAD else None
        entry.receipt = entry.locked_until = entry.worker = None
        entry.is_suspect = False

    def release(self, entry: Entry) -> None:
        """Put a message back uncounted."""
        entry.state, entry.attempts = State.READY, max(entry.attempts - 1, 0)
        entry.receipt = entry.locked_until = entry.worker = None

    def recover(self, entry: Entry, verdict: str, error: str, now: int) -> None:
        """Return a dead worker's message; the receipt stays."""
        is_charged = verdict in {"blamed", "poison"}
        is_dead = verdict == "poison" or (is_charged and entry.attempts >= self.limit(entry))
        entry.state = State.DEAD if is_dead else State.READY
        entry.finished_at = now if is_dead else None
        entry.attempts -= 0 if is_charged else min(entry.attempts, 1)
        entry.crashes += is_charged
        entry.is_suspect = verdict != "untouched" and not is_dead
        entry.last_error = error if is_charged else entry.last_error
        entry.locked_until = entry.worker = None

    # operators

    def may_act(self, verb: str, entry: Entry | None, *, force: bool, to: str | None, now: int) -> bool:
        """Say whether an operator's action takes a message, its key aside."""
        if entry is None or (entry.locked_until is not None and entry.locked_until > now and not force):
            return False
        takes = {
            "requeue": {State.DEAD, State.DONE, State.DELAYED, State.PROCESSING},
            "delete": set(State) - {State.DELETED},
            "bury": {State.READY, State.DELAYED, State.PROCESSING, State.DONE},
            "move": {State.READY, State.DELAYED, State.DEAD, State.DONE},
        }
        return entry.state in takes[verb] and not (verb == "move" and entry.topic == to)

    def act(self, verb: str, ids: list[int], operation: int, to: str, now: int) -> list[int]:
        """Perform an action on messages that it takes; answers those that no held key kept from it."""
        done = Done(verb, {}, now)
        for message_id in sorted(ids):
            entry = self.entries[message_id]
            was = replace(entry)
            if self._is_kept_by_key(verb, entry, to):
                continue
            self._change(verb, entry, to, now)
            entry.receipt = entry.locked_until = None
            if verb != "move":
                entry.worker = None
            entry.operation = operation
            was.state = State.READY if was.state is State.PROCESSING else was.state
            done.before[message_id] = (was, entry.state)
        if done.before:
            self.operations[operation] = done
        return list(done.before)

    def _is_kept_by_key(self, verb: str, entry: Entry, to: str) -> bool:
        if verb == "requeue" and entry.state not in UNFINISHED:
            return self.holder_of(entry.topic, entry.key) is not None
        return verb == "move" and entry.state in UNFINISHED and self.holder_of(to, entry.key) is not None

    @staticmethod
    def _change(verb: str, entry: Entry, to: str, now: int) -> None:
        if verb == "requeue":
            entry.state, entry.attempts, entry.crashes, entry.is_suspect = State.READY, 0, 0, False
            entry.available_at, entry.finished_at = now, None
        elif verb == "move":
            entry.topic = to
        else:
            entry.state, entry.finished_at = State.DELETED if verb == "delete" else State.DEAD, now
            entry.last_error = "buried by operator" if verb == "bury" else entry.last_error

    def edit(self, message_id: int, operation: int, priority: int, key: str | None, now: int) -> None:
        """Change priority and key."""
        entry = self.entries[message_id]
        self.operations[operation] = Done("edit", {message_id: (replace(entry), entry.state)}, now)
        entry.priority, entry.key, entry.receipt, entry.operation = priority, key, None, operation

    def undo(self, operation: int, undo: int) -> set[int]:
        """Take an operation back; answers the messages that came back."""
        done = self.operations[operation]
        done.is_undone = True
        came_back = set()
        for message_id, (was, left) in sorted(done.before.items()):
            entry = self.entries.get(message_id)
            is_untouched = entry is not None and (entry.operation, entry.state, entry.deliveries) == (
                operation,
                left,
                was.deliveries,
            )
            if entry is None or not is_untouched or self._is_held_by_another(was):
                continue
            restored = replace(was, receipt=None, locked_until=None, operation=undo)
            restored.worker, restored.crashes, restored.is_suspect = (
                entry.worker,
                entry.crashes,
                entry.is_suspect,
            )
            self.entries[message_id] = restored
            came_back.add(message_id)
        return came_back

    def _is_held_by_another(self, was: Entry) -> bool:
        if was.state not in UNFINISHED:
            return False
        holder = self.holder_of(was.topic, was.key)
        return holder is not None and holder.id != was.id

    def prune(self, now: int) -> None:
        """Remove what is past its time."""
        for entry in list(self.entries.values()):
            keep = {State.DONE: self.policy(entry.topic).keep_ms, State.DELETED: TRASH_KEPT_MS}.get(
                entry.state
            )
            if keep is not None and entry.finished_at is not None and entry.finished_at <= now - keep:
                del self.entries[entry.id]
        for done in self.operations.values():
            if done.at <= now - TRASH_KEPT_MS:
                done.before.clear()
