"""honker: a queue in Rust; commits are not flushed, and it offers nothing else."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import TOPIC, Contender, Mode, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Honker"]

_WORKER = "bench"


class Honker(Contender):
    """One queue of one file."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue."""
        if mode == "full":
            raise NotOfferedError("a mode that flushes")
        self._db = import_module("honker").open(f"{folder}/honker.sqlite3")
        self._queue = self._db.queue(TOPIC)

    def prepare(self, payload: str) -> object:
        """Read the JSON."""
        value: object = json.loads(payload)
        return value

    def put(self, payload: object) -> object:
        """Enqueue a job."""
        return self._queue.enqueue(payload)

    def put_many(self, payloads: Sequence[object]) -> object:
        """Enqueue jobs in one transaction."""
        with self._db.transaction() as transaction:
            return [self._queue.enqueue(payload, tx=transaction) for payload in payloads]

    def take(self) -> object | None:
        """Claim the next."""
        taken: object = self._queue.claim_one(_WORKER)
        return taken

    def finish(self, taken: object) -> None:
        """Acknowledge it."""
        taken.ack()  # type: ignore[attr-defined]  # its Job

    def take_many(self, limit: int) -> Sequence[object]:
        """Claim the next ones."""
        taken: Sequence[object] = self._queue.claim_batch(_WORKER, limit)
        return taken

    def finish_many(self, taken: Sequence[object]) -> None:
        """Acknowledge them."""
        self._queue.ack_batch([one.id for one in taken], _WORKER)  # type: ignore[attr-defined]  # its Jobs

    def payload(self, taken: object) -> object:
        """Return the payload."""
        payload: object = taken.payload  # type: ignore[attr-defined]  # its Job
        return payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Iterate over its claims."""

        async def consume() -> None:
            async for job in self._queue.claim(_WORKER):
                handler(job.payload)
                job.ack()

        asyncio.run(consume())

    def depth(self) -> int:
        """Refuse: it has no count."""
        raise NotOfferedError("a count")

    def settings(self) -> dict[str, str]:
        """Return the modes that it uses."""
        return {"journal": "wal", "synchronous": "NORMAL"}

    def close(self) -> None:
        """Close the database."""
        self._db.close()
