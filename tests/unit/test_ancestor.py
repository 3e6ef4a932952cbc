from __future__ import annotations

import datetime
import json
import logging
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from smq_core.errors import StoreUnavailable
from smq_core.states import State
from smq_core.store.sqlite import opening, recognise
from smq_core.store.sqlite.ancestor_values import WORDS
from smq_core.store.sqlite.recognise import Shape
from smq_core.validation import check_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NOW_MS = 1_700_000_000_000
TABLE = (
    "CREATE TABLE {name} (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload TEXT, created_at REAL,"
    " available_at REAL, status TEXT DEFAULT 'pending', locked_until REAL)"
)
UNTYPED = "CREATE TABLE {name} (id, topic, payload, created_at, available_at, status, locked_until)"


class Taken(NamedTuple):
    """A row of smq_messages."""

    id: int
    topic: str
    status: str
    kind: str
    created_at: int
    available_at: int
    locked_until: int | None
    receipt: int | None
    attempts: int
    deliveries: int
    headers: str | None
    last_error: str | None
    error_kind: str | None
    finished_at: int | None
    payload: str | bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.sqlite3"


@pytest.fixture
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def fill(path: Path, rows: Sequence[Mapping[str, object]], *, table: str = TABLE, name: str = "messages") -> None:
    """Make an ancestor's database; what a row does not say is a pending message of the topic mail."""
    usual = {"topic": "mail", "payload": "x", "created_at": 1.0, "available_at": 1.0, "status": "pending"}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(table.format(name=name))
        for row in rows:
            whole = usual | dict(row)
            marks = ", ".join("?" * len(whole))
            connection.execute(
                f"INSERT INTO {name}({', '.join(whole)}) VALUES ({marks})", list(whole.values())
            )
        connection.commit()


def take_over(path: Path, words: Mapping[str, State] | None = None) -> list[Taken]:
    opening.prepare(str(path), may_create=False, may_write=True, now_ms=NOW_MS, words=words or {})
    return taken(path)


def taken(path: Path) -> list[Taken]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"SELECT {', '.join(Taken._fields)} FROM smq_messages ORDER BY id")
        return [Taken._make(row) for row in rows]


def take_one(path: Path, row: dict[str, object], table: str = UNTYPED) -> Taken:
    fill(path, [{"id": 7} | row], table=table)
    (message,) = take_over(path)
    return message


def headers(message: Taken) -> dict[str, str]:
    found: dict[str, str] = json.loads(message.headers or "{}")
    return found


@pytest.mark.parametrize("name", ["messages", "queue", '"my ""odd"" table; --"', "smq_messages"])
def test_the_table_is_recognised_whatever_it_is_called(path: Path, name: str) -> None:
    fill(path, [{}, {}], name=name)

    assert recognise.look(str(path)).shape is Shape.ANCESTOR
    assert len(take_over(path)) == 2
    assert recognise.look(str(path)).shape is Shape.QUEUE


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("locked_until REAL", "locked_until REAL, extra TEXT"),
        TABLE.replace(", locked_until REAL", ""),
    ],
)
def test_a_table_with_a_column_more_or_less_is_another_programs(path: Path, table: str) -> None:
    fill(path, [{}], table=table)

    assert recognise.look(str(path)).shape is Shape.FOREIGN


