"""What a plain INSERT may say, by every verb of SQLite: NULL is a default, refusals are in words.

On the SQLite of the driver and on the one of this Python: other programs bring their own.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Protocol

import apsw
import pytest

from smq_core.store.sqlite.database import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERBS = ("INSERT", "INSERT OR IGNORE", "INSERT OR ABORT", "INSERT OR FAIL", "INSERT OR ROLLBACK", "REPLACE")
LATER = 200_000_000_000_000


class Database(Protocol):
    """A connection, of whichever library."""

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Run a statement."""
        ...


class _Driver:
    def __init__(self) -> None:
        self._db = apsw.Connection(":memory:")
        migrate.run(self._db, 0)

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        try:
            return list(self._db.execute(sql, values))
        except apsw.Error as error:
            raise Refused(str(error)) from error


class _Python:
    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        for _, script in migrate.scripts():
            self._db.executescript(script)

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Refused(str(error)) from error

    def close(self) -> None:
        self._db.close()


class Refused(Exception):  # noqa: N818 - what happened
    """The library refused a statement; its words."""


@pytest.fixture(params=["driver", "python"])
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "driver":
        yield _Driver()
        return
    made = _Python()
    yield made
    made.close()


def insert(db: Database, verb: str = "INSERT", /, **columns: object) -> None:
    """Insert a message by its columns."""
    values = {"topic": "mail", "payload": "hello"} | columns
    marks = ", ".join("?" for _ in values)
    db.run(f"{verb} INTO smq_messages({', '.join(values)}) VALUES ({marks})", *values.values())


def message(db: Database, columns: str) -> Sequence[object]:
    """Return columns of the only message."""
    (found,) = db.run(f"SELECT {columns} FROM smq_messages")  # noqa: S608 - names of columns
    return found


OTHER = "set topic, payload, priority, available_at"
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"topic": None}, "smq: a topic is text of 1 to 200 bytes"),
    ({"topic": b"mail"}, "smq: a topic is text of 1 to 200 bytes"),
    ({"topic": ""}, "smq: a topic has 1 to 200 bytes"),
    ({"topic": "a,b"}, "smq: a topic is printable text"),
    ({"payload": None}, "smq: a payload is TEXT or a BLOB"),
    ({"priority": 101}, "smq: priority is a whole number from -100 to 100"),
    ({"priority": -101}, "smq: priority is a whole number from -100 to 100"),
    ({"priority": "high"}, "smq: priority is a whole number from -100 to 100"),
    ({"priority": ""}, "smq: priority is a whole number from -100 to 100"),
    ({"priority": 1.5}, "smq: priority is a whole number from -100 to 100"),
    ({"priority": b"1"}, "smq: priority is a whole number from -100 to 100"),
    ({"available_at": "2026-01-01 12:00"}, "smq: available_at is a whole number of milliseconds"),
    ({"available_at": 1_700_000_000_000.5}, "smq: available_at is a whole number of milliseconds"),
    ({"available_at": b"1"}, "smq: available_at is a whole number of milliseconds"),
    ({"available_at": 1_700_000_000}, "not in seconds"),
    ({"available_at": -1}, "not in seconds"),
    ({"available_at": 2**62}, "after the year 9999"),
    ({"headers": "no json"}, "smq: headers are a JSON object"),
    ({"headers": ""}, "smq: headers are a JSON object"),
    ({"headers": "[]"}, "smq: headers are a JSON object"),
    ({"headers": "null"}, "smq: headers are a JSON object"),
    ({"headers": b"{}"}, "smq: headers are a JSON object"),
    ({"headers": '{"a": "' + "x" * 17_000 + '"}'}, "smq: headers have at most 16384 bytes"),
    ({"dedup_key": ""}, "smq: a dedup_key has 1 to 512 bytes of text"),
    ({"dedup_key": b"key"}, "smq: a dedup_key has 1 to 512 bytes of text"),
    ({"dedup_key": "k" * 513}, "smq: a dedup_key has 1 to 512 bytes of text"),
    ({"max_attempts": 0}, "smq: max_attempts is a whole number from 1 to 1000000"),
    ({"max_attempts": 1_000_001}, "smq: max_attempts is a whole number from 1 to 1000000"),
    ({"max_attempts": 1.5}, "smq: max_attempts is a whole number from 1 to 1000000"),
    ({"max_attempts": "many"}, "smq: max_attempts is a whole number from 1 to 1000000"),
    ({"id": 0}, "smq: id is given by the table"),
    ({"id": -1}, "smq: id is given by the table"),
    ({"id": 2**53 + 1}, "smq: id is given by the table"),
    ({"id": 2**63 - 1}, "smq: id is given by the table"),
    ({"kind": "nonsense"}, "smq: kind is found by smq itself"),
    ({"kind": ""}, "smq: kind is found by smq itself"),
    ({"kind": b"json"}, "smq: kind is found by smq itself"),
    ({"created_at": 1_700_000_000}, OTHER),
    ({"created_at": "now"}, OTHER),
    ({"created_at": 1_700_000_000_000.5}, OTHER),
    ({"status": "dead"}, OTHER),
    ({"status": "processing"}, OTHER),
    ({"status": "nonsense"}, OTHER),
    ({"status": ""}, OTHER),
    ({"status": b"ready"}, OTHER),
    ({"attempts": 1}, OTHER),
    ({"attempts": "none"}, OTHER),
    ({"deliveries": -1}, OTHER),
    ({"crashes": 1}, OTHER),
    ({"is_suspect": 1}, OTHER),
    ({"locked_until": 1}, OTHER),
    ({"receipt": 1}, OTHER),
    ({"worker": "me"}, OTHER),
    ({"worker": ""}, OTHER),
    ({"operation": 1}, OTHER),
    ({"finished_at": 1}, OTHER),
    ({"last_error": ""}, OTHER),
    ({"error_kind": "e"}, OTHER),
    ({"output": "x"}, OTHER),
]


