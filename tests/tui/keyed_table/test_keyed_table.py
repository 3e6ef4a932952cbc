"""Moving through the table, and what a refresh does to cursor and window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import MouseScrollDown, MouseScrollUp

from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.keyed_table.keyed_table_app import TOPICS, TableApp, in_terminal, make_row, make_rows

if TYPE_CHECKING:
    from textual.pilot import Pilot

MOVES = [
    (("j",), 1),
    (("down", "down"), 2),
    (("j", "k"), 0),
    (("j", "up"), 0),
    (("k",), 0),
    (("G",), 49),
    (("end", "j"), 49),
    (("G", "g"), 0),
    (("end", "home"), 0),
    (("pagedown",), 23),
    (("pagedown", "pageup"), 0),
    (("pagedown", "pagedown", "pagedown"), 49),
]


@in_terminal(80, 24)
async def test_keys_move_the_cursor(app: TableApp, pilot: Pilot[None]) -> None:
    """A window of 80x24 has 23 rows below its header."""
    app.table.set_rows(make_rows())
    for keys, place in MOVES:
        app.table.move_to(TOPICS[0])
        await pilot.press(*keys)

        assert (keys, app.table.cursor_key) == (keys, TOPICS[place])
        assert app.table.cursor_key in app.table.visible_keys


@in_terminal(80, 24)
async def test_the_cursor_is_a_sign_and_not_only_a_colour(app: TableApp, pilot: Pilot[None]) -> None:
    """On a terminal without colours it is seen all the same."""
    app.table.set_rows(make_rows())
    await pilot.press("j")

    assert [line[0] for line in app.screen_lines()[:4]] == [" ", " ", "▸", " "]


@in_terminal(80, 24)
async def test_moving_is_told_once_for_each_row(app: TableApp, pilot: Pilot[None]) -> None:
    """A key at the edge, which moves nothing, tells nothing."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    app.posted(KeyedTable.CursorMoved)
    await pilot.press("j", "k", "k")

    assert [message.key for message in app.posted(KeyedTable.CursorMoved)] == [TOPICS[1], TOPICS[0]]


@in_terminal(80, 24)
async def test_a_refresh_keeps_the_cursor_on_its_row_and_line(app: TableApp, pilot: Pilot[None]) -> None:
    """Seven rows come in above it, and the next key acts on what was seen before."""
    app.table.set_rows(make_rows())
    await pilot.press("G")
    app.table.move_to(TOPICS[30])
    await pilot.pause()
    key, line = app.table.cursor_key, [text[0] for text in app.screen_lines()].index("▸")
    app.posted(KeyedTable.CursorMoved)

    app.table.set_rows(make_rows([f"new-{number}" for number in range(7)] + list(TOPICS)))
    await pilot.pause()

    assert app.table.cursor_key == key
    assert [text[0] for text in app.screen_lines()].index("▸") == line
    assert app.table.scroll_offset.y == app.table.row_count - 50 + TOPICS.index(str(key)) - line + 1
    assert app.posted(KeyedTable.CursorMoved) == []


@in_terminal(80, 24)
async def test_when_its_row_goes_the_cursor_goes_to_the_neighbour_and_tells(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """On the same line of the screen."""
    app.table.set_rows(make_rows())
    await pilot.press("j", "j", "j")
    await pilot.pause()
    app.posted(KeyedTable.CursorMoved)

    app.table.set_rows(make_rows(TOPICS[:3] + TOPICS[4:]))
    await pilot.pause()

    assert app.table.cursor_key == TOPICS[4]
    assert app.screen_lines()[4].startswith("▸ topic-04")
    assert [message.key for message in app.posted(KeyedTable.CursorMoved)] == [TOPICS[4]]


@in_terminal(80, 24)
async def test_a_refresh_never_scrolls_back_to_the_cursor(app: TableApp, pilot: Pilot[None]) -> None:
    """Whoever turned the wheel away from it wants to read."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    await pilot._post_mouse_events([MouseScrollDown] * 10, app.table, offset=(5, 5))
    await pilot.pause()
    seen = app.table.visible_keys
    assert TOPICS[0] not in seen

    app.table.set_rows(make_rows(["new", *TOPICS]))
    await pilot.pause()

    assert app.table.visible_keys == seen
    assert app.table.cursor_key == TOPICS[0]


@in_terminal(80, 24)
async def test_a_refresh_repaints_the_lines_that_changed(app: TableApp, pilot: Pilot[None]) -> None:
    """And a refresh that changes nothing paints nothing."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    app.table.painted.clear()

    app.table.set_rows(make_rows())
    await pilot.pause()
    assert app.table.painted == []

    app.table.set_rows([(name, make_row(name, 7 if name == TOPICS[4] else 0)) for name in TOPICS])
    await pilot.pause()
    assert app.table.painted == [5]
    assert "7" in app.screen_lines()[5]


@in_terminal(80, 24)
async def test_moving_repaints_two_lines(app: TableApp, pilot: Pilot[None]) -> None:
    """The one that was left and the one that was reached."""
    app.table.set_rows(make_rows())
    await pilot.pause()
    app.table.painted.clear()
    await pilot.press("j")

    assert sorted(app.table.painted) == [1, 2]


@in_terminal(80, 24)
async def test_at_the_end_new_rows_are_followed_until_one_moves(app: TableApp, pilot: Pilot[None]) -> None:
    """Only after End was pressed, not because the cursor happens to be there."""
    app.table.set_rows(make_rows(TOPICS[:40]))
    await pilot.press("G")
    app.table.set_rows(make_rows(TOPICS[:45]))
    await pilot.pause()
    was_following = app.table.is_following
    assert app.screen_lines()[-1].startswith("▸ topic-44")

    await pilot.press("k", "j")
    app.table.set_rows(make_rows(TOPICS))
    await pilot.pause()
    assert (was_following, app.table.is_following) == (True, False)
    assert app.table.cursor_key == TOPICS[44]


@in_terminal(80, 24)
async def test_turning_the_wheel_away_from_the_end_stops_following(app: TableApp, pilot: Pilot[None]) -> None:
    """Else the next refresh would scroll back."""
    app.table.set_rows(make_rows(TOPICS[:40]))
    await pilot.press("G")
    await pilot._post_mouse_events([MouseScrollUp] * 3, app.table, offset=(5, 5))
    await pilot.pause()

    assert not app.table.is_following


@in_terminal(80, 24)
async def test_growing_and_shrinking_the_terminal_goes_on_following(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """A resize moves the window, but nobody scrolled."""
    app.table.set_rows(make_rows(TOPICS[:40]))
    await pilot.press("G")
    for size in ((80, 30), (80, 10), (40, 24)):
        await pilot.resize_terminal(*size)
        await pilot.pause()

        assert app.table.is_following
        assert app.screen_lines()[-1].startswith("▸")


@in_terminal(80, 24)
async def test_the_cursor_can_be_put_on_a_key(app: TableApp, pilot: Pilot[None]) -> None:
    """Such as the one that an undo has brought back."""
    app.table.set_rows(make_rows())
    await pilot.pause()

    assert app.table.move_to(TOPICS[40])
    assert not app.table.move_to("no such")
    assert app.table.cursor_key == TOPICS[40]
    assert TOPICS[40] in app.table.visible_keys
