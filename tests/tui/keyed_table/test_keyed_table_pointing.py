"""Opening rows, and the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.row_painter import Sorting
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS
from tests.tui.keyed_table.keyed_table_app import TOPICS, TableApp, in_terminal, make_rows

if TYPE_CHECKING:
    from textual.pilot import Pilot


@in_terminal(80, 24)
async def test_enter_opens_the_row_at_the_cursor(app: TableApp, pilot: Pilot[None]) -> None:
    """An empty table has none to open."""
    await pilot.press("enter")
    assert app.posted(KeyedTable.RowActivated) == []

    app.table.set_rows(make_rows())
    await pilot.press("j", "enter")
    assert [message.key for message in app.posted(KeyedTable.RowActivated)] == [TOPICS[1]]


@in_terminal(80, 24)
async def test_keys_on_an_empty_table_do_nothing(app: TableApp, pilot: Pilot[None]) -> None:
    """Every key of the table, with no rows."""
    for binding in TABLE_BINDINGS:
        assert isinstance(binding, Binding)
        await pilot.press(*binding.key.split(","))

    assert app.table.cursor_key is None
    assert app.table.targets == ()
    assert app.table.marks == frozenset()


@in_terminal(80, 24)
async def test_a_click_goes_to_a_row_and_a_second_opens_it(app: TableApp, pilot: Pilot[None]) -> None:
    """Below the last row there is nothing to click."""
    app.table.set_rows(make_rows(TOPICS[:5]))
    await pilot.pause()
    await pilot.click(app.table, offset=(5, 3))
    assert app.table.cursor_key == TOPICS[2]
    assert app.posted(KeyedTable.RowActivated) == []

    await pilot.double_click(app.table, offset=(5, 4))
    assert [message.key for message in app.posted(KeyedTable.RowActivated)] == [TOPICS[3]]

    await pilot.click(app.table, offset=(5, 9))
    assert app.table.cursor_key == TOPICS[3]


@in_terminal(80, 24)
async def test_a_click_left_of_a_row_marks_it(app: TableApp, pilot: Pilot[None]) -> None:
    """With Shift everything up to it; with Ctrl anywhere in the row."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    await pilot.click(app.table, offset=(1, 2))
    assert app.table.marks == {TOPICS[1]}
    await pilot.click(app.table, offset=(5, 4), shift=True)
    assert app.table.marks == {TOPICS[1], TOPICS[2], TOPICS[3]}
    await pilot.click(app.table, offset=(5, 3), control=True)
    assert app.table.marks == {TOPICS[1], TOPICS[3]}


@in_terminal(80, 24)
async def test_a_click_on_a_title_asks_for_sorting(app: TableApp, pilot: Pilot[None]) -> None:
    """Where sorting by that column makes sense."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    header = app.screen_lines()[0]
    for title in ("READY", "STATE"):
        await pilot.click(app.table, offset=(header.index(title), 0))

    assert [message.column for message in app.posted(KeyedTable.SortRequested)] == ["ready"]
    assert app.table.cursor_key == TOPICS[0]


@in_terminal(80, 24)
async def test_the_sorted_column_bears_a_sign(app: TableApp, pilot: Pilot[None]) -> None:
    """Up for rising, down for falling."""
    app.table.set_rows(make_rows())
    app.table.sorting = Sorting("ready", is_falling=True)
    await pilot.pause()
    assert "READY▾" in app.screen_lines()[0]

    app.table.sorting = Sorting("topic")
    await pilot.pause()
    assert app.screen_lines()[0].startswith("  TOPIC▴")
    assert "READY▾" not in app.screen_lines()[0]
