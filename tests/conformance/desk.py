"""A store and its clock with short ways to say what a test does. It decides and expects nothing."""

# ruff: noqa: D102 - a method says what it does by its name
from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from smq_core.states import State
from smq_core.store.records import Batch, Failure, Hold, Selection
from smq_core.testing import ManualClock, make_message, make_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smq_core.message import Outcome, TopicStats
    from smq_core.store.base import Store
    from smq_core.store.records import LeasedRow, MessageRow, Targets


RECEIPTS = count(1)
"""Each call that leases has its own, whichever desk it is made at."""


class Desk:
    """A store, the time, and a receipt for each call that leases."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self._receipts = RECEIPTS

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    def send(
        self, topic: str = "mail", body: str | bytes = "hello", *, delay: float = 0.0, **changes: object
    ) -> int:
        message = make_message(topic, body, available_at=self.now_ms + round(delay * 1000), **changes)
        return self.store.enqueue(message, self.now_ms)

    def send_many(
        self, bodies: Sequence[str], keys: Sequence[str | None] | None = None, **changes: object
    ) -> list[int]:
        batch = {"topic": "mail", "available_at": self.now_ms, "kinds": ["text"] * len(bodies), "keys": keys}
        return self.store.enqueue_many(Batch(bodies=bodies, **(batch | changes)), self.now_ms)  # type: ignore[arg-type]  # fields by name

    def lease(
        self, *topics: str, ack: Sequence[Hold] = (), **changes: object
    ) -> tuple[list[LeasedRow], list[Hold]]:
        request = make_request(*topics, receipt=next(self._receipts), **changes)  # type: ignore[arg-type]  # fields by name
        rows, lost = self.store.lease(request, self.now_ms, ack=ack)
        self.receipt = request.receipt
        return rows, lost

    def take(self, *topics: str, **changes: object) -> list[Hold]:
        rows, _ = self.lease(*topics, **changes)  # type: ignore[arg-type]  # fields by name
        return [Hold(row.id, self.receipt) for row in rows]

    def take_one(self, *topics: str, **changes: object) -> Hold:
        (hold,) = self.take(*topics, **changes)
        return hold

    def ack(self, *holds: Hold) -> list[Hold]:
        return self.store.ack(holds, self.now_ms)

    def requeue(
        self, hold: Hold, *, delay_ms: int | None = 0, error: str = "boom", jitter: float = 0.0
    ) -> str | None:
        failure = Failure(error=error, delay_ms=delay_ms, jitter=jitter)
        requeued = self.store.requeue(hold, failure, self.now_ms)
        return None if requeued is None else str(requeued.state)

    def bury(self, hold: Hold, error: str = "boom") -> bool:
        return self.store.bury(hold, Failure(error=error), self.now_ms)

    def release(self, *holds: Hold) -> list[Hold]:
        return self.store.release(holds)

    def extend(self, *holds: Hold, visibility_ms: int | None = 60_000) -> tuple[dict[int, int], list[Hold]]:
        return self.store.extend(holds, visibility_ms, self.now_ms)

    def recover(self, hold: Hold, verdict: str, worker: str = "w") -> int:
        return self.store.recover([hold], worker, verdict, Failure(error="worker died"), self.now_ms)

    def act(
        self,
        verb: str,
        *ids: int,
        to: str | None = None,
        force: bool | frozenset[str] = False,
        targets: Targets | None = None,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        aimed = dict.fromkeys(ids) if targets is None else targets
        return self.store.act(
            verb, aimed, to=to, force=force, actor="operator", now_ms=self.now_ms, progress=progress
        )

    def freeze(self, topic: str | None = None, state: State | None = None, **options: object) -> Selection:
        selection = Selection(topic=topic, state=state)
        return self.store.freeze(selection, now_ms=self.now_ms, **options)  # type: ignore[arg-type]  # options by name

    def purge(
        self,
        topic: str,
        state: State,
        *,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        selection = Selection(topic=topic, state=state)
        return self.store.purge(selection, actor="operator", now_ms=self.now_ms, progress=progress)

    def undo(self, operation: int | None = None, *, progress: Callable[[int], bool] | None = None) -> Outcome:
        wanted = self.store.last_undoable("operator") if operation is None else operation
        assert wanted is not None, "nothing can be undone"
        return self.store.undo(wanted, actor="operator", now_ms=self.now_ms, progress=progress)

    def set_policy(self, topic: str = "mail", **changes: object) -> Outcome:
        values: dict[str, object] = {}
        values.update(max_attempts=None, visibility_ms=None, backoff=None, keep_ms=None)
        return self.store.set_policy(topic, **(values | changes), actor="operator", now_ms=self.now_ms)  # type: ignore[arg-type]  # fields by name

    def pause(self, topic: str = "mail", *, until_ms: int | None = None) -> Outcome:
        return self.store.pause(
            topic, reason="mending", until_ms=until_ms, actor="operator", now_ms=self.now_ms
        )

    def resume(self, topic: str = "mail") -> Outcome:
        return self.store.resume(topic, actor="operator", now_ms=self.now_ms)

    def row(self, message_id: int) -> MessageRow:
        row = self.store.get(message_id)
        assert row is not None, f"message {message_id} is gone"
        return row

    def state(self, message_id: int) -> str:
        """Return a message's state, `gone` for one that is removed."""
        row = self.store.get(message_id)
        return "gone" if row is None else str(row.status)

    def stats(self, topic: str = "mail") -> TopicStats:
        return self.store.topic(topic, self.now_ms)

    def page(self, selection: Selection | None = None, **options: object) -> list[MessageRow]:
        values: dict[str, object] = {"after": None, "newest": False, "limit": 100, "preview_bytes": None}
        return self.store.page(selection or Selection(), **(values | options), now_ms=self.now_ms)  # type: ignore[arg-type]  # options by name

    def prepared(self, topic: str = "mail") -> dict[State, int]:
        """Make one message in each state and return their ids.

        The one that is processing has a live lease.
        """
        made: dict[State, int] = dict(self._settled(topic))
        made[State.DELETED] = self.send(topic)
        self.act("delete", made[State.DELETED])
        made[State.PROCESSING] = self.send(topic)
        self.take_one(topic)
        made[State.DELAYED] = self.send(topic, delay=3600)
        made[State.READY] = self.send(topic)
        return made

    def _settled(self, topic: str) -> Iterator[tuple[State, int]]:
        dead = self.send(topic)
        self.bury(self.take_one(topic))
        yield State.DEAD, dead
        self.set_policy(topic, keep_ms=3_600_000)
        done = self.send(topic)
        self.ack(self.take_one(topic))
        yield State.DONE, done
