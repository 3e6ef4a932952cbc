from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import StoreUnavailable
from smq_core.legacy.ancestor_values import WORDS
from smq_core.states import State
from smq_core.store.sqlite.database import identify, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind
from tests.sqlite.database.ancestor_file import NOW_MS, TABLE, fill, take_one, take_over

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.sqlite3"


@pytest.mark.parametrize("name", ["messages", "queue", '"my ""odd"" table; --"', "smq_messages"])
def test_the_table_is_recognised_whatever_it_is_called(path: Path, name: str) -> None:
    fill(path, [{}, {}], name=name)

    assert identify.look(str(path)).kind is DatabaseKind.ANCESTOR
    assert len(take_over(path)) == 2
    assert identify.look(str(path)).kind is DatabaseKind.QUEUE


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("locked_until REAL", "locked_until REAL, extra TEXT"),
        TABLE.replace(", locked_until REAL", ""),
    ],
)
def test_a_table_with_a_column_more_or_less_is_another_programs(path: Path, table: str) -> None:
    fill(path, [{}], table=table)

    assert identify.look(str(path)).kind is DatabaseKind.FOREIGN


def test_the_case_of_its_columns_does_not_matter(path: Path) -> None:
    fill(path, [{}], table=TABLE.replace("topic TEXT", "Topic TEXT").replace("status TEXT", "STATUS TEXT"))

    assert len(take_over(path)) == 1


def test_a_second_table_makes_it_another_programs(path: Path) -> None:
    fill(path, [{}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name)")

    assert identify.look(str(path)).kind is DatabaseKind.FOREIGN


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
    fill(
        path,
        [{"status": word} for word in words.split()]
        + [{"status": f" {words.split(maxsplit=1)[0].upper()} "}],
    )

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

    assert message.last_error == message.error_kind == "failed in the predecessor's queue"
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
    assert identify.look(str(kept)).kind is DatabaseKind.ANCESTOR
    assert f"2 messages of smq's predecessor were migrated; the original file is in {kept}" in caplog.text
    assert all(name.startswith("smq_") for name in identify.look(str(path)).names)


def test_a_reader_does_not_take_over(path: Path) -> None:
    fill(path, [{}])
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable, match="first run a command that writes"):
        open_database.prepare(str(path), may_create=False, may_write=False, now_ms=NOW_MS)

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
