"""The line above the keys: what the operator was told a moment ago, else what the chosen row has to say.

It is part of the layout, so that it covers nothing: long sentences take a second and a third line meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from smq_core.safe_text import cell
from smq_tui.widgets.cell_width import fit
from smq_tui.widgets.keyed_table.table_rows import Tone

if TYPE_CHECKING:
    from textual import events
    from textual.timer import Timer

__all__ = ["MessageLine"]

_STAYS_S: Final = 6.0
_MOST_LINES: Final = 3
_LONGEST: Final = 600
_PREFIX: Final = "said-line--"


class MessageLine(Widget):
    """A sentence, for some seconds; a hint, as long as nothing is said."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"{_PREFIX}{tone.value}" for tone in Tone}
    DEFAULT_CSS = """
    MessageLine {
        height: 1;
        background: $surface;

        & > .said-line--plain { color: $foreground; text-style: bold; }
        & > .said-line--muted { color: $text-muted; }
        & > .said-line--accent { color: $text-accent; }
        & > .said-line--good { color: $text-success; text-style: bold; }
        & > .said-line--warning { color: $text-warning; text-style: bold; }
        & > .said-line--bad { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="said")
        self.auto_links = False
        self.text = ""
        """What was said a moment ago."""
        self._tone = Tone.PLAIN
        self._hint = ("", Tone.MUTED)
        self._lines: list[str] = []
        self._timer: Timer | None = None

    def say(self, sentence: str, tone: Tone) -> None:
        """Show something in the place of what was said before."""
        self.clear()
        self.text, self._tone = cell(sentence, _LONGEST), tone
        self._timer = self.set_timer(_STAYS_S, self.clear)
        self._break()

    def clear(self) -> None:
        """Remove the message."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.text:
            self.text = ""
            self._break()

    def hint(self, sentence: str, tone: Tone = Tone.MUTED) -> None:
        """Report what stands here while nothing is said: one line, cut where it has no room."""
        hint = (cell(sentence, _LONGEST), tone)
        if hint != self._hint:
            self._hint = hint
            if not self.text:
                self._break()

    def on_resize(self) -> None:
        """Break the sentence into lines again."""
        self._break()

    def on_click(self, event: events.Click) -> None:
        """Remove the message."""
        event.stop()
        self.clear()

    def render_line(self, y: int) -> Strip:
        """Paint a line."""
        width = self.size.width
        tone = self._tone if self.text else self._hint[1]
        style = self.get_component_rich_style(f"{_PREFIX}{tone.value}")
        line = self._lines[y] if y < len(self._lines) else ""
        return Strip([Segment(" ", style), Segment(fit(line, max(0, width - 1)), style)])

    def _break(self) -> None:
        width = max(1, self.size.width - 2)
        if self.text:
            wrapped = [line.plain.rstrip() for line in Content(self.text).wrap(width)]
            head, rest = wrapped[: _MOST_LINES - 1], wrapped[_MOST_LINES - 1 :]
            self._lines = [*head, *([" ".join(rest)] if rest else [])]
        else:
            self._lines = [self._hint[0]]
        # The height alone is laid out again, and only when it is another.
        if self.styles.height is None or self.styles.height.value != len(self._lines):
            self.styles.height = len(self._lines)
        self.refresh()
