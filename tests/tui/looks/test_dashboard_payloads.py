"""What the details show of a payload: raw and in hexadecimal what is stored, in lines that fit."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_tui.screens.copy_formats import copied
from tests.tui.dashboard import FrozenClock, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

WRITTEN_BY_HAND = '{ "invoice" :1.50e3}'


async def see_details(app: Dashboard, pilot: Pilot[int]) -> None:
    """Show the first message of screen 2 in full."""
    await pilot.press("2")
    await settle(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: app.main.details.detail is not None and app.main.pane.text)


def test_raw_and_hex_show_the_bytes_that_are_stored(location: str) -> None:
    """Another program wrote JSON otherwise than it would be written here."""
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue("mail", {"invoice": 1})
    with sqlite3.connect(location) as connection:
        connection.execute("UPDATE smq_messages SET payload = ?", (WRITTEN_BY_HAND,))
    connection.close()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await see_details(app, pilot)
        assert '"invoice": 1500.0' in app.main.pane.text
        assert "t raw" in app.main.lines.key_bar.text
        await pilot.press("t")
        assert f"20 B, raw (t)\n{WRITTEN_BY_HAND}" in app.main.pane.text
        assert "t hex" in app.main.lines.key_bar.text
        await pilot.press("t")
        assert WRITTEN_BY_HAND.encode()[:16].hex(" ") in app.main.pane.text
        assert app.main.details.detail is not None
        assert copied("payload", app.main.details.detail) == WRITTEN_BY_HAND.encode()

    run(make_dashboard(location), scenario)


def test_enter_beside_details_that_are_shown_says_where_the_keys_go(location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue("mail", "text", delay=90.0)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.pane.add_class("-half")
        await pilot.press("2")
        await settle(pilot)
        assert "delayed 1m30s" in app.main.view.table.render_line(1).text
        await pilot.press("enter")
        assert "keys now go to the details" in app.main.lines.said.text
        assert app.main.pane.has_focus
        await pilot.press("escape")
        assert app.main.view.table.has_focus

    run(make_dashboard(location), scenario, (120, 36))


@pytest.mark.parametrize(("size", "per_line"), [((120, 36), 8), ((40, 20), 4), ((80, 24), 16)], ids=str)
def test_lines_of_hexadecimal_fit_into_the_details(
    size: tuple[int, int], per_line: int, location: str
) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue("mail", bytes(range(64)))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.pane.add_class("-half")
        await see_details(app, pilot)
        first = bytes(range(per_line)).hex(" ")
        await until(pilot, lambda: f"000000  {first}  " in app.main.pane.text)
        lines = app.main.pane.text.partition("hex (t)\n")[2].splitlines()
        assert max(map(len, lines)) <= app.main.pane.scrollable_content_region.width

    run(make_dashboard(location), scenario, size)


def test_details_that_come_into_view_are_those_of_the_row_at_the_cursor(location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        first, second = queue.enqueue_many("mail", ["one", "two"])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.pane.add_class("-half")
        await pilot.press("2")
        app.main.view.table.move_to(first)
        await until(pilot, lambda: app.main.pane.text.startswith(f"message {first} "))
        await pilot.resize_terminal(100, 36)
        await until(pilot, lambda: not app.main.details.is_shown)
        app.main.view.table.move_to(second)
        await settle(pilot)
        await pilot.resize_terminal(130, 36)
        await until(pilot, lambda: app.main.details.is_shown)
        await until(pilot, lambda: app.main.pane.text.startswith(f"message {second} "))

    run(make_dashboard(location), scenario, (130, 36))
