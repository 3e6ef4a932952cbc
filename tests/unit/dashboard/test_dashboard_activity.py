"""What the dashboard says of operations: names instead of numbers, and what can still be undone."""

from __future__ import annotations

from datetime import datetime

import pytest

from smq_core import ActivityEntry
from smq_tui.screens.views.activity_text import (
    detail_of,
    short_time,
    undo_entry_of,
    undo_in_full,
    undo_in_short,
)
from smq_tui.screens.views.activity_view import ActivityView

NOW = 1_700_000_000.0


def entry(operation: int, action: str, **figures: object) -> ActivityEntry:
    given = {"topic": "notify", "actor": "ann", **figures}
    return ActivityEntry(operation=operation, at=NOW, action=action, **given)  # type: ignore[arg-type]  # by their names


def by_number(*entries: ActivityEntry) -> dict[int, ActivityEntry]:
    return {one.operation: one for one in entries}


def test_a_number_of_messages_fits_into_its_column() -> None:
    view = ActivityView("activity")
    at, column = next((at, one) for at, one in enumerate(view.COLUMNS) if one.key == "count")

    assert len(str(view._row(entry(6, "purge", count=1_234_567))[at])) <= column.width


def test_an_undo_names_what_it_took_back() -> None:
    deletion = entry(6, "delete", count=90, undone_at=NOW)
    undo = entry(7, "undo", count=88, detail="delete of operation 6")

    assert detail_of(undo, by_number(deletion, undo)) == "undo of the deletion of 90 messages in notify"
    assert detail_of(undo, by_number(undo)) == "undo of the deletion of 88 messages in notify"
    forged = entry(8, "pause", detail="delete of operation 6")
    assert detail_of(forged, by_number(deletion)) == "delete of operation 6", "a reason is anybody's text"


def test_a_pause_that_somebody_ended_offers_no_undo() -> None:
    pause = entry(1, "pause", is_undoable=True)
    resume = entry(2, "resume", is_undoable=True, actor="root")
    elsewhere = entry(3, "resume", is_undoable=True, topic="mail")

    assert undo_in_short(pause, by_number(pause, elsewhere), NOW) == "z undoes it"
    entries = by_number(pause, resume)
    assert undo_in_short(pause, entries, NOW) == ""
    assert undo_in_full(pause, entries, NOW) == "cannot be undone: root resumed it since"
    undo_entry = undo_entry_of(pause, entries)
    assert (undo_entry.undo, undo_entry.why_not) == (None, "root resumed it since")
    assert undo_in_short(resume, entries, NOW) == "z undoes it"


def test_an_undone_resume_leaves_the_pause_to_be_undone() -> None:
    pause = entry(1, "pause", is_undoable=True)

    assert undo_in_short(pause, by_number(pause, entry(2, "resume", undone_at=NOW)), NOW) == "z undoes it"


def test_a_requeue_promises_no_leases() -> None:
    requeue = entry(1, "requeue", count=8, is_undoable=True)

    assert undo_in_short(requeue, by_number(requeue), NOW) == "z may undo it"
    assert "messages that were running stay ready" in undo_in_full(requeue, by_number(requeue), NOW)


@pytest.mark.parametrize(
    ("then", "written"),
    [
        ((2023, 11, 24, 9, 5, 7), "09:05:07"),
        ((2023, 11, 23, 9, 5, 7), "11-23 09:05:07"),
        ((2022, 11, 23, 9, 5, 7), "2022-11-23"),
    ],
)
def test_a_moment_has_its_date_when_it_was_not_today(then: tuple[int, ...], written: str) -> None:
    now = datetime(2023, 11, 24, 12).astimezone().timestamp()
    at = datetime(*then).astimezone().timestamp()  # type: ignore[arg-type]  # six numbers

    assert short_time(at, now) == written
