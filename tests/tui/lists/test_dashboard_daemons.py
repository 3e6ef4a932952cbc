"""Screen 5: which daemons a filter keeps, and what a row says of one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from smq_core import Queue
from smq_core.store import open_store
from smq_core.testing import EPOCH_MS
from smq_tui.text.filters import parse
from tests.tui.dashboard import FrozenClock, add_daemons, make_dashboard, run, settle, until

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


def test_a_killed_daemon_leaves_a_row_for_a_day_and_one_that_stopped_none(location: str) -> None:
    """B16."""
    with closing(open_store(location)) as store:
        for name, ago, served in (
            ("killed", 720, "thumbnails"),
            ("old", 86_401, "mail"),
            ("other", 60, "orders"),
        ):
            store.note(
                "daemon died",
                actor=name,
                topic=None,
                changed=4,
                detail=f"killed or crashed; last heartbeat at 2099-01-01T00:00:00Z; it served {served}",
                now_ms=EPOCH_MS - ago * 1000,
            )
    add_daemons(location, "lives", topics=["orders"])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        view = app.main.view
        assert set(view.table.visible_keys) == {"lives", "killed", "other"}
        rows = {
            key: " ".join(view.table.render_line(y).text.split())
            for y, key in enumerate(view.table.visible_keys, 1)
        }
        assert "killed ! died" in rows["killed"]
        assert "12m00s thumbnails" in rows["killed"]
        assert "other died" in rows["other"], "another takes its topics: no alarm"
        view.table.move_to("killed")
        hint = view.hint()[0]
        assert "died 12m00s ago" in hint
        assert "it served thumbnails; 4 messages returned; no daemon serves thumbnails now" in hint
        await pilot.press("T")
        await until(pilot, lambda: "choose a daemon that is running" in app.main.lines.said.text)

    run(make_dashboard(location), scenario, (200, 30))


def test_how_busy_a_daemon_is_says_what_it_runs_and_never_what_it_only_holds(location: str) -> None:
    with Queue(location, clock=FrozenClock(EPOCH_MS - 60_000), worker="lost") as queue:
        queue.enqueue_many("orders", [1, 2, 3])
        queue.dequeue("orders", limit=3, visibility_timeout=3_600.0)
    add_daemons(location, "lives", running=[{"id": 9}])
    add_daemons(location, "lost", running=[{"id": 1}], now_ms=EPOCH_MS - 60_000)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        table = app.main.view.table
        at = table.render_line(0).text.index("BUSY") + len("BUSY")
        rows = (table.render_line(y).text for y in (1, 2))
        busy = {row.strip("▸ ").split()[0]: row[:at].split()[-1] for row in rows}
        assert busy == {"lives": "1/2", "lost": "-"}
        table.move_to("lost")
        assert "it holds 3 messages" in app.main.view.hint()[0]

    run(make_dashboard(location), scenario)


def test_a_lease_says_since_when_its_message_runs_which_is_not_how_long_it_is_held(location: str) -> None:
    with Queue(location, clock=FrozenClock(EPOCH_MS - 60_000), worker="w") as queue:
        started, waiting = queue.enqueue_many("orders", [1, 2])
        queue.dequeue("orders", limit=2, visibility_timeout=3_600.0)
    add_daemons(location, "w", running=[{"id": started, "topic": "orders", "since": EPOCH_MS - 7_000}])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        table = app.main.view.table
        titles, *rows = (table.render_line(y).text for y in range(3))
        at = titles.index("RUNS") + len("RUNS")
        runs = {int(row.strip("▸ ").split()[0]): row[:at].split()[-1] for row in rows}
        assert runs == {started: "7s", waiting: "-"}
        table.move_to(started)
        await pilot.press("enter")
        await until(pilot, lambda: "runs since" in app.main.pane.text)

    run(make_dashboard(location), scenario, (100, 30))
