"""Databases are opened, shown and switched by every way there is, in the dashboard as users start it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, parse_location
from smq_tui.messages import Asked, DatabaseChosen
from smq_tui.requests import Pause
from smq_tui.settings.config import Config, Database
from smq_tui.settings.databases import Databases
from smq_tui.settings.session import DashboardSession
from tests.tui.dashboard import make_dashboard, run, settle, until
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

HOME, DOWN, ENTER, ESCAPE = "\x1b[H", "\x1b[B", "\r", "\x1b"
PLACES = ("shop", "live", "missing", "damaged", "folder", "unnamed")
"""As `b` lists them: those of the configuration in its order, then the file that was opened by its path."""
SHOWN = {
    "shop": "shop-orders",
    "live": "live-orders",
    "missing": "no queue at",
    "damaged": "encrypted",
    "folder": "is a folder",
    "unnamed": "unnamed-orders",
}
"""What is seen of each."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder with queues, with what is none, and with a configuration that names them."""
    for name in ("shop", "live", "unnamed"):
        with Queue(tmp_path / f"{name}.sqlite3") as queue:
            queue.enqueue(f"{name}-orders", "payload")
    (tmp_path / "damaged.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    (tmp_path / "folder.sqlite3").mkdir()
    (tmp_path / "smq").mkdir()
    (tmp_path / "smq" / "dashboard.toml").write_text(
        "".join(
            f'[databases.{name}]\npath = "{tmp_path}/{name}.sqlite3"\n{more}'
            for name, more in (
                ("shop", ""),
                ("live", 'colour = "red"\nread_only = true\n'),
                ("missing", ""),
                ("damaged", ""),
                ("folder", ""),
            )
        )
    )
    return tmp_path


def choose(terminal: Terminal, name: str) -> None:
    """Choose a database of the list, and wait for what is seen of it."""
    terminal.type("b", "Database")
    terminal.type(HOME + DOWN * PLACES.index(name) + ENTER, SHOWN[name])


def test_b_goes_from_any_database_to_any_other_and_back(home: Path) -> None:
    with Terminal(str(home / "unnamed.sqlite3"), home) as terminal:
        terminal.read_until("unnamed-orders")
        for name in ("shop", "live", "shop", "missing", "damaged", "folder", "unnamed", "live", "live"):
            choose(terminal, name)

        assert terminal.leave("q") == 0
    assert b"Traceback" not in terminal.output


def test_a_line_goes_to_a_database_by_its_name_and_to_any_file_by_its_path(home: Path) -> None:
    with Queue(home / "another.sqlite3") as queue:
        queue.enqueue("another-topic", "payload")
    with Terminal("shop", home) as terminal:
        terminal.read_until("shop-orders")
        terminal.type(":database live\r", "live-orders")
        terminal.type(f":database {home}/another.sqlite3\r", "another-topic")
        terminal.type(":database unnamed.sqlite3\r", "unnamed-orders")
        terminal.type(":database nothing-there\r", "no queue at")
        terminal.type("b", "another.sqlite3")
        terminal.press(ESCAPE)
        terminal.type(":database shop\r", "shop-orders")

        assert terminal.leave("q") == 0
    assert b"Traceback" not in terminal.output


@pytest.mark.parametrize("name", ["shop", "live", "missing", "damaged", "folder"])
def test_the_command_line_opens_a_database_by_its_name(name: str, home: Path) -> None:
    with Terminal(name, home) as terminal:
        terminal.read_until(SHOWN[name])
        choose(terminal, "shop")

        assert terminal.leave("q") == 0


def test_the_database_of_the_environment_is_opened_and_come_back_to(home: Path) -> None:
    with Terminal(None, home, environment={"SIMPLE_MQ_DB": str(home / "unnamed.sqlite3")}) as terminal:
        terminal.read_until("unnamed-orders")
        choose(terminal, "live")
        choose(terminal, "unnamed")

        assert terminal.leave("q") == 0


def test_read_only_is_that_of_the_database_and_of_the_command_line(home: Path) -> None:
    with Terminal("live", home) as terminal:
        terminal.read_until("READ-ONLY")
        choose(terminal, "shop")
        terminal.type("P", "For how long")
        terminal.press(ESCAPE)
        choose(terminal, "live")
        assert terminal.leave("q") == 0

    with Terminal("shop", home, "--read-only") as terminal:
        terminal.read_until("shop-orders")
        choose(terminal, "missing")
        terminal.type(f":database {home}/unnamed.sqlite3\r", "unnamed-orders")
        terminal.type("P", "read-only, by --read-only or the configuration")
        assert terminal.leave("q") == 0


def config_of(folder: Path) -> Config:
    """Return a configuration of two queues, which are made."""
    for name in ("one", "two"):
        with Queue(folder / name) as queue:
            queue.enqueue(f"topic-{name}", "payload")
    return Config(databases={name: Database(path=str(folder / name)) for name in ("one", "two")})


async def choose_second(app: Dashboard, pilot: Pilot[int]) -> None:
    """Switch to the second database."""
    await pilot.press("b", "down", "enter")
    await until(pilot, lambda: app.main.session.name == "two")
    await settle(pilot)


def test_what_a_screen_of_the_database_before_asks_for_is_not_done_to_this_one(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    dashboard = make_dashboard(str(tmp_path / "one"), config=config)
    dashboard.session.name = "one"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        before = app.main
        await choose_second(app, pilot)
        before.post_message(Asked(before, Pause("topic-two", "from the screen before", None)))
        await pilot.pause()
        app.main.post_message(Asked(app.main, Pause("topic-two", "", None)))
        await until(pilot, lambda: "paused" in app.main.view.table.render_line(1).text)
        snapshot = app.main.context.snapshot
        assert snapshot is not None
        assert [line.stats.pause_reason for line in snapshot.lines] == [""]

    run(dashboard, scenario)


def test_a_dialog_that_opens_meanwhile_ends_with_the_database_before(tmp_path: Path) -> None:
    dashboard = make_dashboard(str(tmp_path / "one"), config=config_of(tmp_path))
    dashboard.session.name = "one"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("b", "down", "enter", "question_mark")
        await until(pilot, lambda: app.main.session.name == "two")
        await settle(pilot)
        assert app.main.context.topics == ("topic-two",)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.main)

    run(dashboard, scenario)


def test_filters_columns_pace_and_lock_are_kept_where_the_database_is_another(tmp_path: Path) -> None:
    dashboard = make_dashboard(str(tmp_path / "one"), config=config_of(tmp_path))
    dashboard.session.name = "one"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.view.table.hide_columns(["dead"])
        await pilot.press("minus", "exclamation_mark", "f")
        interval = app.session.interval
        await choose_second(app, pilot)
        assert app.main.view.table.hidden == {"dead"}
        session = app.session
        assert (session.interval, session.is_locked, session.is_refresh_paused) == (interval, True, False)

    run(dashboard, scenario)


@pytest.mark.parametrize("is_asked", [True, False])
def test_only_what_the_command_line_asked_for_is_read_only_everywhere(*, is_asked: bool) -> None:
    named = {"live": Database(path="/live", read_only=True), "shop": Database(path="/shop")}
    live = DashboardSession(
        location=parse_location("/live"), name="live", read_only=True, is_read_only_asked=is_asked
    )
    databases = Databases(named, live)

    shop = databases.session("shop", live)

    assert shop.read_only is is_asked
    assert databases.session("live", shop).read_only
    assert databases.session("/shop/../other", shop).location.name == "/shop/../other"


@pytest.mark.parametrize("is_configured", [True, False])
def test_b_is_among_the_keys_only_where_there_is_another_database(
    tmp_path: Path, *, is_configured: bool
) -> None:
    config = config_of(tmp_path) if is_configured else Config()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.main.context.trouble)
        app.main.show_lines()
        await pilot.pause()
        keys = app.main.lines.key_bar.text
        assert ("database" in keys) == is_configured
        assert "help" in keys
        assert ":database FILE" in app.main.view.table.note

    run(make_dashboard(str(tmp_path / "nothing.sqlite3"), config=config), scenario)


def test_the_dashboard_is_not_led_to_an_address_by_its_line(location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.post_message(DatabaseChosen("postgresql://u:S3cr3t@h/db"))
        await until(pilot, lambda: "is a postgresql:// URL" in app.main.lines.said.text)
        assert "S3cr3t" not in app.main.lines.said.text

    run(make_dashboard(location), scenario)
