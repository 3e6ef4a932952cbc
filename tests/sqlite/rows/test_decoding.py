"""Rows of any content become records of the types that are promised; a row as it should be stays as it is."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.states import State
from smq_core.store.records import AttemptRow, Escaped, ImportProgress, MessageRow, Sample, WorkerRow
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder, legible

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = ("w", "host", 5, "1", "running", None, 1, 2, "{}")
MESSAGE = (
    *(1, "mail", "ready", "text", 0, 1, 2, None, None, 3, 4, None, None, None, None, None, None, 0, 0),
    *(None, None, 5, "hello"),
)


BAD = {"UTF-8": b"a\xff", "UTF-16le": b"a\x00\xff\xdb", "UTF-16be": b"\x00a\xdb\xff"}
"""An `a`, and what is no character, in each encoding of SQLite."""


@pytest.fixture(params=BAD)
def db(request: pytest.FixtureRequest) -> Iterator[apsw.Connection]:
    """Give a table with text that is what it should be, and text that is not, in each encoding of SQLite."""
    with closing(apsw.Connection(":memory:")) as opened:
        opened.execute(f"PRAGMA encoding = '{request.param}'")
        opened.execute("CREATE TABLE t(id INTEGER, text TEXT, data BLOB)")
        opened.execute(
            "INSERT INTO t VALUES (1, 'gr\u00fcn', x'61ff'), (2, CAST(? AS TEXT), NULL)",
            (BAD[request.param],),
        )
        yield opened


def test_text_that_cannot_be_decoded_keeps_its_bytes(db: apsw.Connection) -> None:
    rows = legible(lambda reading: reading.execute("SELECT id, text, data FROM t ORDER BY id").fetchall())(db)

    assert rows[0] == (1, "gr\u00fcn", b"a\xff")
    (odd,) = [one for one in rows[1] if isinstance(one, Escaped)]
    assert odd.startswith("a\\x")
    raw = db.execute("SELECT CAST(text AS BLOB) FROM t WHERE id = 2").get
    assert odd.raw == raw


def test_order_bindings_and_single_values_are_as_elsewhere(db: apsw.Connection) -> None:
    def work(reading: apsw.Connection) -> list[object]:
        newest = [row[0] for row in reading.execute("SELECT id FROM t ORDER BY id DESC")]
        named = reading.execute("SELECT id, text FROM t WHERE id = :id", {"id": 1}).get
        return [
            newest,
            named,
            reading.execute("SELECT id FROM t WHERE id > ?", (1,)).get,
            reading.execute("SELECT id FROM t WHERE id > ?", (9,)).get,
            reading.execute("SELECT id FROM t ORDER BY id").get,
            reading.execute("WITH one(id) AS (SELECT 1) SELECT id FROM one").fetchone(),
        ]

    assert legible(work)(db) == [[2, 1], (1, "gr\u00fcn"), 2, None, [1, 2], (1,)]


def test_other_statements_run_as_they_are_and_the_connection_is_as_before(db: apsw.Connection) -> None:
    legible(lambda reading: reading.execute("UPDATE t SET text = 'blue' WHERE id = 2"))(db)

    assert db.cursor_factory is apsw.Cursor
    assert db.execute("SELECT text FROM t WHERE id = 2").get == "blue"


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (WorkerRow, WORKER),
        (WorkerRow, (*WORKER[:5], "stop", *WORKER[6:])),
        (MessageRow, MESSAGE),
        (MessageRow, (*MESSAGE[:-1], b"\xff")),
        (MessageRow, (*MESSAGE[:-1], None)),
        (AttemptRow, (1, 2, 3, "requeue", "boom", None)),
        (Sample, (1, "mail", 2, 3, 4)),
        (ImportProgress, (1, "a", None, None, None, *(0,) * 4, "", *(0,) * 4, 5, None)),
    ],
)
def test_a_row_as_it_should_be_stays_as_it_is(kind: type, row: tuple[object, ...]) -> None:
    made: object = RecordDecoder(kind)(row)

    assert [getattr(made, name) for name in _fields(kind)] == list(row)


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (0, b"7", 7),
        (0, "seven", 0),
        (0, None, 0),
        (0, 1e400, 0),
        (0, 2.5, 2),
        (1, b"m\xff", "m\\xff"),
        (1, None, ""),
        (1, 5, "5"),
        (1, Escaped("\\xff"), "\\xff"),
        (7, "soon", 0),
        (7, b"9", 9),
        (8, 5, "5"),
        (-1, 5, "5"),
    ],
)
def test_a_value_of_another_type_becomes_what_comes_nearest(
    place: int, value: object, expected: object
) -> None:
    row: list[object] = list(MESSAGE)
    row[place] = value
    made = RecordDecoder(MessageRow)(row)

    assert made[place] == expected
    assert type(made[place]) is type(expected)
    assert made.status == State.READY


def test_a_payload_keeps_its_bytes(db: apsw.Connection) -> None:
    del db
    body = Escaped.of(b"a\xff")

    made = RecordDecoder(MessageRow)((*MESSAGE[:-1], body))
    assert made.body is body


def _fields(kind: type) -> tuple[str, ...]:
    return tuple(getattr(kind, "_fields", None) or getattr(kind, "__struct_fields__"))  # noqa: B009 - of any kind
