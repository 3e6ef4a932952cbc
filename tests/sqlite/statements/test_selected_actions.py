"""An action on a selection looks for messages without the write lock, and changes what still matches then."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.store import open_store
from smq_core.store.records import Filter, Selection
from smq_core.testing import EPOCH_MS, make_message
from tests.sqlite_session import database_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.message import Outcome
    from smq_core.store.base import Store


@pytest.fixture
def store(location: str) -> Iterator[Store]:
    """Give a store of two messages with the same text in them."""
    opened = open_store(location)
    for _ in range(2):
        opened.enqueue(make_message("mail", "a needle"), EPOCH_MS)
    yield opened
    opened.close()


def delete(store: Store, where: Filter) -> Outcome:
    """Delete what a filter matches."""
    selection = Selection(topic="mail", where=where)
    return store.act("delete", selection, to=None, force=False, actor="operator", now_ms=EPOCH_MS)


def trace(store: Store, see: Callable[[str], None]) -> None:
    """Show every statement of this thread's connection before it runs."""
    database = database_of(store)

    def tell(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        see(sql)
        return True

    database.exec_trace = tell


def test_messages_are_looked_for_without_the_write_lock(store: Store) -> None:
    run: list[str] = []
    trace(store, run.append)
    assert delete(store, Filter(text="needle")).done == 2

    is_writing = False
    found: list[bool] = []
    for sql in run:
        is_writing = sql == "BEGIN IMMEDIATE" or (is_writing and sql != "COMMIT")
        if sql.startswith("SELECT id FROM") and "LIMIT" in sql:
            found.append(is_writing)
    assert found
    assert not any(found)


@pytest.mark.parametrize(
    ("where", "change"),
    [
        (Filter(text="needle"), "payload = 'hay'"),
        (Filter(min_age_ms=0), f"created_at = {EPOCH_MS + 1}"),
        (Filter(), "topic = 'print'"),
    ],
)
def test_what_stops_to_match_meanwhile_is_left_alone(
    store: Store, location: str, where: Filter, change: str
) -> None:
    def meddle(sql: str) -> None:
        if sql == "BEGIN IMMEDIATE":
            with closing(apsw.Connection(location)) as other:
                other.execute(f"UPDATE smq_messages SET {change} WHERE id = 1")  # noqa: S608 - a test's words

    trace(store, meddle)
    outcome = delete(store, where)

    assert (outcome.done, [one.id for one in outcome.missed]) == (1, [1])
    assert [row.status for row in store.rows([1, 2], None)] == ["ready", "deleted"]
