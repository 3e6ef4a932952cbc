"""What a call of an operator or the janitor will do, transaction by transaction: see `foretold`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smq_core.errors import MessageNotFound, SmqError
from smq_core.message import Seen
from smq_core.states import State
from smq_core.store.records import Edit, Selection
from tests.simulation.actions import Wanted
from tests.simulation.entries import Counts, Done, Policy, Setting, Tally, named
from tests.simulation.foretold import Foretold, ForetoldHolders
from tests.simulation.model import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smq_core.store.records import Targets
    from tests.simulation.actions import Sight

PRUNED = {
    State.DONE: "a done message kept, then pruned",
    State.DELETED: "a deleted message pruned after a day",
}


class ForetoldStore(ForetoldHolders):
    """All that a store does."""

    def page(self, selection: Selection, *, limit: int, now_ms: int, **_: object) -> Foretold[list[int]]:
        """Foretell the first ids."""
        yield
        return self.actions.matching(selection, now_ms)[:limit]

    def act(
        self,
        verb: str,
        targets: Targets,
        *,
        to: str | None,
        force: bool,
        actor: str,
        now_ms: int,
        **_: object,
    ) -> Foretold[Done]:
        """Foretell what is done and missed, a chunk a transaction."""
        tally = Tally()
        wanted = Wanted(verb, to, force, actor, now_ms)
        sights = yield from self._sights(targets, now_ms)
        free = self._seen_free(targets, sights, now_ms)
        for chunk in self._chunks(sights):
            # the sizes
            yield
            self.note("a bulk action in chunks", bool(tally.done_ids))
            yield
            still = self._still(targets, chunk, tally, now_ms)
            extended = [one for one in still if one in free and self._is_leased(one, now_ms) and not force]
            tally.missed += extended
            tally.moved_on += len(extended)
            unmoved = {one: sight for one, sight in still.items() if one not in extended}
            self.actions.act(wanted, unmoved, tally)
        return (yield from self._ended(tally, names_ids=not isinstance(targets, Selection)))

    def _sights(self, targets: Targets, now: int) -> Foretold[Mapping[int, Sight]]:
        """Foretell what an action is aimed at."""
        if not isinstance(targets, Selection):
            return targets
        if targets.frozen is not None:
            return targets.frozen.part(0, len(targets.frozen))
        max_id = targets.max_id
        if max_id is None:
            yield
            max_id = max(self.model.entries, default=0)
        yield
        bounded = msgspec.structs.replace(targets, max_id=max_id)
        return self.actions.sights(self.actions.matching(bounded, now))

    def _seen_free(self, targets: Targets, sights: Mapping[int, Sight], now: int) -> frozenset[int]:
        """Return what a selection showed without a live lease: it is not taken from whoever extends one."""
        if not isinstance(targets, Selection):
            return frozenset()
        if targets.frozen is not None:
            return frozenset(sights) - targets.frozen.held()
        return frozenset(one for one in sights if not self._is_leased(one, now))

    def _is_leased(self, one: int, now: int) -> bool:
        entry = self.model.entries.get(one)
        return entry is not None and (entry.locked_until or 0) > now

    @staticmethod
    def _chunks(sights: Mapping[int, Sight]) -> Iterator[dict[int, Sight]]:
        ids = sorted(sights)
        for start in range(0, len(ids), CHUNK):
            yield {one: sights[one] for one in ids[start : start + CHUNK]}

    def _still(
        self, targets: Targets, chunk: Mapping[int, Sight], tally: Tally, now: int
    ) -> Mapping[int, Sight]:
        """Return what did not move on since it was seen; the rest is missed."""
        still = self.actions.unmoved(chunk)
        if isinstance(targets, Selection):
            matching = set(self.actions.matching(targets, now, still))
            still = {one: sight for one, sight in still.items() if one in matching}
        gone = [one for one in chunk if one not in still]
        moved = [one for one in gone if chunk[one] is not None]
        self._note_moved({one: chunk[one] for one in moved})
        self.note("a bulk action whose targets moved on", bool(moved) and isinstance(targets, Selection))
        tally.missed += gone
        tally.moved_on += len(moved)
        return still

    def _note_moved(self, sights: Mapping[int, Sight]) -> None:
        for one, sight in sights.items():
            entry = self.model.entries.get(one)
            was = sight.state if isinstance(sight, Seen) else sight
            self.note("an action on what was seen in another state", entry is not None and entry.state != was)
            self.note(
                "an action on what left its state and came back", entry is not None and entry.state == was
            )

    def _ended(self, tally: Tally, *, names_ids: bool) -> Foretold[Done]:
        if tally.operation is not None and not tally.done_ids:
            yield
            self.note("an action that every key kept from its messages")
            self.actions.discard_if_empty(tally.operation)
        return _done(tally, names_ids=names_ids)

    def edit(
        self, message_id: int, edit: Edit, *, actor: str, now_ms: int, seen: State | None = None
    ) -> Foretold[Done]:
        """Foretell one change."""
        yield
        entry = self.model.entries.get(message_id)
        if entry is None:
            raise MessageNotFound(message_id)
        operation = None
        if entry.state not in {State.PROCESSING, State.DELETED} and seen in (None, entry.state):
            key = entry.key if isinstance(edit.key, msgspec.UnsetType) else edit.key
            priority = None if isinstance(edit.priority, msgspec.UnsetType) else edit.priority
            operation = self.actions.edit(entry, priority, key, now_ms, actor)
        if operation is None:
            return Done(None, 0, (), (message_id,))
        return Done(operation, 1, (message_id,))

    def last_undoable(self, actor: str) -> Foretold[int | None]:
        """Foretell the last operation of an operator that can be undone."""
        yield
        return self.actions.last_undoable(actor)

    def undo(self, operation: int, *, now_ms: int, **_: object) -> Foretold[Done]:
        """Foretell what comes back, a chunk a transaction."""
        yield
        record = self.model.operations.get(operation)
        if record is None or record.undone_at is not None:
            raise SmqError
        if record.setting is not None:
            yield
            return self._setting_undone(operation, record.setting, now_ms)
        tally = Tally()
        after: int | None = 0
        while after is not None:
            yield
            after = self.actions.undo(operation, after, tally, now_ms)
        if tally.operation is None:
            self._note_vain(operation, now_ms)
            raise SmqError
        yield
        if tally.done_ids and not record.before and record.undone_at is None:
            record.undone_at = now_ms
        self.actions.discard_if_empty(tally.operation)
        return _done(tally, names_ids=True)

    def _note_vain(self, operation: int, now_ms: int) -> None:
        record = self.model.operations.get(operation)
        if record is None or record.undone_at is not None:
            self.note("an undo of two at once")
        elif record.changed and record.action != "purge" and record.at <= now_ms - 86_400_000:
            self.note("an undo that came too late")

    def _setting_undone(self, operation: int, setting: Setting, now_ms: int) -> Done:
        if self.actions.later(operation) is not None:
            self.note("an undo of a setting that was changed again")
            raise SmqError
        record = self.model.operations[operation]
        if record.undone_at is not None:
            self.note("an undo of two at once")
            raise SmqError
        self.note("a pause or policy undone")
        settings: dict[str, object] = (
            self.model.policies if record.action == "policy" else self.model.pauses  # type: ignore[assignment]  # either
        )
        if setting.was_set:
            settings[setting.topic] = setting.was
        else:
            settings.pop(setting.topic, None)
        record.undone_at = now_ms
        return Done(self.actions.begin("undo", now_ms), 1)

    def purge(self, selection: Selection, *, now_ms: int, **_: object) -> Foretold[Done]:
        """Foretell what is removed, a chunk a transaction."""
        tally = Tally()
        sights = yield from self._sights(selection, now_ms)
        for chunk in self._chunks(sights):
            # the sizes
            yield
            self.note("a purge in chunks", bool(tally.done_ids))
            yield
            still = self._still(selection, chunk, tally, now_ms)
            if still and tally.operation is None:
                tally.operation = self.actions.begin("purge", now_ms)
            self.actions.purge(sorted(still))
            if tally.operation is not None:
                self.model.operations[tally.operation].changed += len(still)
            tally.done_ids += still
        return _done(tally, names_ids=False)

    def drop(self, topic: str, *, now_ms: int, **_: object) -> Foretold[bool]:
        """Foretell whether an empty topic was forgotten."""
        yield
        counts = self.model.topics.get(topic)
        is_set = topic in self.model.policies or topic in self.model.pauses
        if (counts is None and not is_set) or (counts is not None and counts.entered > counts.gone):
            return False
        for there in (self.model.topics, self.model.policies, self.model.pauses):
            there.pop(topic, None)
        self.actions.begin("drop", now_ms)
        self.note("an empty topic forgotten")
        return True

    def pause(
        self, topic: str, *, until_ms: int | None, actor: str, now_ms: int, **_: object
    ) -> Foretold[Done]:
        """Foretell an operation."""
        yield
        operation = self.actions.set("pause", self._pause_of(topic), now_ms, actor)
        self.model.pauses[topic] = until_ms
        return Done(operation, 1)

    def resume(self, topic: str, *, actor: str, now_ms: int) -> Foretold[Done]:
        """Foretell an operation, if it was paused."""
        yield
        if not self.model.is_paused(topic, now_ms):
            return Done(None, 0)
        operation = self.actions.set("resume", self._pause_of(topic), now_ms, actor)
        del self.model.pauses[topic]
        return Done(operation, 1)

    def _pause_of(self, topic: str) -> Setting:
        return Setting(topic, self.model.pauses.get(topic), topic in self.model.pauses)

    def set_policy(
        self,
        topic: str,
        *,
        max_attempts: int | None,
        visibility_ms: int | None,
        keep_ms: int | None,
        actor: str,
        now_ms: int,
        **_: object,
    ) -> Foretold[Done]:
        """Foretell an operation; what is None stays as it was."""
        yield
        was = self.model.policies.get(topic)
        operation = self.actions.set("policy", Setting(topic, was, was is not None), now_ms, actor)
        given = Policy(max_attempts, visibility_ms, keep_ms)
        merged = (old if new is None else new for new, old in zip(given, was or Policy(), strict=True))
        self.model.policies[topic] = Policy(*merged)
        return Done(operation, 1)

    def prune(self, now_ms: int, *, limit: int = CHUNK) -> Foretold[int]:
        """Foretell how much was removed: a look, then a write if there is anything to do."""
        yield
        actions, topics = self.actions, self.model.topics
        is_due = any(actions.prunable(now_ms)) or actions.forgettable(now_ms)
        if not is_due and not any(actions.is_stale(topic, now_ms) for topic in topics):
            return 0
        yield
        touched = 0
        for some in actions.prunable(now_ms):
            for entry in some[:limit]:
                is_done = entry.state is State.DONE
                self.note(
                    "a done message kept, then pruned" if is_done else "a deleted message pruned after a day"
                )
                self.model.remove(entry)
            touched += len(some[:limit])
        old = actions.forgettable(now_ms)[:limit]
        for operation, message_id in old:
            del self.model.operations[operation].before[message_id]
        return touched + len(old) + self._forget_topics(now_ms)

    def _forget_topics(self, now_ms: int) -> int:
        topics: dict[str, Counts] = self.model.topics
        for counts in topics.values():
            is_empty = counts.entered == counts.gone
            counts.empty_since = (counts.empty_since or now_ms) if is_empty else None
        dropped = [topic for topic in topics if self.actions.is_droppable(topic, now_ms)]
        for topic in dropped:
            del topics[topic]
            self.note("an empty topic forgotten")
        return len(dropped)


def _done(tally: Tally, *, names_ids: bool) -> Done:
    done = len(tally.done_ids)
    ids = tuple(tally.done_ids) if names_ids else ()
    return Done(tally.operation if done else None, done, ids, named(tally.missed), tally.moved_on)
