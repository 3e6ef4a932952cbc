"""Rows of before are never shown, judged or acted on as if they were of now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.testing import EPOCH_MS
from smq_tui.gateway import reads
from tests.tui.dashboard import SetClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


class Gate:
    """Holds up reads of a kind until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_waited_for = threading.Event()
        read = getattr(reads, name)

        def wait(*arguments: object) -> object:
            if not self.is_open.is_set():
                self.is_waited_for.set()
            assert self.is_open.wait(60.0)
            return read(*arguments)

        monkeypatch.setattr(reads, name, wait)


def lines(app: Dashboard) -> str:
    """Return what the list and the line above it show."""
    view = app.main.view
    table = "\n".join(view.table.render_line(y).text for y in range(view.table.size.height))
    return f"{view.line.render_line(0).text}\n{table}"


def is_dim(app: Dashboard) -> bool:
    """Return whether the first row is dim."""
    return any(
        segment.style is not None and segment.style.dim for segment in app.main.view.table.render_line(1)
    )


def test_leases_that_were_renewed_meanwhile_are_not_called_expired(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, gate = SetClock(), Gate(monkeypatch, "leases")
    with Queue(location, clock=clock) as queue:
        queue.enqueue_many("orders", ["a", "b"])
        held = queue.dequeue("orders", limit=2, visibility_timeout=30.0)

        async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
            await pilot.press("3")
            await settle(pilot)
            assert "running" in lines(app)
            await pilot.press("1")
            clock.late_ms = 40_000
            for lease in held:
                queue.extend(lease, 30.0)
            gate.is_open.clear()
            await pilot.press("3")
            await until(pilot, gate.is_waited_for.is_set)
            await until(pilot, lambda: app.main.context.now >= EPOCH_MS / 1000 + 40)
            shown, was_dim = lines(app), is_dim(app)
            await pilot.press("R")
            screen = app.screen
            gate.is_open.set()
            await settle(pilot)
            assert "expired" not in shown
            assert was_dim
            assert screen is app.main, "nothing is offered before the rows are read"
            await until(pilot, lambda: app.screen is not app.main)
            assert "Requeue this message?" in app.screen.title_text()  # type: ignore[attr-defined]  # it is a dialog
            await pilot.press("escape")
            assert not is_dim(app)

        run(make_dashboard(location, clock=clock), scenario)


def test_nothing_is_called_missing_while_it_is_looked_for(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(location)
    gate = Gate(monkeypatch, "order")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages nothing-of-that-name")
        await settle(pilot)
        assert "No message matches" in lines(app)
        gate.is_open.clear()
        await pilot.press("slash", "ctrl+u", *"letter", "enter")
        await until(pilot, gate.is_waited_for.is_set)
        await pilot.pause()
        shown = lines(app)
        gate.is_open.set()
        await settle(pilot)
        assert "Looking…" in shown
        assert "No message matches" not in shown
        assert "letter 3" in lines(app)

    run(make_dashboard(location), scenario)


def test_the_way_from_a_group_to_its_messages_says_looking_and_shows_no_page_of_dots(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10: there were rows of dots, and details that said “Nothing is chosen.” instead."""
    fill(location)
    order, rows = Gate(monkeypatch, "order"), Gate(monkeypatch, "rows")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await settle(pilot)
        order.is_open.clear()
        rows.is_open.clear()
        await pilot.press("enter")
        await until(pilot, order.is_waited_for.is_set)
        await pilot.pause()
        seen = [lines(app), app.main.pane.text]
        order.is_open.set()
        await until(pilot, rows.is_waited_for.is_set)
        await pilot.pause()
        seen += [lines(app), app.main.pane.text]
        rows.is_open.set()
        await settle(pilot)
        assert all("Looking…" in one for one in (seen[0], seen[2])), seen
        assert not any("·" in one or "Nothing is chosen" in one for one in seen), seen
        assert "dead" in lines(app)
        assert "Looking…" not in lines(app)

    run(make_dashboard(location), scenario, (130, 30))


@pytest.mark.parametrize("screen", ["3", "4", "5", "6"])
def test_columns_that_have_no_room_are_counted_right_in_the_first_picture(screen: str, location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        seen: list[str] = []
        await pilot.press(screen)
        view = app.main.view
        for _ in range(20):
            await pilot.pause()
            seen.append(view.line.render_line(0).text)
        hidden = len(view.table.columns) - len(view.table.columns_in_view)
        told = {text.partition(" more column")[0].split()[-1] for text in seen if " more column" in text}
        assert told <= {str(hidden)}

    run(make_dashboard(location), scenario, (200, 30))
