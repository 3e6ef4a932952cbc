"""Every key that the dashboard binds, from its own tables, as a terminal sends it, and a walk over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, _character_to_key
from textual.widgets import Button, Checkbox, Input, OptionList, TextArea

from smq_tui.dialogs.dialog import Dialog
from smq_tui.screens.filter_bar import FilterBar
from smq_tui.screens.main_screen import MainScreen
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.terminal import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tui.terminal import Terminal

__all__ = ["LEAVES", "SUSPENDS", "Walk", "click", "every_dialog", "keys_bound", "sent"]

SUSPENDS, LEAVES = "\x1a", "\x11"

_SENT: Final = {
    keys[0].value: sequence
    for sequence, keys in reversed(list(ANSI_SEQUENCES_KEYS.items()))
    if isinstance(keys, tuple) and len(keys) == 1
}
_TYPED: Final = {
    KEY_NAME_REPLACEMENTS.get(name, name): character
    for character in map(chr, range(ord(" "), 0x7F))
    for name in (_character_to_key(character), character)
}
_EVERYWHERE: Final = (App, MainScreen, FilterBar, KeyedTable)
_IN_DIALOGS: Final = (Input, TextArea, OptionList, Checkbox, Button)


class Walk:
    """A dashboard that is pressed, and started again where a key left it."""

    def __init__(self, start: Callable[[], Terminal]) -> None:
        self._start = start
        self.terminal = start()
        self._may_be_leaving = False
        """True after a key that leaves, where the process had not ended yet when the next key was pressed."""

    def press(self, keys: str) -> None:
        """Press keys one after the other."""
        self.terminal.write(keys)
        self.terminal.settle()

    def go_on(self, after: str, *, may_leave: bool = False) -> None:
        """Leave what is open; start again where a key that leaves did so, or what was chosen may have.

        Raises:
            AssertionError: when something was raised, or it ended otherwise.
        """
        leaves = may_leave or after in {LEAVES, "q"}
        is_leaving = leaves and self.terminal.is_given_back
        code = self.terminal.ended_within(LONGEST_S if is_leaving else 1.0 if leaves else 0.0)
        if code is not None:
            assert (code, leaves or self._may_be_leaving) == (0, True), (code, after)
            self.end()
            self.terminal = self._start()
        self._may_be_leaving = leaves and code is None
        self.terminal.escape(3)
        assert b"Traceback" not in self.terminal.output, after
        self.terminal.output = b""

    def end(self) -> None:
        """End the process, if it still runs."""
        self.terminal.__exit__()


def sent(key: str) -> str | None:
    """Return what a terminal sends for a key; None for those that need a keyboard protocol of its own."""
    return _SENT.get(key) or _TYPED.get(key)


def keys_bound() -> list[str]:
    """Return every key that a screen, a dialog or a widget in one binds and a terminal can send."""
    classes: tuple[type, ...] = (*_EVERYWHERE, *_IN_DIALOGS, *every_dialog())
    named = dict.fromkeys(key for kind in classes for key in _keys(kind))
    return [sequence for key in named if (sequence := sent(key)) is not None]


def every_dialog() -> list[type]:
    """Return every kind of dialog, but for those that others are built on."""
    found: list[type] = []
    waiting: list[type] = [Dialog]
    while waiting:
        one = waiting.pop()
        more: list[type] = one.__subclasses__()
        waiting += more
        found += [] if more else [one]
    return found


def click(column: int, row: int) -> str:
    """Return what a terminal sends for a click."""
    return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"


def _keys(kind: type) -> Iterator[str]:
    for one in kind.__mro__:
        for binding in Binding.make_bindings(vars(one).get("BINDINGS", ())):
            yield binding.key
