"""What operators select is looked for, and looked at again before it is touched, by topic and state."""

from __future__ import annotations

import pytest

from smq_core.states import State
from smq_core.store.records import Selection
from smq_core.store.sqlite import filters
from smq_core.store.sqlite.browsing import still_matching
from tests.unit.statements import DEAD, NOW, POST, READY, Table


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
    stream = filters.table_stream(State.DEAD)
    found = Table().db.execute(filters.ids_sql(stream, {}), {**stream.values, "limit": 9})

    assert [number for (number,) in found] == [DEAD, DEAD + POST]
