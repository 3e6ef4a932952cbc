"""The conjuncts of conditions are found, whatever stands in them."""

from __future__ import annotations

import sqlite3

import pytest

from tests.guards.clauses import guards

CONDITIONS: dict[str, list[str]] = {
    "SELECT a FROM t WHERE a = 1": ["a = 1"],
    "SELECT a FROM t WHERE a = 1 AND b = 'x AND y' ORDER BY a": ["a = 1", "b = 'x AND y'"],
    "SELECT a FROM t WHERE a BETWEEN 1 AND 2 AND b LIKE '%' LIMIT 1": ["a BETWEEN 1 AND 2", "b LIKE '%'"],
    "DELETE FROM t WHERE a = 1 -- AND nothing\n AND b <> 'it''s' RETURNING a": ["a = 1", "b <> 'it''s'"],
    "SELECT a FROM t WHERE CASE a WHEN 1 THEN b AND c ELSE d END > 0 AND a": [
        "CASE a WHEN 1 THEN b AND c ELSE d END > 0",
        "a",
    ],
    "DELETE FROM t WHERE a IN (SELECT a FROM u WHERE b AND c ORDER BY d) AND e": [
        "a IN (SELECT a FROM u WHERE b AND c ORDER BY d)",
        "b",
        "c",
        "e",
    ],
    "DELETE FROM t WHERE a AND (b OR (c AND d))": ["a", "(b OR (c AND d))", "b", "(c AND d)", "c", "d"],
    "SELECT a FROM t WHERE a OR b": ["a OR b", "a", "b"],
    "INSERT INTO t SELECT a FROM u WHERE true ON CONFLICT(a) DO NOTHING": [],
    "CREATE UNIQUE INDEX i ON t(a) WHERE a AND b; DELETE FROM t WHERE c": ["c"],
    "CREATE TRIGGER g AFTER UPDATE ON t WHEN (old.a OR new.a) AND new.b BEGIN "
    "SELECT CASE WHEN new.c AND new.d THEN RAISE(ABORT, 'no') END; DELETE FROM t WHERE d = old.d; END": [
        "(old.a OR new.a)",
        "old.a",
        "new.a",
        "new.b",
        "d = old.d",
    ],
    "SELECT count(*) FILTER (WHERE a <= 1) FROM t WHERE b": ["a <= 1", "b"],
}


@pytest.mark.parametrize(("sql", "expected"), CONDITIONS.items(), ids=range(len(CONDITIONS)))
def test_each_conjunct_and_alternative_is_found(sql: str, expected: list[str]) -> None:
    assert [sql[guard.start : guard.end] for guard in guards(sql)] == expected


@pytest.mark.parametrize(
    ("condition", "dropped", "kept"), [("a = 1 AND b = 1", 0, [1, 3]), ("a = 1 OR b = 1", 2, [3])]
)
def test_a_part_that_is_dropped_decides_nothing_any_more(
    condition: str, dropped: int, kept: list[int]
) -> None:
    sql = f"SELECT id FROM t WHERE {condition}"  # noqa: S608 - ours
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t(id, a, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(1, 0, 1), (2, 0, 0), (3, 1, 1)])

    found = connection.execute(guards(sql)[dropped].dropped_from(sql)).fetchall()
    connection.close()

    assert [number for (number,) in found] == kept
