"""Several processes on one file: nothing is leased twice, nothing is lost, whoever waits is woken."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, SystemClock
from tests.concurrency.children import Child, child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.matrix import Fault

CONSUMER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue:
        queue.size("mail")
        print("ready", flush=True)
        input()
        leases = []
        while leases := queue.dequeue("mail", limit=3, ack=leases):
            print(*(lease.message.id for lease in leases))
"""
PRODUCER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue:
        print("ready", flush=True)
        input()
        for number in range(int(sys.argv[2])):
            print(queue.enqueue("mail", number, key=sys.argv[3] if len(sys.argv) > 3 else None), flush=True)
"""
WAITER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue:
        queue.dequeue("mail")
        print("waiting", flush=True)
        print(*(lease.message.id for lease in queue.dequeue("mail", wait=50)))
"""


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    """Give a queue with the clock of the machine."""
    with Queue(location) as opened:
        yield opened


def start(script: str, *arguments: str) -> Child:
    """Start a process and wait until it stands before its work."""
    made = Child(script, *arguments)
    assert made.line() == "ready"
    return made


def together(*children: Child) -> list[list[str]]:
    """Let processes go at once; answer the lines of each."""
    for one in children:
        one.go()
    return [one.rest() for one in children]


def test_two_processes_that_lease_from_one_topic_share_its_messages(queue: Queue) -> None:
    sent = queue.enqueue_many("mail", ["x"] * 400)
    taken = together(*(start(CONSUMER, queue.location) for _ in range(2)))

    assert sorted(int(one) for ids in taken for one in ids) == sent
    assert queue.size("mail") == 0


def test_producers_and_consumers_at_once_lose_and_double_nothing(queue: Queue) -> None:
    producers = [start(PRODUCER, queue.location, "60") for _ in range(3)]
    consumers = [start(CONSUMER, queue.location) for _ in range(2)]
    *sent, first, second = together(*producers, *consumers)
    with Inspector(queue.location) as inspector:
        left = [message.id for message in inspector.browse("mail", limit=1_000)]

    ids = sorted(int(one) for ids in sent for one in ids)
    assert ids == sorted([*map(int, first), *map(int, second), *left])
    assert len(set(ids)) == 180


def test_a_race_for_a_key_has_one_winner(queue: Queue) -> None:
    answers = together(*(start(PRODUCER, queue.location, "20", "k") for _ in range(3)))

    assert {one for ids in answers for one in ids} == {"1"}
    assert queue.size("mail") == 1


@pytest.mark.fault(
    row="producers and consumers killed at random",
    part="environment",
    promise="no message whose id was returned is lost, no acked message returns, and no process waits for a "
    "dead one",
    how="one of four processes under load receives SIGKILL after a random number of calls, and is then "
    "replaced",
)
def test_every_id_that_was_returned_before_a_kill_is_there(queue: Queue, fault: Fault) -> None:
    with child(PRODUCER, queue.location, "100000") as producer:
        assert producer.line() == "ready"
        producer.go()
        returned = [int(producer.line()) for _ in range(25)]
        producer.process.send_signal(signal.SIGKILL)
        producer.process.wait()
        assert producer.process.stdout is not None
        returned += [int(line) for line in producer.process.stdout if line.endswith("\n")]
    with Inspector(queue.location) as inspector:
        there = {message.id for message in inspector.browse("mail", limit=100_000)}

    assert set(returned) <= there
    fault.struck()
    fault.ran()


WAKERS: dict[str, Callable[[Queue, Inspector], object]] = {
    "a message": lambda queue, _: queue.enqueue("mail", "hello"),
    "a batch in a caller's transaction": lambda queue, _: in_transaction(queue),
    "an operator's requeue": lambda _, inspector: inspector.requeue([1]),
    "a resumed topic": lambda _, inspector: inspector.resume("mail"),
}


@pytest.mark.parametrize("what", sorted(WAKERS))
def test_a_waiting_dequeue_of_another_process_is_woken(queue: Queue, what: str) -> None:
    with Inspector(queue.location) as inspector:
        prepare(what, queue, inspector)
        with child(WAITER, queue.location) as waiter:
            assert waiter.line() == "waiting"
            WAKERS[what](queue, inspector)

            assert waiter.rest() == ["1"]


def prepare(what: str, queue: Queue, inspector: Inspector) -> None:
    """Have a dead letter, or a message in a paused topic, where that is what wakes."""
    if what == "an operator's requeue":
        queue.enqueue("mail", "hello")
        queue.bury(queue.dequeue("mail")[0])
    if what == "a resumed topic":
        queue.enqueue("mail", "hello")
        inspector.pause("mail")


def in_transaction(queue: Queue) -> None:
    """Send a message in a transaction."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "hello")


def test_time_wakes_a_waiting_dequeue(queue: Queue) -> None:
    """A delay, the end of a lease, and the end of a pause are timers, not reasons to look now and then."""
    queue.enqueue("mail", "for later", delay=0.05)
    (delayed,) = queue.dequeue("mail", wait=50, visibility_timeout=0.05)
    (expired,) = queue.dequeue("mail", wait=50)
    queue.release(expired)
    with Inspector(queue.location) as inspector:
        inspector.pause("mail", until=SystemClock().now_ms() / 1000 + 0.1)
    (after_pause,) = queue.dequeue("mail", wait=50)

    assert delayed.message.id == expired.message.id == after_pause.message.id == 1


def test_a_dequeue_that_nothing_wakes_ends_by_itself(queue: Queue) -> None:
    assert queue.dequeue("mail", wait=0.05) == []
