"""simplebroker by its own safe recipe: move to another queue, and delete there."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import TOPIC, Contender, Mode, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SimpleBroker"]


class SimpleBroker(Contender):
    """A queue, and one beside it for what is being worked on."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open both queues."""
        self._module = import_module("simplebroker")
        self._path = f"{folder}/broker.sqlite3"
        self._mode = mode
        options: dict[str, object] = {"db_path": self._path, "persistent": True}
        if mode != "default":
            constants = import_module("simplebroker._constants")
            options["config"] = constants.resolve_config(override={"BROKER_SYNC_MODE": mode.upper()})
        self._queue = self._module.Queue(TOPIC, **options)
        self._held = self._module.Queue(f"{TOPIC}.held", **options)

    def put(self, payload: object) -> object:
        """Write a message."""
        return self._queue.write(payload)

    def put_many(self, payloads: Sequence[object]) -> object:
        """Insert messages in one transaction, with ids counted up from one that it made."""
        first = self._queue.generate_timestamp()
        return self._queue.insert_messages(
            (payload, first + place) for place, payload in enumerate(payloads, 1)
        )

    def take(self) -> object | None:
        """Move the next."""
        taken: object = self._queue.move_one(self._held, with_timestamps=True)
        return taken

    def finish(self, taken: object) -> None:
        """Delete it."""
        assert isinstance(taken, tuple)
        self._held.delete(message_id=taken[1])

    def take_many(self, limit: int) -> Sequence[object]:
        """Move the next ones."""
        taken: Sequence[object] = self._queue.move_many(self._held, limit, with_timestamps=True)
        return taken

    def finish_many(self, taken: Sequence[object]) -> None:
        """Delete them."""
        self._held.delete_many([one[1] for one in taken if isinstance(one, tuple)])

    def payload(self, taken: object) -> object:
        """Return the payload."""
        assert isinstance(taken, tuple)
        return taken[0]

    def serve(self, handler: Callable[[object], object]) -> None:
        """Run its watcher, which takes for good: what it was working on is lost in a crash."""
        if self._mode != "default":
            raise NotOfferedError("a watcher in another mode")
        watcher = self._module.QueueWatcher(TOPIC, lambda message, _: handler(message), db=self._path)
        watcher.run_forever()

    def depth(self) -> int:
        """Count what waits."""
        return int(self._queue.stats().pending)

    def settings(self) -> dict[str, str]:
        """Return the modes that it sets."""
        return {"journal": "wal", "synchronous": "FULL" if self._mode == "default" else self._mode.upper()}

    def close(self) -> None:
        """Close both queues."""
        self._queue.close()
        self._held.close()
