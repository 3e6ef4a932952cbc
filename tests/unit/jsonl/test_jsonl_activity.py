"""An import stands in the activity: who took how many lines from where; nothing undoes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, SmqError
from tests.unit.jsonl.jsonl_desk import numbered, stop_after, take

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.base import Store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of 3,000 lines: more than one block."""
    made = tmp_path / "in.jsonl"
    made.write_bytes(numbered(1, 3_000))
    return made


def test_an_import_is_told_with_who_how_many_and_from_where(store: Store, file: Path) -> None:
    take(store, file, topic="mail", actor="maria")

    with Inspector(store.location) as inspector:
        (entry,) = inspector.activity()
    assert (entry.action, entry.actor, entry.count) == ("import", "maria", 3_000)
    assert entry.detail == f"{file}; 0 rejected"


def test_one_that_was_stopped_says_where_and_its_end_tells_all_of_it(store: Store, file: Path) -> None:
    file.write_bytes(b"\xff\n" + file.read_bytes())
    first = take(store, file, stop_after(1))
    take(store, file)
    take(store, file)

    with Inspector(store.location) as inspector:
        later, earlier = inspector.activity()
    assert earlier.count == first.taken
    assert earlier.detail.endswith(f", stopped after line {first.last_line:,}; 1 rejected")
    assert (later.count, later.detail) == (3_000, f"{file}; 1 rejected")


def test_an_import_is_passed_over_by_an_undo_and_refused_by_its_number(store: Store, file: Path) -> None:
    with Inspector(store.location) as inspector:
        inspector.pause("mail")
        take(store, file)
        imported = inspector.activity()[0].operation
        with pytest.raises(SmqError, match=r"import.*delete the messages that it added"):
            inspector.undo(imported)
        inspector.undo("last")

        assert not inspector.topic("mail").paused
