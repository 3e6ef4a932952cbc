"""What operators and the janitor should do to the model: each method is one transaction's part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from smq_core.message import Seen
from smq_core.states import UNFINISHED, State
from tests.simulation.entries import Before, Counts, Entry, Operation, Setting, Tally
from tests.simulation.model import CHUNK, DAY_MS, Model, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smq_core.store.records import Selection

Sight: TypeAlias = "Seen | State | None"
LEFT = {"requeue": State.READY, "delete": State.DELETED, "bury": State.DEAD}
"""The state an action leaves; move leaves the one it found."""
TAKES = {
    "requeue": {State.DEAD, State.DONE, State.DELAYED, State.PROCESSING},
    "delete": set(State) - {State.DELETED},
    "bury": {State.READY, State.DELAYED, State.PROCESSING, State.DONE},
    "move": {State.READY, State.DELAYED, State.DEAD, State.DONE},
}


class Wanted(NamedTuple):
    """What an operator wants done."""

    verb: str
    to: str | None
    force: bool
    actor: str
    now: int


class Actions:
    """Does to a model what operators do."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.note = model.rare.note

    # operations

    def begin(self, action: str, now: int, actor: str = "") -> int:
        """Record that something began; answers its operation."""
        self.model.last_operation += 1
        self.model.operations[self.model.last_operation] = Operation(action, now, actor)
        return self.model.last_operation

    def discard_if_empty(self, operation: int) -> None:
        """Forget what changed nothing."""
        if not self.model.operations[operation].changed:
            del self.model.operations[operation]

    def last_undoable(self, actor: str) -> int | None:
        """Return the last operation of an operator that can be undone."""
        mine = [(one, op) for one, op in self.model.operations.items() if op.actor == actor]
        can = [one for one, op in mine if op.undone_at is None and (op.setting or op.before)]
        return max(can, default=None)

    # requeue, delete, bury, move

    def matching(self, selection: Selection, now: int, ids: Iterable[int] | None = None) -> list[int]:
        """Return the ids of a selection (or those of some ids that belong to it)."""
        entries = self.model.entries
        some = entries.values() if ids is None else [entries[one] for one in ids if one in entries]
        as_of = now if selection.as_of_ms is None else selection.as_of_ms
        return ids_of(
            entry
            for entry in some
            if selection.topic in (None, entry.topic)
            and selection.state in (None, entry.state)
            and (selection.max_id is None or entry.id <= selection.max_id)
            and (not selection.where.only_expired or (entry.locked_until or as_of + 1) <= as_of)
        )

    def sights(self, ids: Iterable[int]) -> dict[int, Sight]:
        """Return how messages are."""
        entries = self.model.entries
        return {one: Seen(entries[one].state, entries[one].deliveries, entries[one].operation) for one in ids}

    def unmoved(self, seen: Mapping[int, Sight]) -> dict[int, Sight]:
        """Return those that are there, and as they were seen."""
        now = self.sights(one for one in seen if one in self.model.entries)
        return {
            one: sight
            for one, sight in seen.items()
            if one in now and (sight is None or sight == now[one] or sight is self.model.entries[one].state)
        }

    def act(self, wanted: Wanted, seen: Mapping[int, Sight], tally: Tally) -> None:
        """Look at a chunk, and change what may be changed."""
        entries = self.model.entries
        taken = [one for one in seen if self._takes(wanted, entries[one])]
        tally.missed += [one for one in seen if one not in set(taken)]
        if not taken:
            return
        if tally.operation is None:
            tally.operation = self.begin(wanted.verb, wanted.now, wanted.actor)
        record = self.model.operations[tally.operation]
        for one in sorted(taken):
            if self._is_kept_by_key(wanted, entries[one]):
                tally.missed.append(one)
                continue
            self._change(wanted, entries[one], tally.operation, record)
            tally.done_ids.append(one)
            record.changed += 1

    @staticmethod
    def _takes(wanted: Wanted, entry: Entry) -> bool:
        if entry.locked_until is not None and entry.locked_until > wanted.now and not wanted.force:
            return False
        return entry.state in TAKES[wanted.verb] and not (wanted.verb == "move" and entry.topic == wanted.to)

    def _is_kept_by_key(self, wanted: Wanted, entry: Entry) -> bool:
        if wanted.verb == "requeue" and entry.state not in UNFINISHED:
            is_kept = self.model.holder_of(entry.topic, entry.key) is not None
            self.note("a requeue by an operator that met a held key", is_kept)
            return is_kept
        if wanted.verb != "move" or wanted.to is None or entry.state not in UNFINISHED:
            return False
        is_kept = self.model.holder_of(wanted.to, entry.key) is not None
        self.note("a move that met a held key", is_kept)
        return is_kept

    def _change(self, wanted: Wanted, entry: Entry, operation: int, record: Operation) -> None:
        was = replace(entry)
        if entry.state is State.PROCESSING and (entry.locked_until or 0) > wanted.now:
            self.model.forced.add((entry.id, entry.receipt))
        if wanted.verb == "requeue":
            self.note("a done message brought back", entry.state is State.DONE)
            entry.attempts, entry.crashes, entry.is_suspect = 0, 0, False
            entry.available_at = wanted.now
        if wanted.verb == "move" and wanted.to is not None:
            self.note("a message moved to a paused topic", self.model.is_paused(wanted.to, wanted.now))
            self._move(entry, wanted.to)
        else:
            entry.state, entry.worker = LEFT[wanted.verb], None
            entry.finished_at = None if wanted.verb == "requeue" else wanted.now
        if wanted.verb == "bury":
            entry.last_error = f"buried by {wanted.actor}"
        self._own(entry, operation)
        was.state = State.READY if was.state is State.PROCESSING else was.state
        record.before[entry.id] = Before(was, entry.state)

    def _own(self, entry: Entry, operation: int | None) -> None:
        """Every operator's write clears the receipt."""
        entry.receipt = entry.locked_until = None
        entry.operation = operation
        self.model.touched.add(entry.id)

    def _move(self, entry: Entry, to: str) -> None:
        if entry.topic != to:
            self.model.topics[entry.topic].gone += 1
            entry.topic = to
            self.model.topics.setdefault(to, Counts()).entered += 1

    def edit(self, entry: Entry, priority: int | None, key: str | None, now: int, actor: str) -> int | None:
        """Change priority and key; None: the key is held."""
        holder = self.model.holder_of(entry.topic, key) if entry.state in UNFINISHED else None
        if holder is not None and holder is not entry:
            self.note("an edit that met a held key")
            return None
        operation = self.begin("edit", now, actor)
        record = self.model.operations[operation]
        record.before[entry.id] = Before(replace(entry), entry.state)
        record.changed = 1
        entry.key = key
        entry.priority = entry.priority if priority is None else priority
        self._own(entry, operation)
        return operation

    def purge(self, ids: list[int]) -> None:
        """Remove messages for good."""
        for one in ids:
            self.model.remove(self.model.entries[one])

    # undo

    def undo(self, operation: int, after: int, tally: Tally, now: int) -> int | None:
        """Take a chunk of an operation back; answers its last id, None when there was none."""
        record = self.model.operations.get(operation)
        chunk = [] if record is None else sorted(one for one in record.before if one > after)[:CHUNK]
        if record is None or not chunk:
            return None
        if tally.operation is None:
            tally.operation = self.begin("undo", now)
        began = len(tally.done_ids)
        untouched = {one for one in chunk if self._is_untouched(operation, one, record)}
        for one in chunk:
            before = record.before[one]
            entry = self.model.entries.get(one)
            if entry is not None and one in untouched and not self._is_held_by_another(before.was):
                self._restore(entry, before.was)
                tally.done_ids.append(one)
                del record.before[one]
                continue
            tally.missed.append(one)
            self._note_missed(entry, before, is_untouched=one in untouched)
            if entry is None or entry.deliveries != before.was.deliveries:
                del record.before[one]
        self.model.operations[tally.operation].changed += len(tally.done_ids) - began
        return chunk[-1]

    def _is_untouched(self, operation: int, one: int, record: Operation) -> bool:
        entry, before = self.model.entries.get(one), record.before[one]
        return entry is not None and (entry.operation, entry.state, entry.deliveries) == (
            operation,
            before.left,
            before.was.deliveries,
        )

    def _is_held_by_another(self, was: Entry) -> bool:
        holder = self.model.holder_of(was.topic, was.key) if was.state in UNFINISHED else None
        return holder is not None and holder.id != was.id

    def _restore(self, entry: Entry, was: Entry) -> None:
        self._move(entry, was.topic)
        entry.state, entry.priority, entry.available_at = was.state, was.priority, was.available_at
        entry.attempts, entry.max_attempts, entry.key = was.attempts, was.max_attempts, was.key
        entry.last_error, entry.finished_at = was.last_error, was.finished_at
        self.note("an undo in turn: what an earlier operation left", was.operation is not None)
        self._own(entry, was.operation)

    def _note_missed(self, entry: Entry | None, before: Before, *, is_untouched: bool) -> None:
        if is_untouched:
            self.note("an undo that met a held key")
        elif entry is None and before.left is State.DELETED:
            self.note("an undo of what had been purged from the trash")
        else:
            self.note("an undo of what had moved on")

    # pause, policy

    def set(self, action: str, setting: Setting, now: int, actor: str) -> int:
        """Record that a topic's pause or policy is about to change."""
        operation = self.begin(action, now, actor)
        self.model.operations[operation].setting = setting
        return operation

    def later(self, operation: int) -> int | None:
        """Return a later operation on the same setting that stands."""
        record = self.model.operations[operation]
        later = [
            one
            for one, op in self.model.operations.items()
            if one > operation
            and op.undone_at is None
            and op.setting is not None
            and record.setting is not None
            and op.setting.topic == record.setting.topic
            and (op.action == "policy") == (record.action == "policy")
        ]
        return min(later, default=None)

    # the janitor

    def prunable(self, now: int) -> list[list[Entry]]:
        """Return what is done, and what is deleted, for long enough, in the order in which it goes."""
        entries, keep_ms = self.model.entries.values(), self.model.keep_ms
        done = [e for e in entries if e.state is State.DONE and _since(e) <= now - keep_ms(e.topic)]
        deleted = [e for e in entries if e.state is State.DELETED and _since(e) <= now - DAY_MS]
        return [sorted(some, key=lambda e: (e.topic, e.finished_at, e.id)) for some in (done, deleted)]

    def forgettable(self, now: int) -> list[tuple[int, int]]:
        """Return what is kept for undos that are too old: all before the first operation that is not."""
        operations = self.model.operations
        first = min((one for one, op in operations.items() if op.at > now - DAY_MS), default=None)
        old = [one for one in sorted(operations) if first is None or one < first]
        return [(one, message) for one in old for message in sorted(operations[one].before)]

    def is_stale(self, topic: str, now: int) -> bool:
        """Return whether a topic became empty, or is so no longer, or for long enough to be forgotten."""
        counts = self.model.topics[topic]
        is_empty = counts.entered == counts.gone
        return is_empty != (counts.empty_since is not None) or self.is_droppable(topic, now)

    def is_droppable(self, topic: str, now: int) -> bool:
        """Return whether a topic was empty for a day, and nothing is set for it."""
        counts = self.model.topics[topic]
        is_long = counts.empty_since is not None and counts.empty_since <= now - DAY_MS
        is_set = topic in self.model.policies or topic in self.model.pauses
        return is_long and counts.entered == counts.gone and not is_set


def _since(entry: Entry) -> int:
    return entry.finished_at or 0
