"""Keys of the list and of its details do what they say where the other has the focus, or say why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tui.dashboard import fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

WIDE, NARROW = (160, 40), (80, 24)


@pytest.fixture
def shop(location: str) -> str:
    """Give a queue that has something of everything."""
    fill(location)
    return location


async def open_messages(app: Dashboard, pilot: Pilot[int]) -> None:
    """Show the messages, with details of the first where there is room."""
    await pilot.press("2")
    await settle(pilot)
    await until(pilot, lambda: app.main.view.table.cursor_key is not None)


def shown(app: Dashboard) -> bool:
    """Return whether one can see the details."""
    return app.main.details.is_shown


@pytest.mark.parametrize("focus", ["list", "details"])
def test_d_hides_the_details_beside_the_list_and_shows_them_again(shop: str, focus: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_messages(app, pilot)
        assert shown(app)
        if focus == "details":
            await pilot.press("tab")
        await pilot.press("d")
        assert not shown(app)
        assert app.main.lines.said.text == "the details are hidden: press d to show them"
        assert app.main.view.table.has_focus
        await pilot.press("d")
        assert shown(app)
        assert app.main.view.table.has_focus

    run(make_dashboard(shop), scenario, WIDE)


def test_d_shows_the_details_in_the_place_of_a_narrow_list_and_hides_them(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_messages(app, pilot)
        await pilot.press("d")
        assert app.main.pane.has_focus
        await pilot.press("d")
        assert not shown(app)
        assert app.main.view.table.has_focus

    run(make_dashboard(shop), scenario, NARROW)


def test_d_in_the_whole_screen_goes_back_and_says_that_details_stay_beside(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_messages(app, pilot)
        await pilot.press("underscore", "d")
        assert shown(app)
        assert app.main.lines.said.text == "the details are next to the list: press d to hide them"

    run(make_dashboard(shop), scenario, WIDE)


@pytest.mark.parametrize("key", ["space", "v", "u", "enter", "shift+down", "shift+up"])
def test_a_key_of_the_list_says_that_the_details_have_the_focus(shop: str, key: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_messages(app, pilot)
        await pilot.press("tab")
        await pilot.press(key)
        await until(pilot, lambda: "keys now go to the details" in app.main.lines.said.text)
        assert not app.main.view.table.marks

    run(make_dashboard(shop), scenario, WIDE)


def test_the_keys_that_move_in_lists_scroll_details(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_messages(app, pilot)
        await pilot.press("tab")
        pane = app.main.pane
        pane.show("test", [("\n".join("x" * 400 for _ in range(200)), "")])
        await pilot.press("w", "G")
        await until(pilot, lambda: pane.scroll_y == pane.max_scroll_y > 0)
        await pilot.press("k")
        await until(pilot, lambda: pane.scroll_y < pane.max_scroll_y)
        await pilot.press("g")
        await until(pilot, lambda: pane.scroll_y == 0)
        await pilot.press("j")
        await until(pilot, lambda: pane.scroll_y > 0)
        await pilot.press("l")
        await until(pilot, lambda: pane.scroll_x > 0)
        await pilot.press("h")
        await until(pilot, lambda: pane.scroll_x == 0)

    run(make_dashboard(shop), scenario, WIDE)


def test_w_says_what_it_did_where_no_details_show_it(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("w")
        assert app.main.lines.said.text == "long lines in the details are cut: press d to show them"
        await pilot.press("w")
        assert app.main.lines.said.text == "long lines in the details are wrapped: press d to show them"

    run(make_dashboard(shop), scenario, NARROW)
