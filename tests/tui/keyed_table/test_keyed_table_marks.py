"""Marking rows of the table, one by one and in ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.keyed_table.keyed_table_app import TOPICS, TableApp, in_terminal, make_rows

if TYPE_CHECKING:
    from textual.pilot import Pilot


@in_terminal(80, 24)
async def test_space_marks_and_goes_on(app: TableApp, pilot: Pilot[None]) -> None:
    """An action is then for the marked rows, in their order, and no longer for the cursor's."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    assert list(app.table.targets) == [TOPICS[0]]

    await pilot.press("j", "j", "space", "g", "space")

    assert app.table.marks == {TOPICS[2], TOPICS[0]}
    assert list(app.table.targets) == [TOPICS[0], TOPICS[2]]
    assert [line[1] for line in app.screen_lines()[1:5]] == ["✓", " ", "✓", " "]
    assert app.posted(KeyedTable.MarksChanged)[-1].keys == app.table.marks

    await pilot.press("g", "space", "u")
    assert app.table.marks == frozenset()
    assert app.posted(KeyedTable.MarksChanged)[-1].keys == frozenset()


@in_terminal(80, 24)
async def test_v_marks_what_the_cursor_moves_over_until_v_again(app: TableApp, pilot: Pilot[None]) -> None:
    """Going back takes back; what was marked before stays."""
    app.table.set_rows(make_rows())
    await pilot.press("space", "j", "j", "v", "j", "j", "k")
    assert app.table.marks == {TOPICS[0], TOPICS[3], TOPICS[4]}

    await pilot.press("v", "j", "j")
    assert app.table.marks == {TOPICS[0], TOPICS[3], TOPICS[4]}


@in_terminal(80, 24)
async def test_escape_undoes_a_range(app: TableApp, pilot: Pilot[None]) -> None:
    """Without a range the key is left to the screen."""
    app.table.set_rows(make_rows())
    await pilot.press("space", "v", "G", "escape")

    assert app.table.marks == {TOPICS[0]}

    await pilot.press("k", "escape")
    assert app.table.marks == {TOPICS[0]}


@in_terminal(80, 24)
async def test_shift_with_arrows_marks_a_range(app: TableApp, pilot: Pilot[None]) -> None:
    """A plain arrow ends it."""
    app.table.set_rows(make_rows())
    await pilot.press("j", "shift+down", "shift+down", "shift+up", "down", "down", "shift+up")

    assert app.table.marks == {TOPICS[1], TOPICS[2], TOPICS[3], TOPICS[4]}


@in_terminal(80, 24)
async def test_a_marked_row_that_goes_is_no_longer_marked(app: TableApp, pilot: Pilot[None]) -> None:
    """Also when it comes back."""
    app.table.set_rows(make_rows())
    await pilot.press("space", "space")
    app.table.set_rows(make_rows(TOPICS[1:]))
    app.table.set_rows(make_rows())
    await pilot.pause()

    assert app.table.marks == {TOPICS[1]}
    assert app.posted(KeyedTable.MarksChanged)[-1].keys == {TOPICS[1]}


@in_terminal(80, 24)
async def test_rows_that_an_action_is_done_with_are_unmarked(app: TableApp, pilot: Pilot[None]) -> None:
    """So that a second try is for the others."""
    app.table.set_rows(make_rows())
    await pilot.press("space", "space", "space")
    app.table.unmark([TOPICS[0], TOPICS[2], "no such"])

    assert app.table.marks == {TOPICS[1]}
