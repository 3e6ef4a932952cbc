"""How long requests tell how far they have come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Progress"]

Progress: TypeAlias = Callable[[int, int | None, object], bool]
"""Told how much is done, of how much if that is known, and more of it; False says to stop."""
