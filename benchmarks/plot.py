"""Draws docs/benchmarks.svg: one bar a contender, for the rows that say most. It writes the SVG itself."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from benchmarks.report import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.table import Table

__all__ = ["write_plot"]

WIDTH, LABEL, BAR, GAP, HEAD, MARGIN = 860, 200, 18, 6, 34, 20
NUMBER = 100
OURS, LIMIT, PEER = "#2f6fdf", "#9aa4b2", "#c9ced6"


@dataclass(frozen=True)
class Panel:
    """One chart."""

    title: str
    section: str
    column: str
    ending: str = ""
    """Only rows that end so: those of one durability."""

    def values(self, table: Table) -> dict[str, float]:
        """Return the bars by their labels; a peer at its own durability says which that is."""
        modes = {row[0]: row[2] for row in table.rows} if "synchronous" in table.columns else {}
        return {
            name if name.startswith(("smq", "bare")) or name not in modes else f"{name} ({modes[name]})": row[
                self.column
            ]
            for name, row in table.figures.items()
            if row.get(self.column) and name.endswith(self.ending) and not name.endswith("dicts")
        }


PANELS = (
    Panel("enqueue, every commit flushed", "alike", "enqueue, full"),
    Panel("enqueue_many, 1,000 a call, each at its own durability", "defaults", "enqueue_many, 1,000 a call"),
    Panel("dequeue and ack one at a time, each at its own durability", "defaults", "dequeue, ack"),
    Panel("eight producers on a slow disk, every commit flushed", "slow-disk", "8 producers", ", full"),
)


def write_plot(tables: Sequence[Table]) -> None:
    """Draw what has been measured of the panels."""
    known = {table.key: table for table in tables}
    body: list[str] = []
    top = MARGIN
    for panel in PANELS:
        values = panel.values(known[panel.section]) if panel.section in known else {}
        if values:
            body += _drawn(panel, values, top)
            top += HEAD + len(values) * (BAR + GAP) + MARGIN
    style = "text{font:13px system-ui,sans-serif;fill:#59636e}.t{font-weight:600;font-size:15px}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">'
    title = "<title>Messages a second: smq, the bare loops and the peers</title>"
    DOCS.mkdir(exist_ok=True)
    svg = "\n".join([head, title, f"<style>{style}</style>", *body, "</svg>"])
    (DOCS / "benchmarks.svg").write_text(svg + "\n", encoding="utf-8")


def _drawn(panel: Panel, values: dict[str, float], top: int) -> Iterator[str]:
    """Draw one chart's bars, the longest first."""
    most = max(values.values())
    yield f'<text class="t" x="0" y="{top + 16}">{escape(panel.title)}: messages a second</text>'
    ordered = sorted(values.items(), key=lambda item: -item[1])
    for place, (name, value) in enumerate(ordered):
        y = top + HEAD + place * (BAR + GAP)
        length = max(1.0, (WIDTH - LABEL - NUMBER) * value / most)
        yield f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{_colour(name)}"/>'
        yield f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}">{value:,.0f}</text>'


def _colour(name: str) -> str:
    if name.startswith("smq"):
        return OURS
    return LIMIT if name.startswith("bare") else PEER
