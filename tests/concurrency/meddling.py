"""Another process that uses a queue by chance, as workers and operators do, a few steps at a time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from tests.concurrency.children import child

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Meddler", "meddling"]

_PROGRAM: Final = """
import random, sys
from smq_core import Inspector, LeaseLost, Queue

location, seed = sys.argv[1:]
chance, leases = random.Random(int(seed)), []
topics = ("mail", "print", "scan")

def send():
    key, delay = chance.choice((None, None, "a", "b")), chance.choice((0, 0, 900))
    queue.enqueue(chance.choice(topics), "x", key=key, delay=delay)

def take():
    leases.extend(queue.dequeue(*topics, limit=3, visibility_timeout=chance.choice((0.001, 900.0))))

def settle():
    if leases:
        lease = leases.pop(chance.randrange(len(leases)))
        try:
            getattr(queue, chance.choice(("ack", "release", "requeue", "bury", "bury", "extend")))(lease)
        except LeaseLost:
            pass

def operate():
    found = [message.id for message in inspector.browse(limit=500)]
    ids = chance.sample(found, min(3, len(found)))
    verb = chance.choice((inspector.requeue, inspector.delete, inspector.bury, inspector.move))
    if verb == inspector.move:
        verb(ids, chance.choice(topics))
    else:
        verb(ids, force=chance.random() < 0.5)

with Queue(location, worker="other") as queue, Inspector(location, actor="other") as inspector:
    for _ in range(60):
        send()
    for _ in range(80):
        chance.choice((take, settle, operate))()
    print("ready", flush=True)
    for _ in sys.stdin:
        for _ in range(6):
            chance.choice((send, take, settle, settle, operate))()
        print("done", flush=True)
"""


class Meddler:
    """The other process."""

    def __init__(self, location: str, seed: int) -> None:
        self._stack = contextlib.ExitStack()
        self._child = self._stack.enter_context(child(_PROGRAM, location, str(seed)))
        assert self._child.line() == "ready"

    def meddle(self) -> None:
        """Let it do something, and wait until that is done."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Let it begin to do something."""
        self._child.go()

    def wait(self) -> None:
        """Wait until what it began is done."""
        assert self._child.line() == "done"

    def close(self) -> None:
        """End it."""
        self._stack.close()


@contextlib.contextmanager
def meddling(location: str, seed: int) -> Iterator[Meddler]:
    """Start another process on a queue, which fills it first, and end it with the `with`."""
    with contextlib.closing(Meddler(location, seed)) as made:
        yield made
