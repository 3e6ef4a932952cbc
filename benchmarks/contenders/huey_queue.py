"""huey's SqliteHuey: tasks instead of messages, deleted when they are handed out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import TOPIC, Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SqliteHuey"]


class SqliteHuey(Contender):
    """One task function, called with the payload."""

    loses_on_crash = True

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue and declare the task."""
        self._huey = import_module("huey").SqliteHuey(TOPIC, filename=f"{folder}/huey.sqlite3")
        if mode != "default":
            self._huey.storage.sql(f"PRAGMA synchronous = {mode}")
        self._handler: Callable[[object], object] | None = None
        self._task = self._huey.task(name="work")(self._work)

    def put(self, payload: object) -> object:
        """Call the task, which enqueues it."""
        return self._task(payload)

    def take(self) -> object | None:
        """Take the next task, which deletes it."""
        taken: object = self._huey.dequeue()
        return taken

    def finish(self, taken: object) -> None:
        """Execute the task."""
        self._huey.execute(taken)

    def payload(self, taken: object) -> object:
        """Return the task's argument."""
        payload: object = taken.args[0]  # type: ignore[attr-defined]  # its Task
        return payload

    def serve(self, handler: Callable[[object], object]) -> None:
        """Run its consumer with one thread."""
        self._handler = handler
        self._huey.create_consumer(workers=1).run()

    def depth(self) -> int:
        """Count what waits."""
        return int(self._huey.pending_count())

    def settings(self) -> dict[str, str]:
        """Return the modes of its connection."""
        ask = self._huey.storage.sql
        return {
            "journal": str(ask("PRAGMA journal_mode", results=True)[0][0]),
            "synchronous": str(ask("PRAGMA synchronous", results=True)[0][0]),
        }

    def close(self) -> None:
        """Close its connection."""
        self._huey.storage.close()

    def _work(self, payload: object) -> None:
        if self._handler is not None:
            self._handler(payload)
