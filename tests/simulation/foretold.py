"""What a call to the store will do, transaction by transaction.

Each method has the name and the arguments of a store's method, and yields where a transaction of it ends; it
is sent what the transaction answered, changes the model, and at last returns what the call has to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from smq_core.states import UNFINISHED, State
from tests.simulation.actions import Actions
from tests.simulation.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from smq_core.store.records import Batch, Failure, Hold, LeaseRequest, NewMessage
    from tests.simulation.entries import Leased
    from tests.simulation.model import Model

T = TypeVar("T")
Foretold: TypeAlias = "Generator[None, Any, T]"


class ForetoldHolders:
    """Producers and consumers."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.actions = Actions(model)
        self.note = model.rare.note

    def enqueue(self, message: NewMessage, now_ms: int) -> Foretold[int]:
        """Foretell the holder of its key, or a new id."""
        was_free = self.model.holder_of(message.topic, message.key) is None
        answered: int | list[int] = yield
        # by a statement of its own, or as a batch of one
        given = answered if isinstance(answered, int) else answered[0]
        if self.model.holder_of(message.topic, message.key) is not None:
            self.note("a dedup race lost", was_free)
        return self._added(given, message, message.key, now_ms)

    def enqueue_many(self, batch: Batch, now_ms: int) -> Foretold[list[int]]:
        """Foretell the same for each, in order."""
        answered: list[int] = yield
        keys = batch.keys or [None] * len(batch.bodies)
        pairs = zip(answered, keys, strict=True)
        return [self._added(one, batch, key, now_ms) for one, key in pairs]

    def _added(self, answered: int, given: NewMessage | Batch, key: str | None, now: int) -> int:
        holder = self.model.holder_of(given.topic, key)
        if holder is not None:
            return holder.id
        state = State.READY if given.available_at <= now else State.DELAYED
        entry = Entry(
            *(answered, given.topic, given.priority, given.available_at, state, key, given.max_attempts)
        )
        self.model.add(entry)
        return answered

    def lease(
        self, request: LeaseRequest, now_ms: int, *, ack: Sequence[Hold] = ()
    ) -> Foretold[tuple[list[Leased], list[Hold]]]:
        """Foretell the leases in order, and the lost acks.

        A look, then a write if there is anything to do; or a single message at once, if that is all.
        """
        answer: object = yield
        if isinstance(answer, tuple):
            return self._leased_at_once(request, now_ms, ack), []
        if answer is None:
            self._note_next(request, ack)
            yield
        looks = {topic: self.model.look(topic, now_ms) for topic in request.topics}
        if not ack and not any(look.is_worth_a_write for look in looks.values()):
            return [], []
        yield
        lost = [hold for hold in ack if not self.model.ack(hold, now_ms)]
        if lost:
            self.note("a dequeue that leased nothing, as its ack was lost")
            return [], sorted(lost)
        if looks[request.topics[0]].has_expired:
            self.model.reclaim(now_ms)
        self.model.promote(looks, now_ms)
        leased = self.model.lease(request, looks, now_ms)
        could = [topic for topic, look in looks.items() if look.has_ready and not look.is_paused]
        if could and not leased:
            is_paused = any(self.model.is_paused(topic, now_ms) for topic in could)
            self.note(
                "a topic paused between a dequeue's look and its lease"
                if is_paused
                else "a dequeue that others left nothing for since its look"
            )
        return leased, []

    def _note_next(self, request: LeaseRequest, ack: Sequence[Hold]) -> None:
        """Report where the message that would be leased is the one that is acked."""
        ready = self.model.of(request.topics[0], State.READY)
        following = min(ready, key=lambda e: (-e.priority, e.id), default=None)
        if following is not None and any(following.receipt == hold.receipt for hold in ack):
            self.note("a message acked late that was the next to be leased")

    def _leased_at_once(self, request: LeaseRequest, now: int, ack: Sequence[Hold]) -> list[Leased]:
        """Lease one message where there is nothing else to do."""
        self.note("a message leased at once, as there was nothing else to do")
        (topic,) = request.topics
        look = self.model.look(topic, now)
        assert look == (True, False, False, False, look.visibility_ms), f"there is more to do: {look}"
        for hold in ack:
            assert not self.model.keep_ms(self.model.entries[hold.id].topic), "it has to be kept"
            assert self.model.ack(hold, now), "the ack is lost"
        return self.model.lease(request, {topic: look}, now)

    def next_due(self, topics: Sequence[str], now_ms: int) -> Foretold[int | None]:
        """Foretell when time alone changes something."""
        yield
        moments = [e.locked_until for e in self.model.entries.values() if e.locked_until is not None]
        for topic in topics:
            if not self.model.is_paused(topic, now_ms):
                moments += [entry.available_at for entry in self.model.of(topic, State.DELAYED)]
            elif (until := self.model.pauses[topic]) is not None:
                moments.append(until)
        return min(moments, default=None)

    def ack(self, holds: Sequence[Hold], now_ms: int) -> Foretold[list[Hold]]:
        """Foretell the lost ones: a single message that is to be removed goes at once."""
        answer: object = yield
        if isinstance(answer, int):
            self._acked_at_once(holds[0], now_ms, is_removed=bool(answer))
            if answer:
                return []
            yield
        return sorted(hold for hold in holds if not self.model.ack(hold, now_ms))

    def _acked_at_once(self, hold: Hold, now: int, *, is_removed: bool) -> None:
        """Remove a message, unless its receipt is not good or it has to be kept."""
        entry = self.model.entries.get(hold.id)
        is_good = entry is not None and entry.receipt == hold.receipt
        may_go = is_good and entry is not None and not self.model.keep_ms(entry.topic)
        assert is_removed == may_go, f"{entry} was {'removed' if is_removed else 'left'} by {hold}"
        if is_removed:
            self.model.ack(hold, now)

    def requeue(self, hold: Hold, failure: Failure, now_ms: int) -> Foretold[tuple[State, int] | None]:
        """Foretell where it went; None: lost."""
        yield
        entry = self.model.held(hold)
        return None if entry is None else self.model.requeue(entry, failure, now_ms)

    def bury(self, hold: Hold, failure: Failure, now_ms: int) -> Foretold[bool]:
        """Foretell whether it was held."""
        yield
        entry = self.model.held(hold)
        if entry is not None:
            self.model.bury(entry, failure.error, now_ms)
        return entry is not None

    def release(self, holds: Sequence[Hold]) -> Foretold[list[Hold]]:
        """Foretell the lost ones."""
        yield
        lost = []
        for hold in holds:
            if (entry := self.model.held(hold)) is None:
                lost.append(hold)
            else:
                self.model.release(entry)
        return sorted(lost)

    def extend(
        self, holds: Sequence[Hold], visibility_ms: int | None, now_ms: int
    ) -> Foretold[tuple[dict[int, int], list[Hold]]]:
        """Foretell the new ends, and the lost ones."""
        yield
        until: dict[int, int] = {}
        lost = []
        for hold in holds:
            if (entry := self.model.held(hold)) is None:
                lost.append(hold)
                continue
            self.note("an expired lease extended", (entry.locked_until or 0) <= now_ms)
            until[hold.id] = now_ms + (visibility_ms or self.model.visibility_ms(entry.topic))
            entry.locked_until = until[hold.id]
        return until, sorted(lost)

    def recover(
        self, holds: Sequence[Hold], worker: str, verdict: str, failure: Failure, now_ms: int
    ) -> Foretold[int]:
        """Foretell how many were returned."""
        yield
        held = [entry for hold in holds if (entry := self.model.held(hold)) and entry.worker == worker]
        for entry in held:
            self.model.recover(entry, verdict, failure.error, now_ms)
        if len(held) < len(holds):
            self.note("a message of a dead worker that was reclaimed before its recovery")
        return len(held)

    def held_by(self, worker: str) -> Foretold[list[tuple[int, int | None]]]:
        """Foretell every lease of a worker."""
        yield
        leased = (e for e in self.model.entries.values() if e.locked_until is not None)
        return sorted((entry.id, entry.receipt) for entry in leased if entry.worker == worker)

    def size(self, topic: str) -> Foretold[int]:
        """Foretell how much is unfinished."""
        yield
        some = self.model.entries.values()
        return sum(entry.topic == topic and entry.state in UNFINISHED for entry in some)
