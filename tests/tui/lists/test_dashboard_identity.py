"""The chosen row stays the chosen row, whatever others write: what is acted on is what was shown."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smq_core import Filter, Inspector, Queue, State
from smq_tui.dialogs.choice import Choice
from smq_tui.dialogs.confirm import Confirm
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


class Neighbour:
    """Somebody who adds, deletes and requeues beside the operator, in a thread of his own."""

    def __init__(self, location: str) -> None:
        self._location = location

    def write(self, what: str, number: int) -> None:
        """Write something, and wait until it is in."""
        thread = threading.Thread(target=self._write, args=(what, number))
        thread.start()
        thread.join()

    def _write(self, what: str, number: int) -> None:
        clock = FrozenClock()
        with (
            Queue(self._location, clock=clock) as queue,
            Inspector(self._location, clock=clock) as inspector,
        ):
            ids = list(inspector.ids(inspector.select("orders")))
            if what == "add":
                queue.enqueue_many("orders", [f"late {number}"] * (1 + number % 3))
            elif what == "delete":
                inspector.delete([ids[number % len(ids)]])
            elif what == "bury":
                inspector.bury([ids[number % len(ids)]])
            else:
                inspector.requeue([ids[number % len(ids)]])


WRITES = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "bury", "requeue"]), st.integers(0, 1_000)),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(writes=WRITES, moves=st.lists(st.sampled_from("jk"), max_size=6))
def test_the_cursor_stays_on_its_message_and_line_while_others_write(
    writes: list[tuple[str, int]], moves: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    location = new_queue(tmp_path_factory.mktemp("identity"))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages orders")
        await settle(pilot)
        await pilot.press("space", *"jjjjjj", *moves)
        table = app.main.view.table
        neighbour = Neighbour(location)
        for what, number in writes:
            chosen, line = table.cursor_key, line_of(app)
            neighbour.write(what, number)
            app.main.action_do("refresh")
            await settle(pilot)
            with Inspector(location) as inspector:
                exists = set(inspector.ids(inspector.select("orders")))
                listed = set(inspector.ids(inspector.select("orders", where=Filter(without_trash=True))))
            if chosen in listed:
                assert table.cursor_key == chosen
                # at its top a list cannot make up for rows that went from above
                assert line_of(app) == line or (line_of(app) < line and table.scroll_y == 0)
            assert {int(mark) for mark in table.marks} <= exists

    run(make_dashboard(location), scenario)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(writes=WRITES)
def test_an_action_hits_exactly_what_was_shown_when_its_dialog_opened(
    writes: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is still as it was seen is deleted, what moved on is not, and nothing else is touched."""
    location = new_queue(tmp_path_factory.mktemp("aim"))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages orders")
        await settle(pilot)
        await pilot.press("space", "space", "j", "space")
        meant = {int(key) for key in app.main.view.table.marks}
        seen = states_of(location, meant)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        for what, number in writes:
            Neighbour(location).write("add" if what == "delete" else what, number)
            app.main.action_do("refresh")
            await pilot.pause()
        now = states_of(location, meant)
        app.main.lines.said.clear()
        await pilot.press("y")
        await until(pilot, lambda: app.main.lines.said.text)
        assert deleted(location) == {key for key in meant if now[key] == seen[key]}

    run(make_dashboard(location), scenario)


def states_of(location: str, ids: set[int]) -> dict[int, State]:
    with Inspector(location) as inspector:
        return {key: inspector.get(key).state for key in ids}


def deleted(location: str) -> set[int]:
    with Inspector(location) as inspector:
        return set(inspector.ids(inspector.select("orders", State.DELETED)))


def new_queue(folder: Path) -> str:
    location = str(folder / "queue.sqlite3")
    fill(location)
    return location


def line_of(app: Dashboard) -> int:
    table = app.main.view.table
    return table.visible_keys.index(table.cursor_key) if table.cursor_key in table.visible_keys else -1


def test_a_copy_is_of_the_row_it_was_asked_for_whatever_was_shown_meanwhile(location: str) -> None:
    """The reads wait for a slow one: those of the details do not take the place of the copy's."""
    with Queue(location, clock=FrozenClock()) as queue:
        first, second = queue.enqueue_many("mail", ["one", "two"])
    slow = threading.Event()

    def read_slowly(_job: object) -> None:
        slow.wait()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.pane.add_class("-half")
        await pilot.press("2")
        app.main.view.table.move_to(first)
        await until(pilot, lambda: app.main.pane.text.startswith(f"message {first} "))
        assert app._gateway is not None
        app._gateway._quick.submit("slow", read_slowly)
        await pilot.press("y")
        app.main.view.table.move_to(second)
        await pilot.pause()
        slow.set()
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await until(pilot, lambda: app.main.pane.text.startswith(f"message {second} "))
        assert isinstance(app.screen, Choice)
        assert app.screen.title_text() == f"Copy of message {first}"

    run(make_dashboard(location), scenario, (130, 36))
