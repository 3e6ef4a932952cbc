"""The SQL contract: a plain INSERT by any SQLite, in its own program's transaction, is a complete enqueue.

The writers are other processes, as two SQLite libraries on one file in one process undo each other's locks.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.concurrency.children import child

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WRITER = """
    import json, sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
    try:
        for sql, values in json.loads(sys.argv[2]):
            bound = [bytes.fromhex(one["hex"]) if isinstance(one, dict) else one for one in values]
            connection.execute(sql, bound)
        print("done")
    except sqlite3.Error as error:
        print(error)
    connection.close()
"""
PLAIN = "INSERT INTO smq_messages(topic, payload) VALUES (?, ?)"


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    """Give a queue with the clock of the machine, as the writers have it."""
    with Queue(location) as opened:
        opened.size("mail")
        yield opened


def write(queue: Queue, *statements: tuple[str, Sequence[object]]) -> str:
    """Run statements through Python's own sqlite3 in another process; answers `done`, or its error."""
    with child(WRITER, queue.location, json.dumps(statements)) as writer:
        return " ".join(writer.rest())


def insert(queue: Queue, **columns: object) -> str:
    """Insert a message by its columns."""
    values = {"topic": "mail", "payload": "hello"} | columns
    marks = ", ".join("?" for _ in values)
    sql = f"INSERT INTO smq_messages({', '.join(values)}) VALUES ({marks})"  # noqa: S608 - names of columns
    return write(queue, (sql, list(values.values())))


def test_topic_and_payload_are_a_complete_message(queue: Queue) -> None:
    assert insert(queue) == "done"

    (lease,) = queue.dequeue("mail")
    message = lease.message
    assert (message.payload, message.kind, message.priority, message.attempts) == ("hello", "text", 0, 1)
    assert message.created_at == message.available_at == pytest.approx(lease.locked_until - 60, abs=60)


def test_every_optional_column_is_taken(queue: Queue) -> None:
    insert(queue, priority=7, headers='{"trace":"1","retries":2}', dedup_key="k", max_attempts=3)

    (lease,) = queue.dequeue("mail")
    message = lease.message
    assert (message.priority, message.key, message.max_attempts) == (7, "k", 3)
    assert message.headers == {"trace": "1", "retries": "2"}


@pytest.mark.parametrize(
    ("stored", "payload", "kind"),
    [
        ('{"a": 1}', {"a": 1}, "json"),
        ("[1, 2]", [1, 2], "json"),
        ("12", 12, "json"),
        ("null", None, "json"),
        ("plain text", "plain text", "text"),
        ("{broken", "{broken", "text"),
        ("", "", "text"),
        ({"hex": "00ff"}, b"\x00\xff", "bytes"),
    ],
)
def test_a_payload_is_json_if_it_parses_else_as_it_stands(
    queue: Queue, stored: object, payload: object, kind: str
) -> None:
    insert(queue, payload=stored)

    (lease,) = queue.dequeue("mail")
    assert (lease.message.payload, lease.message.kind) == (payload, kind)


def test_counters_are_true(queue: Queue) -> None:
    write(queue, *[(PLAIN, ["mail", "x"])] * 3, ("DELETE FROM smq_messages WHERE id = ?", [1]))

    with Inspector(queue.location) as inspector:
        stats = inspector.topic("mail")
    assert (stats.ready, stats.entered, stats.gone, queue.size("mail")) == (2, 3, 1, 2)


def test_a_change_of_state_by_hand_is_counted(queue: Queue) -> None:
    insert(queue)
    write(queue, ("UPDATE smq_messages SET status = 'dead', finished_at = 1 WHERE id = ?", [1]))

    with Inspector(queue.location) as inspector:
        assert (inspector.topic("mail").ready, inspector.topic("mail").dead) == (0, 1)


def test_an_insert_rolls_back_with_its_writer_s_transaction(queue: Queue) -> None:
    write(queue, ("BEGIN", []), (PLAIN, ["mail", "x"]), ("ROLLBACK", []))

    assert queue.size("mail") == 0