@pytest.mark.parametrize(("columns", "words"), REFUSED)
def test_what_a_message_cannot_have_is_refused_in_words_by_every_verb(
    db: Database, columns: dict[str, object], words: str
) -> None:
    """OR IGNORE leaves out, without a word, what a CHECK refuses; it cannot leave out this."""
    for verb in VERBS:
        with pytest.raises(Refused, match=words):
            insert(db, verb, **columns)

    assert db.run("SELECT count(*) FROM smq_messages") == [(0,)]
    assert db.run("SELECT count(*) FROM smq_topics") == [(0,)]
    assert db.run("SELECT count(*) FROM sqlite_sequence WHERE name = 'smq_messages' AND seq > 0") == [(0,)]


def test_one_bad_row_of_many_takes_all_back(db: Database) -> None:
    for verb in VERBS:
        sql = (
            f"{verb} INTO smq_messages(topic, payload, priority) VALUES ('mail', 'a', 0), ('mail', 'b', 101)"
        )
        with pytest.raises(Refused, match="priority"):
            db.run(sql)
    assert db.run("SELECT count(*) FROM smq_messages") == [(0,)]


COLUMNS = (
    "id",
    "status",
    "kind",
    "priority",
    "created_at",
    "available_at",
    "locked_until",
    "receipt",
    "worker",
    "attempts",
    "deliveries",
    "max_attempts",
    "headers",
    "dedup_key",
    "last_error",
    "error_kind",
    "finished_at",
    "crashes",
    "is_suspect",
    "operation",
    "output",
)
"""All but topic and payload."""
SHOWN = ", ".join(one for one in COLUMNS if one not in {"created_at", "available_at"})


