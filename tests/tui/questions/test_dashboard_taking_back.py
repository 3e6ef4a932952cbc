"""The key `z` takes back at once only what it was announced for a moment ago; else it asks, and names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from smq_core import Inspector, State
from smq_tui.dialogs.confirm import Confirm
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.screens.views.messages_view import MessagesView
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    with Inspector(shop, clock=FrozenClock(), actor="maria") as opened:
        yield opened


def asked(app: Dashboard) -> str:
    """Return all that the dialog says."""
    assert isinstance(app.screen, Confirm)
    return "\n".join(str(one.visual) for one in app.screen.query(Static))


async def requeue_a_dead_letter(app: Dashboard, pilot: Pilot[int], inspector: Inspector) -> int:
    """Requeue the first of the dead; answer its id."""
    app.main.navigation.jump("orders state:dead")
    await settle(pilot)
    view = app.main.view
    assert isinstance(view, MessagesView)
    await until(pilot, lambda: view.message is not None)
    key = int(str(view.table.cursor_key))
    await pilot.press("R")
    await until(pilot, lambda: inspector.topic("orders").dead == 8)
    await until(pilot, lambda: "z undoes it" in app.main.lines.said.text)
    return key


def test_what_was_announced_a_moment_ago_is_taken_back_at_once_and_named(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        key = await requeue_a_dead_letter(app, pilot, inspector)
        await pilot.press("z")
        await until(pilot, lambda: inspector.topic("orders").dead == 9)
        await until(
            pilot,
            lambda: app.main.lines.said.text == f"requeue of message {key} in orders undone: 1 restored",
        )

    run(make_dashboard(shop), scenario)


def test_after_its_announcement_an_undo_asks_and_names_what_it_takes_back(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        key = await requeue_a_dead_letter(app, pilot, inspector)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: app.main.lines.said.text == "nothing was done")
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert f"Undo the requeue of message {key} in orders?" in asked(app)
        assert "by you, 0s ago" in asked(app)
        await pilot.press("n")
        assert inspector.topic("orders").dead == 8
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: inspector.topic("orders").dead == 9)

    run(make_dashboard(shop), scenario)


def test_after_an_import_nothing_older_is_taken_back(shop: str, inspector: Inspector, tmp_path: Path) -> None:
    source = tmp_path / "lines.jsonl"
    source.write_text('"a text"\n"another"\n')

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await requeue_a_dead_letter(app, pilot, inspector)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, ImportWizard))
        wizard = app.screen
        assert isinstance(wizard, ImportWizard)
        wizard.query_one("#path", Input).value = str(source)
        await pilot.press("enter")
        await until(pilot, lambda: wizard.step.value == "ready")
        await pilot.press("y")
        await until(pilot, lambda: wizard.step.value == "done")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("z")
        assert app.screen is app.main
        assert app.main.lines.said.text.startswith(
            "the import of 2 messages cannot be undone: delete the added messages"
        )
        assert inspector.topic("orders").dead == 8

    run(make_dashboard(shop), scenario)


def test_what_somebody_else_did_is_taken_back_after_a_question_that_names_him(
    shop: str, inspector: Inspector
) -> None:
    inspector.pause("orders", "disk is being enlarged")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Undo the pause of orders?" in asked(app)
        assert "by maria, 0s ago" in asked(app)
        assert "disk is being enlarged" in asked(app)
        await pilot.press("y")
        await until(pilot, lambda: not inspector.topic("orders").paused)
        await until(pilot, lambda: app.main.lines.said.text.endswith("undone: orders is no longer paused"))

    run(make_dashboard(shop), scenario)


def test_the_activity_opens_at_the_newest(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        await pilot.press("1")
        inspector.pause("orders", "late")
        newest = inspector.activity(limit=1)[0].operation
        await pilot.press("6")
        await until(pilot, lambda: app.main.view.table.cursor_key == newest)

    run(make_dashboard(shop), scenario)


def test_what_was_processing_stays_ready_and_no_undo_of_that_is_offered(
    shop: str,
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("R")
        if isinstance(app.screen, Confirm):
            await pilot.press("y")
        await until(pilot, lambda: "requeued" in app.main.lines.said.text)
        assert "z undoes it" not in app.main.lines.said.text
        await pilot.press("z")
        assert "cannot be undone: they stay ready" in app.main.lines.said.text
        assert app.screen is app.main

    run(make_dashboard(shop), scenario)


def test_an_undone_requeue_of_leases_says_that_they_stay_ready(shop: str, inspector: Inspector) -> None:
    held = [one.id for one in inspector.browse("orders", State.PROCESSING)]
    inspector.requeue(held)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(
            pilot,
            lambda: (
                app.main.lines.said.text == "requeue of 3 messages in orders undone: "
                "3 stay ready, because their leases cannot be restored"
            ),
        )

    run(make_dashboard(shop), scenario)


@pytest.mark.parametrize(("by", "reason"), [("maria", ""), ("", "disk is being enlarged")])
def test_a_pause_with_a_reason_or_of_somebody_else_is_ended_after_a_question(
    shop: str, inspector: Inspector, by: str, reason: str
) -> None:
    app = make_dashboard(shop)
    with Inspector(shop, clock=FrozenClock(), actor=by or app.session.actor) as other:
        other.pause("orders", reason)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.view.table.move_to("orders")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert f"{by or 'you'} paused it 0s ago{': ' * bool(reason)}{reason}" in asked(app)
        await pilot.press("enter")
        assert inspector.topic("orders").paused
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: not inspector.topic("orders").paused)

    run(app, scenario)


def test_activity_tells_what_was_done_and_undoes_it(shop: str, inspector: Inspector) -> None:
    inspector.requeue([1, 2])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        await pilot.press("g", "z")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: inspector.topic("orders").dead == 9)

    run(make_dashboard(shop), scenario)
