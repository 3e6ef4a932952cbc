"""Small pictures of figures over time, in characters.

Pure; where nothing was measured there is a gap, not a zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Point", "bar", "columns", "into_slots", "peaks", "sparkline"]

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_GAP: Final = "·"
_STEPS: Final = 8

Point = tuple[float, float | None]
"""A moment and what was measured then."""


def sparkline(values: Sequence[float | None], highest: float | None = None) -> str:
    """Draw one character a value; zero is the lowest block, nothing measured a dot."""
    top = highest or max((value for value in values if value is not None), default=0.0)
    return "".join(_GAP if value is None else _BLOCKS[1 + _level(value, top, _STEPS - 1)] for value in values)


def columns(values: Sequence[float | None], height: int) -> list[str]:
    """Draw bars of several lines, the highest line first."""
    top = max((value for value in values if value is not None), default=0.0)
    levels = [None if value is None else _level(value, top, height * _STEPS) for value in values]
    lines: list[str] = []
    for line in range(height - 1, -1, -1):
        text = ""
        for level in levels:
            if level is None:
                text += _GAP if line == 0 else " "
            else:
                text += _BLOCKS[max(0, min(_STEPS, level - line * _STEPS))]
        lines.append(text)
    return lines


def bar(part: float, width: int) -> str:
    """Draw how much is left of something, between 0 and 1."""
    eighths = math.ceil(max(0.0, min(1.0, part)) * width * _STEPS)
    full, rest = divmod(eighths, _STEPS)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(width)


def into_slots(points: Sequence[Point], start: float, end: float, slots: int) -> list[float | None]:
    """Spread measurements over equal slots of time: each slot's mean, None for one that has none."""
    found = _by_slot(points, start, end, slots)
    return [sum(values) / len(values) if values else None for values in found]


def peaks(points: Sequence[Point], start: float, end: float, slots: int) -> list[float | None]:
    """Spread measurements over equal slots of time: each slot's highest, None for one that has none."""
    return [max(values, default=None) for values in _by_slot(points, start, end, slots)]


def _by_slot(points: Sequence[Point], start: float, end: float, slots: int) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in range(slots)]
    length = (end - start) / slots if slots else 0.0
    for at, value in points:
        if value is not None and length > 0 and start <= at <= end:
            # what is of the last moment belongs into the last slot
            found[min(slots - 1, int((at - start) / length))].append(value)
    return found


def _level(value: float, top: float, steps: int) -> int:
    if top <= 0 or value <= 0:
        return 0
    return max(1, min(steps, math.ceil(value / top * steps)))
