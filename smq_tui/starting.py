"""Starts the dashboard, alone or within the demonstration, and remembers how it was left."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from smq_tui.app import Dashboard
from smq_tui.settings import preferences as remembered
from smq_tui.settings.session import DashboardSession
from smq_tui.terminal.gc_policy import GcPolicy
from smq_tui.terminal.hangup import Hangup
from smq_tui.values import SystemClock

if TYPE_CHECKING:
    from smq_tui.settings.config import Config
    from smq_tui.values import Location

__all__ = ["StartOptions", "run_dashboard"]

_HAND_OVER_S: Final = 0.0002
_PATIENCE_S: Final = 3.0
"""How long it may take to leave when the terminal is gone."""
_PATIENCE_OF_DEMO_S: Final = 20.0
"""The demonstration's processes are ended then, and its folder is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """What the command line asks for."""

    read_only: bool = False
    theme: str = ""
    refresh: float | None = None
    is_ascii: bool = False
    has_mouse: bool = True


def run_dashboard(
    config: Config, options: StartOptions, location: Location, name: str = "", *, is_remembered: bool = True
) -> int:
    """Show the dashboard until the user leaves it; return the exit code."""
    path = remembered.preferences_path()
    preferences = remembered.load(path) if is_remembered else remembered.Preferences()
    config = replace(
        config, theme=options.theme or config.theme, is_ascii=options.is_ascii or config.is_ascii
    )
    database = config.databases.get(name)
    session = DashboardSession(
        location=location,
        name=name,
        colour=database.colour if database else "",
        read_only=options.read_only or (database is not None and database.read_only),
        is_read_only_asked=options.read_only,
        interval=options.refresh or config.refresh or preferences.interval or 1.0,
    )
    # A thread that turns a million rows into numbers lets others run more often, so that keys do not wait.
    sys.setswitchinterval(_HAND_OVER_S)
    hangup = Hangup(patience_s=_PATIENCE_S if is_remembered else _PATIENCE_OF_DEMO_S)
    hangup.start()
    app = Dashboard(session, SystemClock(), config, preferences, tidy=GcPolicy(), watch_hangup=hangup.watch)
    app.run(mouse=options.has_mouse)
    if is_remembered:
        remembered.save(path, preferences)
    return app.return_code or 0
