"""The engine against a small model: every verb of the table of transitions, and time passing both ways.

`SMQ_LIFECYCLE_STEPS=10000 pytest tests/property/test_lifecycle.py` walks that many steps; the suite takes a
short walk.
"""

# ruff: noqa: D102 - a method says what it does by its name
from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from smq_core.errors import SmqError
from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import Batch, Edit, Failure, Hold, Selection
from smq_core.store.sqlite import leasing
from smq_core.testing import ManualClock, make_message, make_request
from tests.property import model
from tests.property.model import Entry, Model, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.store.records import MessageRow

STEPS = int(os.environ.get("SMQ_LIFECYCLE_STEPS", "600"))
TOPICS = ("a", "b")
CHUNK = 3
"""Messages that a dequeue reclaims or promotes at most, so that a short walk meets the limit."""

topics = st.sampled_from(TOPICS)
keys = st.sampled_from([None, None, None, "k", "l"])
priorities = st.sampled_from([0, 0, 0, 5, -5])
picks = st.integers(0, 7)
several = st.lists(picks, min_size=1, max_size=4, unique=True)
moments = st.sampled_from([0.0, 0.001, 1.0, 5.0, 30.0])


WALKS = settings(
    max_examples=10,
    stateful_step_count=80,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Lifecycle(RuleBasedStateMachine):
    """Does everything to a store and to the model, and compares what both answer."""

    template: Path
    walked = 0

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        location = shutil.copyfile(self.template, Path(self.folder.name) / "queue.sqlite3")
        self.clock = ManualClock()
        self.store = open_store(location, durability="normal", clock=self.clock)
        self.model = Model()
        self.holds: list[Hold] = []
        self.receipt = 0
        for priority in (0, 5, 0, 0):
            self.enqueue("a", None, priority, 0.0, None)
        self.lease(["a"], 2, 10.0, [])

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @property
    def now(self) -> int:
        return self.clock.now_ms()

    def hold(self, pick: int) -> Hold:
        """Answer one of the last leases ever made, valid or not."""
        return self.holds[-1 - pick % min(len(self.holds), 8)]

    def ids(self, some: Iterable[int]) -> list[int]:
        """Answer some of the ids there are, and one that is not."""
        there = [*sorted(self.model.entries)[-8:], 10**9]
        return sorted({there[pick % len(there)] for pick in some})

    # producers

    @rule(
        topic=topics,
        key=keys,
        priority=priorities,
        delay=moments,
        max_attempts=st.sampled_from([None, None, 1, 2]),
    )
    def enqueue(
        self, topic: str, key: str | None, priority: int, delay: float, max_attempts: int | None
    ) -> None:
        available_at = self.now + round(delay * 1000)
        values = {
            "key": key,
            "priority": priority,
            "available_at": available_at,
            "max_attempts": max_attempts,
        }
        answered = self.store.enqueue(make_message(topic, **values), self.now)
        self.expect_added(answered, topic, available_at, priority, key, max_attempts)

    @rule(topic=topics, some=st.lists(keys, min_size=1, max_size=5))
    def enqueue_many(self, topic: str, some: list[str | None]) -> None:
        kinds = ["text"] * len(some)
        batch = Batch(topic=topic, bodies=kinds, kinds=kinds, available_at=self.now, keys=some)  # type: ignore[arg-type]  # a kind is as good a body
        for answered, key in zip(self.store.enqueue_many(batch, self.now), some, strict=True):
            self.expect_added(answered, topic, self.now, 0, key, None)

    def expect_added(
        self, answered: int, topic: str, available_at: int, priority: int, key: str | None, limit: int | None
    ) -> None:
        holder = self.model.holder_of(topic, key)
        if holder is not None:
            assert answered == holder.id
            return
        assert answered > max(self.model.entries, default=0)
        state = State.READY if available_at <= self.now else State.DELAYED
        self.model.entries[answered] = Entry(answered, topic, priority, available_at, state, key, limit)

    # consumers

    @rule(
        wanted=st.permutations(TOPICS),
        count=st.integers(1, 2),
        limit=st.integers(1, 4),
        lasts=st.sampled_from([1.0, 10.0, 86_400.0]),
    )
    def dequeue(self, wanted: list[str], count: int, limit: int, lasts: float) -> None:
        self.lease(wanted[:count], limit, lasts, [])

    @precondition(lambda self: self.holds)
    @rule(topic=topics, some=several)
    def dequeue_and_ack(self, topic: str, some: list[int]) -> None:
        self.lease([topic], 1, 10.0, list(dict.fromkeys(self.hold(pick) for pick in some)))

    def lease(self, wanted: list[str], limit: int, lasts: float, acks: list[Hold]) -> None:
        self.receipt += 1
        request = make_request(
            *wanted, receipt=self.receipt, limit=limit, visibility_ms=round(lasts * 1000), worker="w"
        )
        rows, lost = self.store.lease(request, self.now, ack=acks)
        assert set(lost) == {hold for hold in acks if not self.model.ack(hold.id, hold.receipt, self.now)}
        expected: list[int] = []
        if not lost:
            until = self.now + round(lasts * 1000)
            expected = self.model.dequeue(wanted, limit, self.receipt, until, "w", self.now)
        assert [row.id for row in rows] == expected
        self.holds += [Hold(row.id, request.receipt) for row in rows]

    @precondition(lambda self: self.holds)
    @rule(
        verb=st.sampled_from(["ack", "ack", "release", "extend"]),
        some=several,
    )
    def settle_some(self, verb: str, some: list[int]) -> None:
        getattr(self, verb)(list(dict.fromkeys(self.hold(pick) for pick in some)))

    @precondition(lambda self: self.holds)
    @rule(verb=st.sampled_from(["requeue", "requeue", "bury", "recover"]), pick=picks, how=picks)
    def settle_one(self, verb: str, pick: int, how: int) -> None:
        getattr(self, verb)(self.hold(pick), how)

    def ack(self, holds: list[Hold]) -> None:
        lost = self.store.ack(holds, self.now)
        assert set(lost) == {hold for hold in holds if not self.model.ack(hold.id, hold.receipt, self.now)}

    def requeue(self, hold: Hold, how: int) -> None:
        delay_ms = how % 4 * 1_000
        answered = self.store.requeue(hold, Failure(error="boom", delay_ms=delay_ms), self.now)
        entry = self.model.held(*hold)
        assert (answered is None) == (entry is None)
        if entry is not None and answered is not None:
            back = State.DELAYED if delay_ms else State.READY
            state = State.DEAD if entry.attempts >= self.model.limit(entry) else back
            assert answered.state == state
            available_at = self.now + (0 if state is State.DEAD else delay_ms)
            self.model.give_back(entry, state, available_at, "boom", self.now)

    def bury(self, hold: Hold, _how: int) -> None:
        entry = self.model.held(*hold)
        assert self.store.bury(hold, Failure(error="bad"), self.now) == (entry is not None)
        if entry is not None:
            self.model.give_back(entry, State.DEAD, self.now, "bad", self.now)

    def release(self, holds: list[Hold]) -> None:
        held = {hold: entry for hold in holds if (entry := self.model.held(*hold)) is not None}
        assert set(self.store.release(holds, self.now)) == set(holds).difference(held)
        for entry in held.values():
            self.model.release(entry)

    def extend(self, holds: list[Hold]) -> None:
        until, lost = self.store.extend(holds, 20_000, self.now)
        held = {hold: entry for hold in holds if (entry := self.model.held(*hold)) is not None}
        assert set(lost) == set(holds).difference(held)
        for entry in held.values():
            entry.locked_until = self.now + 20_000
        assert until == {entry.id: entry.locked_until for entry in held.values()}

    def recover(self, hold: Hold, how: int) -> None:
        verdict = ("untouched", "suspect", "blamed", "poison")[how % 4]
        entry = self.model.held(*hold)
        answered = self.store.recover([hold], "w", verdict, Failure(error="worker died"), self.now)
        assert answered == (entry is not None)
        if entry is not None:
            self.model.recover(entry, verdict, "worker died", self.now)

    # time, and what goes on at its side

    @rule(seconds=st.sampled_from([0.001, 1.0, 5.0, 10.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(
        verb=st.sampled_from(
            ["the_clock_is_set", "prune", "close", "pause", "resume", "set_policy", "purge"]
        ),
        topic=topics,
        how=picks,
    )
    def keep_house(self, verb: str, topic: str, how: int) -> None:
        getattr(self, verb)(topic, how)

    def the_clock_is_set(self, _topic: str, how: int) -> None:
        seconds = (-86_400.0, -60.0, -1.0, 86_400.0)[how % 4]
        self.clock.step(seconds)

    def prune(self, _topic: str, _how: int) -> None:
        while self.store.prune(self.now):
            pass
        self.model.prune(self.now)

    def close(self, _topic: str, _how: int) -> None:
        self.store.close()

    # operators

    @precondition(lambda self: self.model.entries)
    @rule(
        verb=st.sampled_from(["requeue", "delete", "bury", "move"]),
        some=several,
        topic=topics,
        force=st.booleans(),
    )
    def act(self, verb: str, some: list[int], topic: str, *, force: bool) -> None:
        ids = self.ids(some)
        self.compare_action(verb, ids, dict.fromkeys(ids), topic, force=force)

    @precondition(lambda self: self.model.entries)
    @rule(
        verb=st.sampled_from(["requeue", "delete", "bury", "move"]),
        state=st.sampled_from(list(State)),
        topic=topics,
    )
    def act_on_all(self, verb: str, state: State, topic: str) -> None:
        selection = Selection(topic=topic, state=state)
        matching = [e.id for e in self.model.entries.values() if (e.topic, e.state) == (topic, state)]
        self.compare_action(verb, matching, selection, "b" if topic == "a" else "a", force=False)

    def compare_action(
        self, verb: str, ids: list[int], targets: dict[int, State | None] | Selection, to: str, *, force: bool
    ) -> None:
        taken = [
            one
            for one in ids
            if self.model.may_act(verb, self.model.entries.get(one), force=force, to=to, now=self.now)
        ]
        outcome = self.store.act(verb, targets, to=to, force=force, actor="operator", now_ms=self.now)
        done = self.model.act(verb, taken, outcome.operation or 0, to, self.now)
        assert (outcome.done, outcome.missed_count) == (len(done), len(ids) - len(done))
        assert (outcome.operation is None) == (not done)

    @precondition(lambda self: self.model.entries)
    @rule(pick=picks, priority=priorities, key=keys)
    def edit(self, pick: int, priority: int, key: str | None) -> None:
        (message_id,) = self.ids([pick])
        entry = self.model.entries.get(message_id)
        if entry is None:
            return
        outcome = self.store.edit(
            message_id, Edit(priority=priority, key=key), actor="operator", now_ms=self.now
        )
        holder = self.model.holder_of(entry.topic, key) if entry.state in model.UNFINISHED else None
        may = entry.state not in {State.PROCESSING, State.DELETED} and holder in (None, entry)
        assert outcome.done == may
        if may and outcome.operation is not None:
            self.model.edit(message_id, outcome.operation, priority, key, self.now)

    @precondition(lambda self: self.model.operations)
    @rule(pick=picks)
    def undo(self, pick: int) -> None:
        known = sorted(self.model.operations)
        operation = known[-1 - pick % len(known)]
        done = self.model.operations[operation]
        if done.is_undone or not done.before:
            with pytest.raises(SmqError):
                self.store.undo(operation, actor="operator", now_ms=self.now)
            return
        changed = len(done.before)
        outcome = self.store.undo(operation, actor="operator", now_ms=self.now)
        came_back = self.model.undo(operation, self.last_operation())
        assert (set(outcome.done_ids), outcome.missed_count) == (came_back, changed - len(came_back))

    def last_operation(self) -> int:
        return self.store.activity(limit=1, before=None)[0].operation

    def pause(self, topic: str, how: int) -> None:
        until_ms = self.now + 5_000 if how % 4 else None
        self.store.pause(topic, reason="", until_ms=until_ms, actor="operator", now_ms=self.now)
        self.model.pauses[topic] = until_ms

    def resume(self, topic: str, _how: int) -> None:
        outcome = self.store.resume(topic, actor="operator", now_ms=self.now)
        assert outcome.done == (topic in self.model.pauses)
        self.model.pauses.pop(topic, None)

    def set_policy(self, topic: str, how: int) -> None:
        max_attempts, keep = (1, 3, 10, 10)[how % 4], 30_000 * (how % 2)
        values = {"max_attempts": max_attempts, "keep_ms": keep, "visibility_ms": None, "backoff": None}
        self.store.set_policy(topic, **values, actor="operator", now_ms=self.now)  # type: ignore[arg-type]  # by name
        self.model.policies[topic] = Policy(max_attempts, keep)

    def purge(self, topic: str, how: int) -> None:
        state = (State.READY, State.DELAYED, State.DEAD, State.DONE, State.DELETED)[how % 5]
        matching = [e.id for e in self.model.entries.values() if (e.topic, e.state) == (topic, state)]
        outcome = self.store.purge(topic, state, actor="operator", now_ms=self.now)
        assert outcome.done == len(matching)
        for message_id in matching:
            del self.model.entries[message_id]

    # what always holds

    @invariant()
    def a_step_was_walked(self) -> None:
        type(self).walked += 1

    @invariant()
    def every_message_is_as_the_model_has_it(self) -> None:
        rows = self.store.page(
            Selection(), after=None, newest=False, limit=1_000, preview_bytes=0, now_ms=self.now
        )
        assert [shown(row) for row in rows] == [
            expected(self.model.entries[one]) for one in sorted(self.model.entries)
        ]

    @invariant()
    def counters_equal_counts(self) -> None:
        for stats in self.store.topics(self.now):
            states = [entry.state for entry in self.model.entries.values() if entry.topic == stats.topic]
            assert {state: getattr(stats, state) for state in State} == {
                state: states.count(state) for state in State
            }
            assert self.store.size(stats.topic) == sum(state in model.UNFINISHED for state in states)


COMPARED = (
    *("id", "topic", "priority", "available_at", "key", "max_attempts", "attempts", "deliveries"),
    *("locked_until", "worker", "finished_at", "last_error", "crashes", "is_suspect"),
)


def shown(row: MessageRow) -> tuple[object, ...]:
    """Answer what is compared of a stored message."""
    return (row.status, *(getattr(row, name) for name in COMPARED))


def expected(entry: Entry) -> tuple[object, ...]:
    """Answer the same of a message of the model."""
    return (entry.state, *(getattr(entry, name) for name in COMPARED))


def test_the_engine_does_what_the_model_says(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No difference is found in a walk over every verb."""
    monkeypatch.setattr(leasing, "CHUNK", CHUNK)
    monkeypatch.setattr(model, "MOST_A_CALL", CHUNK)
    monkeypatch.setattr(Lifecycle, "template", template, raising=False)
    monkeypatch.setattr(Lifecycle, "walked", 0)
    for number in count():
        run_state_machine_as_test(seed(number)(Lifecycle), settings=WALKS)
        if Lifecycle.walked >= STEPS:
            break
