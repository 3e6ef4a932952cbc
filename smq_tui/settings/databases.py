"""The databases that one run of the dashboard can show.

Those of the configuration by their names, and files by their paths.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smq_tui.settings.config import Database
from smq_tui.settings.user_path import expand_user
from smq_tui.values import parse_location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.settings.session import DashboardSession
    from smq_tui.values import Location

__all__ = ["Databases"]


class Databases:
    """Databases by name; a file without a name goes by its absolute path."""

    def __init__(self, named: Mapping[str, Database], current: DashboardSession) -> None:
        """Begin with the named databases, and the file of the session that runs."""
        self._known = dict(named)
        if current.name not in self._known:
            self._known[current.key] = Database(
                path=current.location.name, colour=current.colour, read_only=current.read_only
            )

    @property
    def labels(self) -> list[tuple[str, str]]:
        """The key of each database, and how a list shows it."""
        return [
            (key, database.path if key == _place(database.path).name else f"{key}  {database.path}")
            for key, database in self._known.items()
        ]

    def session(self, key: str, before: DashboardSession) -> DashboardSession:
        """Return the session that shows a database, named or given as a path, after another.

        Pace and lock stay; so does `--read-only`, but not that the database before was opened so.
        """
        database = self._known.get(key)
        if database is None:
            key = _place(key).name
            database = self._known.setdefault(key, Database(path=key))
        location = _place(database.path)
        return replace(
            before,
            location=location,
            name="" if key == location.name else key,
            colour=database.colour,
            read_only=before.is_read_only_asked or database.read_only,
            is_refresh_paused=False,
        )


def _place(path: str) -> Location:
    return parse_location(expand_user(path))