@pytest.mark.parametrize("verb", VERBS)
def test_null_is_the_default_of_every_column(db: Database, verb: str) -> None:
    """As models that send all of their columns have it."""
    insert(db, verb)
    expected = message(db, SHOWN)
    for nulls in (*((one,) for one in COLUMNS), COLUMNS):
        db.run("DELETE FROM smq_messages")
        db.run("DELETE FROM sqlite_sequence")
        insert(db, verb, **dict.fromkeys(nulls))

        assert message(db, SHOWN) == expected
        created_at, available_at, is_recent = message(
            db,
            "created_at, available_at, abs(created_at - (julianday('now') - 2440587.5) * 86400000) < 3600000",
        )
        assert (created_at, is_recent) == (available_at, 1)
    assert db.run("SELECT entered - gone, delayed FROM smq_topics") == [(1, 0)]
    assert db.run("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("nulls", [(), ("status",), ("created_at",), COLUMNS[1:5]])
def test_a_delayed_message_is_one_whatever_is_null(db: Database, verb: str, nulls: tuple[str, ...]) -> None:
    insert(db, verb, **(dict.fromkeys(nulls) | {"available_at": LATER}))

    assert message(db, "status, available_at, kind") == ("delayed", LATER, "auto")
    assert db.run("SELECT entered, delayed FROM smq_topics") == [(1, 1)]


@pytest.mark.parametrize("columns", [{}, {"status": None}, dict.fromkeys(COLUMNS)])
def test_a_held_key_is_ignored_where_that_is_asked_for_and_refused_elsewhere(
    db: Database, columns: dict[str, object]
) -> None:
    insert(db, dedup_key="k", payload="first")

    insert(db, "INSERT OR IGNORE", **(columns | {"dedup_key": "k", "payload": "second"}))
    with pytest.raises(Refused, match="UNIQUE"):
        insert(db, **(columns | {"dedup_key": "k", "payload": "third"}))

    assert message(db, "payload, kind") == ("first", "auto")
    assert db.run("SELECT entered - gone FROM smq_topics") == [(1,)]


def test_a_number_is_stored_as_its_text(db: Database) -> None:
    """The column has the type TEXT, by which tools know it."""
    insert(db, payload=12)

    assert message(db, "payload, typeof(payload)") == ("12", "text")


def test_numbers_of_whole_value_are_taken_as_whole(db: Database) -> None:
    insert(db, priority="7", available_at=float(LATER), max_attempts="3")

    assert message(db, "priority, available_at, max_attempts") == (7, LATER, 3)


WRONG_BY_HAND = [
    *(
        (column, value)
        for column in ("attempts", "deliveries", "crashes")
        for value in (None, -1, 1.5, "x", b"1")
    ),
    *(
        (column, value)
        for column in ("priority", "created_at", "available_at")
        for value in (None, 1.5, "x", b"1")
    ),
    *(
        (column, value)
        for column in ("receipt", "max_attempts", "finished_at", "operation", "locked_until")
        for value in (1.5, "x", b"1", 1e300)
    ),
    *((column, b"x") for column in ("worker", "headers", "dedup_key", "last_error", "error_kind", "output")),
    *(("is_suspect", value) for value in (None, 2, 0.5, "x")),
    *(("status", value) for value in (None, "x", b"ready", "processing")),
    *(("kind", value) for value in (None, "x", b"json")),
    *(("topic", value) for value in (None, b"mail", "a,b")),
    ("payload", None),
    ("max_attempts", 0),
    ("priority", 101),
    ("id", 0),
    ("id", 2**53 + 1),
]


@pytest.mark.parametrize(("column", "value"), WRONG_BY_HAND)
@pytest.mark.parametrize("kind", ["auto", "json"])
def test_no_update_by_hand_stores_what_no_message_can_have(
    db: Database, kind: str, column: str, value: object
) -> None:
    """As strict as a STRICT table, for the messages of other programs as for smq's own."""
    insert(db, payload="1")
    db.run("UPDATE smq_messages SET kind = ?", kind)
    before = message(db, "*")

    with pytest.raises(Refused):
        db.run(f"UPDATE smq_messages SET {column} = ?", value)  # noqa: S608 - the name of a column

    assert message(db, "*") == before


def test_a_kind_cannot_be_taken_away_unseen(db: Database) -> None:
    """Without one no CHECK would hold."""
    insert(db)
    for verb in ("UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE"):
        with pytest.raises(Refused, match="smq: kind is json, text, bytes or auto"):
            db.run(f"{verb} smq_messages SET kind = NULL, priority = 1000")


def test_a_unique_index_of_somebody_else_can_be_ignored_too(db: Database) -> None:
    db.run("CREATE UNIQUE INDEX mine ON smq_messages(priority) WHERE priority IS NOT NULL")
    insert(db, priority=0)
    insert(db, "INSERT OR IGNORE", priority=None)

    assert db.run("SELECT count(*), count(kind) FROM smq_messages") == [(1, 1)]
    assert db.run("SELECT entered - gone FROM smq_topics") == [(1,)]
