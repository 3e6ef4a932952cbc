"""A module-level queue shared by threads, and a queue that some close while others use it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, UsageError
from tests.sqlite_session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THREADS = 8


@pytest.fixture
def shared(location: str) -> Iterator[Queue]:
    """Give a queue as a module has it: made once, never closed by those who use it."""
    opened = Queue(location)
    yield opened
    opened.close()


def send_and_take(queue: Queue, start: threading.Barrier, count: int) -> tuple[list[int], list[int]]:
    """Send messages and take as many as come; answers both ids."""
    start.wait()
    sent = [queue.enqueue("mail", number) for number in range(count)]
    taken = []
    while leases := queue.dequeue("mail", limit=2):
        taken += [lease.message.id for lease in leases]
        queue.ack_many(leases)
    return sent, taken


def test_eight_threads_share_a_queue(shared: Queue) -> None:
    start = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(lambda _: send_and_take(shared, start, 20), range(THREADS)))

    sent = sorted(one for ids, _ in done for one in ids)
    assert sent == list(range(1, THREADS * 20 + 1))
    assert sorted(one for _, ids in done for one in ids) == sent


def test_a_lease_is_settled_by_any_thread_through_any_queue(shared: Queue) -> None:
    shared.enqueue("mail", "hello")
    (lease,) = shared.dequeue("mail")
    with ThreadPoolExecutor(1) as pool, Queue(shared.location) as other:
        pool.submit(other.ack, lease).result()

    assert shared.size("mail") == 0


def test_a_queue_that_is_closed_all_the_time_serves_those_who_use_it(shared: Queue) -> None:
    """A call that fetched its connection just before fetches another."""
    is_over = threading.Event()

    def go_on_closing() -> None:
        while not is_over.is_set():
            shared.close()

    with ThreadPoolExecutor(3) as pool:
        closing = pool.submit(go_on_closing)
        sending = [pool.submit(lambda: [shared.enqueue("mail", "x") for _ in range(30)]) for _ in range(2)]
        ids = [one for future in sending for one in future.result()]
        is_over.set()
        closing.result()

    assert sorted(ids) == list(range(1, 61))


def test_a_waiting_dequeue_survives_that_its_queue_is_closed_by_another_thread(shared: Queue) -> None:
    """The number that tells of commits means nothing beside that of the next connection."""
    with ThreadPoolExecutor(1) as pool, Queue(shared.location) as other:
        started = threading.Event()

        def wait() -> list[int]:
            shared.dequeue("mail")
            started.set()
            return [lease.message.id for lease in shared.dequeue("mail", wait=50)]

        waiting = pool.submit(wait)
        started.wait()
        for _ in range(20):
            shared.close()
        other.enqueue("mail", "hello")

        assert waiting.result() == [1]


def test_closing_a_queue_waits_for_no_call_that_needs_another_queue(location: str, tmp_path: Path) -> None:
    """A call that runs opens a connection of another queue, while the first one is being closed."""
    with Queue(location) as first, Queue(tmp_path / "other.sqlite3") as second, ThreadPoolExecutor(1) as pool:
        with first.transaction() as transaction:
            transaction.enqueue("mail", "hello")
            closing = pool.submit(first.close)
            assert second.enqueue("mail", "hello") == 1
        closing.result()

        assert first.size("mail") == 1


def test_a_thread_that_ends_closes_its_connection(shared: Queue) -> None:
    """The fixture that looks for open descriptors would see them; here they are counted."""
    shared.enqueue("mail", "hello")
    with ThreadPoolExecutor(THREADS) as pool:
        start = threading.Barrier(THREADS)
        list(pool.map(lambda _: (start.wait(), shared.size("mail")), range(THREADS)))

    assert session_of(shared._store).connections.open_count == 1


def test_a_handle_of_another_thread_s_transaction_is_no_way_into_it(shared: Queue) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shared.transaction() as transaction:
            with pytest.raises(UsageError, match="the thread that opened it"):
                pool.submit(transaction.enqueue, "mail", "from another thread").result()
            transaction.enqueue("mail", "hello")

        assert shared.size("mail") == 1
