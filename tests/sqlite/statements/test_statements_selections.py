"""What operators select is looked for, and looked at again before it is touched, by topic and state."""

from __future__ import annotations

import pytest

from smq_core.states import State
from smq_core.store.records import Selection
from smq_core.store.sqlite.operators.browse import still_matching
from smq_core.store.sqlite.queries import filter_sql
from tests.sqlite.statements.statements import (
    DEAD,
    DONE,
    DUE,
    EXPIRED,
    LATER,
    LEASED,
    NOW,
    POST,
    READY,
    URGENT,
    Table,
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [READY, DEAD, READY + POST]),
        (Selection(topic="mail"), [READY, DEAD]),
        (Selection(state=State.READY), [READY, READY + POST]),
        (Selection(topic="mail", state=State.READY), [READY]),
    ],
)
def test_what_moved_to_another_topic_or_state_matches_no_more(
    selection: Selection, expected: list[int]
) -> None:
    found = still_matching(Table().db, selection, [READY, DEAD, READY + POST], NOW)

    assert sorted(found) == expected


def test_a_walk_over_the_table_keeps_to_its_state() -> None:
    stream = filter_sql.table_stream(State.DEAD)
    found = Table().db.execute(filter_sql.ids_sql(stream, {}), {**stream.values, "limit": 9})

    assert [number for (number,) in found] == [DEAD, DEAD + POST]


def test_a_page_begins_beyond_the_one_before_and_ends_at_the_highest_id() -> None:
    selection = Selection(max_id=DONE)
    forward = filter_sql.conditions(selection, NOW, after=EXPIRED)
    backward = filter_sql.conditions(selection, NOW, before=DEAD)

    assert found(forward) == [DEAD, DONE]
    assert found(backward) == [READY, URGENT, DUE, LATER, LEASED, EXPIRED]


def found(wanted: dict[str, filter_sql.Value]) -> list[object]:
    sql = filter_sql.ids_sql(filter_sql.table_stream(None), wanted)
    return [number for (number,) in Table().db.execute(sql, {**wanted, "limit": 99})]
