"""What a section of the report is: a table, kept as JSON so that sections can be measured one at a time."""

from __future__ import annotations

import json
import statistics
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from benchmarks.native import CACHE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Table", "ranged", "saved", "short"]

RESULTS = CACHE / "results"
NOTES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("notes.toml").read_text(encoding="utf-8")
)


@dataclass
class Table:
    """One section."""

    key: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    """Medians by row and column, for ratios and the plot."""
    text: str = ""
    """What stands in the place of rows, as it was printed."""
    measured: str = ""
    """Commit and rounds."""

    @classmethod
    def of(cls, key: str, columns: list[str]) -> Self:
        """Begin the table of a section that `notes.toml` describes."""
        assert key in NOTES
        return cls(key, columns)

    @property
    def title(self) -> str:
        """The section's heading."""
        return NOTES[self.key]["title"]

    @property
    def note(self) -> str:
        """What a reader has to know about it."""
        return NOTES[self.key]["note"].replace("\n", " ")

    def add(self, name: str, cells: Sequence[str], medians: Sequence[float]) -> None:
        """Add a row, named as its first column has it."""
        self.rows.append([name, *cells])
        self.figures[name] = {
            column: median for column, median in zip(self.columns[1:], medians, strict=False) if median
        }

    def save(self, measured: str) -> None:
        """Keep it."""
        self.measured = measured
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.key}.json").write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def saved(keys: Sequence[str]) -> list[Table]:
    """Read the tables that were kept, in this order."""
    paths = [RESULTS / f"{key}.json" for key in keys]
    return [Table(**json.loads(path.read_text(encoding="utf-8"))) for path in paths if path.exists()]


def ranged(values: Sequence[float]) -> str:
    """Write the median with least and most, each with three figures."""
    if not values:
        return "-"
    if len(values) == 1:
        return short(values[0])
    return f"{short(statistics.median(values))} ({short(min(values))} to {short(max(values))})"


def short(value: float) -> str:
    """Write a figure with three digits that count."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 - from here on no decimals are needed
        return f"{value:,.0f}"
    return f"{value:.3g}"
