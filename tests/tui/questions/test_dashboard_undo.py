"""An undo of much tells how far it came, can be stopped, and goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from smq_core import Inspector, Queue, State
from smq_tui.dialogs.confirm import Confirm
from tests.tui.dashboard import FrozenClock, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

MANY = 20_000


def test_a_long_undo_is_stopped_by_esc_and_gone_on_with_by_z(location: str) -> None:
    with (
        Queue(location, clock=FrozenClock(), durability="normal") as queue,
        Inspector(location, clock=FrozenClock(), actor="ann") as inspector,
    ):
        queue.enqueue_many("bulk", [0] * MANY)
        inspector.delete(inspector.select("bulk", State.READY))

        async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
            await pilot.press("6")
            await settle(pilot)
            # A key that is pressed by the pilot is over when nothing more happens, which would be too late.
            app.main.action_do("undo")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            app.screen.action_confirm()  # type: ignore[attr-defined]  # the question's
            while "of 20,000 restored" not in app.main.long_action.notice:  # noqa: ASYNC110 - only the screen tells
                await asyncio.sleep(0)
            assert "Esc stops" in app.main.lines.notice.text
            app.main.action_do("back")
            await until(pilot, lambda: not app.main.long_action.notice)
            assert 0 < inspector.topic("bulk").ready < MANY
            assert "press z to continue" in app.main.lines.said.text
            await pilot.press("1", "z")
            await until(pilot, lambda: inspector.topic("bulk").ready == MANY)

        run(make_dashboard(location), scenario)
