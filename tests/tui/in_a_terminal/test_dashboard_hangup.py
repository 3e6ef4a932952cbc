"""The dashboard ends when its terminal is closed or a signal says so, whatever it does at that moment.

Its writer dies with the terminal, and what waits for it would wait for ever; a program that nobody sees any
more must not hold the database open until somebody kills it.
"""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.matrix import scaled
from tests.tui.dashboard import fill
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix import Fault

ENDS_WITHIN_S = 5.0
KEYS = ("q", "c", "b", "?", "2", "3", "/", ":", "j", "D", "m", "\r", "\x1b", "\x10", "I", "a", "2j/x")
STUCK = """
import contextlib, os, signal, sys, threading
from smq_tui.terminal.hangup import Hangup
if "ignoring" in sys.argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
Hangup(patience_s=0.1).start()
# A terminal that was closed once the text was read may still refuse to have taken it.
with contextlib.suppress(OSError):
    os.write(1, b"stuck")
lock = threading.Lock()
lock.acquire()
lock.acquire()
"""
"""A program that never leaves when it is asked to."""


@pytest.mark.fault(
    row="a terminal that is closed within 50 ms of a keystroke",
    part="environment",
    promise="each dashboard exits within 5 seconds",
    how="the dashboard runs in a pseudo-terminal whose other end is closed",
)
@pytest.mark.slow
def test_a_dashboard_ends_when_its_terminal_is_closed_shortly_after_a_key(
    location: str, tmp_path: Path, fault: Fault
) -> None:
    fill(location)
    moments = random.Random(18)  # noqa: S311 - the same moments each time
    for _ in range(scaled(12, 200)):
        key, within = moments.choice(KEYS), moments.uniform(0.0, 0.05)
        with Terminal(location, tmp_path) as terminal:
            terminal.read_until("invoices")
            terminal.write(key)
            terminal.close_within(within)
            fault.struck()
            assert terminal.ended_within(ENDS_WITHIN_S) is not None, (
                f"after {key!r} and {within * 1000:.0f} ms"
            )
        fault.ran()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_dashboard_whose_terminal_takes_nothing_any_more(
    number: signal.Signals, location: str, tmp_path: Path
) -> None:
    fill(location)
    with Terminal(location, tmp_path, size=(200, 60)) as terminal:
        terminal.read_until("invoices")
        # Each screen is painted as a whole, and the terminal holds a few kilobytes.
        terminal.write("123456" * 20)
        assert terminal.ended_within(1.0) is None
        terminal.kill(number)
        assert terminal.ended_within(ENDS_WITHIN_S) == 128 + number


@pytest.mark.parametrize(
    ("arguments", "how", "code"),
    [
        ((), lambda terminal: terminal.kill(signal.SIGTERM), 128 + signal.SIGTERM),
        ((), lambda terminal: terminal.kill(signal.SIGHUP), 128 + signal.SIGHUP),
        ((), lambda terminal: terminal.close_within(0.0), 128 + signal.SIGHUP),
        (("ignoring",), lambda terminal: terminal.close_within(0.0), 128 + signal.SIGHUP),
    ],
    ids=["SIGTERM", "SIGHUP", "closed", "closed, SIGHUP blocked"],
)
def test_what_is_stuck_is_ended_by_force(
    arguments: tuple[str, ...], how: Callable[[Terminal], None], code: int, tmp_path: Path
) -> None:
    with Terminal(None, tmp_path, *arguments, starter=STUCK) as terminal:
        terminal.read_until("stuck")
        how(terminal)
        assert terminal.ended_within(ENDS_WITHIN_S) == code


def test_what_is_ended_by_force_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal(None, tmp_path, starter=STUCK) as terminal:
        terminal.read_until("stuck")
        terminal.end(signal.SIGTERM)

    assert b"\x1b[?1049l" in terminal.output
    assert b"\x1b[?25h" in terminal.output


def test_a_closed_terminal_ends_in_order_and_what_is_remembered_is_kept(
    location: str, tmp_path: Path
) -> None:
    with Queue(location) as queue:
        queue.enqueue("orders", "payload")
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("orders")
        terminal.type("-", "refreshing every")
        terminal.close_within(0.0)
        assert terminal.ended_within(ENDS_WITHIN_S) == 128 + signal.SIGHUP

    assert '"interval": 2.0' in (tmp_path / "smq" / "dashboard.json").read_text()
