"""Every key in every screen and dialog, at every size, with clicks and changes of the size between them."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tests.matrix import scaled
from tests.tui.dashboard import add_daemons, fill
from tests.tui.in_a_terminal.test_dashboard_walk import changes
from tests.tui.pressing import LEAVES, SUSPENDS, Walk, click, every_dialog, keys_bound
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.matrix import Fault

OPENERS: Final = {
    "Help": ("?", "Esc closes"),
    "Columns": ("2c", "Columns"),
    "Choice": ("\x14", "smq-contrast"),
    "Choice of a database": ("b", "Database"),
    "Confirm": ("4R", "Requeue"),
    "Fields": ("2x", "Export to JSONL"),
    "MessageForm": ("a", "Add a message"),
    "ImportWizard": ("I", "Import"),
    "palette": ("\x10", "Search"),
    "filter": ("2/", "Enter applies"),
    "jump": (":", "Enter applies"),
    **{f"screen {screen}": (screen, "") for screen in "123456"},
}
"""How each kind of dialog is opened, and what is seen of it then."""
SIZES: Final = ((120, 36), (80, 24), (20, 5), (1, 1))
TYPED: Final = ("x1", "\t", "\x1b[Z", "\r")
"""What follows a key in what it opened: text, Tab, Shift+Tab, Enter."""


def started(home: Path, size: tuple[int, int], flags: Sequence[str]) -> Terminal:
    """Start the dashboard, and wait for what is seen of it."""
    terminal = Terminal("one", home, *flags, size=size)
    terminal.read_for(1.0) if size < (20, 6) else terminal.read_until("invoices")
    return terminal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder with two queues and a configuration that names them."""
    (tmp_path / "smq").mkdir()
    named = []
    for name in ("one", "two"):
        fill(str(tmp_path / f"{name}.sqlite3"))
        add_daemons(str(tmp_path / f"{name}.sqlite3"), "host:4000:a", "host:4001:b")
        named.append(f'[databases.{name}]\npath = "{tmp_path}/{name}.sqlite3"\n')
    (tmp_path / "smq" / "dashboard.toml").write_text("".join(named))
    return tmp_path


def test_every_kind_of_dialog_is_opened() -> None:
    assert {kind.__name__ for kind in every_dialog()} <= set(OPENERS)


def test_every_key_is_one_that_a_terminal_sends() -> None:
    keys = keys_bound()

    assert len(keys) > 90
    assert {
        "D",
        "\r",
        "\t",
        "\x1b[Z",
        "\x1b[A",
        "\x13",
        "\x1b[1;2B",
        "/",
        "_",
        "-",
        "+",
        LEAVES,
        SUSPENDS,
    } <= set(keys)


@pytest.mark.parametrize("name", [name for name, (_, seen) in OPENERS.items() if seen])
def test_it_is_opened_by_these_keys(name: str, home: Path) -> None:
    keys, seen = OPENERS[name]
    with Terminal("one", home, size=(120, 36)) as terminal:
        terminal.read_until("invoices")
        if keys[1:]:
            terminal.press(keys[:-1])
        terminal.type(keys[-1], seen)


@pytest.mark.fault(
    row="every bound key, in every dialog and on every screen, each at one of four terminal sizes",
    part="environment",
    promise="no traceback; only the quit keys end the dashboard, with status 0",
    how="the dashboard runs in a pseudo-terminal, and every key in its key tables is pressed while another "
    "process changes rows",
)
@pytest.mark.slow
@pytest.mark.parametrize("name", OPENERS)
def test_every_key_in_every_dialog(name: str, home: Path, fault: Fault) -> None:
    chosen = random.Random(name)  # noqa: S311 - the same keys each time
    opener, _ = OPENERS[name]
    other = changes(str(home / "one.sqlite3"))
    keys = [key for key in keys_bound() if key != SUSPENDS]
    first = [*OPENERS].index(name)
    size = SIZES[first % len(SIZES)]
    walk = Walk(partial(started, home, size, ("--ascii",) if first % 2 else ()))
    try:
        for key in chosen.sample(keys, scaled(6, len(keys))):
            walk.press(opener)
            next(other)
            walk.press(key)
            next(other)
            typed = "" if key in {LEAVES, "q"} else chosen.choice(TYPED)
            walk.press(typed)
            fault.struck()
            # Enter in the palette runs the action that was found, which may be the one that quits.
            walk.go_on(key, may_leave=name == "palette" and typed == "\r")
        assert walk.terminal.leave(LEAVES) == 0, walk.terminal.output[-9_000:].decode(errors="replace")
    finally:
        walk.end()
    fault.ran()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Help", "Confirm", "MessageForm", "screen 1", "screen 2", "screen 4"])
def test_clicks_everywhere_while_the_size_changes(name: str, home: Path) -> None:
    chosen = random.Random(name)  # noqa: S311 - the same places each time
    opener, _ = OPENERS[name]
    walk = Walk(partial(started, home, (80, 24), ()))
    try:
        for number in range(scaled(3, 20)):
            walk.press(opener)
            for row in range(1, 25):
                walk.press(click(chosen.randint(1, 80), row))
                if row % 8 == number % 8:
                    walk.terminal.resize(*chosen.choice(SIZES))
            walk.terminal.resize(80, 24)
            # A click on the key that leaves does so too.
            walk.go_on("q")
    finally:
        walk.end()
