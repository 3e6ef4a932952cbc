"""The other statements, run alone: what they answer is about what was asked for."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import (
    ABSURD,
    ALL,
    DEAD,
    EXPIRED,
    HORIZON,
    LEASED,
    NOW,
    POST,
    READY,
    Table,
)

IMPORTS = """
    INSERT INTO smq_imports(id, source, name, device, inode, started_at, bytes_taken) VALUES
      (1, 'a', 'one', 1, 1, 0, 10), (2, 'b', 'two', 1, 2, 0, 10), (3, 'c', 'one', 2, 2, 0, 10);
"""
WORKERS = f"""
    INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at) VALUES
      ('w1', 'h', 1, '', 'running', 1, {NOW - 9}), ('w2', 'h', 2, '', 'running', 2, {NOW});
"""
SAMPLES = """
    INSERT INTO smq_samples(step_ms, at, topic, entered, finished, depth) VALUES
      (1, 10, 'mail', 1, 1, 1), (1, 20, 'mail', 2, 2, 2), (1, 20, 'post', 3, 3, 3), (5, 10, 'mail', 4, 4, 4);
"""
IMPORT: dict[str, object] = {
    "source": "d",
    "bytes_taken": 1,
    "lines_taken": 1,
    "content_hash": "",
    "taken": 1,
    "rejected": 0,
    "rejects_length": 0,
    "reasons_length": 0,
    "started_at": 0,
}


@pytest.fixture
def table() -> Table:
    """Give the table, with imports, workers and samples."""
    made = Table()
    made.db.execute(IMPORTS + WORKERS + SAMPLES)
    return made


@pytest.mark.parametrize(
    ("newest_known", "name", "device", "inode", "began"),
    [
        (0, "new", 9, 9, True),
        (0, "one", 9, 9, False),
        (0, None, 1, 2, False),
        (0, None, 1, 9, True),
        (0, None, 9, 2, True),
        (2, None, 1, 2, True),
        (3, "one", 2, 2, True),
    ],
)
def test_an_import_begins_unless_one_of_its_name_or_file_began_meanwhile(
    table: Table, newest_known: int, name: str | None, device: int, inode: int, *, began: bool
) -> None:
    values = {**IMPORT, "newest_known": newest_known, "name": name, "device": device, "inode": inode}

    assert table.touched("begin_import", "smq_imports", **values) == ({4} if began else set())


@pytest.mark.parametrize(
    ("record", "bytes_before", "expected"), [(2, 10, {2}), (2, 9, set()), (9, 10, set())]
)
def test_an_import_goes_on_from_where_it_was(
    table: Table, record: int, bytes_before: int, expected: set[int]
) -> None:
    values = {**IMPORT, "id": record, "bytes_before": bytes_before}

    assert table.touched("continue_import", "smq_imports", **values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [3, 2, 1]),
        ({"name": "one"}, [3, 1]),
        ({"device": 1}, [2, 1]),
        ({"inode": 2}, [3, 2]),
        ({"name": "one", "device": 1, "inode": 1}, [1]),
    ],
)
def test_imports_are_found_by_all_that_is_given(
    table: Table, values: dict[str, object], expected: list[int]
) -> None:
    assert [row[0] for row in table.answer("find_imports", **values)] == expected


@pytest.mark.parametrize(
    ("name", "where", "values", "expected"),
    [
        ("write_command", "smq_workers", {"id": "w1", "command": "stop"}, {"w1"}),
        ("delete_worker", "smq_workers", {"id": "w1"}, {"w1"}),
        ("drop_samples", "smq_samples", {"step_ms": 1, "before": 20}, {(1, 10, "mail")}),
        ("delete_policy", "smq_policies", {"topic": "mail"}, {"mail"}),
        ("delete_pause", "smq_pauses", {"topic": "mail"}, {"mail"}),
        ("doors_set_schema_version", "smq_schema", {"version": 9}, {2, 9}),
    ],
)
def test_what_is_written_is_the_row_that_was_named(
    table: Table, name: str, where: str, values: dict[str, object], expected: set[object]
) -> None:
    assert table.touched(name, where, **values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("read_command", {"id": "w2"}, [None]),
        ("read_samples", {"step_ms": 1, "since": 20}, [20, 20]),
        ("read_samples", {"step_ms": 1, "since": 0, "topic": "mail"}, [10, 20]),
        ("read_samples", {"step_ms": 5, "since": 0, "topic": "mail"}, [10]),
        ("read_policy", {"topic": "post"}, [9]),
        ("read_pause", {"topic": "post"}, [""]),
        ("size", {"topic": "post"}, [len(ALL) - 3]),
        ("processing_counts", {}, ["mail", "post"]),
        ("message_row", {"id": DEAD}, [DEAD]),
        ("message_rows", {"ids": [DEAD, READY], "preview": 1}, [READY, DEAD]),
        ("error_kinds", {"topic": "post", "limit": 9}, ["post"]),
        ("error_kinds", {"topic": "mail", "limit": 9}, ["mail"]),
        ("error_kinds", {"limit": 9}, ["mail", "post"]),
        ("doctor_lost_daemons", {"silent_since": NOW}, ["w1"]),
        ("doctor_counters", {}, []),
        ("paused_topics", {}, []),
    ],
)
def test_what_is_asked_is_answered_of_that_alone(
    table: Table, name: str, values: dict[str, object], expected: list[object]
) -> None:
    assert table.ids(name, **values) == expected


@pytest.mark.parametrize("state", ["delayed", "dead", "done", "deleted", "ready"])
def test_topics_are_listed_that_have_a_state(table: Table, state: str) -> None:
    table.db.execute("INSERT INTO smq_topics(topic) VALUES ('void')")

    assert table.ids("topics_with", state=state) == ["mail", "post"]


def test_the_attempts_of_a_message_are_its_own(table: Table) -> None:
    table.answer("record_expired", now=NOW, horizon=HORIZON, limit=9, bytes=99, error="x")

    assert table.ids("attempts_of", id=EXPIRED) == [EXPIRED]


def test_a_pause_of_a_topic_without_messages_is_listed_apart(table: Table) -> None:
    table.db.execute(
        "INSERT INTO smq_pauses(topic, reason, paused_by, paused_at) VALUES ('new', '', 'ann', 1)"
    )

    assert table.ids("paused_topics") == ["new"]


def test_a_key_is_held_by_the_unfinished_message_of_its_topic(table: Table) -> None:
    table.db.execute("UPDATE smq_messages SET dedup_key = 'k' WHERE id IN (?, ?)", (DEAD, READY + POST))
    assert table.ids("find_by_key", topic="post", key="k") == [READY + POST]
    assert table.ids("find_by_key", topic="post", key="l") == []

    assert table.ids("find_by_key", topic="mail", key="k") == []


def test_what_a_lost_worker_holds_is_counted_alone(table: Table) -> None:
    table.db.execute("UPDATE smq_messages SET worker = 'w1' WHERE id = ?", (DEAD,))

    assert table.answer("doctor_lost_daemons", silent_since=NOW)[0][4] == len([LEASED, LEASED + POST])


def test_leases_are_counted_with_those_past_their_time(table: Table) -> None:
    assert table.answer("doctor_leases", now=NOW) == [(6, 2)]
    assert table.answer("doctor_clock", future=NOW, horizon=HORIZON) == [(0, 2)]
    assert table.answer("doctor_clock", future=NOW - 1, horizon=HORIZON + 1) == [(2 * len(ALL), 0)]


@pytest.mark.parametrize(
    ("worker", "expected"), [("w1", {LEASED, LEASED + POST}), ("w2", set()), ("w3", {ABSURD, ABSURD + POST})]
)
def test_what_a_dead_daemon_holds_ends_now_unless_it_has_ended(
    table: Table, worker: str, expected: set[int]
) -> None:
    assert table.touched("repair_end_leases", now=NOW, worker=worker) == expected


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("TRIGGER his AFTER INSERT ON smq_messages", [(1,)]),
        ("TRIGGER his AFTER INSERT ON SMQ_Messages", [(1,)]),
        ("TRIGGER smq_his AFTER INSERT ON smq_messages", [(1,)]),
        ("TRIGGER his AFTER UPDATE ON smq_topics", [(1,)]),
        ("TEMP TRIGGER smq_auto AFTER INSERT ON main.smq_messages", [(1,)]),
        ("TRIGGER his AFTER INSERT ON smq_workers", []),
    ],
)
def test_a_trigger_of_somebody_elses_on_messages_is_seen(
    table: Table, trigger: str, expected: list[tuple[int]]
) -> None:
    """Our own are none, nor are his indexes."""
    table.db.execute("CREATE INDEX his_own ON smq_messages(worker)")
    assert table.answer("foreign_trigger") == []

    table.db.execute(f"CREATE {trigger} BEGIN SELECT 1; END")
    assert table.answer("foreign_trigger") == expected


def test_the_last_id_is_that_of_messages(table: Table) -> None:
    table.db.execute("INSERT INTO smq_operations(id, at, actor, action) VALUES (999, 1, 'ann', 'bury')")
    table.db.execute("DELETE FROM smq_messages WHERE id > 9")

    assert table.ids("last_id") == [ABSURD + POST]


@pytest.mark.parametrize("counter", ["entered", "gone", "delayed", "dead", "done", "deleted"])
def test_each_counter_that_is_wrong_is_found_of_its_topic(table: Table, counter: str) -> None:
    table.db.execute(f"UPDATE smq_topics SET {counter} = 7 WHERE topic = 'post'")

    assert table.ids("doctor_counters") == ["post"]


def test_topics_without_messages_are_counted_anew_alone(table: Table) -> None:
    table.db.execute("INSERT INTO smq_topics(topic, entered) VALUES ('void', 3)")

    assert table.touched("repair_counters_forget", "smq_topics") == {"void"}


def test_only_topics_that_are_not_counted_yet_are_given_a_row(table: Table) -> None:
    table.db.execute("DELETE FROM smq_topics WHERE topic = 'post'")
    table.db.execute("INSERT INTO smq_topics(topic, entered) VALUES ('void', 3)")

    assert table.touched("repair_counters_add", "smq_topics") == {"post"}


def test_a_cleared_import_knows_what_names_are_ours(table: Table) -> None:
    """The underscore of a name is no pattern, and SQLite's own tables are nobody's."""
    table.db.execute("CREATE TABLE smqx(a); CREATE TABLE sqlitex(a)")

    assert "smqx" not in table.ids("doors_definitions")
    names = [row[1] for row in table.answer("doors_objects")]
    assert ("sqlitex" in names, "sqlite_sequence" in names) == (True, False)
