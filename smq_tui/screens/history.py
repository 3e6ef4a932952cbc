"""Where one came from, so that Esc goes back there. Values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_tui.text.filters import Query
    from smq_tui.values import State

__all__ = ["ScreenState", "Step"]


@dataclass(frozen=True, slots=True)
class ScreenState:
    """What a screen was showing."""

    query: Query
    state: State | None = None
    """Of the messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way from a screen to another, as Enter and jumps lead."""

    origin: str
    target: str
    before: ScreenState
    """What the target was showing: it will again."""
    arrived: ScreenState
    """What it was led to show; a filter of one's own on top of that is cleared first."""
