"""cairnq: an asyncio client; each call is run to its end on one loop, batches are gathered: it joins them."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from benchmarks.contender import TOPIC, Contender, Mode, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

__all__ = ["CairnQ"]

T = TypeVar("T")
_WORKER = "bench"


class CairnQ(Contender):
    """Tasks of one name; it flushes each commit and offers nothing else."""

    fill_mode: Mode = "default"

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the client."""
        if mode == "normal":
            raise NotOfferedError("a mode without flushes")
        self._module = import_module("cairnq")
        self._path = f"{folder}/cairn.sqlite3"
        self._loop = asyncio.new_event_loop()
        self._client = self._module.CairnQ.sqlite(self._path)
        self._run(self._client.connect())

    def prepare(self, payload: str) -> object:
        """Read the JSON."""
        value: object = json.loads(payload)
        return value

    def put(self, payload: object) -> object:
        """Submit a task."""
        return self._run(self._client.submit(TOPIC, payload))

    def put_many(self, payloads: Sequence[object]) -> object:
        """Submit tasks at the same time, which it commits together."""

        async def submit() -> object:
            return await asyncio.gather(*(self._client.submit(TOPIC, payload) for payload in payloads))

        return self._run(submit())

    def take(self) -> object | None:
        """Claim the next."""
        taken = self.take_many(1)
        return taken[0] if taken else None

    def finish(self, taken: object) -> None:
        """Complete it."""
        self._run(self._completed(taken))

    def take_many(self, limit: int) -> Sequence[object]:
        """Claim the next ones."""
        claim = self._client.store.claim(queues=["default"], worker_id=_WORKER, limit=limit)
        taken: Sequence[object] = self._run(claim)
        return taken

    def finish_many(self, taken: Sequence[object]) -> None:
        """Complete them at the same time, which it commits together."""

        async def complete() -> object:
            return await asyncio.gather(*(self._completed(one) for one in taken))

        self._run(complete())

    def payload(self, taken: object) -> object:
        """Return the payload."""
        payload: object = taken.payload  # type: ignore[attr-defined]  # its Task
        return payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Run its worker."""
        worker = self._module.Worker.sqlite(self._path)

        async def work(_context: object, payload: object) -> None:
            handler(payload)

        worker.task(TOPIC)(work)
        worker.serve()

    def depth(self) -> int:
        """Count what is queued."""
        stats = self._run(self._client.stats())
        return sum(
            int(count) for queue in stats.values() for state, count in queue.items() if state == "queued"
        )

    def settings(self) -> dict[str, str]:
        """Return the modes that it uses."""
        return {"journal": "wal", "synchronous": "FULL"}

    def close(self) -> None:
        """Close the client."""
        self._run(self._client.close())
        self._loop.close()

    def _run(self, call: Coroutine[object, object, T]) -> T:
        return self._loop.run_until_complete(call)

    async def _completed(self, taken: object) -> object:
        task: str = taken.id  # type: ignore[attr-defined]  # its Task
        return await self._client.store.complete(task_id=task, worker_id=_WORKER, result=None)
