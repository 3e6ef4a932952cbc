"""What reaches a real terminal: nothing that a payload holds, and at the end the terminal as it was."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_tui.requests import Detail
from smq_tui.screens.copy_formats import copied
from smq_tui.terminal.clipboard import copy
from tests.tui.dashboard import add_daemons, fill, make_dashboard, run, settle
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard
    from tests.matrix import Fault

HOSTILE = (
    "\x1b]52;c;U01RUFdORUQ=\x07 clipboard",
    "\x1b]0;SMQPWNED\x07\x1b]2;SMQPWNED\x1b\\ title",
    "\x1b[2J\x1b[31m CSI",
    "\u009b31m\u009d0;SMQPWNED\u009c C1",
    "\u202egnp.exe\u2066 bidi",
    "zero\u200bwidth\u2060\ufeff",
    "[red]markup[/red] [@click=app.quit]here[/] [/x] [$x",
    "😀 \U0001d518\U0001d52b\U0001d526 e\u0301\u0301\u0301",
    "\x00\x07\x08\x0b\x7f",
)
FORBIDDEN = (
    b"\x1b]52;c;U01RUFdORUQ",
    b"\x1b]0;",
    b"\x1b]2;",
    b"\x1b[2J\x1b[31m CSI",
    "\u009b".encode(),
    "\u009d".encode(),
    "\u202e".encode(),
    "\u2066".encode(),
    "\u200b".encode(),
    "\ufeff".encode(),
    b"\x00",
    b"\x0b",
    b"\x08",
)


def fill_with_hostile_text(location: str) -> None:
    """Put hostile text wherever a queue holds text."""
    worker = "w\x1b]0;SMQPWNED\x07"
    with (
        Queue(location, worker=worker) as queue,
        Inspector(location, actor="\x1b]0;SMQPWNED\x07") as inspector,
    ):
        for text in HOSTILE:
            queue.enqueue("[red]topic[/x]", text, headers={"h\x1b[31m": text})
            queue.enqueue("[red]topic[/x]", {text: [text]}, key=text)
        queue.enqueue("[red]topic[/x]", "x\x1b[31m" * 200_000)
        with queue.transaction() as transaction:
            transaction.execute(
                "INSERT INTO smq_messages(topic, payload) VALUES (?, ?)", ("[red]topic[/x]", '"\\ud800 lone"')
            )
        for lease in queue.dequeue("[red]topic[/x]", limit=4):
            queue.bury(lease, error=f"{HOSTILE[lease.message.id % len(HOSTILE)]}\nline")
        queue.dequeue("[red]topic[/x]", limit=3)
        inspector.pause("[red]topic[/x]", HOSTILE[1])


@pytest.mark.fault(
    row="terminal escapes and markup in every field, on every screen",
    part="bad input",
    promise="no C0, C1 or bidirectional control character is printed, and markup is shown as text",
    how="hostile text in every field; the bytes sent to a real terminal are checked",
)
@pytest.mark.slow
def test_no_escape_of_a_payload_leaves_on_any_screen(location: str, tmp_path: Path, fault: Fault) -> None:
    fill_with_hostile_text(location)
    (tmp_path / "\x1b]0;SMQPWNED\x07.jsonl").write_text("1\n")
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("[red]topic")
        for screen in "123456":
            terminal.press(screen, "d", "j", "t", "t", "d")
        terminal.press(
            "2", "j", "j", "R", "\x1b", "y", "\x1b", "e", "\x1b", "I", "\x1b", "?", "q", "/", "\x1b"
        )
        terminal.press("4", "\r", "j", "D", "\x1b")
        assert terminal.end(signal.SIGTERM) == 128 + signal.SIGTERM

    leaked = [sequence for sequence in FORBIDDEN if sequence in terminal.output]
    is_shown_as_text = b"[red]topic[/x]" in terminal.output
    assert (leaked, is_shown_as_text) == ([], True)
    fault.struck(len(HOSTILE))
    fault.ran(len(FORBIDDEN))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_copy_has_the_original_bytes(text: str, location: str) -> None:
    sent: list[str] = []
    with Queue(location) as queue, Inspector(location) as inspector:
        message = inspector.get(queue.enqueue("mail", text))

    data = copied("payload", Detail(message, (), text, 1))
    copy(data, sent.append, {})

    assert data == text.encode()
    assert sent[0].startswith("\x1b]52;c;")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(
    number: signal.Signals, location: str, tmp_path: Path
) -> None:
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("No topics yet")
        assert terminal.end(number) == 128 + number

    end = terminal.output[-400:]
    assert b"\x1b[?1049l" in end, "the other screen is left"
    assert b"\x1b[?1000l" in end, "the mouse is given back"
    assert b"\x1b[?25h" in end, "the cursor is shown"


def test_a_process_that_was_stopped_goes_on_with_its_terminal_and_one_thread_that_reads(
    location: str, tmp_path: Path
) -> None:
    fill(location)
    rounds = 4
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("invoices")
        terminal.type("?", "Esc closes")
        threads = terminal.threads()
        for stops in (signal.SIGSTOP, signal.SIGTSTP, None) * rounds:
            if stops is not None:
                terminal.stop(stops)
            terminal.output = b""
            terminal.kill(signal.SIGCONT)
            terminal.read_until("Esc closes")
        assert terminal.threads() < threads + rounds, "those of reads and searches may have begun meanwhile"
        assert terminal.leave("\x11") == 0
    assert b"Traceback" not in terminal.output


def test_the_key_that_suspends_does_and_all_is_painted_again(location: str, tmp_path: Path) -> None:
    fill(location)
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("invoices")
        terminal.write("\x1a")
        terminal.wait_until_stopped()
        terminal.output = b""
        terminal.kill(signal.SIGCONT)
        terminal.read_until("invoices")
        assert terminal.leave("q") == 0


def test_the_terminals_cursor_is_on_the_chosen_row_of_every_screen(location: str) -> None:
    fill(location)
    add_daemons(location, "host:4000:a", "host:4001:b")

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        for screen in "123456":
            await pilot.press(screen)
            await settle(pilot)
            await pilot.press("j")
            await pilot.pause()
            table = app.main.view.table
            assert table.cursor_key is not None, screen
            row = table.visible_keys.index(table.cursor_key)
            assert app.cursor_position.y == table.content_region.y + 1 + row, screen

    run(make_dashboard(location), scenario)
