"""smq as an application uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.contender import TOPIC, Contender, Mode
from smq_core import Inspector, Lease, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Ours", "OursJson"]

_WAIT_S = 3_600.0


class Ours(Contender):
    """A `Queue`; by default each enqueue is flushed."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue."""
        self._location = f"{folder}/queue.sqlite3"
        self._queue = Queue(self._location, durability="normal" if mode == "normal" else "full")
        self._inspector: Inspector | None = None
        self._flushes = mode != "normal"

    def put(self, payload: object) -> object:
        """Add a message."""
        return self._queue.enqueue(TOPIC, payload)  # type: ignore[arg-type]  # what prepare made

    def put_many(self, payloads: Sequence[object]) -> object:
        """Add messages in one transaction."""
        return self._queue.enqueue_many(TOPIC, payloads)  # type: ignore[arg-type]  # what prepare made

    def take(self) -> Lease | None:
        """Take the next message without waiting."""
        leases = self._queue.dequeue(TOPIC)
        return leases[0] if leases else None

    def finish(self, taken: object) -> None:
        """Acknowledge."""
        assert isinstance(taken, Lease)
        self._queue.ack(taken)

    def exchange(self, taken: object | None) -> Lease | None:
        """Acknowledge and take in one transaction."""
        leases = self._queue.dequeue(TOPIC, ack=taken if isinstance(taken, Lease) else ())
        return leases[0] if leases else None

    def take_many(self, limit: int) -> Sequence[object]:
        """Take up to so many messages."""
        return self._queue.dequeue(TOPIC, limit=limit)

    def finish_many(self, taken: Sequence[object]) -> None:
        """Acknowledge all."""
        self._queue.ack_many(lease for lease in taken if isinstance(lease, Lease))

    def payload(self, taken: object) -> object:
        """Return the payload."""
        assert isinstance(taken, Lease)
        return taken.message.payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Wait in `dequeue`, and acknowledge with the next one."""
        done: list[Lease] = []
        while True:
            done = self._queue.dequeue(TOPIC, wait=_WAIT_S, ack=done)
            for lease in done:
                handler(lease.message.payload)

    def depth(self) -> int:
        """Count what is ready in all topics, as a monitor does."""
        if self._inspector is None:
            self._inspector = Inspector(self._location, read_only=True)
        return sum(topic.ready for topic in self._inspector.topics())

    def settings(self) -> dict[str, str]:
        """Describe how commits are flushed."""
        return {"journal": "wal", "synchronous": "NORMAL" + ", plus a flush per enqueue" * self._flushes}

    def close(self) -> None:
        """Close the queue."""
        self._queue.close()
        if self._inspector is not None:
            self._inspector.close()


class OursJson(Ours):
    """The same with dicts for payloads, as the peers take them that encode JSON themselves."""

    def prepare(self, payload: str) -> object:
        """Read the JSON."""
        value: object = json.loads(payload)
        return value
