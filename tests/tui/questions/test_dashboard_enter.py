"""Enter, which leads through lists and forms, changes nothing in any dialog that was not filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, Input

from smq_core import Inspector
from smq_tui.dialogs.fields import Fields
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.keys.actions import ACTIONS
from tests.tui.dashboard import FrozenClock, add_daemons, fill, make_dashboard, run, settle, until
from tests.tui.questions.test_dashboard_dialogs import why

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

DIALOGS = {
    "topics": "PaI",
    "messages topic:orders state:dead": "DeX",
    "messages topic:orders state:ready": "KD",
    "leases": "RDK",
    "dead": "RD",
    "workers": "T",
    "activity": "z",
}
"""Where each key that changes something opens a dialog."""


@pytest.fixture
def shop(location: str) -> str:
    """Give a queue that has something of everything, with a daemon."""
    fill(location)
    add_daemons(location, "host:4000:a")
    return location


def written(location: str) -> object:
    """Return what an operator's change would leave behind."""
    with Inspector(location, clock=FrozenClock()) as inspector:
        messages = [(one.id, one.state) for one in inspector.browse(limit=1_000)]
        commands = [(worker.id, worker.command) for worker in inspector.workers()]
        return messages, commands, [entry.operation for entry in inspector.activity(limit=100)]


@pytest.mark.slow
def test_enter_confirms_in_no_dialog_of_any_key_that_changes_something(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        before = written(shop)
        for place, keys in DIALOGS.items():
            for key in keys:
                app.main.navigation.jump(place)
                await settle(pilot)
                await pilot.press(key)
                await until(pilot, lambda: app.screen is not app.main)
                await pilot.press("enter", "enter", "enter")
                while app.screen is not app.main:
                    await pilot.press("escape")
                await settle(pilot)
                assert written(shop) == before, (place, key)

    run(make_dashboard(shop), scenario)


def test_every_key_that_changes_something_and_asks_is_tried() -> None:
    tried = {key for keys in DIALOGS.values() for key in keys}
    # A daemon is told to finish at once: the same key takes that back.
    assert {spec.first_key for spec in ACTIONS if spec.is_change} - {"Q"} == tried


@pytest.mark.parametrize("where", ["path", "topic", ""])
def test_enter_does_not_import_what_the_dry_run_showed(shop: str, tmp_path: Path, where: str) -> None:
    source = tmp_path / "lines.jsonl"
    source.write_text('"a text"\n')

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("I")
        wizard = app.screen
        assert isinstance(wizard, ImportWizard)
        wizard.query_one("#path", Input).value = str(source)
        await pilot.press("enter")
        await until(pilot, lambda: wizard.step.value == "ready")
        before = written(shop)
        if where:
            wizard.query_one(f"#{where}", Input).focus()
            await pilot.press("enter")
            assert "press Ctrl+S to import" in why(app)
        else:
            assert wizard.focused is wizard.query_one("#cancel", Button)
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is app.main)
        assert written(shop) == before

    run(make_dashboard(shop), scenario)


def test_a_pause_without_a_reason_is_asked_for_by_another_key_than_enter(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.view.table.move_to("orders")
        await pilot.press("P")
        assert isinstance(app.screen, Fields)
        await pilot.press("enter", "enter")
        assert "press Ctrl+S to pause" in why(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "orders is paused" in app.main.lines.said.text)

    run(make_dashboard(shop), scenario)
