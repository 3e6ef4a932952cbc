"""A form that stays open until what was typed in it is saved, so that a failure never loses the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from textual.widgets import Static

from smq_core.safe_text import block
from smq_tui.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

__all__ = ["FormDialog"]

Typed = TypeVar("Typed")

_WAITING = "waiting for the database…"
_STILL_WAITING = (
    "still waiting for the database: press Esc again to leave; what you typed is lost if saving then fails"
)


class FormDialog(Dialog[None], Generic[Typed]):
    """A dialog for typed values; its `#why` reports why they were not saved."""

    def __init__(self, save: Callable[[FormDialog[Typed], Typed], None]) -> None:
        """Hand the form and its values to `save`, which later calls `close` or `keep_open`."""
        super().__init__()
        self._save = save
        self.is_waiting = False
        """True while values are being saved."""
        self.failure = ""
        """Why they were not saved the last time; empty before a failure."""
        self._is_warned = False
        """True when Esc was pressed while values are being saved."""
        self._stop: Callable[[], None] | None = None
        """Stops the saving, where that can be stopped."""
        self._last_focused: Widget | None = None

    def submit(self, values: Typed) -> None:
        """Save values; nothing can be typed until the reply is there."""
        if self.is_waiting:
            return
        self.is_waiting, self._is_warned, self._stop = True, False, None
        self._last_focused = self.focused
        self.explain(_WAITING)
        self.query_one(".dialog-box").disabled = True
        self._save(self, values)

    def close(self) -> None:
        """Close, because the values were saved."""
        self.dismiss(None)

    def keep_open(self, reason: str) -> bool:
        """Show why the values were not saved; return False if the form was left meanwhile."""
        if self.is_closed_by_now:
            return False
        self.is_waiting = False
        self.query_one(".dialog-box").disabled = False
        if self._last_focused is not None:
            self._last_focused.focus()
        self.failure = reason
        self.explain(reason)
        return True

    def show_progress(self, progress: str, stop: Callable[[], None]) -> None:
        """Show how far the saving is; from now on Esc calls `stop`, which leads to a failure."""
        if self.is_waiting and not self._is_warned and not self.is_closed_by_now:
            self._stop = stop
            self.explain(f"{progress} (Esc stops)")

    def explain(self, sentence: str) -> None:
        """Show a sentence above the buttons."""
        self.query_one("#why", Static).update(block(sentence))

    def action_leave(self) -> None:
        """Leave; while values are being saved, stop that where possible, or leave only when asked twice."""
        if self.is_waiting and not self._is_warned:
            self._is_warned = True
            if self._stop is None:
                self.explain(_STILL_WAITING)
            else:
                self.explain("stopping…")
                self._stop()
        else:
            self.dismiss(None)
