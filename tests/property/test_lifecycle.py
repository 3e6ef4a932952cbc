"""The engine against a small model: every verb of the table of transitions, and time passing both ways.

`SMQ_LIFECYCLE_STEPS=10000 pytest tests/property/test_lifecycle.py` walks that many steps; the suite takes a
short walk.
"""

# ruff: noqa: D102 - a method says what it does by its name
from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from smq_core.errors import SmqError
from smq_core.states import UNFINISHED, State
from smq_core.store.records import Edit, Selection
from smq_core.store.sqlite import leasing
from tests.property import model
from tests.property.holders import Holders, keys, picks, priorities, several, topics
from tests.property.model import Entry, Policy

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.records import MessageRow

STEPS = int(os.environ.get("SMQ_LIFECYCLE_STEPS", "600"))
CHUNK = 3
"""Messages that a dequeue reclaims or promotes at most, so that a short walk meets the limit."""

WALKS = settings(
    max_examples=10,
    stateful_step_count=80,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Lifecycle(Holders):
    """Does everything to a store and to the model, and compares what both answer."""

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
        holder = self.model.holder_of(entry.topic, key) if entry.state in UNFINISHED else None
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
            assert self.store.size(stats.topic) == sum(state in UNFINISHED for state in states)


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
