"""Reads the engine's tables, below everything of ours, and compares them with the model."""

from __future__ import annotations

from array import array
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import apsw

from tests.simulation.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.model import Model

COLUMNS = {"state": "status", "key": "dedup_key"}
FIELDS = [name for name in Entry.__slots__ if name != "limit_when_leased"]
ROWS = f"SELECT {', '.join(COLUMNS.get(name, name) for name in FIELDS)} FROM smq_messages"  # noqa: S608 - ours
SOME = f"{ROWS} WHERE id IN (SELECT value FROM carray(?)) ORDER BY id"  # noqa: S608 - as above
STATES = ("delayed", "dead", "done", "deleted")
TOPICS = f"SELECT topic, entered, gone, empty_since, {', '.join(STATES)} FROM smq_topics"  # noqa: S608 - as above
HISTORY = "SELECT message_id, attempt, failed_at, outcome, error, worker FROM smq_attempts ORDER BY id"
expected = attrgetter(*FIELDS)
_NONE = "nothing"


class Comparison:
    """One database beside one model."""

    def __init__(self, path: str, model: Model) -> None:
        self._db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        self._model = model

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def touched(self) -> None:
        """Compare what the last transaction should have changed."""
        ids, self._model.touched = sorted(self._model.touched), set()
        rows = {row[0]: row for row in self._db.execute(SOME, (apsw.carray(array("q", ids)),))}
        for one in ids:
            self._compare(one, rows.get(one))

    def everything(self) -> None:
        """Compare every message, counter, failed attempt, pause, policy, and what undos need."""
        self._model.touched.clear()
        rows = {row[0]: row for row in self._db.execute(ROWS)}
        for one in sorted(rows.keys() | self._model.entries.keys()):
            self._compare(one, rows.get(one))
        assert not rows.keys() & self._model.gone, "what was finished came back"
        self._compare_counters()
        self._compare_history()
        self._compare_settings()
        self._compare_operations()

    def integrity(self) -> None:
        """Have SQLite look at its file."""
        assert self._db.execute("PRAGMA integrity_check").get == "ok"

    def _compare(self, one: int, row: tuple[object, ...] | None) -> None:
        entry = self._model.entries.get(one)
        should = None if entry is None else expected(entry)
        assert row == should, f"message {one}: {_difference(row, should)}"

    def _compare_counters(self) -> None:
        found = {row[0]: row[1:] for row in self._db.execute(TOPICS)}
        entries = self._model.entries.values()
        should = {
            topic: (
                *(counts.entered, counts.gone, counts.empty_since),
                *(sum(e.topic == topic and e.state == state for e in entries) for state in STATES),
            )
            for topic, counts in self._model.topics.items()
        }
        _require("counters", found, should)
        for topic, counts in self._model.topics.items():
            there = sum(entry.topic == topic for entry in entries)
            assert counts.entered - counts.gone == there, f"{topic}: counted {counts}, there are {there}"

    def _compare_history(self) -> None:
        found: dict[int, list[object]] = {}
        for one, *failed in self._rows(HISTORY):
            found.setdefault(one, []).append(tuple(failed))
        _require("failed attempts", found, self._model.history)

    def _compare_settings(self) -> None:
        _require("pauses", dict(self._rows("SELECT topic, paused_until FROM smq_pauses")), self._model.pauses)
        rows = self._rows("SELECT topic, max_attempts, visibility_ms, keep_ms FROM smq_policies")
        _require("policies", {row[0]: row[1:] for row in rows}, self._model.policies)

    def _compare_operations(self) -> None:
        rows = self._rows("SELECT id, action, at, changed, undone_at FROM smq_operations")
        operations = self._model.operations.items()
        should = {one: (op.action, op.at, op.changed, op.undone_at) for one, op in operations}
        _require("operations", {row[0]: row[1:] for row in rows}, should)
        kept = {(one, message): None for one, op in operations for message in op.before}
        rows = self._rows("SELECT operation, message_id FROM smq_undo")
        _require("what undos need", dict.fromkeys(rows), kept)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self._db.execute(sql))


def _require(what: str, found: Mapping[Any, object], should: Mapping[Any, object]) -> None:
    """Compare, and name what differs alone."""
    if found != should:
        odd = [one for one in found.keys() | should.keys() if found.get(one, _NONE) != should.get(one, _NONE)]
        engine, model = ({one: some.get(one, _NONE) for one in odd} for some in (found, should))
        raise AssertionError(f"{what}: {engine} in the engine, {model} in the model")


def _difference(row: tuple[object, ...] | None, should: tuple[object, ...] | None) -> str:
    if row is None or should is None:
        return f"{row} in the engine, {should} in the model"
    pairs = zip(FIELDS, row, should, strict=True)
    told = [
        f"{name} {found!r} in the engine, {wanted!r} in the model"
        for name, found, wanted in pairs
        if found != wanted
    ]
    return "; ".join(told)
