"""`smq wait` ends when a topic is drained, and not before, whatever its counters say."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.states import State

if TYPE_CHECKING:
    from smq_core.store.records import Selection
    from tests.cli.conftest import Smq

DRAINED = (0, "mail is drained\n", "")
LEFT = (1, "mail still has 1 unfinished message\n", "")


def count_as(location: str, **counters: int) -> None:
    """Write a topic's counters by hand."""
    changes = ", ".join(f"{name} = {number}" for name, number in counters.items())
    with closing(sqlite3.connect(location)) as database, database:
        database.execute(f"UPDATE smq_topics SET {changes} WHERE topic = 'mail'")  # noqa: S608 - names of ours


def test_wait_gives_up_when_its_time_is_over(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("wait", "mail", "--timeout", "1ms") == LEFT


def test_wait_ends_when_the_topic_is_drained(smq: Smq, messages: Queue, location: str) -> None:
    messages.enqueue("mail", "a")

    def drain() -> None:
        with Queue(location) as queue:
            queue.ack(queue.dequeue("mail")[0])

    worker = threading.Thread(target=drain)
    worker.start()
    assert smq("wait", "mail", "--timeout", "60s") == DRAINED
    worker.join()


@pytest.mark.parametrize("state", ["ready", "delayed", "processing"])
@pytest.mark.parametrize(
    "counters", [{"gone": 1}, {"gone": 500}, {"entered": 0}, {"dead": 1}, {"delayed": 0}], ids=str
)
def test_wait_does_not_end_early_where_the_counters_say_too_little(
    smq: Smq, messages: Queue, location: str, state: str, counters: dict[str, int]
) -> None:
    messages.enqueue("mail", "a", delay=3_600.0 if state == "delayed" else 0.0)
    if state == "processing":
        messages.dequeue("mail", visibility_timeout=3_600.0)
    count_as(location, **counters)

    assert smq("wait", "mail", "--timeout", "1ms") == LEFT


@pytest.mark.parametrize("counters", [{"entered": 9}, {"gone": -3}, {"delayed": -1}], ids=str)
def test_wait_does_not_hang_where_the_counters_say_too_much(
    smq: Smq, messages: Queue, location: str, counters: dict[str, int]
) -> None:
    messages.enqueue("mail", "a")
    messages.ack(messages.dequeue("mail")[0])
    count_as(location, **counters)

    assert smq("wait", "mail") == DRAINED


def test_wait_does_not_end_while_the_topic_has_no_counters_at_all(
    smq: Smq, messages: Queue, location: str
) -> None:
    messages.enqueue("mail", "a")
    with closing(sqlite3.connect(location)) as database, database:
        database.execute("DELETE FROM smq_topics")

    told = smq("wait", "mail", "--timeout", "1ms")

    assert told[:2] == LEFT[:2]


def test_a_message_that_changes_its_state_between_two_looks_is_not_missed(
    smq: Smq, messages: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages.enqueue("mail", "a")
    count = Inspector.count
    moves = [True]

    def moved_before(view: Inspector, selection: Selection, *, limit: int = 10_000) -> int:
        if selection.state is State.READY and moves and moves.pop():
            messages.requeue(messages.dequeue("mail")[0], delay=3_600.0)
        return count(view, selection, limit=limit)

    monkeypatch.setattr(Inspector, "count", moved_before)

    assert smq("wait", "mail", "--timeout", "1ms") == LEFT
    assert messages.size("mail") == 1


def test_what_is_not_counted_as_unfinished_is_not_waited_for(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    messages.bury(messages.dequeue("mail")[0])
    messages.enqueue("news", "b")

    assert smq("wait", "mail") == DRAINED
