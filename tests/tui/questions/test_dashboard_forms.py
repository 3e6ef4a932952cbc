"""Forms whose values could not be saved: what was typed stays, with the reason."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from smq_core import Inspector, Queue
from smq_tui.dialogs.confirm import Confirm
from smq_tui.dialogs.fields import Fields
from smq_tui.dialogs.message_form import MessageForm
from smq_tui.gateway import gateway
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until
from tests.tui.locker import Writer
from tests.tui.questions.test_dashboard_dialogs import open_editor, why

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


@pytest.fixture
def shop(location: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a queue that has something of everything, to a dashboard of little patience."""
    monkeypatch.setattr(gateway, "_CHANGE_PATIENCE_S", 0.2)
    fill(location)
    return location


async def refused(pilot: Pilot[int], form: Fields | MessageForm, reason: str) -> None:
    """Wait until a form shows why its values were not saved."""
    await until(pilot, lambda: reason in form.failure)
    assert pilot.app.screen is form
    assert form.failure in why(pilot.app)  # type: ignore[arg-type]  # the dashboard
    assert not form.query_one(".dialog-box").disabled
    assert pilot.app.focused is not None, "typing goes on where it was"


async def open_pause(app: Dashboard, pilot: Pilot[int]) -> Fields:
    """Open the form of a pause, and type a reason."""
    app.main.view.table.move_to("orders")
    await pilot.press("P", *"deploy")
    assert isinstance(app.screen, Fields)
    return app.screen


def test_a_pause_of_a_locked_database_keeps_its_reason_and_can_be_tried_again(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        with Writer(shop):
            form = await open_pause(app, pilot)
            await pilot.press("enter", "enter")
            await refused(pilot, form, "held")
            assert form.query_one("#reason", Input).value == "deploy"
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    run(make_dashboard(shop), scenario)
    with Inspector(shop, clock=FrozenClock()) as inspector:
        assert inspector.topic("orders").pause_reason == "deploy"


def test_a_new_message_for_a_locked_database_keeps_its_payload(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        with Writer(shop):
            await pilot.press("a")
            assert isinstance(app.screen, MessageForm)
            form = app.screen
            form.query_one("#payload", TextArea).text = "a long letter"
            await pilot.press("ctrl+s")
            await refused(pilot, form, "held")
            assert form.query_one("#payload", TextArea).text == "a long letter"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "was added to" in app.main.lines.said.text

    run(make_dashboard(shop), scenario)


def test_an_edit_of_a_message_that_has_moved_on_keeps_its_text(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        chosen = await open_editor(app, pilot, '{"order": 7}')
        form = app.screen
        assert isinstance(form, MessageForm)
        with Inspector(shop, clock=FrozenClock()) as another:
            await asyncio.to_thread(another.delete, [chosen])
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await refused(pilot, form, "0 edited; 1 left alone")
        assert form.query_one("#payload", TextArea).text == '{"order": 7}'

    run(make_dashboard(shop), scenario)


def test_an_export_that_cannot_be_written_keeps_its_path(shop: str, tmp_path: Path) -> None:
    path = str(tmp_path / ("x" * 300))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Fields))
        form = app.screen
        assert isinstance(form, Fields)
        form.query_one("#path", Input).value = path
        await pilot.press("enter")
        await refused(pilot, form, "File name too long")
        assert form.query_one("#path", Input).value == path

    run(make_dashboard(shop), scenario)


def test_a_long_export_shows_how_far_it_is_and_is_stopped_by_escape(location: str, tmp_path: Path) -> None:
    with Queue(location, clock=FrozenClock(), durability="normal") as queue:
        queue.enqueue_many("bulk", [0] * 20_000)
    path = tmp_path / "exported.jsonl"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("*", "x")
        await until(pilot, lambda: isinstance(app.screen, Fields))
        form = app.screen
        assert isinstance(form, Fields)
        form.query_one("#path", Input).value = str(path)
        form.action_submit()
        while "of 20,000 messages written (Esc stops)" not in why(app):  # noqa: ASYNC110 - only the screen tells
            await asyncio.sleep(0)
        form.action_leave()
        await refused(pilot, form, "the export was stopped: no file was written")
        assert not path.exists()
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "wrote 20,000 messages" in app.main.lines.said.text

    run(make_dashboard(location), scenario)


def test_after_a_failure_changes_are_still_thrown_away_only_by_a_second_escape(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("a")
        form = app.screen
        assert isinstance(form, MessageForm)
        form.query_one("#topic", Input).value = "no=topic"
        await pilot.press("escape", "ctrl+s")
        await refused(pilot, form, "no=topic")
        await pilot.press("escape")
        assert app.screen is form
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "no=topic" in app.main.lines.said.text, "the reason stays true where “not saved” may not be"

    run(make_dashboard(shop), scenario)


def test_a_form_that_is_left_while_it_is_saved_warns_first_and_reports_what_came_of_it(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        with Writer(shop):
            form = await open_pause(app, pilot)
            await pilot.press("enter", "enter")
            await until(pilot, lambda: form.is_waiting)
            await pilot.press("escape")
            assert "press Esc again" in why(app)
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            await until(pilot, lambda: "held" in app.main.lines.said.text)

    run(make_dashboard(shop), scenario)


def test_a_path_with_the_home_of_somebody_unknown_can_be_typed(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("I", "~", *"nobody-here", "enter")
        await until(pilot, lambda: "~nobody-here" in why(app))
        await pilot.press("escape", "2")
        await settle(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Fields))
        app.screen.query_one("#path", Input).value = "~nobody-here/export"
        await pilot.press("enter")
        await until(pilot, lambda: "no folder ~nobody-here" in why(app))

    run(make_dashboard(shop), scenario)
