"""What is over the screen is closed once: Textual closes whatever is on top each time it is told to."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen

__all__ = ["ClosedOnce", "OncePalette"]

Result = TypeVar("Result")


class ClosedOnce(ModalScreen[Result]):
    """A screen that answers once.

    A click and Enter, or Enter and an Esc close behind it, both close it: the second would answer again, and
    close what is below or, where that is the last screen, end the program.
    """

    is_closed_by_now = False
    """True from the moment it is closed."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with an answer; do nothing where that was done."""
        if self.is_closed_by_now:
            return AwaitComplete()
        self.is_closed_by_now = True
        return super().dismiss(result)


class OncePalette(CommandPalette):
    """Textual's palette, closed once. Its look is of its own class, which has to be its first."""

    _is_closed_by_now = False

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; do nothing where that was done."""
        if self._is_closed_by_now:
            return AwaitComplete()
        self._is_closed_by_now = True
        return super().dismiss(result)
