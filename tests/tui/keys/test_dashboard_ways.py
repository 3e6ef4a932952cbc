"""Where keys lead and what lists show of it: there and back, states, what was deleted, what is stranded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from smq_core import Inspector, State
from smq_tui.dialogs.confirm import Confirm
from smq_tui.screens.views.messages_view import MessagesView
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


def test_a_search_inside_a_topic_stays_in_it_until_the_topic_is_deleted(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        view = app.main.views["messages"]
        app.main.view.table.move_to("orders")
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("slash", *"gift", "enter")
        await until(pilot, lambda: view.filtered_by.text == "topic:orders gift")
        await pilot.press("slash", "enter")
        await pilot.pause()
        assert view.filtered_by.text == "topic:orders gift"
        await pilot.press("slash", "ctrl+u", *"gift", "enter")
        await until(pilot, lambda: view.filtered_by.text == "gift")

    run(make_dashboard(shop), scenario)


def test_esc_leads_from_a_group_back_to_the_groups_and_hides_no_state(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        messages = app.main.views["messages"]
        assert isinstance(messages, MessagesView)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("j")
        group = app.main.view.table.cursor_key
        await pilot.press("enter")
        await until(pilot, lambda: app.main.current == "messages")
        assert (messages.state, "[dead" in messages.line.text) == (State.DEAD, True)
        app.main.navigation.jump("messages orders error~Key")
        await pilot.press("slash", "1", "enter")
        await until(pilot, lambda: messages.filtered_by.text == "topic:orders error~Key 1")
        await pilot.press("escape")
        assert messages.filtered_by.text == "topic:orders error~Key", "what was filtered on top goes first"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.main.current == "dead")
        assert app.main.view.table.cursor_key == group
        assert (messages.state, messages.filtered_by.text) == (None, "")
        await pilot.press("escape")
        await until(pilot, lambda: app.main.current == "topics")

    run(make_dashboard(shop), scenario, size=(120, 30))


def test_another_state_takes_the_one_of_the_filter_out_and_both_are_said(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages orders state:dead")
        await settle(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        view = app.main.view
        assert isinstance(view, MessagesView)
        assert (view.state, view.filtered_by.text) == (State.DELETED, "topic:orders")
        app.main.navigation.jump("messages state:done nowhere")
        await until(pilot, lambda: "No done message matches" in view.table.note)
        await pilot.press("slash", "ctrl+u", *"letter", "enter")
        await until(pilot, lambda: view.table.row_count)
        assert view.state is None, "what came with a filter goes with it"

    run(make_dashboard(shop), scenario)


def test_a_deleted_message_is_in_the_trash_and_not_deleted_twice(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("j", "D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: inspector.count(inspector.select(state=State.DELETED)) == 2)
        app.main.navigation.jump("messages state:deleted")
        view = app.main.view
        assert isinstance(view, MessagesView)
        await until(pilot, lambda: view.message is not None and view.message.state is State.DELETED)
        await pilot.press("D")
        assert "already in the trash" in app.main.lines.said.text
        assert inspector.count(inspector.select(state=State.DELETED)) == 2

    run(make_dashboard(shop), scenario)


def test_expired_leases_stand_first_and_are_requeued(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        first = app.main.view.table.cursor_key
        assert inspector.get(int(str(first))).topic == "orders"
        await pilot.press("space", "R")
        await until(pilot, lambda: inspector.topic("orders").processing == 2)
        await pilot.press("g", "R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Requeue 2 messages?" in str(app.screen.query(Static).first().visual)
        await pilot.press("y")
        await until(pilot, lambda: inspector.topic("orders").processing == 0)
        assert inspector.topic("invoices").processing == 2, "in good hands"

    run(make_dashboard(shop), scenario)