def test_an_insert_commits_with_its_writer_s_own_rows(queue: Queue) -> None:
    orders = "CREATE TABLE orders(id INTEGER PRIMARY KEY)"
    write(
        queue,
        (orders, []),
        ("BEGIN", []),
        ("INSERT INTO orders VALUES (7)", []),
        (PLAIN, ["mail", "7"]),
        ("COMMIT", []),
    )

    with queue.transaction() as transaction:
        assert transaction.execute("SELECT id FROM orders") == [(7,)]
    assert queue.dequeue("mail")[0].message.payload == 7


def test_a_later_time_delays_the_message(queue: Queue) -> None:
    insert(queue, available_at=2**47)
    insert(queue, available_at=10**12)

    with Inspector(queue.location) as inspector:
        assert [message.state for message in inspector.browse("mail")] == ["delayed", "ready"]
    assert [lease.message.id for lease in queue.dequeue("mail", limit=9)] == [2]


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
def test_a_delayed_message_of_a_new_topic_is_counted(queue: Queue, verb: str) -> None:
    sql = f"{verb} INTO smq_messages(topic, payload, available_at) VALUES (?, ?, ?)"
    write(queue, *[(sql, ["new", "x", 2**47])] * 2)

    with Inspector(queue.location) as inspector:
        stats = inspector.topic("new")
    assert (stats.entered, stats.delayed, stats.ready) == (2, 2, 0)


def test_a_held_key_is_refused_by_its_index_and_can_be_ignored(queue: Queue) -> None:
    insert(queue, dedup_key="k")
    ignoring = "INSERT OR IGNORE INTO smq_messages(topic, payload, dedup_key) VALUES (?, ?, ?)"

    assert "UNIQUE" in insert(queue, dedup_key="k")
    assert write(queue, (ignoring, ["mail", "x", "k"])) == "done"
    assert queue.size("mail") == 1


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"topic": ""}, "a topic has 1 to 200 bytes"),
        ({"topic": "x" * 201}, "a topic has 1 to 200 bytes"),
        ({"topic": "é" * 101}, "a topic has 1 to 200 bytes"),
        ({"topic": " mail"}, "a topic is printable text"),
        ({"topic": "mail "}, "a topic is printable text"),
        ({"topic": "a\nb"}, "a topic is printable text"),
        ({"topic": "a\x7fb"}, "a topic is printable text"),
        ({"topic": "a\x00b"}, "a topic is printable text"),
        ({"topic": "\x9b31m"}, "a topic is printable text"),
        ({"topic": "a\xa0"}, "a topic is printable text"),
        ({"topic": "a\u200bb"}, "a topic is printable text"),
        ({"topic": "a\u202eb"}, "a topic is printable text"),
        ({"topic": "a\u2028b"}, "a topic is printable text"),
        ({"topic": "a\ue000b"}, "a topic is printable text"),
        ({"topic": "a\U000e0041b"}, "a topic is printable text"),
        ({"topic": "a=b"}, "a topic is printable text"),
        ({"topic": "a*"}, "a topic is printable text"),
        ({"topic": "a,b"}, "a topic is printable text"),
        ({"headers": "no json"}, "headers are a JSON object"),
        ({"headers": "[1]"}, "headers are a JSON object"),
        ({"headers": json.dumps({"a": "x" * 17_000})}, "headers have at most"),
        ({"dedup_key": ""}, "a dedup_key has 1 to 512 bytes"),
        ({"dedup_key": "k" * 513}, "a dedup_key has 1 to 512 bytes"),
        ({"status": "dead"}, "and nothing else"),
        ({"attempts": 1}, "and nothing else"),
        ({"receipt": 1}, "and nothing else"),
        ({"deliveries": 1}, "and nothing else"),
        ({"crashes": 1}, "and nothing else"),
        ({"output": "x"}, "and nothing else"),
        ({"is_suspect": 1}, "and nothing else"),
        ({"operation": 1}, "and nothing else"),
        ({"worker": "w"}, "and nothing else"),
        ({"finished_at": 1}, "and nothing else"),
        ({"last_error": "e"}, "and nothing else"),
        ({"error_kind": "e"}, "and nothing else"),
        ({"created_at": 2**62}, "and nothing else"),
        ({"created_at": 1_700_000_000}, "and nothing else"),
        ({"available_at": 1_700_000_000}, "milliseconds since the epoch, not in seconds"),
        ({"available_at": 2**62}, "after the year 9999"),
        ({"max_attempts": 1_000_001}, "max_attempts"),
        ({"priority": 101}, "priority"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"payload": None}, "payload"),
        ({"kind": "nonsense"}, "kind"),
    ],
)
def test_what_a_message_cannot_have_is_refused_with_words(
    queue: Queue, columns: dict[str, object], words: str
) -> None:
    assert words in insert(queue, **columns)
    assert queue.size("mail") == 0


