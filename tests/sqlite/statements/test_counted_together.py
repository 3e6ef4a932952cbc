"""Messages that one statement adds are counted by one statement too, and nothing else escapes its counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Inspector, Queue
from smq_core.errors import StoreError
from smq_core.store.sqlite.queue.enqueue import _COUNTED_TOGETHER
from tests.sqlite.database.queue_file import finding

if TYPE_CHECKING:
    from pathlib import Path

AROUND = (_COUNTED_TOGETHER - 1, _COUNTED_TOGETHER, 3 * _COUNTED_TOGETHER)
ANSWERS_EACH = (
    "CREATE TRIGGER answers AFTER INSERT ON smq_messages WHEN new.topic = 'mail' "
    "BEGIN INSERT INTO smq_messages(topic, payload) VALUES ('answers', new.payload); END"
)


def sql(path: Path, statement: str) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute(statement)


def add_and_fail(queue: Queue) -> None:
    with queue.transaction() as transaction:
        transaction.enqueue_many("mail", [str(number) for number in range(_COUNTED_TOGETHER)])
        raise ZeroDivisionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.sqlite3"


@pytest.mark.parametrize("count", AROUND)
def test_each_message_of_a_batch_is_counted_once(path: Path, count: int) -> None:
    with Queue(path) as queue, Inspector(path) as inspector:
        queue.enqueue_many("mail", ["x"] * count)
        queue.enqueue_many("mail", [{"n": n} for n in range(count)], delay=60.0)
        queue.enqueue("mail", "one")
        mail = inspector.topic("mail")

    assert (mail.ready, mail.delayed, mail.entered) == (count + 1, count, 2 * count + 1)
    assert finding(path, "counters").severity == "ok"


def test_a_batch_that_is_taken_back_leaves_the_next_messages_counted(path: Path) -> None:
    batch = ["x"] * _COUNTED_TOGETHER
    with Queue(path) as queue, Inspector(path) as inspector:
        queue.enqueue("mail", "first")
        sql(path, "CREATE UNIQUE INDEX once ON smq_messages(payload)")
        with pytest.raises(StoreError):
            queue.enqueue_many("mail", batch)
        with pytest.raises(ZeroDivisionError):
            add_and_fail(queue)
        queue.enqueue("mail", "last")
        mail = inspector.topic("mail")

    assert (mail.ready, mail.entered) == (2, 2)
    assert finding(path, "counters").severity == "ok"


@pytest.mark.parametrize("count", AROUND)
def test_what_somebody_elses_trigger_adds_is_counted_and_the_ids_are_those_of_the_batch(
    path: Path, count: int
) -> None:
    payloads = [f"letter {number}" for number in range(count)]
    with Queue(path) as queue, Inspector(path) as inspector:
        queue.enqueue("mail", "first")
        sql(path, ANSWERS_EACH)
        ids = queue.enqueue_many("mail", payloads)

        assert [inspector.get(one).payload for one in ids] == payloads
        assert {inspector.get(one).topic for one in ids} == {"mail"}
        assert inspector.topic("answers").ready == count
    assert finding(path, "counters").severity == "ok"
