"""Reads what a terminal sends, of which anything may be malformed: nothing raises, nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.keys import Keys

from smq_tui.terminal.pasted_text import PastedText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.message import Message

__all__ = ["TerminalParser"]


class TerminalParser(XTermParser):
    """Ignores keys that no keyboard has, pixels where their number is not known, and escapes in a paste."""

    def __init__(self, debug: bool = False) -> None:  # noqa: FBT001, FBT002 - theirs
        super().__init__(debug)
        self._pasted = PastedText()

    def feed(self, data: str) -> Iterable[Message]:
        """Return what was done by what a terminal sent."""
        text = self._pasted.defuse(data)
        # Nothing at all would tell that the terminal has ended.
        return super().feed(text) if text else ()

    def parse_mouse_code(self, code: str) -> Message | None:
        """Return what the mouse did, in cells where a terminal does not tell the size of its cells."""
        if not (self.terminal_size and self.terminal_pixel_size):
            # Sizes of nothing are false as well.
            self.mouse_pixels = False
        return super().parse_mouse_code(code)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:  # noqa: FBT001, FBT002 - theirs
        try:
            keys = [*super()._sequence_to_key_events(sequence, alt)]
        except (ValueError, OverflowError):
            # A number of the kitty protocol that is not a character's.
            return [Key(Keys.Ignore, sequence)]
        return [Key(Keys.Ignore, sequence) if _is_lone_surrogate(key.character) else key for key in keys]


def _is_lone_surrogate(character: str | None) -> bool:
    """Return True for what can be neither shown nor stored."""
    return character is not None and any("\ud800" <= letter <= "\udfff" for letter in character)
