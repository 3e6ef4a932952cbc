"""What the dashboard remembers of itself between two runs: theme, pace, filters, orders, columns.

A file that is lost or broken costs only that.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from platformdirs import user_state_path

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Preferences", "load", "preferences_path", "save"]


@dataclass(slots=True, kw_only=True)
class Preferences:
    """What is remembered."""

    theme: str = ""
    interval: float | None = None
    is_detail_hidden: bool = False
    payload_view: str = "pretty"
    sorting: dict[str, list[object]] = field(default_factory=dict)
    """By view: the column, and whether its order falls."""
    filters: dict[str, str] = field(default_factory=dict)
    """By view."""
    hidden_columns: dict[str, list[str]] = field(default_factory=dict)
    """By view."""


def preferences_path() -> Path:
    """Return where they lie on this platform."""
    return user_state_path("smq") / "dashboard.json"


def load(path: Path) -> Preferences:
    """Read them; what cannot be read is as if it had never been."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    if not isinstance(found, dict):
        return Preferences()
    interval, filters = found.get("interval"), found.get("filters")
    return Preferences(
        theme=str(found.get("theme", "")),
        interval=float(interval) if isinstance(interval, int | float) else None,
        is_detail_hidden=found.get("is_detail_hidden") is True,
        payload_view=str(found.get("payload_view", "")),
        filters={str(name): str(text) for name, text in filters.items()} if isinstance(filters, dict) else {},
        sorting=_lists(found.get("sorting")),
        hidden_columns={
            name: [str(key) for key in keys] for name, keys in _lists(found.get("hidden_columns")).items()
        },
    )


def save(path: Path, preferences: Preferences) -> None:
    """Write them, whole or not at all; where nothing can be written, nothing is remembered."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        with beside.open("x", encoding="utf-8") as file:
            json.dump(asdict(preferences), file, indent=1)
        beside.replace(path)


def _lists(found: object) -> dict[str, list[object]]:
    if not isinstance(found, dict):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, list)}
