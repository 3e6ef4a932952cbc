"""The first half of the state machine: producers and consumers, beside the model.

What operators do and what always holds is in `test_lifecycle`.
"""

# ruff: noqa: D102 - a method says what it does by its name
from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import Batch, Failure, Hold
from smq_core.testing import ManualClock, make_message, make_request
from tests.property.model import Entry, Model

if TYPE_CHECKING:
    from collections.abc import Iterable


TOPICS = ("a", "b")

topics = st.sampled_from(TOPICS)
keys = st.sampled_from([None, None, None, "k", "l"])
priorities = st.sampled_from([0, 0, 0, 5, -5])
picks = st.integers(0, 7)
several = st.lists(picks, min_size=1, max_size=4, unique=True)
moments = st.sampled_from([0.0, 0.001, 1.0, 5.0, 30.0])


class Holders(RuleBasedStateMachine):
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
        wanted = Entry(0, topic, priority, available_at, State.READY, key, max_attempts)
        message = make_message(
            topic, key=key, priority=priority, available_at=available_at, max_attempts=max_attempts
        )
        self.expect_added(self.store.enqueue(message, self.now), wanted)

    @rule(topic=topics, some=st.lists(keys, min_size=1, max_size=5))
    def enqueue_many(self, topic: str, some: list[str | None]) -> None:
        kinds = ["text"] * len(some)
        batch = Batch(topic=topic, bodies=kinds, kinds=kinds, available_at=self.now, keys=some)  # type: ignore[arg-type]  # a kind is as good a body
        for answered, key in zip(self.store.enqueue_many(batch, self.now), some, strict=True):
            self.expect_added(answered, Entry(0, topic, 0, self.now, State.READY, key))

    def expect_added(self, answered: int, wanted: Entry) -> None:
        holder = self.model.holder_of(wanted.topic, wanted.key)
        if holder is not None:
            assert answered == holder.id
            return
        assert answered > max(self.model.entries, default=0)
        state = State.READY if wanted.available_at <= self.now else State.DELAYED
        self.model.entries[answered] = replace(wanted, id=answered, state=state)

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
            expected = self.model.dequeue(
                wanted, limit, receipt=self.receipt, until=until, worker="w", now=self.now
            )
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
