"""What a daemon held that is lost: the first screen calls it wrong, and one key requeues all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from smq_core import Inspector, Queue
from smq_core.daemon.liveness.workers_file import WorkersFile
from smq_core.daemon.liveness.workers_file_layout import RecordHeader
from smq_core.store import open_store
from smq_core.store.records import WorkerRow
from smq_core.testing import EPOCH_MS
from smq_tui.dialogs.confirm import Confirm
from smq_tui.gateway.poller import read
from smq_tui.messages import Refreshed
from tests.tui.dashboard import FrozenClock, SetClock, add_daemons, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

HELD = 4


@pytest.fixture
def stuck(location: str) -> str:
    """Give a topic that a daemon died on, a minute ago, with messages in its hands and others that wait."""
    early = FrozenClock(EPOCH_MS - 100_000)
    with (
        Queue(location, clock=early, worker="lost") as queue,
        Queue(location, clock=early, worker="me") as consumer,
    ):
        queue.enqueue_many("mail", [f"letter {number}" for number in range(10)])
        queue.dequeue("mail", limit=HELD, visibility_timeout=3_600.0)
        consumer.enqueue("orders", 1)
        consumer.dequeue("orders", visibility_timeout=3_600.0)
    store = open_store(location, clock=early)
    store.put_worker(
        WorkerRow(
            id="lost",
            host="host",
            pid=4_000,
            version="0.1.0",
            state="running",
            started_at=EPOCH_MS - 200_000,
            heartbeat_at=EPOCH_MS - 100_000,
            detail=json.dumps({"topics": ["mail"], "threads": 4}),
        )
    )
    store.close()
    return location


@pytest.fixture
def inspector(stuck: str) -> Iterator[Inspector]:
    """Give another operator's eyes."""
    with Inspector(stuck, clock=FrozenClock()) as opened:
        yield opened


def leave_a_record(location: str) -> None:
    """Write what a daemon that was killed leaves beside the database."""
    file = WorkersFile(f"{location}-workers")
    file.claim().write(RecordHeader("lost", 4_000, "here"))
    file.close()


def asked(app: Dashboard) -> str:
    """Return all that the dialog says."""
    return "\n".join(str(one.visual) for one in app.screen.query(Static))


def test_a_topic_whose_messages_a_lost_daemon_holds_is_wrong_and_says_the_next_key(stuck: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "a lost daemon holds" in app.main.lines.notice.text)
        assert "mail: press 3, then R: " in app.main.lines.notice.text
        snapshot = app.main.context.snapshot
        assert snapshot is not None
        orders = snapshot.line("orders")
        assert orders is not None
        assert orders.problem is None, "who is no daemon has no row, and is not lost"

    run(make_dashboard(stuck), scenario)


def test_all_that_a_daemon_left_behind_is_requeued_without_a_box_to_tick(
    stuck: str, inspector: Inspector
) -> None:
    leave_a_record(stuck)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert f"Requeue {HELD} messages?" in asked(app)
        assert "all that have expired or whose daemon is lost" in asked(app)
        assert "has exited, last heartbeat 1m40s ago: they may already have run" in asked(app)
        assert not app.screen.query("#force")
        await pilot.press("y")
        await until(pilot, lambda: inspector.topic("mail").ready == 10)
        assert inspector.topic("orders").processing == 1

    run(make_dashboard(stuck), scenario)


def test_what_another_took_over_meanwhile_is_left_with_him(stuck: str, inspector: Inspector) -> None:
    leave_a_record(stuck)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        with Queue(stuck, clock=FrozenClock(), worker="heir") as queue:
            inspector.requeue([1], force=True)
            (taken,) = queue.dequeue("mail")
            assert taken.message.id == 1
        await pilot.press("y")
        await until(pilot, lambda: "1 left alone" in app.main.lines.said.text)
        assert inspector.get(1).worker == "heir"

    run(make_dashboard(stuck), scenario)


def test_a_daemon_that_is_only_silent_keeps_its_messages_until_a_box_is_ticked(
    stuck: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        box = app.screen.query_one("#force")
        assert "held by a lost daemon" in str(getattr(box, "label", ""))
        await pilot.press("y")
        assert app.screen.focused is box, "one is led to what is missing"
        await pilot.press("enter")
        assert getattr(box, "value", None) is False, "Enter moves on and ticks nothing"
        box.focus()
        await pilot.press("space", "y")
        await until(pilot, lambda: inspector.topic("mail").ready == 10)

    run(make_dashboard(stuck), scenario)


def test_a_daemon_grows_no_older_while_nothing_can_be_read(location: str) -> None:
    Queue(location).close()
    add_daemons(location, "w-1")
    clock = SetClock()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await settle(pilot)
        assert app._gateway is not None
        app._gateway.close()
        before = shown(app)
        assert "1s" in before
        clock.late_ms = 60_000
        app.main.post_message(Refreshed(None, trouble="locked"))
        await until(pilot, lambda: app.main.context.trouble)
        app.main.feed.tick()
        assert shown(app) == before
        assert "1 daemon" in app.main.lines.masthead.text
        assert "lost" not in app.main.lines.masthead.text

    run(make_dashboard(location, clock=clock), scenario, size=(120, 24))


def shown(app: Dashboard) -> str:
    """Return what the first row of the list says."""
    return app.main.view.table.render_line(1).text


def test_all_that_a_lost_daemon_holds_is_counted_by_topic(location: str) -> None:
    early, clock = FrozenClock(EPOCH_MS - 100_000), FrozenClock()
    with (
        Queue(location, clock=early, worker="lost", durability="normal") as lost,
        Queue(location, clock=early, worker="me", durability="normal") as other,
    ):
        lost.enqueue_many("mail", [b""] * 1_400)
        lost.enqueue_many("orders", [b""] * 500)
        lost.dequeue("mail", limit=1_100, visibility_timeout=3_600.0)
        lost.dequeue("mail", limit=200, visibility_timeout=10.0)
        lost.dequeue("orders", limit=300, visibility_timeout=3_600.0)
        other.dequeue("orders", limit=100, visibility_timeout=3_600.0)
    add_daemons(location, "lost", now_ms=EPOCH_MS - 100_000)
    with Inspector(location, clock=clock, read_only=True) as inspector:
        reading = read(inspector, clock)

    assert reading.held_by_lost == {"lost": 1_600}
    assert reading.left_behind == {"mail": 1_100, "orders": 300}
    assert reading.expired == {"mail": 200}
