"""What an operator chooses is kept: columns, and where to go from hit to hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core import Queue
from smq_tui.dialogs.columns import Columns
from smq_tui.settings.preferences import Preferences, load, save
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


def header(app: Dashboard) -> str:
    """Return the titles that are painted."""
    return app.main.view.table.render_line(0).text


def test_a_column_is_hidden_and_remembered_and_shown_again(location: str, tmp_path: Path) -> None:
    fill(location)
    preferences, file = Preferences(), tmp_path / "dashboard.json"

    async def hide(app: Dashboard, pilot: Pilot[int]) -> None:
        assert "RUNNING" in header(app)
        await pilot.press("c", "j", "space", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "RUNNING" not in header(app)
        assert "READY" in header(app)
        last_of_dead = header(app).index("DEAD") + 3
        assert app.main.view.table.render_line(1).text[last_of_dead] == "9", "cells stay under their titles"
        await pilot.press("q")

    async def show(app: Dashboard, pilot: Pilot[int]) -> None:
        assert "RUNNING" not in header(app)
        await pilot.press("c", "a", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "RUNNING" in header(app)

    run(make_dashboard(location, preferences=preferences), hide)
    save(file, preferences)
    assert load(file).hidden_columns == {"topics": ["processing"]}
    run(make_dashboard(location, preferences=load(file)), show)


def test_the_column_that_says_what_a_row_is_stays(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("c", "home", "space")
        assert isinstance(app.screen, Columns)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "TOPIC" in header(app)

    run(make_dashboard(location), scenario)


def test_n_goes_from_row_to_row_of_a_filtered_list_and_round_at_its_end(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages letter")
        await until(pilot, lambda: app.main.view.table.row_count == 12)
        await settle(pilot)
        table = app.main.view.table
        first = table.cursor_key
        await pilot.press("n")
        assert table.cursor_key != first
        await pilot.press("N", "N")
        last = table.cursor_key
        await pilot.press("G")
        assert table.cursor_key == last, "before the first comes the last"
        await pilot.press("n")
        assert table.cursor_key == first

    run(make_dashboard(location), scenario)


def test_n_goes_from_place_to_place_in_details_after_the_filter_was_cleared(location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue("mail", "\n".join(f"line {number} needle" for number in range(1, 91)))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: app.main.view.table.row_count == 1)
        await settle(pilot)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: app.main.details.detail is not None)
        assert not app.main.view.filtered_by
        await pilot.press("n", "N")
        await until(pilot, lambda: "match 90 of 90" in app.main.lines.said.text)
        await until(pilot, lambda: app.main.pane.scroll_y > 40)
        await pilot.press("n")
        await until(pilot, lambda: "match 1 of 90" in app.main.lines.said.text)

    run(make_dashboard(location), scenario)
