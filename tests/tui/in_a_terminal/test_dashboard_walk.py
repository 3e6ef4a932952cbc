"""Every key of every screen and dialog in a real terminal, while another process changes rows meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Inspector, Queue, State
from smq_tui.keys.actions import ACTIONS
from tests.matrix import scaled
from tests.tui.dashboard import add_daemons, fill
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.matrix import Fault

LEAVE = "\x11"
NAMED: Final = {
    "slash": "/",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "asterisk": "*",
    "underscore": "_",
    "exclamation_mark": "!",
    "question_mark": "?",
    "minus": "-",
    "plus": "+",
    "tab": "\t",
    "ctrl+r": "\x12",
    "ctrl+t": "\x14",
}
NOT_PRESSED: Final = {"suspend", "quit", "leave", "back"}
"""They end or stop the dashboard, or are pressed after each of the others."""
OF_LISTS: Final = ("j", "k", " ", "v", "u", "g", "G", "l", "h", "\r")
IN_DIALOGS: Final = ("\t", "\r", "y", "n", "1", "\x1b[B", "\x1b[A", " ", "\x13", "a")
"""What is pressed next: into the dialog that a key opened, or the list if it opened none."""
CHANGES: Final = ("R", "D", "K", "P", "X", "e", "a", "z", "Q", "T", "x", "y", "c", "b", "?", "\x14", "I")


def bytes_of(action: str) -> str:
    """Return what a terminal sends for the key of an action."""
    return NAMED.get(action, action)


def keys() -> list[str]:
    """Return every key, each of an action and each of a list."""
    actions = [bytes_of(one.first_key) for one in ACTIONS if one.id not in NOT_PRESSED and one.id != "lock"]
    return [key for key in actions if not key.isdecimal()] + list(OF_LISTS)


def changes(location: str) -> Iterator[None]:
    """Change rows as others do, a little each time: new messages, leases, acks, deaths, deletions, pauses."""
    chosen = random.Random(7)  # noqa: S311 - the same changes each time
    with Queue(location, worker="other") as queue, Inspector(location, actor="other") as inspector:
        held = []
        while True:
            queue.enqueue(chosen.choice(("orders", "mail", "new")), {"n": chosen.random()})
            held += queue.dequeue("orders", "invoices", "new", limit=2)
            yield
            if held:
                queue.bury(
                    held.pop(0), error="ValueError: of the other"
                ) if chosen.random() < 0.5 else queue.ack(held.pop(0))
            yield
            dead = [one.id for one in inspector.browse(state=State.DEAD, limit=3)]
            inspector.requeue(dead[:1])
            inspector.delete(dead[1:2])
            held = held[:5]
            yield


@pytest.mark.fault(
    row="every key on every screen and in every dialog, while another process changes rows between any two "
    "keystrokes",
    part="environment",
    promise="no traceback, and the dashboard keeps running until it is quit",
    how="the dashboard runs in a pseudo-terminal: each key is pressed in turn, followed by others in the "
    "view that it opened",
)
@pytest.mark.slow
@pytest.mark.parametrize("screen", "123456")
def test_every_key_while_rows_change(screen: str, location: str, tmp_path: Path, fault: Fault) -> None:
    fill(location)
    add_daemons(location, "host:4000:a", "host:4001:b")
    order = random.Random(int(screen))  # noqa: S311 - the same order each time
    other = changes(location)
    with Terminal(location, tmp_path, size=(120, 36)) as terminal:
        terminal.read_until("invoices")
        for _ in range(scaled(1, 4)):
            pressed = keys()
            order.shuffle(pressed)
            for key in pressed:
                terminal.write(screen)
                for one in (key, *order.sample(IN_DIALOGS, 2) * (key in CHANGES)):
                    next(other)
                    terminal.write(one)
                    terminal.read_for(0.03)
                    fault.struck()
                terminal.escape(2)
                assert terminal.ended_within(0.0) is None, f"it ended after {key!r}"
        assert terminal.leave(LEAVE) == 0
    assert b"Traceback" not in terminal.output
    fault.ran()