@pytest.mark.parametrize("raw", ["ff", "41ff", "a1", "c341", "e38241", "eda080", "c1a1", "f8888080"])
def test_a_topic_that_is_no_utf_8_is_refused_whoever_writes_it(queue: Queue, raw: str) -> None:
    insert(queue)
    adding = f"INSERT INTO smq_messages(topic, payload) VALUES (CAST(x'{raw}' AS TEXT), 'x')"  # noqa: S608 - a test's bytes
    moving = f"UPDATE smq_messages SET topic = CAST(x'{raw}' AS TEXT)"  # noqa: S608 - a test's bytes

    assert "a topic is" in write(queue, (adding, []))
    assert "a topic is" in write(queue, (moving, []))
    assert queue.size("mail") == 1


@pytest.mark.parametrize("topic", ["a b", "bücher", "本", "\U0001f4e8", "\ufffd", "-", "[x]", "a-z^"])
def test_what_a_dequeue_can_name_is_taken(queue: Queue, topic: str) -> None:
    assert insert(queue, topic=topic) == "done"
    assert len(queue.dequeue(topic)) == 1


def test_a_topic_is_never_refused_that_can_be_printed(tmp_path: Path) -> None:
    """SQL names what is refused by ranges, Python by its tables: the first is a part of the second."""
    printable = [chr(one) for one in range(1, 0x110000) if chr(one).isprintable() and chr(one) not in " =*,"]
    with Queue(tmp_path / "queue.sqlite3") as queue, queue.transaction() as transaction:
        for start in range(0, len(printable), 45):
            transaction.enqueue("".join(printable[start : start + 45]), "x")


def test_a_payload_over_the_limit_is_refused_with_words(queue: Queue) -> None:
    statement = "INSERT INTO smq_messages(topic, payload) VALUES (?, zeroblob(?))"

    assert "a payload has at most" in write(queue, (statement, ["mail", 16 * 1024 * 1024 + 1]))
    assert write(queue, (statement, ["mail", 16 * 1024 * 1024])) == "done"


def test_an_insert_wakes_a_waiting_dequeue(queue: Queue) -> None:
    waiter = """
        import sys
        from smq_core import Queue
        with Queue(sys.argv[1]) as queue:
            queue.dequeue("mail")
            print("waiting", flush=True)
            print(*(lease.message.payload for lease in queue.dequeue("mail", wait=50)))
    """
    with child(waiter, queue.location) as waiting:
        assert waiting.line() == "waiting"
        insert(queue)

        assert waiting.rest() == ["hello"]


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 command is not installed")
def test_the_sqlite3_command_enqueues(queue: Queue) -> None:
    statement = "INSERT INTO smq_messages(topic, payload) VALUES ('mail', '{\"a\": 1}');"
    done = subprocess.run(
        ["sqlite3", queue.location, statement],  # noqa: S607 - whichever is installed
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert queue.dequeue("mail")[0].message.payload == {"a": 1}


def test_a_payload_that_somebody_broke_by_hand_goes_to_the_dead_letters(queue: Queue) -> None:
    """It must not block its topic."""
    queue.enqueue("mail", {"a": 1})
    good = queue.enqueue("mail", {"b": 2})
    write(queue, ("UPDATE smq_messages SET payload = 'broken' WHERE id = ?", [1]))

    assert [lease.message.id for lease in queue.dequeue("mail")] == [good]
    with Inspector(queue.location) as inspector:
        assert inspector.get(1).state == "dead"
        assert inspector.get(1).payload == "broken"
