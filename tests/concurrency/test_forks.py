"""Forks: parent and child each open connections of their own, whatever was open, ran or waited before."""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="there are no forks here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

forked = pytest.mark.fault(
    row="a fork after the queue has been opened",
    part="environment",
    promise="parent and child continue, each with its own connections; nothing is lost",
    how="os.fork and multiprocessing: while idle, while threads write, while a thread waits, and inside a "
    "transaction",
)


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    """Give a queue that is in use before the fork."""
    with Queue(location) as opened:
        opened.enqueue("mail", "of the parent")
        yield opened


def fork(work: Callable[[], object]) -> int:
    """Run a piece of work in a forked child; answer its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the child must not go on into the parent's tests
        traceback.print_exc()
    finally:
        os._exit(code)


def succeeds(pid: int) -> bool:
    """Wait for a child."""
    return os.waitpid(pid, 0)[1] == 0


@forked
def test_children_and_parent_use_the_queue_they_share(queue: Queue, fault: Fault) -> None:
    """As gunicorn does with an application that it loads before it forks its workers."""
    children = [fork(lambda: [queue.enqueue("mail", "of a child") for _ in range(10)]) for _ in range(3)]
    for _ in range(10):
        queue.enqueue("mail", "of the parent")

    assert all(succeeds(pid) for pid in children)
    assert queue.size("mail") == 41
    fault.struck(3)
    fault.ran(3)


def send(location: str, queue: Queue) -> None:
    """Send through a queue that came by the fork."""
    assert queue.location == location
    queue.enqueue("mail", "of a child")


@forked
def test_multiprocessing_by_fork_works(queue: Queue, fault: Fault) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=send, args=(queue.location, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert queue.size("mail") == 3
    fault.struck(2)
    fault.ran(2)


@forked
def test_a_lease_of_the_parent_is_settled_by_a_child(queue: Queue, fault: Fault) -> None:
    (lease,) = queue.dequeue("mail")

    assert succeeds(fork(lambda: queue.ack(lease)))
    assert queue.size("mail") == 0
    fault.struck()
    fault.ran()


@forked
def test_a_child_of_a_child_works_too(queue: Queue, fault: Fault) -> None:
    def work() -> None:
        queue.enqueue("mail", "of a child")
        assert succeeds(fork(lambda: queue.enqueue("mail", "of its child")))

    assert succeeds(fork(work))
    assert queue.size("mail") == 3
    fault.struck(2)
    fault.ran(2)


@forked
def test_forks_while_threads_write_lose_nothing(queue: Queue, fault: Fault) -> None:
    """Connections that came by a fork would take no locks, and overwrite what others committed."""
    is_over = threading.Event()

    def go_on_sending() -> int:
        count = 0
        while not is_over.is_set():
            queue.enqueue("mail", "of a thread")
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        sending = [pool.submit(go_on_sending) for _ in range(3)]
        children = [fork(lambda: queue.enqueue("mail", "of a child")) for _ in range(10)]
        ended = [succeeds(pid) for pid in children]
        is_over.set()
        sent = sum(future.result() for future in sending)

    assert all(ended)
    assert queue.size("mail") == 1 + 10 + sent
    fault.struck(10)
    fault.ran(10)


@forked
def test_a_thread_that_waits_is_woken_after_a_fork(queue: Queue, fault: Fault) -> None:
    """What it watched was deleted when the fork closed every connection."""
    started = threading.Event()

    def wait() -> list[object]:
        queue.dequeue("print")
        started.set()
        return [lease.message.payload for lease in queue.dequeue("print", wait=50)]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        started.wait()
        assert succeeds(fork(lambda: queue.enqueue("print", "of a child")))

        assert waiting.result() == ["of a child"]
    fault.struck()
    fault.ran()


@forked
def test_a_waiter_for_an_event_loop_goes_on_after_a_fork(queue: Queue, fault: Fault) -> None:
    with queue.waiter("mail") as waiter:
        descriptor = waiter.fileno()
        assert succeeds(fork(lambda: queue.enqueue("mail", "of a child")))

        assert waiter.drain()
        assert not waiter.drain()
        assert waiter.fileno() == descriptor
        assert succeeds(fork(lambda: queue.enqueue("mail", "of a child")))
        assert waiter.drain()
    fault.struck()
    fault.ran()


@forked
def test_a_fork_in_its_own_transaction_ends_it_in_both(queue: Queue, fault: Fault) -> None:
    def transact() -> None:
        with queue.transaction() as transaction:
            transaction.enqueue("mail", "lost with its transaction")
            pid = os.fork()
            if not pid:
                os._exit(0)
            assert succeeds(pid)

    with pytest.raises(UsageError, match="ended from inside"):
        transact()
    assert queue.size("mail") == 1
    assert queue.enqueue("mail", "afterwards") == 2
    fault.struck()
    fault.ran()


@forked
def test_a_fork_waits_for_a_transaction_that_needs_another_queue(
    queue: Queue, tmp_path: Path, fault: Fault
) -> None:
    """It lets go of its locks now and then, else the two would wait for one another."""
    inside = threading.Event()
    forking = threading.Event()

    def transact(other: Queue) -> None:
        with queue.transaction() as transaction:
            transaction.enqueue("mail", "hello")
            inside.set()
            forking.wait()
            other.enqueue("mail", "hello")

    with Queue(tmp_path / "other.sqlite3") as other, ThreadPoolExecutor(1) as pool:
        transacting = pool.submit(transact, other)
        inside.wait()
        forking.set()
        assert succeeds(fork(lambda: queue.enqueue("mail", "of a child")))
        transacting.result()

    assert queue.size("mail") == 3
    fault.struck()
    fault.ran()
