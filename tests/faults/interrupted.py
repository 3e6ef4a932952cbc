"""Interrupts at any line of our own code; `test_interrupts` runs each of these in a process of its own.

A trace function sees every line of the process, and the interrupts tear through whatever is in it: among the
leavings of a thousand other tests they take for ever.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Queue, StoreBusy
from smq_core.clock import SystemClock
from smq_core.store.sqlite import checkpoints
from smq_core.store.sqlite.connection import Connection
from smq_core.store.sqlite.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@pytest.fixture
def hasty(location: str) -> Iterator[Queue]:
    """Give a queue that does not wait for long."""
    with Queue(location, timeout=0.2) as opened:
        opened.enqueue("mail", "first")
        yield opened


class Interruption:
    """Raises KeyboardInterrupt at the n-th line of our own code that a call runs."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Interruption | None:
        """Count a line, as the function that the interpreter calls for each."""
        if "smq_core" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self

    def strikes(self, work: Callable[[], object]) -> bool:
        """Run a piece of work; say whether it was interrupted."""
        before = sys.gettrace()
        # what an earlier test left would be closed in the middle, and swallow the interrupt
        gc.disable()
        sys.settrace(self)
        try:
            work()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
            gc.enable()
        return False


VERBS: dict[str, Callable[[Queue], object]] = {
    "enqueue": lambda queue: queue.enqueue("mail", "hello"),
    "enqueue_many": lambda queue: queue.enqueue_many("mail", ["a", "b"]),
    "dequeue": lambda queue: queue.dequeue("mail", limit=2),
    "dequeue and ack": lambda queue: queue.dequeue("mail", ack=queue.dequeue("mail")),
    "requeue": lambda queue: [queue.requeue(lease) for lease in queue.dequeue("mail")],
    "transaction": lambda queue: in_transaction(queue),  # noqa: PLW0108 - it is defined below
}


def in_transaction(queue: Queue) -> None:
    """Send two messages in one transaction."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "a")
        transaction.enqueue("mail", "b")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_an_interrupt_at_any_line_leaves_no_lock_and_no_turn(hasty: Queue, verb: str) -> None:
    """The next call works, of the interrupted queue and of another one, and nothing is half-done."""
    with Queue(hasty.location, timeout=0.2, durability="normal") as other:
        number = 1
        while Interruption(number).strikes(lambda: VERBS[verb](hasty)):
            number += 1
            before = other.size("mail")
            other.enqueue("mail", "hello")
            hasty.enqueue("mail", "hello")
            assert other.size("mail") == before + 2

    assert number > 20


def test_an_interrupt_while_waiting_for_the_turn_leaves_no_place_in_the_queue_behind(location: str) -> None:
    with Queue(location, timeout=0.03) as waiting, Queue(location) as holding:
        waiting.enqueue("mail", "hello")
        number = 1
        is_struck = True
        while is_struck:
            with holding.transaction():
                is_struck = Interruption(number).strikes(lambda: busy(waiting))
            number += 3
            holding.enqueue("mail", "hello")

        assert waiting.enqueue("mail", "hello") > number // 3


def busy(queue: Queue) -> None:
    """Wait for the turn in vain."""
    with pytest.raises(StoreBusy):
        queue.enqueue("mail", "hello")


def test_an_interrupt_while_a_checkpoint_waits_for_the_turn_locks_nobody_out(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader keeps the -wal from being copied back as a whole, so that the checkpoint wants the turn."""
    monkeypatch.setattr(checkpoints, "RESTART_PAGES", 1)
    monkeypatch.setattr(checkpoints, "_PATIENCE_S", 0.02)
    with Queue(location, timeout=0.2) as writing:
        writing.enqueue("mail", "hello")
        settings = Settings(location, read_only=False, timeout_s=0.2, monotonic=SystemClock().monotonic)
        connection = Connection(settings)
        reader = apsw.Connection(location)
        reader.execute("BEGIN; SELECT count(*) FROM smq_messages").fetchall()
        writing.enqueue("mail", "hello")
        number = 1
        is_struck = True
        while is_struck:
            with writing.transaction():
                is_struck = Interruption(number).strikes(connection.checkpoint)
            number += 1
            writing.enqueue("mail", "hello")
        reader.close()
        connection.close()

    assert number > 30
