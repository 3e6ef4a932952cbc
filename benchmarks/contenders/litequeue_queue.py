"""litequeue: a claim by UPDATE … RETURNING; it has no batches out, no waiting and no worker."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LiteQueue"]

_LOOK_EVERY_S = 0.01


class LiteQueue(Contender):
    """One queue in one file."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue; it sets NORMAL itself."""
        self._queue = import_module("litequeue").LiteQueue(f"{folder}/lite.sqlite3")
        if mode != "default":
            self._queue.conn.execute(f"PRAGMA synchronous = {mode}")

    def put(self, payload: object) -> object:
        """Add a message."""
        return self._queue.put(payload)

    def put_many(self, payloads: Sequence[object]) -> object:
        """Add messages inside its transaction()."""
        with self._queue.transaction(mode="IMMEDIATE"):
            return [self._queue.put(payload) for payload in payloads]

    def take(self) -> object | None:
        """Claim the next."""
        taken: object = self._queue.pop()
        return taken

    def finish(self, taken: object) -> None:
        """Mark it done."""
        self._queue.done(taken.message_id, claim_id=taken.claim_id)  # type: ignore[attr-defined]  # its Message

    def payload(self, taken: object) -> object:
        """Return the payload."""
        payload: object = taken.data  # type: ignore[attr-defined]  # its Message
        return payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Look every 10 ms: a hand loop of ours, as it has no waiting call."""
        while True:
            taken = self.take()
            if taken is None:
                time.sleep(_LOOK_EVERY_S)
            else:
                handler(self.payload(taken))
                self.finish(taken)

    def depth(self) -> int:
        """Count what is ready."""
        return int(self._queue.ready_count())

    def settings(self) -> dict[str, str]:
        """Return the modes of its connection."""
        ask = self._queue.conn.execute
        return {
            "journal": str(ask("PRAGMA journal_mode").fetchone()[0]),
            "synchronous": str(ask("PRAGMA synchronous").fetchone()[0]),
        }

    def close(self) -> None:
        """Close its connections."""
        self._queue.close()
