"""The dashboard on databases that are not as they should be: it opens them, or says why not.

The story: an operator opens, or switches to, whatever the configuration names: a file that nobody filled yet,
an old or a future one, one that a tool holds, one that may not be written, one that goes away and comes back.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Queue
from tests.matrix import scaled
from tests.sqlite.database.version_1_file import make_version_1
from tests.tui.locker import Locker
from tests.tui.pressing import LEAVES, SUSPENDS, Walk, keys_bound
from tests.tui.terminal import STARTER, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.matrix import Fault

HOME, DOWN, ENTER = "\x1b[H", "\x1b[B", "\r"
SEEN: Final = {
    "shop": "shop-orders",
    "empty": "no queue at",
    "older": "plain",
    "newer": "made by a newer smq",
    "locked": "another program has",
    "file": "file-orders",
    "folder": "folder-orders",
}
"""What is seen of each database, in the order of the configuration."""
WITHOUT_PRIVILEGES: Final = f"""
import ctypes, os
if os.geteuid() == 0:
    libc, header, held = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    held[0] &= ~6
    held[1] &= ~6
    assert libc.capset(header, held) == 0
{STARTER}
"""
"""Gives up what lets root write where the permissions forbid it (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
FIRST_SCREEN: Final = b"\x1b[?1049l"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a folder with all of these databases, and a configuration that names them."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "queue").touch()
    (tmp_path / "older").mkdir()
    make_version_1(tmp_path / "older" / "queue")
    for name in SEEN.keys() - {"empty", "older"}:
        (tmp_path / name).mkdir()
        with Queue(tmp_path / name / "queue") as queue:
            queue.enqueue(f"{name}-orders", "payload")
    with closing(sqlite3.connect(tmp_path / "newer" / "queue")) as connection, connection:
        connection.execute("UPDATE smq_schema SET version = 99")
    for file in (tmp_path / "file").iterdir():
        file.chmod(0o444)
    (tmp_path / "folder").chmod(0o555)
    (tmp_path / "smq").mkdir()
    (tmp_path / "smq" / "dashboard.toml").write_text(
        "".join(f'[databases.{name}]\npath = "{tmp_path}/{name}/queue"\n' for name in SEEN)
    )
    with Locker(str(tmp_path / "locked" / "queue")):
        yield tmp_path
    (tmp_path / "folder").chmod(0o755)


def opened(home: Path, name: str) -> Terminal:
    """Start the dashboard on a database, and wait for what is seen of it."""
    terminal = Terminal(name, home, size=(120, 36), starter=WITHOUT_PRIVILEGES)
    terminal.read_until(SEEN[name])
    return terminal


def choose(terminal: Terminal, name: str) -> None:
    """Choose a database of the list, and wait for what is seen of it."""
    terminal.type("b", "Database")
    terminal.type(HOME + DOWN * [*SEEN].index(name) + ENTER, SEEN[name])


def assert_left_in_order(terminal: Terminal) -> None:
    """Leave by the key for it, and check that the terminal is as it was."""
    assert terminal.leave("q") == 0
    assert FIRST_SCREEN in terminal.output
    assert terminal.is_as_a_shell_wants_it()
    assert b"Traceback" not in terminal.output


@contextmanager
def taken_away(folder: Path) -> Iterator[None]:
    """Rename a folder with a database for a while."""
    away = folder.with_name("away")
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


@pytest.mark.fault(
    row="a database that is empty, locked, not writable, or of an older or newer schema version",
    part="environment",
    promise="it is opened, or an error says why not; `q` exits with status 0, and the terminal is restored",
    how="the dashboard is run on each in a pseudo-terminal, and every key in its key tables is pressed",
)
@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN)
def test_every_key_on_an_odd_database(name: str, home: Path, fault: Fault) -> None:
    chosen = random.Random(name)  # noqa: S311 - the same keys each time
    keys = [key for key in keys_bound() if key not in {SUSPENDS, LEAVES, "q"}]
    walk = Walk(lambda: opened(home, name))
    try:
        for key in chosen.sample(keys, scaled(6, len(keys))):
            walk.press(key)
            fault.struck()
            walk.go_on(key)
        walk.press("1")
        assert_left_in_order(walk.terminal)
    finally:
        walk.end()
    fault.ran()


@pytest.mark.slow
def test_b_goes_to_each_odd_database_and_back(home: Path) -> None:
    with opened(home, "shop") as terminal:
        for name in [*SEEN][1:]:
            choose(terminal, name)
            choose(terminal, "shop")

        assert_left_in_order(terminal)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "reason"), [("file", "cannot write to"), ("folder", "cannot write to the folder")]
)
def test_a_database_that_may_not_be_written_is_called_read_only_and_says_why(
    name: str, reason: str, home: Path
) -> None:
    with opened(home, name) as terminal:
        terminal.read_until("READ-ONLY")
        terminal.type("P", reason)

        assert_left_in_order(terminal)


@pytest.mark.slow
def test_a_database_that_may_be_written_again_is_no_longer_called_read_only(home: Path) -> None:
    with opened(home, "file") as terminal:
        terminal.read_until("READ-ONLY")
        for file in (home / "file").iterdir():
            file.chmod(0o644)
        terminal.press("\x12")
        terminal.type("P", "For how long")
        terminal.press("\x1b")

        assert_left_in_order(terminal)


@pytest.mark.slow
def test_a_database_that_vanishes_is_told_and_shown_again_when_it_is_back(home: Path) -> None:
    with opened(home, "shop") as terminal:
        terminal.output = b""
        with taken_away(home / "shop"):
            terminal.read_until("was moved away or removed")
            terminal.press(*"23456/", "\x1b", "1")
            terminal.output = b""
        terminal.read_until("nothing is wrong")

        assert_left_in_order(terminal)


@pytest.mark.slow
def test_a_database_that_changes_while_it_is_switched_to_is_shown_as_it_is_then(home: Path) -> None:
    with opened(home, "empty") as terminal:
        terminal.type("b", "Database")
        with taken_away(home / "shop"):
            terminal.type(HOME + ENTER, "does not exist: create it first")
            terminal.output = b""
        terminal.read_until("shop-orders")
        terminal.read_for(0.5)

        terminal.type("b", "Database")
        (home / "older" / "queue").unlink()
        with Queue(home / "older" / "queue") as queue:
            queue.enqueue("made-meanwhile", "payload")
        terminal.type(HOME + DOWN * 2 + ENTER, "made-meanwhile")

        assert_left_in_order(terminal)


@pytest.mark.slow
def test_a_daemon_of_years_ago_that_holds_nothing_is_not_called_lost(home: Path) -> None:
    with opened(home, "older") as terminal:
        terminal.read_for(0.5)
        assert b"0 daemons" in terminal.output
        assert b"1 lost" not in terminal.output
