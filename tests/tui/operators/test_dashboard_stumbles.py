"""Where operators stumbled: what they saw then, and what they see instead."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.testing import EPOCH_MS
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.dashboard import FrozenClock, SetClock, add_daemons, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


def line_of(app: Dashboard) -> str:
    """Return what the line above the list says."""
    return app.main.view.line.text


def was_read_at(app: Dashboard, moment: float) -> bool:
    """Return whether what is shown was read at a moment."""
    newest = app.main.live._read
    return newest is not None and newest.reading.at == moment


async def see(pilot: Pilot[int], app: Dashboard, where: str) -> None:
    """Go somewhere, and wait for what is there."""
    app.main.navigation.jump(where)
    await settle(pilot)


def test_deleted_messages_are_in_a_state_of_their_own_and_no_longer_among_all(location: str) -> None:
    """B18: after D the list looked as if nothing had happened."""
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue_many("thumbnails", ["one", "two", "three"])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await see(pilot, app, "messages topic:thumbnails")
        view = app.main.view
        assert isinstance(view, MessagesView)
        await until(pilot, lambda: "[all 3]" in line_of(app) and set(view.messages) == {1, 2, 3})
        await pilot.press("D")
        await until(pilot, lambda: app.screen is not app.main)
        await pilot.press("y")
        await until(pilot, lambda: set(view.table.visible_keys) == {1, 2})
        await until(pilot, lambda: "[all 2]" in line_of(app))
        assert "trash 1" in line_of(app)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: set(view.table.visible_keys) == {3})
        assert "[trash 1]" in line_of(app)
        await pilot.press("z")
        await until(pilot, lambda: "[trash 0]" in line_of(app))

    run(make_dashboard(location), scenario, (120, 30))


def test_each_traceback_stands_once_in_the_details_the_newest_first(location: str) -> None:
    """B18: the newest attempt came last, below copies of the same traceback."""
    bad = "ValueError: bad\n  line 2"
    for ago_s, error in ((300, "OSError: other"), (200, bad), (100, bad)):
        with Queue(location, clock=FrozenClock(EPOCH_MS - ago_s * 1000)) as queue:
            if ago_s == 300:
                queue.enqueue("mail", {"to": "ann"})
            queue.requeue(queue.dequeue("mail")[0], error=error, delay=0)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await see(pilot, app, "messages")
        await pilot.press("enter")
        await until(pilot, lambda: "failed attempts" in app.main.pane.text)
        shown = app.main.pane.text
        assert shown.count("ValueError: bad") == 1
        newest, older = (
            ("● 3", "ValueError: bad"),
            ("● 2", "the same error as attempt 3", "● 1", "OSError: other"),
        )
        parts = (*newest, *older, "payload")
        places = [shown.index(part) for part in parts]
        assert places == sorted(places)

    run(make_dashboard(location), scenario, (120, 40))


def test_a_topic_that_only_a_dead_consumer_holds_is_not_running_in_green(location: str) -> None:
    """B17: 2,972 ready, nothing out for minutes, and 12 leases of a consumer that was killed."""
    with Queue(location, clock=FrozenClock(EPOCH_MS - 480_000)) as queue:
        queue.enqueue_many("thumbnails", [b""] * 20)
        queue.dequeue("thumbnails", limit=12, visibility_timeout=3_600.0)
        queue.enqueue("mail", 1)
        queue.bury(queue.dequeue("mail")[0], error="OSError: no")
    clock = SetClock()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.main.context.snapshot is not None)
        for late_s in range(5, 185, 5):
            clock.late_ms = late_s * 1_000
            await pilot.press("ctrl+r")
            await until(pilot, partial(was_read_at, app, EPOCH_MS / 1000 + late_s))
        first, second = (app.main.view.table.render_line(y).text for y in (1, 2))
        assert "thumbnails" in first
        assert "! no progress 3m00s" in first
        assert "running" not in first
        assert "mail" in second
        assert "thumbnails: press 3: no progress for 3m00s" in app.main.lines.notice.text

    run(make_dashboard(location, clock=clock), scenario, (120, 30))


@pytest.mark.parametrize("has_file", [True, False])
def test_the_import_says_nothing_of_beginnings_before_anything_is_typed(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_file: bool
) -> None:
    """B10: “No file in this folder matches.” stood above an empty field."""
    Queue(location).close()
    folder = tmp_path / "here"
    folder.mkdir()
    if has_file:
        (folder / "in.jsonl").write_text("1\n")
    monkeypatch.chdir(folder)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        seen: list[str] = []
        await pilot.press("I")
        await until(pilot, lambda: app.screen is not app.main)
        for _ in range(10):
            table = app.screen.query_one(KeyedTable)
            seen += [table.render_line(y).text.strip() for y in range(1, 4)]
            await pilot.pause()
        assert "No file in this folder matches." not in seen
        assert ("in.jsonl" in " ".join(seen)) is has_file
        assert ("There are no files in this folder." in seen) is not has_file

    run(make_dashboard(location), scenario, (100, 30))


def test_t_on_a_lost_daemon_says_that_nothing_is_left_to_stop(location: str) -> None:
    """B15: it promised that the dead process finishes what it runs."""
    Queue(location).close()
    add_daemons(location, "lost", now_ms=EPOCH_MS - 60_000)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("T")
        await until(pilot, lambda: "there is nothing to stop" in app.main.lines.said.text)
        assert app.screen is app.main, "nothing is asked"

    run(make_dashboard(location), scenario)


def test_what_operators_remove_is_not_said_to_be_processed(location: str) -> None:
    """B9: 294 deleted, and the details said that they went out."""
    with Queue(location, clock=FrozenClock()) as queue, Inspector(location, clock=FrozenClock()) as inspector:
        queue.enqueue_many("thumbnails", [b""] * 10)
        queue.ack_many(queue.dequeue("thumbnails", limit=3))
        inspector.bury([5, 6])
        inspector.purge("thumbnails", "dead")
        inspector.delete([7, 8])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "processed" in app.main.pane.text)
        words = app.main.pane.text.split()
        assert words[words.index("processed") + 1] == "3"
        assert words[words.index("trash") + 1] == "2"

    run(make_dashboard(location), scenario)


def test_the_line_of_daemons_says_of_when_busy_is(location: str) -> None:
    """B18: “running 2” stood above BUSY 3/6, of another moment."""
    Queue(location).close()
    add_daemons(location, "w")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        assert "BUSY: at the last heartbeat" in line_of(app)

    run(make_dashboard(location), scenario, (120, 30))


def test_a_bulk_action_s_filter_stands_in_the_activity(location: str) -> None:
    """B18: its detail was “-”, and nobody learned which 99 had been requeued."""
    with Queue(location, clock=FrozenClock()) as queue:
        for error in ("SmtpError: 550", "SmtpError: 551", "OSError"):
            queue.enqueue("mail", 1)
            queue.bury(queue.dequeue("mail")[0], error=error)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await see(pilot, app, "messages topic:mail state:dead error~SmtpError")
        await pilot.press("asterisk", "R")
        await until(pilot, lambda: app.screen is not app.main)
        await pilot.press("2", "enter")
        await until(pilot, lambda: "2 requeued" in app.main.lines.said.text)
        await pilot.press("6")
        await settle(pilot)
        assert "all state:dead error~SmtpError" in app.main.view.hint()[0]

    run(make_dashboard(location), scenario)
