"""Screen 5: which daemons a filter keeps, and what a row says of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core import Queue
from smq_tui.filters import parse
from tests.tui.dashboard import add_daemons, make_dashboard, run, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


def test_a_filter_by_topic_keeps_the_daemons_that_serve_it_by_a_pattern(location: str) -> None:
    Queue(location).close()
    add_daemons(location, "by-name", topics=["orders"])
    add_daemons(location, "by-pattern", topics=["ord*"])
    add_daemons(location, "of-others", topics=["mail", "order?"])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        app.main.view.apply_filter(parse("topic:orders"))
        await settle(pilot)
        assert set(app.main.view.table.visible_keys) == {"by-name", "by-pattern"}

    run(make_dashboard(location), scenario)
