"""How the table looks: columns, sizes, notes, colours, and where the terminal's cursor stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widgets import Input

from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from tests.tui.keyed_table.keyed_table_app import TOPICS, TableApp, in_terminal, make_rows

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.pilot import Pilot

BEFORE, AFTER = "\u2039", "\u203a"


@in_terminal(40, 10)
async def test_columns_without_room_leave_by_priority_and_are_reached_by_l(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """The first column stays; a sign at the left says where there is more."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    titles = app.screen_lines()[0].split()
    assert titles == [f"{AFTER}TOPIC", "READY", "DEAD", "OLDEST"]

    await pilot.press("l")
    assert app.screen_lines()[0].split() == [f"{BEFORE}{AFTER}TOPIC", "DEAD", "OLDEST"]
    await pilot.press("l")
    assert app.screen_lines()[0].split() == [BEFORE, "TOPIC", "OLDEST", "STATE"]
    await pilot.press("right")
    assert app.screen_lines()[0].split() == [BEFORE, "TOPIC", "OLDEST", "STATE"]

    await pilot.press("h", "left")
    assert app.screen_lines()[0].split() == titles


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 3), (3, 2), (1, 1), (200, 60)])
def test_every_size_is_painted_with_every_key(size: tuple[int, int]) -> None:
    """Each line is exactly as wide as the table, and nothing breaks."""

    @in_terminal(*size)
    async def scenario(app: TableApp, pilot: Pilot[None]) -> None:
        app.table.set_rows(make_rows())
        for binding in TABLE_BINDINGS:
            assert isinstance(binding, Binding)
            await pilot.press(*binding.key.split(","))
            for y in range(size[1]):
                assert app.table.render_line(y).cell_length == app.table.scrollable_size.width

        assert app.table.cursor_key in TOPICS

    scenario()


@in_terminal(80, 24)
async def test_a_storm_of_sizes_keeps_the_cursor_in_view(app: TableApp, pilot: Pilot[None]) -> None:
    """Down to a terminal without room for a row, and back."""
    app.table.set_rows(make_rows())
    await pilot.press("pagedown", "j")
    for size in ((80, 5), (10, 1), (1, 1), (200, 60), (40, 10), (80, 24)):
        await pilot.resize_terminal(*size)
        await pilot.pause()

        assert app.table.cursor_key == TOPICS[24]
        assert app.table.cursor_key in app.table.visible_keys or size[1] < 2


@in_terminal(80, 24)
async def test_the_terminals_cursor_stands_on_the_row(app: TableApp, pilot: Pilot[None]) -> None:
    """Screen readers and magnifiers follow it; a dialog has it to itself, and gives it back."""

    class Dialog(ModalScreen[None]):
        def compose(self) -> ComposeResult:
            yield Input()

    app.table.set_rows(make_rows())
    await pilot.press("j", "j")
    assert app.cursor_position == Offset(0, 3)

    app.push_screen(Dialog())
    await pilot.pause()
    await pilot.press("x")
    app.table.set_rows(make_rows(["new", *TOPICS]))
    await pilot.pause()
    assert app.cursor_position != Offset(0, 3)

    app.pop_screen()
    await pilot.pause()
    assert app.cursor_position == Offset(0, 3)


@in_terminal(80, 24)
async def test_without_rows_a_note_says_why(app: TableApp, pilot: Pilot[None]) -> None:
    """As soon as there are rows it is gone."""
    app.table.note = "Nothing waits.\nPress a to add a message."
    await pilot.pause()
    assert [line.strip() for line in app.screen_lines()[1:4]] == [
        "Nothing waits.",
        "Press a to add a message.",
        "",
    ]

    app.table.set_rows(make_rows(TOPICS[:1]))
    await pilot.pause()
    assert "Nothing" not in "".join(app.screen_lines())


@in_terminal(80, 24)
async def test_stale_rows_are_dimmed(app: TableApp, pilot: Pilot[None]) -> None:
    """The header is not: it is still true."""
    app.table.set_rows(make_rows())
    app.table.is_stale = True
    await pilot.pause()

    def is_dim(y: int) -> bool:
        return all(segment.style is not None and segment.style.dim for segment in app.table.render_line(y))

    assert is_dim(1)
    assert not is_dim(0)


@in_terminal(80, 24)
async def test_tones_colour_cells_but_not_the_cursors_row(app: TableApp, pilot: Pilot[None]) -> None:
    """There the cursor's own colours are the ones that can be read."""
    cells = [(key, (Cell(key, Tone.BAD), Cell("1", Tone.GOOD), "x", "y", "z")) for key in ("a", "b")]
    app.table.set_rows(cells)
    await pilot.pause()

    colours = [
        {
            str(segment.style.color)
            for segment in app.table.render_line(y)
            if segment.style and segment.text.strip()
        }
        for y in (1, 2)
    ]
    assert [len(found) for found in colours] == [1, 3]


@in_terminal(80, 24)
async def test_keys_are_remapped_by_their_ids(app: TableApp, pilot: Pilot[None]) -> None:
    """The old keys then mean nothing."""
    app.set_keymap({"table.down": "n"})
    app.table.set_rows(make_rows())
    await pilot.press("n", "n", "j", "down")

    assert app.table.cursor_key == TOPICS[2]


def test_every_key_has_an_id_of_its_own_a_description_and_a_tooltip() -> None:
    """Help and the keymap are made from them."""
    bindings = [binding for binding in TABLE_BINDINGS if isinstance(binding, Binding)]
    ids = [binding.id for binding in bindings]

    assert len(bindings) == len(TABLE_BINDINGS)
    assert len(set(ids)) == len(ids)
    assert all(identity and identity.startswith("table.") for identity in ids)
    assert all(binding.description and binding.tooltip for binding in bindings)
    assert KeyedTable.BINDINGS is TABLE_BINDINGS


def test_rows_given_before_the_table_is_on_a_screen_are_there_when_it_is() -> None:
    """With the cursor in view, wherever it was put."""

    async def run() -> TableApp:
        app = TableApp()
        app.table.set_rows(make_rows())
        app.table.move_to(TOPICS[40])
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert [line[:10] for line in app.screen_lines() if line[0] == "▸"] == ["▸ topic-40"]
            assert app.table.scroll_offset.y == TOPICS.index(str(app.table.visible_keys[0]))
        return app

    assert asyncio.run(run()).table.cursor_key == TOPICS[40]


@in_terminal(80, 24)
async def test_columns_are_placed_anew_when_the_width_changes(app: TableApp, pilot: Pilot[None]) -> None:
    """With room for all, nothing stays shifted."""
    app.table.set_rows(make_rows())
    await pilot.resize_terminal(40, 24)
    await pilot.press("l")
    assert app.screen_lines()[0].split() == [f"{BEFORE}{AFTER}TOPIC", "DEAD", "OLDEST"]

    await pilot.resize_terminal(80, 24)
    await pilot.pause()
    assert app.screen_lines()[0].split() == ["TOPIC", "READY", "DEAD", "OLDEST", "STATE"]
