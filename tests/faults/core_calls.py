"""The calls of the core, each on a queue prepared for it, to be struck by faults of our own process."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_core import Filter, Inspector, Queue
from smq_core.jsonl import ImportOptions, Source, export_lines, import_lines
from smq_core.store import administration, open_store
from smq_core.store.records import Selection
from smq_core.testing import ManualClock, seeded_random

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core.message import Lease
    from smq_core.store.base import Store

PATIENCE_S: Final = 0.2
DAY_S: Final = 86_400.0
_LINES: Final = b'{"topic": "mail", "payload": 1}\n\xff\n"two"\n'


class Desk:
    """A queue in a folder, always at the same paths, and who works on it."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet."""
        self.folder = folder
        self.location = folder / "queue.sqlite3"
        self.source = folder / "in.jsonl"
        self.target = folder / "copy.sqlite3"
        self.clock = ManualClock()
        self.leases: list[Lease] = []
        self.queue, self.inspector, self.store = self._open(seed=0)

    def renew(self, template: Path, now_ms: int, *, is_warm: bool) -> None:
        """Begin again from a copy of the prepared queue, at the moment when it was prepared."""
        self.clear()
        shutil.copyfile(template, self.location)
        self.clock = ManualClock(now_ms)
        # other receipts than those of the leases that were prepared
        self.queue, self.inspector, self.store = self._open(seed=1)
        if is_warm:
            self.queue.size("mail")
            self.inspector.topic("mail")
            self.store.size("mail")

    def clear(self) -> None:
        """Leave nothing in the folder but what is to be imported."""
        self.close()
        for left in self.folder.iterdir():
            if left != self.source:
                left.unlink()

    def close(self) -> None:
        """Close what is open."""
        for opened in (self.queue, self.inspector, self.store):
            opened.close()

    def _open(self, *, seed: int) -> tuple[Queue, Inspector, Store]:
        queue = Queue(
            self.location, clock=self.clock, random=seeded_random(seed), worker="w", timeout=PATIENCE_S
        )
        inspector = Inspector(self.location, clock=self.clock, actor="operator", timeout=PATIENCE_S)
        store = open_store(self.location, clock=self.clock, timeout=PATIENCE_S)
        for one in (queue, inspector):
            # a call's stages are its own: what is pruned in passing, and may fail unseen, is tried as `prune`
            one._store = store
        return queue, inspector, store


@dataclass(frozen=True)
class Call:
    """A call of the core."""

    prepare: Callable[[Desk], object]
    run: Callable[[Desk], object]
    may_be_repeated: bool = False
    """Doing it once more after the fault leaves what one that succeeds leaves."""
    is_warm: bool = True
    """The queue was used before; else the call opens it."""


def _send(desk: Desk) -> None:
    """Have two ready messages, one that comes due, and one dead letter."""
    desk.queue.enqueue_many("mail", ["a", "b"])
    desk.queue.enqueue("mail", "late", delay=1)
    desk.queue.enqueue("mail", "dead")
    desk.inspector.bury([4])
    desk.clock.advance(2)


def _lease(desk: Desk) -> None:
    _send(desk)
    desk.leases = desk.queue.dequeue("mail", limit=2)


def _hold_a_key(desk: Desk) -> None:
    _send(desk)
    desk.queue.enqueue("mail", "held", key="k")


def _overstay(desk: Desk) -> None:
    """Hold leases that are over, and that nobody took back."""
    _lease(desk)
    desk.clock.advance(61)


def _expire(desk: Desk) -> None:
    """Hold leases that are over, one of which was taken back."""
    _lease(desk)
    desk.clock.advance(61)
    desk.queue.dequeue("mail", limit=1)


def _finish(desk: Desk) -> None:
    """Have old messages in the trash, and done."""
    _send(desk)
    desk.inspector.set_policy("mail", keep=3600)
    desk.queue.ack_many(desk.queue.dequeue("mail", limit=1))
    desk.inspector.delete([2])
    desk.clock.advance(2 * DAY_S)


def _moved(desk: Desk) -> None:
    _send(desk)
    desk.inspector.move([1, 2], "post")


def _written(desk: Desk) -> None:
    _send(desk)
    desk.source.write_bytes(_LINES)


def _in_transaction(desk: Desk) -> None:
    with desk.queue.transaction() as transaction:
        transaction.enqueue("mail", "c")
        transaction.enqueue_many("mail", ["d", "e"])
        transaction.ack(desk.leases[0])


