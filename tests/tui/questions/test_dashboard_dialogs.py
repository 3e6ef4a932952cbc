"""What dialogs answer to keys that they do not take, and what leaving them loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static, TextArea

from smq_core import Inspector
from smq_tui.dialogs.confirm import Confirm
from smq_tui.dialogs.message_form import MessageForm
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


@pytest.fixture
def shop(location: str) -> str:
    """Give a queue that has something of everything."""
    fill(location)
    return location


@pytest.fixture
def inspector(shop: str) -> Iterator[Inspector]:
    """Give another operator's eyes."""
    with Inspector(shop, clock=FrozenClock()) as opened:
        yield opened


def why(app: Dashboard) -> str:
    """Return what a dialog says of the last key."""
    return str(app.screen.query_one("#why", Static).visual)


async def open_editor(app: Dashboard, pilot: Pilot[int], payload: str) -> int:
    """Open a dead letter for editing, and change its payload; answer its id."""
    app.main.navigation.jump("messages state:dead")
    await settle(pilot)
    await until(pilot, lambda: app.main.view.message is not None)  # type: ignore[attr-defined]  # screen 2's
    chosen = int(str(app.main.view.table.cursor_key))
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, MessageForm))
    app.screen.query_one("#payload", TextArea).text = payload
    return chosen


def test_enter_saves_an_edit_whose_changes_are_shown(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        chosen = await open_editor(app, pilot, '{"order": 7}')
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: inspector.get(chosen).payload == {"order": 7})

    run(make_dashboard(shop), scenario)


def test_an_edit_that_is_not_confirmed_says_that_it_is_not_saved(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await open_editor(app, pilot, '{"order": 7}')
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MessageForm))
        assert "Esc twice to discard the changes" in why(app)
        await pilot.press("escape")
        assert isinstance(app.screen, MessageForm)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, MessageForm))

    run(make_dashboard(shop), scenario)


def test_changes_are_thrown_away_only_by_a_second_escape_which_says_so(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        chosen = await open_editor(app, pilot, '{"order": 7}')
        before = inspector.get(chosen).payload
        await pilot.press("escape")
        assert "press Esc again" in why(app)
        app.screen.query_one("#key", Input).value = "another"
        await pilot.press("escape")
        assert isinstance(app.screen, MessageForm), "what was changed since asks again"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, MessageForm))
        assert f"not saved: message {chosen}" in app.main.lines.said.text
        assert inspector.get(chosen).payload == before

    run(make_dashboard(shop), scenario)


def test_a_form_in_which_nothing_was_changed_is_left_at_once(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("a", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "not saved" not in app.main.lines.said.text

    run(make_dashboard(shop), scenario)


def test_a_key_that_a_question_does_not_take_says_which_it_takes(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages state:dead")
        await settle(pilot)
        await until(pilot, lambda: app.main.view.message is not None)  # type: ignore[attr-defined]  # screen 2's
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert not why(app)
        await pilot.press("D")
        await pilot.pause()
        assert why(app) == "y: Delete 1.  Esc: Cancel."

    run(make_dashboard(shop), scenario)


@pytest.mark.parametrize("key", ["y", "R", "enter"])
def test_a_number_that_is_wanted_is_asked_for_at_once(key: str, shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press(key)
        await until(pilot, lambda: "type 3 and press Enter" in why(app))

    run(make_dashboard(shop), scenario)


@pytest.mark.parametrize("key", ["question_mark", "c", "a", "I", "ctrl+t", "ctrl+p"])
def test_what_is_over_the_screen_is_closed_once_however_often_it_is_told(shop: str, key: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not app.main)
        opened = app.screen
        opened.dismiss()
        opened.dismiss()
        await until(pilot, lambda: app.screen is app.main)
        opened.dismiss()
        await pilot.pause()
        assert app.screen is app.main
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not app.main)

    run(make_dashboard(shop), scenario)
