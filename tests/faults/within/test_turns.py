"""Turns: whoever stops, dies or is interrupted with the lock in hand holds others up for a bounded time.

The story: a writer is suspended by a debugger in the middle of its commit, and the workers of the machine
wait for it.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, StoreBusy
from tests.concurrency.children import child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix import Fault

HOLDER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue, queue.transaction():
        print("held", flush=True)
        input()
    print("done", flush=True)
"""
FOREIGN_HOLDER = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    input()
    connection.execute("COMMIT")
    connection.close()
    print("done", flush=True)
"""


@pytest.fixture
def hasty(location: str) -> Iterator[Queue]:
    """Give a queue that does not wait for long."""
    with Queue(location, timeout=0.2) as opened:
        opened.enqueue("mail", "first")
        yield opened


@pytest.mark.fault(
    row="a process stopped while it holds the write lock",
    part="environment",
    promise="other processes get StoreBusy within their timeout, and continue once the stopped process "
    "resumes",
    how="SIGSTOP in the middle of a transaction; then SIGCONT",
)
def test_a_stopped_process_with_the_turn_makes_others_busy_in_time(hasty: Queue, fault: Fault) -> None:
    with child(HOLDER, hasty.location) as holder:
        assert holder.line() == "held"
        os.kill(holder.process.pid, signal.SIGSTOP)
        with pytest.raises(StoreBusy, match="try again"):
            hasty.enqueue("mail", "hello")
        os.kill(holder.process.pid, signal.SIGCONT)
        holder.go()
        assert holder.line() == "done"

        assert hasty.enqueue("mail", "hello") == 2
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a process killed while it holds the write lock",
    part="environment",
    promise="the next writer proceeds immediately",
    how="SIGKILL in the middle of a transaction",
)
def test_a_killed_process_with_the_turn_holds_up_nobody(hasty: Queue, fault: Fault) -> None:
    with child(HOLDER, hasty.location) as holder:
        assert holder.line() == "held"
        holder.process.kill()
        holder.process.wait()

        assert hasty.enqueue("mail", "hello") == 2
    fault.struck()
    fault.ran()


def test_reading_goes_on_while_another_has_the_turn(hasty: Queue) -> None:
    with child(HOLDER, hasty.location) as holder:
        assert holder.line() == "held"

        assert hasty.size("mail") == 1
        assert hasty.dequeue("print") == []


@pytest.mark.fault(
    row="a write lock that another program holds",
    part="environment",
    promise="StoreBusy within the caller's timeout, and nothing is written; work continues afterwards",
    how="BEGIN IMMEDIATE with Python's sqlite3; committed later",
)
def test_a_foreign_writer_that_takes_no_turns_makes_others_busy_in_time(hasty: Queue, fault: Fault) -> None:
    with child(FOREIGN_HOLDER, hasty.location) as holder:
        assert holder.line() == "held"
        with pytest.raises(StoreBusy):
            hasty.enqueue("mail", "hello")
        holder.go()
        assert holder.line() == "done"

        assert hasty.enqueue("mail", "hello") == 2
    fault.struck()
    fault.ran()


def test_a_writer_waits_for_a_foreign_one(location: str) -> None:
    with child(FOREIGN_HOLDER, location) as holder, Queue(location) as patient:
        assert patient.size("mail") == 0
        assert holder.line() == "held"
        with child(SENDER, location) as sender:
            assert sender.line() == "sending"
            holder.go()

            assert sender.rest() == ["1"]


SENDER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue:
        queue.size("mail")
        print("sending", flush=True)
        print(queue.enqueue("mail", "hello"), flush=True)
"""


def test_a_caller_who_gave_up_waiting_leaves_nothing_that_holds_the_turn_later(hasty: Queue) -> None:
    """The kernel's queue has no timeout: a thread stands in it, and gets the turn when nobody wants it."""
    with child(HOLDER, hasty.location) as holder:
        assert holder.line() == "held"
        for _ in range(3):
            with pytest.raises(StoreBusy):
                hasty.enqueue("mail", "hello")
        holder.go()
        holder.rest()

        assert [hasty.enqueue("mail", "hello") for _ in range(3)] == [2, 3, 4]


def busy(queue: Queue) -> None:
    """Wait for the turn in vain."""
    with pytest.raises(StoreBusy):
        queue.enqueue("mail", "hello")


def test_calls_in_vain_while_a_stopped_process_has_the_turn_cost_one_thread(hasty: Queue) -> None:
    with child(HOLDER, hasty.location) as holder:
        assert holder.line() == "held"
        before = threading.active_count()
        for _ in range(4):
            busy(hasty)

        assert threading.active_count() == before + 1
        holder.go()
        holder.rest()
        assert hasty.enqueue("mail", "hello") == 2


HOLDER_AT_ONCE = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    print("looking", flush=True)
    while connection.execute("SELECT count(*) FROM smq_messages WHERE status <> 'delayed'").fetchone()[0]:
        pass
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    input()
"""


def test_a_wait_that_finds_the_database_held_has_finished_its_acks(hasty: Queue) -> None:
    """To be told StoreBusy, "nothing was written", would have the caller ack again what is finished."""
    (lease,) = hasty.dequeue("mail")
    with child(HOLDER_AT_ONCE, hasty.location) as holder:
        assert holder.line() == "looking"
        hasty.enqueue("mail", "due soon", delay=0.4)
        # it takes the lock as soon as the ack is there, and the next message comes due under it
        assert hasty.dequeue("mail", ack=lease, wait=1.5) == []
        assert holder.line() == "held"
        with pytest.raises(StoreBusy):
            hasty.enqueue("mail", "hello")
        holder.go()
        holder.rest()

        assert [one.message.payload for one in hasty.dequeue("mail", wait=50)] == ["due soon"]
