"""Every key on every screen, in every state and size: nothing crashes, each key acts or says why not."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding

from smq_core import Inspector, Queue
from smq_tui.keys.actions import ACTIONS
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS
from tests.tui.dashboard import fill, make_dashboard, run, settle, until
from tests.tui.locker import Locker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

SCREENS = "123456"
ENDING = {"ctrl+q", "ctrl+z", "q"}
"""Keys that leave the dashboard; they have tests of their own."""
QUIET = {*SCREENS, "escape", "ctrl+r", "f5"}
"""Keys after which the same may be on the screen, because it was there already."""
ACTION_KEYS = [key for spec in ACTIONS for key in spec.keys.split(",") if key not in ENDING]
TABLE_KEYS = [
    key for binding in TABLE_BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")
]
SIZES = [(1, 1), (40, 10), (80, 24), (200, 60)]


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that type a file's name write it there."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def normal(location: str) -> None:
    fill(location)


def empty(location: str) -> None:
    Path(location).touch()


def removed(location: str) -> None:
    for path in Path(location).parent.glob(Path(location).name + "*"):
        path.unlink()


def newer_schema(location: str) -> None:
    with sqlite3.connect(location) as connection:
        connection.execute("UPDATE smq_schema SET version = 99")
    connection.close()


def not_a_queue(location: str) -> None:
    removed(location)
    Path(location).write_bytes(b"\xff\xd8\xff\xe0 a picture")


STATES: dict[str, Callable[[str], None]] = {
    "normal": normal,
    "empty": empty,
    "filtered": normal,
    "read-only": normal,
    "locked": normal,
    "removed": removed,
    "newer": newer_schema,
    "picture": not_a_queue,
}
UNREADABLE = {"locked", "removed", "newer", "picture"}


@contextmanager
def dashboard_in(state: str, location: str) -> Iterator[Dashboard]:
    """Make a dashboard whose queue is in a state."""
    STATES[state](location)
    with Locker(location) if state == "locked" else nullcontext():
        yield make_dashboard(location, read_only=state == "read-only")


async def come_in(app: Dashboard, pilot: Pilot[int], state: str) -> None:
    """Bring the dashboard into the state that keys make."""
    if state == "filtered":
        for name in app.main.views:
            app.main.navigation.go(name)
            app.main.navigation.jump(f"{name} nothing-is-called-so")
            await settle(pilot)
        app.main.navigation.go("topics")


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
def test_every_key_of_the_actions_does_something_or_says_why_not(screen: str, location: str) -> None:
    """Something on the screen is another after it: a view, a dialog, a toast, a line."""
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        name = app.main.current
        for key in ACTION_KEYS:
            app.main.lines.said.clear()
            before = app.export_screenshot(title=key)
            await pilot.press(key)
            changed = app.export_screenshot(title=key) != before or bool(app.main.lines.said.text)
            assert changed or key in QUIET, key
            while len(app.screen_stack) > 1 or app.main.filter_bar.is_open:
                await pilot.press("escape")
            app.main.details.hide()
            app.main.navigation.go(name)

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_key_of_lists_works_on_every_screen(screen: str, location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        await pilot.press(*(key for key in TABLE_KEYS if key != "enter"))
        assert app.main.view.table.cursor_key is not None or not app.main.view.table.row_count

    run(make_dashboard(location), scenario)


CHANGES = [spec for spec in ACTIONS if spec.is_change]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_change_that_cannot_act_says_why(screen: str, location: str) -> None:
    """On an empty queue nothing can be changed but by adding: every other key answers."""

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        for spec in CHANGES:
            app.main.lines.said.clear()
            await pilot.press(spec.first_key)
            if spec.id in ("add", "import"):
                await until(pilot, lambda: len(app.screen_stack) == 2)
                await pilot.press("escape")
                continue
            await until(pilot, lambda: app.main.lines.said.text)
            assert len(app.screen_stack) == 1, spec.id

    run(make_dashboard(location), scenario)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_every_screen_is_painted_in_every_state_and_size(
    state: str, size: tuple[int, int], location: str
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await come_in(app, pilot, state)
        for screen in SCREENS:
            await pilot.press(screen)
            await settle(pilot)
            assert app.export_screenshot()
        assert bool(app.main.context.trouble) == (state in UNREADABLE)
        await pilot.resize_terminal(size[1], size[0])
        await pilot.pause()
        assert app.is_running

    with dashboard_in(state, location) as dashboard:
        run(dashboard, scenario, size)


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_a_storm_of_200_keys_leaves_the_dashboard_running(
    state: str, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a storm does not wait for the screen three times 20 ms after each key
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.002)
    chance = random.Random(state)  # noqa: S311 - the same storm each time
    keys = chance.choices([*ACTION_KEYS, *TABLE_KEYS, "y", "tab", "a", "1"], k=200)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await come_in(app, pilot, state)
        for key in keys:
            await pilot.press(key)
            assert app.is_running, key
        while len(app.screen_stack) > 1 or app.main.filter_bar.is_open:
            await pilot.press("escape")
        await pilot.press("1")
        # each key is done with before the next one begins, and some of the storm wait for what cannot be read
        await until(pilot, lambda: app.main.current == "topics")

    with dashboard_in(state, location) as dashboard:
        run(dashboard, scenario)


def test_the_file_comes_and_goes_and_the_dashboard_recovers_alone(location: str, tmp_path: Path) -> None:
    fill(location)
    away = tmp_path / "away"
    away.mkdir()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        shutil.move(location, away)
        app.main.action_do("refresh")
        await until(pilot, lambda: app.main.context.is_stale)
        assert app.main.view.table.row_count, "what was known stays, dimmed"
        shutil.move(away / Path(location).name, location)
        app.main.action_do("refresh")
        await until(pilot, lambda: not app.main.context.is_stale)

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("screen", "24")
def test_a_list_that_could_not_be_read_says_so_and_is_read_again(
    screen: str, location: str, tmp_path: Path
) -> None:
    fill(location)
    away = tmp_path / "away"
    away.mkdir()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        shutil.move(location, away)
        await pilot.press(screen)
        await until(pilot, lambda: "could not be read" in app.main.view.table.note)
        shutil.move(away / Path(location).name, location)
        app.main.action_do("refresh")
        await until(pilot, lambda: app.main.view.table.row_count > 0)
        assert not app.main.view.failure

    run(make_dashboard(location), scenario)


def test_a_database_that_somebody_has_to_himself_is_shown_when_he_lets_go(location: str) -> None:
    fill(location)

    with Locker(location) as locker:

        async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
            assert app.main.context.is_stale
            note = app.main.view.table.note
            assert "Trying again" in note, note
            locker.let_go()
            app.main.action_do("refresh")
            await until(pilot, lambda: app.main.view.table.row_count and not app.main.context.is_stale)

        run(make_dashboard(location), scenario)


def test_a_queue_that_is_made_later_is_shown(tmp_path: Path) -> None:
    location = str(tmp_path / "later.sqlite3")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        assert "smq init" in app.main.view.table.note
        assert "NOT OPEN" in app.main.lines.masthead.text
        assert "smq init" not in app.main.lines.notice.text, "why is said once"
        assert not os.path.exists(location), "looking makes no file"  # noqa: ASYNC240, PTH110 - nothing else runs here
        with Queue(location) as queue:
            queue.enqueue("first", 1)
        app.main.action_do("refresh")
        await until(pilot, lambda: app.main.view.table.row_count == 1)

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize(
    ("screen", "key"), [("2", "R"), ("2", "D"), ("2", "K"), ("3", "R"), ("4", "R"), ("4", "D")]
)
def test_a_key_that_finds_no_database_does_nothing_to_one_that_comes_later(
    tmp_path: Path, screen: str, key: str
) -> None:
    """It was kept, and changed a message that nobody had seen."""
    location = str(tmp_path / "later.sqlite3")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen, key)
        await pilot.pause()
        said = app.main.lines.said.text
        with Queue(location, visibility_timeout=0.001) as queue, Inspector(location) as inspector:
            ids = [queue.enqueue("first", number) for number in range(3)]
            queue.dequeue("first")
            inspector.bury(ids[1:2])
            before = [(one.id, one.state) for one in inspector.browse()]
            app.main.action_do("refresh")
            await settle(pilot)
            await settle(pilot)
            assert [(one.id, one.state) for one in inspector.browse()] == before
        assert "nothing can be read now" in said

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("key", ["ctrl+q", "q"])
def test_leaving(key: str, location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)
        assert app.return_code == 0

    run(make_dashboard(location), scenario)
