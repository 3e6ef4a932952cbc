"""Screen 4: where the cursor goes when the group it stands on goes, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_tui.dialogs.confirm import Confirm
from smq_tui.text.filters import parse
from tests.tui.dashboard import SetClock, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard
    from smq_tui.dialogs.confirm import Question


@pytest.fixture
def clock() -> SetClock:
    """Give the time."""
    return SetClock()


def bury(location: str, clock: SetClock, *errors: str) -> None:
    """Let messages die, each of an error."""
    with Queue(location, clock=clock) as queue:
        for error in errors:
            queue.enqueue("mail", error)
            queue.bury(queue.dequeue("mail")[0], error=error)


def error_at(app: Dashboard) -> str:
    """Return the error of the cursor's group."""
    return str(app.main.view.table.cursor_key).partition("\0")[2]


async def asked(app: Dashboard, pilot: Pilot[int]) -> Question:
    """Wait for a question, and return it."""
    await until(pilot, lambda: isinstance(app.screen, Confirm))
    assert isinstance(app.screen, Confirm)
    return app.screen.question


async def stay(_app: Dashboard, pilot: Pilot[int], _clock: SetClock) -> None:
    """Do nothing."""
    await pilot.pause()


async def move_and_return(_app: Dashboard, pilot: Pilot[int], _clock: SetClock) -> None:
    """Move the cursor on, and back."""
    await pilot.press("down")
    await pilot.pause()
    await pilot.press("up")


async def filter_anew(app: Dashboard, pilot: Pilot[int], _clock: SetClock) -> None:
    """Filter what is shown."""
    app.main.view.apply_filter(parse("topic:mail"))
    await pilot.pause()


async def leave_and_return(_app: Dashboard, pilot: Pilot[int], _clock: SetClock) -> None:
    """Go to another screen, and back."""
    await pilot.press("1", "4")


async def wait_long(app: Dashboard, _pilot: Pilot[int], clock: SetClock) -> None:
    """Let an hour go by."""
    clock.late_ms = 3_600_000
    app.main.feed.tick()


@pytest.mark.parametrize(
    ("meanwhile", "where"),
    [
        (stay, "A"),
        (move_and_return, "B"),
        (filter_anew, "B"),
        (leave_and_return, "B"),
        (wait_long, "B"),
    ],
)
def test_the_cursor_comes_back_to_a_group_only_while_nobody_moved_on(
    meanwhile: Callable[[Dashboard, Pilot[int], SetClock], Awaitable[None]],
    where: str,
    location: str,
    clock: SetClock,
) -> None:
    bury(location, clock, "A", "A", "A", "B", "B", "C")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: error_at(app) == "A")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("3", "enter")
        await until(pilot, lambda: error_at(app) == "B")
        await meanwhile(app, pilot, clock)
        await settle(pilot)
        bury(location, clock, "A")
        await until(pilot, lambda: app.main.view.table.row_count == 3)
        await pilot.pause()
        assert error_at(app) == where

    run(make_dashboard(location, clock=clock), scenario)


def test_all_that_match_are_the_groups_that_are_shown(location: str, clock: SetClock) -> None:
    """Words are found anywhere in topic and error; an action looked for them as one part of the error."""
    bury(location, clock, "timeout of smtp", "smtp: timeout", "smtp: refused", "timeout of ftp")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: app.main.view.table.row_count == 4)
        app.main.view.apply_filter(parse("mail smtp timeout"))
        await until(pilot, lambda: app.main.view.table.row_count == 2)
        await pilot.press("*", "D")
        question = await asked(app, pilot)
        assert question.number == 2
        assert "all dead letters matching “mail smtp timeout”" in question.pieces[0][0]

    run(make_dashboard(location, clock=clock), scenario)


def test_an_action_is_for_the_groups_that_are_marked(location: str, clock: SetClock) -> None:
    bury(location, clock, "A", "A", "A", "B", "B", "C")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: error_at(app) == "A")
        await pilot.press("space", "down")
        await pilot.press("D")
        assert "with the error “A”" in (await asked(app, pilot)).pieces[0][0]
        await pilot.press("escape", "space")
        await pilot.press("D")
        assert "2 marked groups" in (await asked(app, pilot)).pieces[0][0]

    run(make_dashboard(location, clock=clock), scenario)
