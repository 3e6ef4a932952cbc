"""Charts of what came in, went out and waited, one above the other.

Where nothing was counted there is a gap, not a zero.
"""

from __future__ import annotations

from typing import ClassVar, Final

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from smq_core.format import clock_time, count, rate
from smq_tui.figures.sparkline_series import RateSeries
from smq_tui.widgets.cell_width import fit
from smq_tui.widgets.sparkline import columns, peaks

__all__ = ["Chart"]

_LABEL: Final = 16
_BANDS: Final = (("in/s", "arrived"), ("out/s", "left"), ("waiting", "depth"))


class Chart(Widget):
    """Three charts of one series of rates and depths."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--title",
        "chart--arrived",
        "chart--left",
        "chart--depth",
        "chart--label",
    }
    DEFAULT_CSS = """
    Chart {
        height: 11;
        display: none;
        background: $surface;
        border-top: solid $panel;

        &.-open { display: block; }
        & > .chart--title { color: $text-accent; text-style: bold; }
        & > .chart--label { color: $text-muted; }
        & > .chart--arrived { color: $text-accent; }
        & > .chart--left { color: $text-success; }
        & > .chart--depth { color: $text-warning; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="chart")
        self._title = ""
        self._keys = ""
        self._series = RateSeries()
        self._start = 0.0
        self._end = 1.0

    def show(self, title: str, keys: str, series: RateSeries, start: float, end: float) -> None:
        """Show a series between two moments; `keys` say how to see otherwise."""
        self._title, self._keys, self._series, self._start, self._end = title, keys, series, start, end
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint a line: the title, or a line of one of the charts."""
        width, height = self.size.width, self.size.height
        plain = self.rich_style
        if y == 0:
            return Strip(
                [Segment(fit(self._heading(), width), self.get_component_rich_style("chart--title"))]
            )
        lines_each = max(1, (height - 1) // len(_BANDS))
        band, line = divmod(y - 1, lines_each)
        if band >= len(_BANDS):
            return Strip.blank(width, plain)
        name, measure = _BANDS[band]
        room = max(1, width - _LABEL - 1)
        points = {"arrived": self._series.arrived, "left": self._series.left, "depth": self._series.depth}[
            measure
        ]
        values = peaks(points, self._start, self._end, room)
        label = self._label(name, measure, values) if line == 0 else ""
        segments = [
            Segment(fit(label, _LABEL) + " ", self.get_component_rich_style("chart--label")),
            Segment(columns(values, lines_each)[line], self.get_component_rich_style(f"chart--{measure}")),
        ]
        return Strip(segments).adjust_cell_length(width, plain)

    def _heading(self) -> str:
        span = f"{clock_time(self._start, now=self._end)} to {clock_time(self._end, now=self._end)}"
        has_any = any((self._series.arrived, self._series.left, self._series.depth))
        note = "bars are peaks, · is no data" if has_any else "no data yet"
        return f" {self._title}  {self._keys}  {note}  {span}"

    @staticmethod
    def _label(name: str, measure: str, values: list[float | None]) -> str:
        top = max((value for value in values if value is not None), default=None)
        if not top:
            return f" {name}" if top is None else f" {name} 0"
        return f" {name} ≤ {count(int(top), 7) if measure == 'depth' else rate(top, '')}"
