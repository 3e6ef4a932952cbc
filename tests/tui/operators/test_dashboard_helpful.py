"""What a person needs who never saw the dashboard: nothing left over from before, nothing that is not so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_core import Inspector, Queue
from smq_core.testing import EPOCH_MS
from smq_tui.screens.views.activity_view import ActivityView
from smq_tui.settings.preferences import Preferences
from smq_tui.text.filters import parse
from tests.tui.dashboard import FrozenClock, add_daemons, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


def header(app: Dashboard) -> str:
    """Return the titles of the columns as they are painted."""
    return app.main.view.table.render_line(0).text


def told(app: Dashboard, beginning: str) -> bool:
    """Return whether what was said last begins so."""
    return app.main.lines.said.text.startswith(beginning)


def test_messages_begin_with_all_of_them_whatever_was_opened_before(location: str) -> None:
    fill(location)
    kept = Preferences()

    async def opened(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: app.main.current == "messages" and app.main.view.filtered_by)
        app.leave()

    async def again(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        assert not app.main.view.filtered_by

    run(make_dashboard(location, preferences=kept), opened)
    assert "messages" not in kept.filters
    kept.filters = {"messages": "topic:mail"}
    run(make_dashboard(location, preferences=kept), again)


def test_resuming_what_no_daemon_takes_says_so(location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue, Inspector(location, actor="me") as inspector:
        queue.enqueue_many("orders", [1, 2])
        queue.enqueue_many("mail", [1, 2])
        for topic in ("orders", "mail"):
            inspector.pause(topic, "")
    add_daemons(location, "daemon")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.session.actor = "me"
        for topic, said in (
            ("orders", "orders resumed"),
            ("mail", "mail resumed; no daemon serves it yet"),
        ):
            app.main.view.table.move_to(topic)
            await pilot.press("P")
            await until(pilot, partial(told, app, said))
            assert ("no daemon" in app.main.lines.said.text) == (topic == "mail")

    run(make_dashboard(location), scenario)


def test_the_line_above_topics_speaks_of_columns_as_they_are_in_view(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "more columns: press l" in app.main.view.line.text)
        assert "last 10 min" not in app.main.view.line.text
        await pilot.resize_terminal(120, 30)
        await until(pilot, lambda: "LAST 10 MIN" in header(app))
        app.main.show_view("topics")
        assert "last 10 min: what was processed" in app.main.view.line.text
        assert "more column" not in app.main.view.line.text

    run(make_dashboard(location), scenario)


def test_the_topic_of_what_was_done_is_seen_at_80_columns(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        assert header(app).strip(" \u203a").split() == ["WHEN", "WHO", "WHAT", "TOPIC", "MESSAGES", "UNDO"]

    run(make_dashboard(location), scenario)


def test_a_requeue_of_leases_offers_no_undo_among_what_was_done(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("y")
        await until(pilot, lambda: "3 requeued" in app.main.lines.said.text)
        await pilot.press("6")
        await settle(pilot)
        rows = app.main.view.table
        await until(pilot, lambda: "requeue" in rows.render_line(1).text)
        assert rows.render_line(1).text.split()[-1] == "-"
        assert "z undoes it" in rows.render_line(2).text

    run(make_dashboard(location), scenario)


def test_a_filter_that_hides_what_was_done_last_says_so(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await settle(pilot)
        view = app.main.view
        view.apply_filter(parse("pause"))
        assert isinstance(view, ActivityView)
        await until(pilot, lambda: view.table.row_count == 1)
        assert "the filter hides the newest action: Esc clears it" in view.line.text
        await pilot.press("escape")
        await until(pilot, lambda: "hides" not in view.line.text)

    run(make_dashboard(location), scenario)


def test_what_a_lost_daemon_holds_is_told_until_it_holds_nothing(location: str) -> None:
    early = EPOCH_MS - 100_000
    with Queue(location, clock=FrozenClock(early), worker="gone") as queue:
        queue.enqueue_many("orders", [1, 2])
        queue.dequeue("orders", limit=2, visibility_timeout=3_600.0)
    add_daemons(location, "gone", now_ms=early)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        row = app.main.view.table.render_line(1).text
        assert "! lost 1m41s" in row
        assert "█" not in row, "nobody uses the time that is left"
        await pilot.press("5")
        await settle(pilot)
        main = app.main
        await until(
            pilot, lambda: "press 3, then R: it holds 2 messages" in main.lines.said.render_line(0).text
        )
        with Inspector(location) as inspector:
            inspector.requeue([1, 2], force=True)
        main.action_do("refresh")
        await until(pilot, lambda: "it holds no messages" in main.lines.said.render_line(0).text)
        assert "lost for 1m41s" in main.lines.said.render_line(0).text
        assert "/2" not in main.view.table.render_line(1).text, "what it runs nobody knows"

    run(make_dashboard(location), scenario)


def test_escape_closes_the_chart_which_names_its_key(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        chart = app.main.chart
        await pilot.press("m")
        await until(pilot, lambda: "1 hour  m: 7 days" in chart.render_line(0).text)
        await pilot.press("m")
        await until(pilot, lambda: "7 days  m: off" in chart.render_line(0).text)
        await pilot.press("escape")
        await until(pilot, lambda: not chart.display)
        assert app.main.current == "topics"

    run(make_dashboard(location), scenario)
