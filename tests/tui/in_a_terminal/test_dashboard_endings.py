"""However the dashboard is ended, and whatever it does at that moment: it ends soon, in order, silently."""

from __future__ import annotations

import contextlib
import random
import signal
from typing import TYPE_CHECKING, Final

import pytest

from tests.matrix import scaled
from tests.tui.dashboard import fill
from tests.tui.terminal import STARTER, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix import Fault

ENDS_WITHIN_S = 5.0
OTHER_SCREEN, FIRST_SCREEN = "\x1b[?1049h", b"\x1b[?1049l"
LISTENING: Final = f"""
import os, sys, threading, traceback
from textual.app import App
handled, told = App._handle_exception, open(os.environ["RAISED"], "a", buffering=1)
def tell(error):
    traceback.print_exception(error, file=told)
App._handle_exception = lambda app, error: (tell(error), handled(app, error))
sys.excepthook = lambda kind, error, trace: tell(error)
threading.excepthook = lambda raised: tell(raised.exc_value)
{STARTER}
"""
"""Writes what is raised to a file: a terminal that is gone shows nobody a traceback."""
MOMENTS: Final = {
    "a list": ("3", "2", "4", "/", "m", ":", "2j", "j", "f"),
    "a dialog": ("c", "?", "\x14", "2jy", "1P", "2x", "\x10"),
    "a question": ("4R", "2jjD", "3*R"),
    "a form": ("2e", "a", "2eabc", "2e\x13"),
    "the import": ("I", "Ino\r"),
    "another database": ("b\x1b[B\r", ":database two\r"),
    "the exit": ("q", "\x11", "2q"),
}
"""What is done at that moment, and the keys that begin it."""


def closed(terminal: Terminal) -> None:
    """Close the terminal."""
    terminal.close_within(0.0)


def signalled(number: signal.Signals) -> Callable[[Terminal], None]:
    """Return what sends a signal."""

    def send(terminal: Terminal) -> None:
        with contextlib.suppress(ProcessLookupError):
            terminal.kill(number)

    return send


def typed(keys: str) -> Callable[[Terminal], None]:
    """Return what types keys that leave, and closes the terminal at that."""

    def send(terminal: Terminal) -> None:
        with contextlib.suppress(OSError):
            terminal.write(keys)
        terminal.close_within(0.0)

    return send


WAYS: Final = {
    "closed": closed,
    "SIGTERM": signalled(signal.SIGTERM),
    "SIGHUP": signalled(signal.SIGHUP),
    "q, closed": typed("q"),
    "Ctrl+Q, closed": typed("\x11"),
    "Ctrl+C, closed": typed("\x03"),
}
CODES: Final = (0, 128 + signal.SIGHUP, 128 + signal.SIGTERM)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder with two queues and a configuration that names them."""
    (tmp_path / "smq").mkdir()
    named = []
    for name in ("one", "two"):
        fill(str(tmp_path / f"{name}.sqlite3"))
        named.append(f'[databases.{name}]\npath = "{tmp_path}/{name}.sqlite3"\n')
    (tmp_path / "smq" / "dashboard.toml").write_text("".join(named))
    return tmp_path


def opened(home: Path) -> Terminal:
    """Start the dashboard so that what it raises is known."""
    (home / "raised").touch()
    return Terminal("one", home, starter=LISTENING, environment={"RAISED": str(home / "raised")})


def assert_it_ended(terminal: Terminal, home: Path, codes: tuple[int, ...], what: object) -> None:
    """Check that it ended soon, with one of some exit codes, and that nothing was raised."""
    code = terminal.ended_within(ENDS_WITHIN_S)
    assert ((home / "raised").read_text(), code in codes) == ("", True), (what, code)
    assert b"Traceback" not in terminal.output, what


@pytest.mark.fault(
    row="a closed terminal, SIGTERM, SIGHUP or a quit key, within 50 ms of another keystroke",
    part="environment",
    promise="each dashboard exits within 5 seconds, without an unhandled exception",
    how="the dashboard in a pseudo-terminal is terminated in a list, a dialog or a form, while it switches "
    "screens, and while it exits",
)
@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_dashboard_ends_whatever_it_does(moment: str, home: Path, fault: Fault) -> None:
    chosen = random.Random(moment)  # noqa: S311 - the same moments each time
    first = [*MOMENTS].index(moment)
    for number in range(first, first + scaled(3, 40)):
        way = [*WAYS][number % len(WAYS)]
        keys, within = chosen.choice(MOMENTS[moment]), chosen.uniform(0.0, 0.05)
        with opened(home) as terminal:
            terminal.read_until("invoices")
            terminal.write(keys)
            terminal.read_for(within)
            WAYS[way](terminal)
            fault.struck()
            assert_it_ended(terminal, home, CODES, (way, keys, within))
    fault.ran()


@pytest.mark.fault(
    row="a closed terminal, SIGTERM and SIGHUP while the dashboard starts",
    part="environment",
    promise="the dashboard exits within 5 seconds, without an unhandled exception, and the terminal is "
    "restored",
    how="the dashboard in a pseudo-terminal is terminated between its first byte of output and its first "
    "frame",
)
@pytest.mark.slow
@pytest.mark.parametrize("way", ["closed", "SIGTERM", "SIGHUP"])
def test_a_dashboard_that_just_starts_ends(way: str, home: Path, fault: Fault) -> None:
    chosen = random.Random(way)  # noqa: S311 - the same moments each time
    for _ in range(scaled(2, 40)):
        within = chosen.choice((0.0, chosen.uniform(0.0, 0.3)))
        with opened(home) as terminal:
            terminal.read_until(OTHER_SCREEN)
            terminal.read_for(within)
            WAYS[way](terminal)
            fault.struck()
            assert_it_ended(terminal, home, CODES[1:], (way, within))
            if way != "closed":
                terminal.read_for(0.1)
                assert FIRST_SCREEN in terminal.output, within
    fault.ran()
