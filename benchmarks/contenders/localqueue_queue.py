"""localqueue: a queue in Rust with leases; payloads are JSON values."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LocalQueue"]


class LocalQueue(Contender):
    """Relaxed unless the mode is full."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue."""
        self._module = import_module("localqueue")
        durability = import_module("localqueue.policies").DurabilityMode
        chosen = durability.DURABLE if mode == "full" else durability.RELAXED
        self._queue = self._module.SimpleQueue(folder, durability=chosen)

    def prepare(self, payload: str) -> object:
        """Read the JSON."""
        value: object = json.loads(payload)
        return value

    def put(self, payload: object) -> object:
        """Add a message."""
        return self._queue.put(payload)

    def put_many(self, payloads: Sequence[object]) -> object:
        """Add messages in one transaction."""
        return self._queue.put_many(payloads)

    def take(self) -> object | None:
        """Lease the next."""
        try:
            taken: object = self._queue.get_nowait()
        except self._module.Empty:
            return None
        return taken

    def finish(self, taken: object) -> None:
        """Acknowledge it."""
        self._queue.ack(taken)

    def payload(self, taken: object) -> object:
        """Return the payload."""
        payload: object = taken.data  # type: ignore[attr-defined]  # its Job
        return payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Run its worker."""
        self._module.Worker(self._queue, lambda job: handler(job.data)).run()

    def depth(self) -> int:
        """Count what is ready."""
        return int(self._queue.stats()["ready"])

    def settings(self) -> dict[str, str]:
        """Return the modes that it reports."""
        report = self._queue.diagnostics()
        return {"journal": str(report.journal_mode), "synchronous": str(report.synchronous)}

    def close(self) -> None:
        """Close it."""
        self._queue.close()