def _wait(desk: Desk) -> object:
    with desk.queue.waiter("mail") as waiter:
        waiter.drain()
        return waiter.next_due(), waiter.fileno()


def _import(desk: Desk) -> object:
    with Source(desk.source) as source:
        return import_lines(desk.store, source, ImportOptions(), clock=desk.clock)


def _back_up(desk: Desk) -> None:
    desk.target.unlink(missing_ok=True)
    for _ in administration(desk.location).backup(str(desk.target)):
        pass


PRODUCING: Final[dict[str, Call]] = {
    "the first call": Call(_send, lambda desk: desk.queue.enqueue("mail", "hello"), is_warm=False),
    "enqueue": Call(_send, lambda desk: desk.queue.enqueue("mail", "hello", headers={"a": "b"}, delay=5)),
    "enqueue with a key": Call(_send, lambda desk: desk.queue.enqueue("mail", "hello", key="k")),
    "enqueue of a held key": Call(_hold_a_key, lambda desk: desk.queue.enqueue("mail", "hello", key="k")),
    "enqueue_many": Call(_send, lambda desk: desk.queue.enqueue_many("mail", ["c", {"d": 1}, b"e"])),
    "transaction": Call(_lease, _in_transaction),
    "size": Call(_send, lambda desk: desk.queue.size("mail")),
}
CONSUMING: Final[dict[str, Call]] = {
    "dequeue": Call(_send, lambda desk: desk.queue.dequeue("mail", limit=3)),
    "dequeue after leases expired": Call(_expire, lambda desk: desk.queue.dequeue("mail", limit=3)),
    "dequeue with ack": Call(_lease, lambda desk: desk.queue.dequeue("mail", ack=desk.leases)),
    "dequeue and wait": Call(_lease, lambda desk: desk.queue.dequeue("none", "mail", wait=0.005, limit=1)),
    "dequeue and wait in vain": Call(_send, lambda desk: desk.queue.dequeue("none", wait=0.005)),
    "waiter": Call(_send, _wait),
    "ack": Call(_lease, lambda desk: desk.queue.ack(desk.leases[0])),
    "ack_many": Call(_lease, lambda desk: desk.queue.ack_many(desk.leases)),
    "ack, late": Call(_expire, lambda desk: desk.queue.ack(desk.leases[1])),
    "release": Call(_lease, lambda desk: desk.queue.release(desk.leases[0])),
    "extend": Call(_lease, lambda desk: desk.queue.extend(desk.leases[0], 120)),
    "bury": Call(_lease, lambda desk: desk.queue.bury(desk.leases[0], error="why")),
    "requeue": Call(_lease, lambda desk: desk.queue.requeue(desk.leases[0], error="why")),
    "requeue, late": Call(_overstay, lambda desk: desk.queue.requeue(desk.leases[0], delay=0)),
}
OPERATING: Final[dict[str, Call]] = {
    "operator's requeue": Call(_send, lambda desk: desk.inspector.requeue([4])),
    "operator's delete": Call(_send, lambda desk: desk.inspector.delete(Selection(topic="mail"))),
    "operator's bury": Call(_send, lambda desk: desk.inspector.bury([1, 2])),
    "operator's move": Call(_send, lambda desk: desk.inspector.move([1, 2], "post")),
    "operator's edit": Call(_send, lambda desk: desk.inspector.edit(1, payload={"new": 1}, priority=3)),
    "operator's undo": Call(_moved, lambda desk: desk.inspector.undo("last")),
    "operator's pause": Call(_send, lambda desk: desk.inspector.pause("mail", "why")),
    "operator's policy": Call(_send, lambda desk: desk.inspector.set_policy("mail", max_attempts=3)),
    "operator's purge": Call(_send, lambda desk: desk.inspector.purge("mail", "dead")),
    "browse": Call(_send, lambda desk: desk.inspector.browse("mail", where=Filter(text="a"))),
    "topics": Call(_send, lambda desk: desk.inspector.topics()),
}
CARRYING: Final[dict[str, Call]] = {
    "import_lines": Call(_written, _import, may_be_repeated=True),
    "export_lines": Call(_send, lambda desk: export_lines(desk.store, len)),
    "backup": Call(_send, _back_up, may_be_repeated=True),
    "prune": Call(_finish, lambda desk: desk.store.prune(desk.clock.now_ms()), may_be_repeated=True),
}
GROUPS: Final = {
    "producer": PRODUCING,
    "consumer": CONSUMING,
    "operator": OPERATING,
    "keeper": CARRYING,
}
CALLS: Final = PRODUCING | CONSUMING | OPERATING | CARRYING
