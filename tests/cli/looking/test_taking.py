"""Which topics `smq check` takes to be worked on: what is stored, and what a second look shows."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, SystemClock, TopicSample
from smq_core.cli.taking import ConsumptionSigns, is_taken, moving, signs, taken_lately, watched
from smq_core.testing import ManualClock
from tests.cli.looking.test_health import sent_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Smq


def sample(at: float, processed: int, topic: str = "mail") -> TopicSample:
    return TopicSample(at=at, topic=topic, entered=9, processed=processed, depth=5)


def test_a_topic_moves_when_its_number_of_processed_messages_grows() -> None:
    assert moving([sample(0, 3), sample(0, 3, "post"), sample(10, 4), sample(10, 3, "post")]) == {"mail"}


@pytest.mark.parametrize(
    ("after", "taken"),
    [
        (ConsumptionSigns(), False),
        (ConsumptionSigns(leases=1), True),
        (ConsumptionSigns(processed=1), True),
        (ConsumptionSigns(dead=1), True),
        (ConsumptionSigns(postponed=1), True),
        (ConsumptionSigns(postponed=-1), False),
        (ConsumptionSigns(deliveries={1: 4}), True),
        (ConsumptionSigns(deliveries={1: 3}), False),
        (ConsumptionSigns(deliveries={2: 1}), False),
    ],
)
def test_each_way_of_taking_a_message_is_a_sign(after: ConsumptionSigns, *, taken: bool) -> None:
    assert is_taken(ConsumptionSigns(deliveries={1: 3}), after) == taken


def test_topics_are_watched_until_a_message_of_each_was_taken() -> None:
    looks = {"a": iter([0, 0, 1]), "b": iter([5, 6])}

    found = watched(lambda topic: ConsumptionSigns(processed=next(looks[topic])), {"a", "b"}, lambda: True)

    assert found == {"a", "b"}
    assert [next(each, None) for each in looks.values()] == [None, None]


def test_a_last_look_follows_the_last_wait() -> None:
    looks = iter([0, 1])
    assert watched(lambda _: ConsumptionSigns(processed=next(looks)), {"mail"}, lambda: False) == {"mail"}
    assert watched(lambda _: ConsumptionSigns(), {"mail"}, lambda: False) == set()
    assert watched(lambda _: ConsumptionSigns(), set(), lambda: True) == set()


def finish(queue: Queue) -> None:
    queue.ack_many(queue.dequeue("mail"))


def fail(queue: Queue) -> None:
    for message in queue.dequeue("mail"):
        queue.requeue(message, error="boom", delay=0)


def fail_for_good(queue: Queue) -> None:
    for message in queue.dequeue("mail"):
        queue.bury(message, error="boom")


def retry_later(queue: Queue) -> None:
    for message in queue.dequeue("mail"):
        queue.requeue(message, error="boom", delay=60)


def release(queue: Queue) -> None:
    for message in queue.dequeue("mail"):
        queue.release(message)


WAYS = (finish, fail, fail_for_good, retry_later, release)


@contextmanager
def consumer(location: str, way: Callable[[Queue], None]) -> Iterator[None]:
    """Take message after message in a thread, each ended at once, until the block ends."""
    ending = threading.Event()

    def work() -> None:
        with Queue(location, worker="consumer") as queue:
            while not ending.wait(0.001):
                way(queue)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@pytest.mark.parametrize("way", WAYS)
def test_a_consumer_that_ends_each_message_at_once_is_seen(
    smq: Smq, location: str, way: Callable[[Queue], None]
) -> None:
    clock = ManualClock(SystemClock().now_ms() - 40_000)
    with Queue(location, clock=clock, durability="normal") as queue:
        queue.enqueue_many("mail", ["x"] * 20_000)

    with consumer(location, way):
        # ends as soon as a message was taken; a minute is for a machine that is busy
        code, out, _ = smq("check", "--watch", "1m", "--max-dead", "1000000")

    assert (code, out[:3]) == (0, "ok:")


def test_a_topic_that_a_watch_finds_untouched_is_reported(smq: Smq, location: str) -> None:
    sent_before(location, 40)
    code, out, _ = smq("check", "--watch", "1ms")
    assert (code, out.startswith("mail: 1 ready, but none has been leased for 4")) == (1, True)


def test_sending_more_is_not_taken_for_taking(location: str) -> None:
    with Queue(location) as queue, Inspector(location) as view:
        queue.enqueue("mail", "x")
        before = signs(view, "mail")
        queue.enqueue_many("mail", ["a", "b"])
        queue.enqueue("mail", "later", delay=60)
        assert not is_taken(before, signs(view, "mail"))


def test_what_is_stored_proves_that_a_message_was_taken_lately(location: str, clock: ManualClock) -> None:
    with Queue(location, clock=clock) as queue, Inspector(location, clock=clock) as view:

        def taken() -> set[str]:
            return taken_lately(view, view.topics(), clock.now_ms() / 1000)

        view.set_policy("mail", keep=3_600)
        queue.enqueue_many("mail", ["a", "b", "c", "d"])
        assert taken() == set()
        (message,) = queue.dequeue("mail")
        assert taken() == {"mail"}, "a live lease"
        clock.advance(message.locked_until - clock.now_ms() / 1000 + 1)
        assert taken() == set(), "an expired one"
        finish(queue)
        clock.advance(30)
        assert taken() == {"mail"}, "a finished message"
        clock.advance(1)
        assert taken() == set(), "which is too old"
        fail_for_good(queue)
        assert taken() == {"mail"}, "a dead letter"
        clock.advance(31)
        view.bury([3])
        assert taken() == set(), "buried by hand, never taken"
