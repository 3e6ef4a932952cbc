"""Whatever a terminal sends is taken: bytes of no encoding, keys of no keyboard, pastes, the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.events import Key, MouseDown, Paste

from smq_core import Inspector, State
from smq_tui.terminal.parser import TerminalParser
from tests.tui.dashboard import fill
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

PASTE, PASTE_END = b"\x1b[200~", b"\x1b[201~"
NO_KEYS = (
    "\x1b[1114112u",
    "\x1b[99999999999u",
    "\x1b[97;;1114112u",
    "\x1b[97;5;55555555555u",
    "\x1b[97;;99999999999999999999u",
    "\x1b[55296u",
    "\x1b[97;;57343u",
)
"""What the kitty protocol writes for keys, with numbers of no character."""
HOSTILE = (
    b"\xff",
    b"caf\xe9",
    b"\xe6\x97",
    b"\x9b31m",
    b"\0",
    b"\x1b[999;999z",
    b"\x1b[" + b"1;" * 500 + b"m",
    b"\x1bPabc\x1b\\",
    b"\x1b]52;c;AAAA\x07",
    b"\x1b[<0;0;0M",
    b"\x1b[<0;-5;-5M",
    b"\x1b[<999;99999;99999M",
    b"\x1b[M !!",
    b"\x1b[99999;99999R",
    b"\x1b[?2026;2$y",
    b"\x1b[O\x1b[I",
    b"\x1b[48;30;100;0;0t\x1b[<0;5;5M\x1b[<0;5;5m",
    PASTE + b"Dy\rR" + PASTE_END,
    PASTE + b"caf\xe9 Dy\r" + b"D" * 9_000 + PASTE_END,
    PASTE + b"a\x1b[Dy\x1b[1;2Ryy" + PASTE_END,
    PASTE_END,
    *(one.encode() for one in NO_KEYS),
)


@pytest.mark.parametrize("sequence", NO_KEYS)
def test_a_key_that_no_keyboard_has_is_not_typed(sequence: str) -> None:
    events = list(TerminalParser().feed(f"a{sequence}b"))

    assert [event.key for event in events if isinstance(event, Key)] == ["a", "b"]


@pytest.mark.parametrize(
    ("sizes", "at"),
    [
        ("\x1b[48;24;80;0;0t", (4, 8)),
        ("\x1b[48;0;0;0;0t", (4, 8)),
        ("\x1b[48;24;80;480;800t", (0, 0)),
    ],
)
def test_the_mouse_is_counted_in_cells_where_no_pixels_are_told(sizes: str, at: tuple[int, int]) -> None:
    parser = TerminalParser()
    events = [*parser.feed(sizes), *parser.feed("\x1b[<0;5;9M")]

    assert [(int(event.x), int(event.y)) for event in events if isinstance(event, MouseDown)] == [at]


@pytest.mark.parametrize(
    "held",
    ["\x1b[1114112u", "\x1b[Dy", "\x1b", "\x1b\x1b\x1b[Dy", "\x1b[20", "\x1b[200~D", "\x1b[48;1;1;1;1t"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_paste_is_one_whatever_it_holds_and_however_it_comes(held: str, size: int) -> None:
    parser = TerminalParser()
    sent = f"j\x1b[200~a{held}b\x1b[201~k\x1b[200~\x1b[201~"
    events = [event for at in range(0, len(sent), size) for event in parser.feed(sent[at : at + size])]

    before, paste, after = events[:3]
    assert isinstance(paste, Paste)
    assert paste.text == f"a{held.replace(chr(27), '␛')}b"
    assert [event.key for event in (before, after) if isinstance(event, Key)] == ["j", "k"]
    assert not [event for event in events[3:] if isinstance(event, Key)]


def test_arrows_and_escape_are_typed_as_ever_wherever_they_are_cut() -> None:
    parser = TerminalParser()
    events = [event for letter in "\x1b[A\x1b[20~\x1b[2" for event in parser.feed(letter)]

    assert [event.key for event in events if isinstance(event, Key)] == ["up", "f9"]


@pytest.mark.fault(
    row="terminal input that is not valid text or not a known key sequence, and pasted text",
    part="bad input",
    promise="the dashboard keeps running, and nothing is changed",
    how="each is written to a pseudo-terminal while a list, an input line, a dialog or a form is open",
)
@pytest.mark.slow
@pytest.mark.parametrize("opened", ["", "/", "?", "a", "I", "\x10"], ids=ascii)
def test_whatever_a_terminal_sends_is_taken(opened: str, location: str, tmp_path: Path, fault: Fault) -> None:
    fill(location)
    before = states(location)
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("invoices")
        for data in HOSTILE:
            terminal.write(opened)
            terminal.read_for(0.1)
            terminal.send(data)
            terminal.read_for(0.1)
            fault.struck()
            terminal.escape(3)
            assert terminal.ended_within(0.0) is None, data
        terminal.type("?", "Esc closes")
        assert terminal.leave("\x11") == 0
    assert b"Traceback" not in terminal.output
    assert states(location) == before
    fault.ran()


def states(location: str) -> dict[int, State]:
    """Return the state of every message."""
    with Inspector(location) as inspector:
        return {message.id: message.state for message in inspector.browse(limit=1_000)}
