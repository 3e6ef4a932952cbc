"""The line in which a filter or a jump is typed, with what it may become shown behind the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from smq_core.safe_text import cell
from smq_tui.keys.actions import VIEWS
from smq_tui.text.filters import PARTS, complete
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.status_bar import SegmentLine, StatusSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

__all__ = ["FilterBar"]

_HISTORY: int = 50
_SHOWN: int = 6
_EXAMPLES: Final = {
    "topic:": "topic:",
    "state:": "state:",
    "worker:": "worker:",
    "age>": "age>5m",
    "error~": "error~text",
}
"""What an empty line shows of the parts that can be typed there."""


class _Suggestions(Suggester):
    def __init__(self, candidates: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._candidates = candidates

    async def get_suggestion(self, value: str) -> str | None:
        return next(
            (text for text in self._candidates(value) if text.startswith(value) and text != value), None
        )


class FilterBar(Vertical):
    """A line to type in; hidden until it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Bound here, they never lead out of the line: what is typed next would be commands of the list.
        Binding("tab", "complete", show=False),
        Binding("shift+tab", "complete", show=False),
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        Binding("escape", "leave", show=False),
    ]
    DEFAULT_CSS = """
    FilterBar { height: 2; display: none; background: $boost; }
    FilterBar.-open { display: block; }
    FilterBar Input { height: 1; border: none; padding: 0 1; background: $boost; }
    FilterBar Input:focus { border: none; }
    """

    class Entered(Message):
        """A line was typed and Enter pressed."""

        def __init__(self, text: str, *, is_jump: bool) -> None:
            super().__init__()
            self.text = text
            self.is_jump = is_jump

    class Left(Message):
        """The line was closed without a change."""

    def __init__(self) -> None:
        super().__init__(id="filter-bar")
        self.parts: Sequence[str] = PARTS
        """The named parts that are offered."""
        self.topic_names: Sequence[str] = ()
        self.worker_names: Sequence[str] = ()
        self.database_names: Sequence[str] = ()
        self.is_jump = False
        self._history: list[str] = []
        self._at = 0

    def compose(self) -> ComposeResult:
        """Yield the line, and what it may become."""
        yield Input(id="filter-input", suggester=_Suggestions(self._candidates), select_on_focus=False)
        yield SegmentLine(id="filter-help")

    @property
    def is_open(self) -> bool:
        """True while it is shown."""
        return self.has_class("-open")

    def open(self, text: str, *, is_jump: bool) -> None:
        """Show it with a text to resume at: typing adds to it, so that a topic is not left by accident."""
        self.is_jump = is_jump
        self.add_class("-open")
        line = self.query_one(Input)
        line.placeholder = (
            "a topic, or a screen with a filter: dead orders error~timeout"
            if is_jump
            else f"{' '.join(_EXAMPLES[part] for part in self.parts if part in _EXAMPLES)}, or plain text"
        )
        line.value = f"{cell(text)} " if text else ""
        line.cursor_position = len(line.value)
        self.screen.set_focus(line, scroll_visible=False)
        self._at = len(self._history)
        self._help()

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")

    def explain(self, sentence: str) -> None:
        """Explain why what was typed will not do."""
        self.query_one(SegmentLine).show([StatusSegment(sentence, Tone.BAD, priority=9)])

    def on_descendant_blur(self) -> None:
        """Close the line when a click went elsewhere: it would seem that what is typed next goes there."""
        focused = self.screen.focused
        if focused is not None and self not in focused.ancestors:
            self.close()

    def action_leave(self) -> None:
        """Leave without a change."""
        self.post_message(self.Left())

    def action_complete(self) -> None:
        """Take the first completion."""
        line = self.query_one(Input)
        candidates = self._candidates(line.value)
        if candidates:
            line.value = candidates[0]
            line.cursor_position = len(line.value)

    def action_recall(self, by: int) -> None:
        """Take what was typed before or after."""
        self._at = max(0, min(len(self._history), self._at + by))
        line = self.query_one(Input)
        line.value = self._history[self._at] if self._at < len(self._history) else ""
        line.cursor_position = len(line.value)

    @on(Input.Changed)
    def _help(self) -> None:
        candidates = self._candidates(self.query_one(Input).value)
        parts = [
            StatusSegment(text.split(" ")[-1], Tone.MUTED, priority=_SHOWN - number)
            for number, text in enumerate(candidates[:_SHOWN])
        ]
        self.query_one(SegmentLine).show(
            [
                *parts,
                StatusSegment("Enter applies, Tab completes, ^U clears, Esc leaves", Tone.MUTED, priority=0),
            ]
        )

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value and event.value not in self._history[-1:]:
            self._history = [*self._history, event.value][-_HISTORY:]
        self.post_message(self.Entered(event.value, is_jump=self.is_jump))

    def _candidates(self, text: str) -> list[str]:
        if self.is_jump and text.startswith("database "):
            return [line for name in self.database_names if (line := f"database {name}").startswith(text)]
        if self.is_jump and " " not in text:
            names = (*VIEWS, "database", *self.topic_names)
            return [name for name in names if name.startswith(text)] if text else list(VIEWS)
        return complete(text, self.topic_names, self.worker_names, PARTS if self.is_jump else self.parts)
