"""One line of parts: what is most important stays where the width does not suffice.

Some parts can be clicked.

The masthead, the totals, the tabs, the notice and the key bar are such lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from smq_core.safe_text import cell
from smq_tui.messages import ActionChosen
from smq_tui.widgets.cell_width import fit
from smq_tui.widgets.keyed_table.table_rows import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

__all__ = ["SegmentLine", "StatusSegment", "place_parts"]

_GAP: Final = 2
_PREFIX: Final = "parts-line--"
_LONGEST: Final = 400
_SHORTEST: Final = 12


class StatusSegment(NamedTuple):
    """A piece of a line."""

    text: str
    tone: Tone = Tone.PLAIN
    action: str = ""
    """What a click on it does."""
    priority: int = 0
    """Where the width does not suffice, those with the lowest leave first."""
    key: str = ""
    """The key that does the same, painted before the text."""
    is_current: bool = False
    short: str = ""
    """What it says where the width does not suffice for all, before any has to leave."""


_LEFT_OUT: Final = StatusSegment("…", Tone.MUTED)


class SegmentLine(Widget):
    """A line of parts."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"{_PREFIX}{tone.value}" for tone in Tone),
        f"{_PREFIX}key",
        f"{_PREFIX}current",
    }
    DEFAULT_CSS = """
    SegmentLine {
        height: 1;
        background: $surface;
        color: $foreground;

        & > .parts-line--plain { color: $foreground; }
        & > .parts-line--muted { color: $text-muted; }
        & > .parts-line--accent { color: $text-accent; text-style: bold; }
        & > .parts-line--good { color: $text-success; }
        & > .parts-line--warning { color: $text-warning; text-style: bold; }
        & > .parts-line--bad { color: $text-error; text-style: bold; }
        & > .parts-line--key { color: $text-accent; text-style: bold; }
        & > .parts-line--current { text-style: bold reverse; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.auto_links = False
        self._parts: tuple[StatusSegment, ...] = ()

    @property
    def text(self) -> str:
        """What it says, cut to nothing."""
        return "  ".join(_text(part) for part in self._parts)

    def show(self, parts: Sequence[StatusSegment]) -> None:
        """Show these parts."""
        shown = tuple(parts)
        if shown != self._parts:
            self._parts = shown
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the line."""
        width = self.size.width
        plain = self.rich_style
        if y:
            return Strip.blank(width, plain)
        segments = [Segment(" ", plain)]
        for part, room in place_parts(self._parts, width):
            segments += self._painted(part, room)
            segments.append(Segment(" " * _GAP, plain))
        return Strip(segments).adjust_cell_length(width, plain)

    def on_click(self, event: events.Click) -> None:
        """Do what the part under the pointer is for."""
        offset = event.get_content_offset(self)
        x = 1
        for part, room in place_parts(self._parts, self.size.width):
            if offset is not None and x <= offset.x < x + room and part.action:
                self.post_message(ActionChosen(part.action))
            x += room + _GAP

    def _painted(self, part: StatusSegment, room: int) -> list[Segment]:
        if part.is_current:
            style = self.get_component_rich_style(f"{_PREFIX}current")
            return [Segment(fit(_text(part), room), style)]
        style = self.get_component_rich_style(f"{_PREFIX}{part.tone.value}")
        if not part.key:
            return [Segment(fit(part.text, room), style)]
        key_style = self.get_component_rich_style(f"{_PREFIX}key")
        key = f"{part.key} "
        return [Segment(key, key_style), Segment(fit(part.text, max(0, room - cell_len(key))), style)]


def place_parts(parts: Sequence[StatusSegment], width: int) -> list[tuple[StatusSegment, int]]:
    """Choose the parts that have room, and how much each gets; the last of the most important is cut.

    The least important say less before any leaves, and a mark at the end says that some left.
    """
    parts = _shortened(parts, width)
    lengths = [_length(part) for part in parts]
    shown = _staying(parts, lengths, width)
    if len(shown) < len(parts) and width > _SHORTEST:
        parts, lengths = (*parts, _LEFT_OUT), [*lengths, 1]
        shown = [*_staying(parts[:-1], lengths[:-1], width - 1 - _GAP), len(parts) - 1]
    least = _least(lengths, width)
    spare = max(0, width - 1 + _GAP - sum(least[index] + _GAP for index in shown))
    placed: list[tuple[StatusSegment, int]] = []
    left = width - 1
    for index in shown:
        more = min(spare, lengths[index] - least[index])
        spare -= more
        room = max(0, min(least[index] + more, left))
        placed.append((parts[index], room))
        left -= room + _GAP
    return [(part, room) for part, room in placed if room]


def _shortened(parts: Sequence[StatusSegment], width: int) -> tuple[StatusSegment, ...]:
    chosen = list(parts)
    for index in sorted(range(len(parts)), key=lambda index: (parts[index].priority, -index)):
        if 1 + sum(_length(part) + _GAP for part in chosen) - _GAP <= width:
            break
        if parts[index].short:
            chosen[index] = parts[index]._replace(text=parts[index].short)
    return tuple(chosen)


def _staying(parts: Sequence[StatusSegment], lengths: Sequence[int], width: int) -> list[int]:
    shown = list(range(len(parts)))
    least = _least(lengths, width)
    while len(shown) > 1 and 1 + sum(least[index] + _GAP for index in shown) - _GAP > width:
        shown.remove(min(shown, key=lambda index: (parts[index].priority, -index)))
    return shown


def _least(lengths: Sequence[int], width: int) -> list[int]:
    """Return how short each may become: a long one is cut to half of the line before others leave for it."""
    return [min(length, max(_SHORTEST, width // 2)) for length in lengths]


def _length(part: StatusSegment) -> int:
    return cell_len(cell(_text(part), _LONGEST))


def _text(part: StatusSegment) -> str:
    return f"{part.key} {part.text}" if part.key else part.text
