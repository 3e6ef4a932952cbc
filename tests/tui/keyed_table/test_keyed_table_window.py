"""Lists of millions: keys without rows, and rows that come when they are to be seen."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from smq_tui.widgets.keyed_table.key_order import KeyOrder, SortedOrder
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.keyed_table.keyed_table_app import TableApp, in_terminal, make_row

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.widgets.keyed_table.key_order import Key

MILLION = array("q", range(1, 1_000_001))


class CountedOrder:
    """An order that counts what it is asked."""

    def __init__(self, order: KeyOrder) -> None:
        self._order = order
        self.has_more = order.has_more
        self.calls = 0

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int, /) -> Key:
        self.calls += 1
        return self._order[index]

    def index_of(self, key: Key) -> int | None:
        """Count, and pass on."""
        self.calls += 1
        return self._order.index_of(key)

    def index_near(self, key: Key) -> int | None:
        """Count, and pass on."""
        self.calls += 1
        return self._order.index_near(key)


def wanted_keys(app: TableApp) -> list[tuple[Key, ...]]:
    """Return which rows were asked for since the last time."""
    return [message.keys for message in app.posted(KeyedTable.RowsWanted)]


@in_terminal(80, 24)
async def test_a_million_rows_are_moved_through_without_looking_at_each(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """Setting, jumping, paging, marking and refreshing look at some windows of rows, counted in calls."""
    for size in (1_000, 1_000_000):
        order = CountedOrder(SortedOrder(MILLION[:size]))
        app.table.set_order(order)
        await pilot.press("G", "pageup", "k", "space", "v", "k", "k", "v", "g", "pagedown", "j", "end")
        refreshed = CountedOrder(SortedOrder(MILLION[: size - 3]))
        app.table.set_order(refreshed)
        await pilot.pause()

        assert app.table.cursor_key == size - 3
        assert order.calls < 15 * 8 * 23
        assert refreshed.calls < 8 * 23


@in_terminal(80, 24)
async def test_painting_asks_the_order_nothing(app: TableApp, pilot: Pilot[None]) -> None:
    """What is painted was looked up when it changed."""
    order = CountedOrder(SortedOrder(MILLION))
    app.table.set_order(order)
    await pilot.pause()
    calls = order.calls
    app.screen_lines()
    app.table.refresh()
    await pilot.pause()

    assert order.calls == calls


@in_terminal(80, 24)
async def test_rows_in_view_are_asked_for_first_and_painted_when_they_come(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """Until then their places are held."""
    app.table.set_order(SortedOrder(MILLION))
    await pilot.pause()
    (wanted,) = wanted_keys(app)
    assert wanted[:23] == app.table.visible_keys
    assert wanted == tuple(range(1, 47))
    assert app.screen_lines()[1].split() == ["Looking…"]
    assert not any(line.strip() for line in app.screen_lines()[2:])

    app.table.deliver({2: make_row("second")})
    await pilot.pause()
    assert app.screen_lines()[1].split() == ["▸", "·", "·", "·", "·", "·"]
    assert app.screen_lines()[2].startswith("  second")
    assert app.screen_lines()[3].split() == ["·", "·", "·", "·", "·"]


@in_terminal(80, 24)
async def test_moving_by_a_row_or_a_page_finds_rows_at_hand(app: TableApp, pilot: Pilot[None]) -> None:
    """And asks for those beyond before they come into view."""
    app.table.set_order(SortedOrder(MILLION))
    await pilot.pause()
    app.table.deliver(
        {key: make_row(f"m{key}") for keys in wanted_keys(app) for key in keys if isinstance(key, int)}
    )

    await pilot.press("j")
    assert wanted_keys(app) == []
    await pilot.press("pagedown")
    assert "·" not in "".join(app.screen_lines())
    assert wanted_keys(app) == [tuple(range(47, 70))]


@in_terminal(80, 24)
async def test_a_refresh_shows_the_rows_at_hand_and_asks_for_them_anew(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """Nothing flickers, and what has changed is seen when it comes."""
    app.table.set_order(SortedOrder(MILLION))
    app.table.deliver({key: make_row(f"m{key}") for key in range(1, 50)})
    await pilot.pause()
    wanted_keys(app)

    app.table.set_order(SortedOrder(MILLION))
    await pilot.pause()
    assert app.screen_lines()[1].startswith("▸ m1 ")
    assert wanted_keys(app) == [tuple(range(1, 47))]

    app.table.deliver({key: make_row(f"new{key}") for key in range(1, 47)})
    await pilot.pause()
    assert app.screen_lines()[1].startswith("▸ new1 ")
    assert wanted_keys(app) == []


@in_terminal(80, 24)
async def test_rows_that_are_painted_anew_meanwhile_are_still_awaited(
    app: TableApp, pilot: Pilot[None]
) -> None:
    app.table.set_order(SortedOrder(MILLION))
    app.table.deliver({key: make_row(f"m{key}") for key in range(1, 50)})
    await pilot.pause()
    app.table.set_order(SortedOrder(MILLION))
    app.table.repaint({key: make_row(f"older{key}") for key in range(1, 24)})
    await pilot.pause()
    assert app.screen_lines()[1].startswith("▸ older1 ")
    assert wanted_keys(app)[-1] == tuple(range(1, 47))


@in_terminal(80, 24)
async def test_rows_that_could_not_be_had_are_asked_for_again_when_told(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """Not by itself: that would be a loop while the database is locked."""
    app.table.set_order(SortedOrder(MILLION))
    await pilot.pause()
    asked = wanted_keys(app)
    app.table.refresh()
    await pilot.press("j")
    assert wanted_keys(app) == []

    app.table.renew_rows()
    await pilot.pause()
    assert wanted_keys(app) == asked


@in_terminal(80, 24)
async def test_a_row_that_is_gone_is_not_asked_for_again(app: TableApp, pilot: Pilot[None]) -> None:
    """The next order will not have it."""
    app.table.set_order(SortedOrder(array("q", [1, 2, 3])))
    app.table.deliver({1: make_row("one"), 2: None, 3: make_row("three")})
    await pilot.pause()
    wanted_keys(app)
    await pilot.press("j", "j")

    assert wanted_keys(app) == []
    assert app.screen_lines()[2].split() == ["·"] * 5


@in_terminal(80, 24)
async def test_few_rows_are_kept_however_far_one_goes(app: TableApp, pilot: Pilot[None]) -> None:
    """Those around the window are among them."""
    app.table.set_order(SortedOrder(MILLION))
    for first in range(1, 10_000, 500):
        app.table.deliver({key: make_row(f"m{key}") for key in range(first, first + 500)})
    await pilot.pause()

    assert len(app.table._rows._rows) <= 2_000
    assert app.screen_lines()[1].startswith("▸ m1 ")


@in_terminal(80, 24)
async def test_an_order_with_more_beyond_is_asked_to_grow_once(app: TableApp, pilot: Pilot[None]) -> None:
    """When its end comes near, not before."""
    app.table.set_order(SortedOrder(array("q", range(100)), has_more=True))
    await pilot.press("pagedown")
    assert app.posted(KeyedTable.MoreWanted) == []

    await pilot.press("pagedown", "pagedown", "pagedown")
    assert len(app.posted(KeyedTable.MoreWanted)) == 1

    app.table.set_order(SortedOrder(array("q", range(200)), has_more=True))
    await pilot.press("G")
    assert len(app.posted(KeyedTable.MoreWanted)) == 1
    app.table.set_order(SortedOrder(array("q", range(250))))
    await pilot.press("G")
    assert app.posted(KeyedTable.MoreWanted) == []


@in_terminal(80, 24)
async def test_going_back_to_rows_that_come_whole_asks_for_none(app: TableApp, pilot: Pilot[None]) -> None:
    """One table serves both."""
    app.table.set_order(SortedOrder(MILLION))
    await pilot.pause()
    wanted_keys(app)
    app.table.set_rows([(1, make_row("one"))])
    await pilot.pause()

    assert wanted_keys(app) == []
    assert app.screen_lines()[1].startswith("▸ one")
    app.table.deliver({1: make_row("changed")})
    assert app.screen_lines()[1].startswith("▸ changed")


@in_terminal(80, 24)
async def test_a_range_over_a_million_rows_ends_at_the_limit_and_says_so(
    app: TableApp, pilot: Pilot[None]
) -> None:
    """Marks are for what a person can look over; a filter is for the rest."""
    app.table.set_order(SortedOrder(MILLION))
    await pilot.press("v", "G", "k")

    assert app.table.marks == set(range(1, 10_001))
    assert [message.limit for message in app.posted(KeyedTable.MarkLimitReached)] == [10_000]
    await pilot.press("v", "space")
    assert len(app.table.marks) == 10_000
