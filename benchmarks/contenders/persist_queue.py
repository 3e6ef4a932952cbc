"""persist-queue's SQLiteAckQueue: pickled payloads, acknowledged rows stay."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AckQueue"]


class AckQueue(Contender):
    """One table in one file."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue."""
        module = import_module("persistqueue")
        self._empty: type[Exception] = module.Empty
        self._queue = module.SQLiteAckQueue(folder)
        if mode != "default":
            self._queue._putter.execute(f"PRAGMA synchronous = {mode}")  # noqa: SLF001 - it offers no setting

    def put(self, payload: object) -> object:
        """Add a message."""
        return self._queue.put(payload)

    def take(self) -> object | None:
        """Take the next; select and update, so two processes may get the same."""
        try:
            taken: object = self._queue.get(block=False, raw=True)
        except self._empty:
            return None
        return taken

    def finish(self, taken: object) -> None:
        """Mark it acknowledged."""
        self._queue.ack(taken)

    def payload(self, taken: object) -> object:
        """Return the payload."""
        assert isinstance(taken, dict)
        return taken["data"]

    def serve(self, handler: Callable[[object], object]) -> None:
        """Wait in get(), which looks every ten seconds for what other processes put."""
        while True:
            taken = self._queue.get(raw=True)
            handler(taken["data"])
            self._queue.ack(taken)

    def depth(self) -> int:
        """Count what was not handed out; `ready_count` leaves out what is new."""
        return int(self._queue._count())  # noqa: SLF001 - what its qsize() is counted with when it is opened

    def settings(self) -> dict[str, str]:
        """Return the modes of its connection."""
        ask = self._queue._putter.execute  # noqa: SLF001 - it offers no other way to ask
        return {
            "journal": str(ask("PRAGMA journal_mode").fetchone()[0]),
            "synchronous": str(ask("PRAGMA synchronous").fetchone()[0]),
        }

    def close(self) -> None:
        """Close its connection."""
        self._queue.close()