def test_a_second_table_makes_it_another_programs(path: Path) -> None:
    fill(path, [{}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name)")

    assert recognise.look(str(path)).shape is Shape.FOREIGN


def test_ids_payloads_and_order_are_kept(path: Path) -> None:
    fill(path, [{"id": 3, "payload": "three"}, {"id": 1, "payload": "one"}, {"id": 900, "payload": "far"}])

    assert [(row.id, row.payload) for row in take_over(path)] == [(1, "one"), (3, "three"), (900, "far")]


def test_an_id_that_was_used_once_is_not_used_again(path: Path) -> None:
    fill(path, [{}, {}, {}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM messages WHERE id = 3")
        connection.commit()

    take_over(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(
            "INSERT INTO smq_messages(topic, payload) VALUES ('a', 'b') RETURNING id"
        ).fetchone() == (4,)


def test_an_empty_ancestor_becomes_an_empty_queue(path: Path) -> None:
    fill(path, [])

    assert take_over(path) == []


@pytest.mark.parametrize(("state", "words"), WORDS.items(), ids=str)
def test_known_words_become_states(path: Path, state: State, words: str) -> None:
    fill(path, [{"status": word} for word in words.split()] + [{"status": f" {words.split()[0].upper()} "}])

    assert {row.status for row in take_over(path)} == {state.value}


def test_a_waiting_message_that_is_not_available_yet_becomes_delayed(path: Path) -> None:
    message = take_one(path, {"available_at": NOW_MS / 1000 + 60})

    assert (message.status, message.available_at) == ("delayed", NOW_MS + 60_000)


@pytest.mark.parametrize("locked_until", [None, 5.0, NOW_MS / 1000 + 900])
def test_processing_comes_back_as_an_expired_lease_that_nobody_holds(
    path: Path, locked_until: float | None
) -> None:
    message = take_one(path, {"status": "processing", "locked_until": locked_until})

    assert message.status == "processing"
    assert message.locked_until is not None
    assert message.locked_until < NOW_MS
    assert message.receipt == -1
    assert (message.attempts, message.deliveries) == (1, 1)


def test_a_failed_message_becomes_a_dead_letter_with_a_reason(path: Path) -> None:
    message = take_one(path, {"status": "failed"})

    assert message.last_error == message.error_kind == "failed in the ancestor's queue"
    assert message.finished_at == NOW_MS


def test_a_finished_message_is_not_given_to_the_janitor(path: Path) -> None:
    assert take_one(path, {"status": "done"}).finished_at is None


def test_an_unknown_word_stops_with_the_words_found_and_how_to_map_them(path: Path) -> None:
    fill(path, [{}, {}, {"status": "paused"}, {"status": None}])
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable) as refused:
        take_over(path)

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    for part in ("'paused' (1)", "'pending' (2)", "'null' (1)", "smq init --map 'paused=STATE'"):
        assert part in str(refused.value) or part.replace("paused", "null") in str(refused.value)


def test_a_mapped_word_becomes_its_state(path: Path) -> None:
    fill(path, [{"status": "Paused"}, {"status": None}])

    rows = take_over(path, {"paused": State.DEAD, "NULL": State.READY})

    assert [row.status for row in rows] == ["dead", "ready"]


def test_a_mapping_wins_over_a_known_word(path: Path) -> None:
    fill(path, [{"status": "error"}])

    assert take_over(path, {"error": State.READY})[0].status == "ready"


MOMENT = datetime.datetime(2023, 7, 1, 12, 30, tzinfo=datetime.UTC)


@pytest.mark.usefixtures("vienna")
@pytest.mark.parametrize(
    "written",
    [
        MOMENT.timestamp(),
        int(MOMENT.timestamp()),
        int(MOMENT.timestamp()) * 1000,
        str(MOMENT.timestamp()),
        "2023-07-01T12:30:00Z",
        "2023-07-01T12:30:00+00:00",
        "2023-07-01T15:30:00.000000+03:00",
        "2023-07-01T14:30:00",
        "2023-07-01 14:30:00",
        " 2023-07-01 14:30 ",
    ],
)
def test_times_are_seconds_or_iso_text_and_naive_ones_are_local(path: Path, written: object) -> None:
    message = take_one(path, {"created_at": written, "available_at": written})

    assert message.created_at == message.available_at == MOMENT.timestamp() * 1000
    assert message.headers is None


@pytest.mark.parametrize("written", ["yesterday", "nan", "1e999", -5.0, float("inf"), b"\x00"])
def test_a_time_that_is_none_gives_way_to_the_other_and_is_kept_in_a_header(
    path: Path, written: object
) -> None:
    message = take_one(path, {"created_at": written, "available_at": 5})

    assert (message.created_at, message.available_at) == (5000, 5000)
    assert "original-created_at" in headers(message)


def test_a_message_without_times_is_available_now(path: Path) -> None:
    message = take_one(path, {"created_at": None, "available_at": None})

    assert (message.status, message.created_at, message.available_at) == ("ready", NOW_MS, NOW_MS)


@pytest.mark.parametrize(
    ("written", "kind", "payload"),
    [
        ('{"a": 1.50}', "json", '{"a": 1.50}'),
        ('"text"', "json", '"text"'),
        ("plain", "text", "plain"),
        ("{broken", "text", "{broken"),
        ("", "text", ""),
        ("NaN", "text", "NaN"),
        (None, "text", ""),
        (b"\x00\xff", "bytes", b"\x00\xff"),
        (b"{}", "bytes", b"{}"),
        (12, "json", "12"),
        (0.1, "json", "0.1"),
        ("ünïcode \U0001f600", "text", "ünïcode \U0001f600"),
        ("[" * 10_000 + "]" * 10_000, "text", "[" * 10_000 + "]" * 10_000),
    ],
)
def test_payloads_keep_what_they_are(path: Path, written: object, kind: str, payload: object) -> None:
    message = take_one(path, {"payload": written})

    assert (message.kind, message.payload) == (kind, payload)


def test_text_that_is_no_valid_text_is_kept_as_bytes(path: Path) -> None:
    fill(path, [{"id": 1}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE messages SET payload = CAST(x'ff00fe' AS TEXT), topic = CAST(x'ff' AS TEXT)"
        )
        connection.commit()

    (message,) = take_over(path)

    assert (message.kind, message.payload) == ("bytes", b"\xff\x00\xfe")
    assert headers(message) == {"original-topic": "\\xff"}
    check_topic(message.topic)


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_database_in_another_encoding_is_read(path: Path, encoding: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute(TABLE.format(name="messages"))
        connection.execute(
            "INSERT INTO messages(topic, payload, created_at) VALUES ('ünï', '{\"ä\": 1}', '2023-07-01T12:30:00Z')"
        )
        connection.commit()

    (message,) = take_over(path)

    assert (message.topic, message.kind, message.payload) == ("ünï", "json", '{"ä": 1}')
    assert message.created_at == MOMENT.timestamp() * 1000


@pytest.mark.parametrize("topic", ["", "a=b", " mail ", "new\nline", "x" * 300, "ü" * 150, "\x1b[31m", "***"])
def test_an_illegal_topic_is_made_legal_and_kept_in_a_header(path: Path, topic: str) -> None:
    message = take_one(path, {"topic": topic})

    assert check_topic(message.topic)
    assert headers(message) == {"original-topic": topic}


def test_a_message_without_topic_goes_to_the_topic_default(path: Path) -> None:
    assert take_one(path, {"topic": None}).topic == "default"


def test_topics_that_would_become_one_are_told_apart(path: Path) -> None:
    fill(path, [{"topic": topic} for topic in ("a=b", "a_b", "a*b", "a=b")])

    rows = take_over(path)

    assert rows[1].topic == "a_b"
    assert len({row.topic for row in rows}) == 3
    assert rows[0].topic == rows[3].topic


def test_ids_that_are_no_numbers_or_doubled_get_new_ones(path: Path) -> None:
    fill(path, [{"id": key, "payload": str(key)} for key in (5, 5, "uuid-1", None, 2)], table=UNTYPED)

    rows = take_over(path)

    assert [row.id for row in rows] == [2, 5, 6, 7, 8]
    assert {headers(row).get("original-id") for row in rows} == {None, "5", "uuid-1", "NULL"}


def test_the_counters_are_true(path: Path) -> None:
    words = ["pending"] * 4 + ["processing"] * 3 + ["done"] * 2 + ["failed"]
    fill(path, [{"status": word} for word in words] + [{"available_at": NOW_MS / 1000 + 60}])

    take_over(path)

    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(
            "SELECT entered, gone, delayed, dead, done, deleted FROM smq_topics"
        ).fetchall()
    assert row == [(11, 0, 1, 1, 2, 0)]


def test_the_old_file_is_backed_up_beside_itself_and_the_old_table_is_gone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(path, [{}, {}])

    with caplog.at_level(logging.WARNING):
        take_over(path)

    kept = path.parent / "old.sqlite3.ancestor-20231114T221320Z.backup"
    assert recognise.look(str(kept)).shape is Shape.ANCESTOR
    assert f"2 messages of smq's ancestor were taken over; the file as it was lies in {kept}" in caplog.text
    assert all(name.startswith("smq_") for name in recognise.look(str(path)).names)


def test_a_reader_does_not_take_over(path: Path) -> None:
    fill(path, [{}])
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable, match="the first command that writes"):
        opening.prepare(str(path), may_create=False, may_write=False, now_ms=NOW_MS)

    assert path.read_bytes() == before


def test_indexes_triggers_and_views_of_the_old_table_do_not_stop_it(path: Path) -> None:
    fill(path, [{}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE INDEX by_status ON messages(status, available_at)")
        connection.execute("CREATE VIEW waiting AS SELECT * FROM messages WHERE status = 'pending'")
        connection.execute("CREATE VIEW broken AS SELECT * FROM nowhere")
        connection.execute(
            "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM messages WHERE id < 0; END"
        )

    assert len(take_over(path)) == 1


def test_a_table_without_rowid_is_taken_over(path: Path) -> None:
    fill(path, [{"id": 1}, {"id": 2}], table=TABLE.replace(" AUTOINCREMENT", "") + " WITHOUT ROWID")

    assert len(take_over(path)) == 2


def test_many_messages_are_taken_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(TABLE.format(name="messages"))
        connection.executemany(
            "INSERT INTO messages(topic, payload, created_at, available_at) VALUES (?, ?, 1, 1)",
            ((f"topic {number % 7}", f'{{"n": {number}}}') for number in range(20_000)),
        )
        connection.commit()

    assert [row.payload for row in take_over(path)] == [f'{{"n": {number}}}' for number in range(20_000)]
