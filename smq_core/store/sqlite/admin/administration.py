"""What is done to a SQLite database as a whole, from its path; each part is loaded when it is asked for."""

# ruff: noqa: PLC0415 - few programs need any of these parts, and none needs all
from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smq_core.states import State
    from smq_core.store.location import Location
    from smq_core.store.records import Finding

__all__ = ["SqliteAdministration"]


class SqliteAdministration:
    """See `smq_core.store.administration` for what each method promises."""

    def __init__(self, location: Location) -> None:
        self._path = location.address

    def initialise(self, now_ms: int, words: Mapping[str, State]) -> None:
        """Create the queue, or migrate it."""
        from smq_core.store.sqlite.database import open_database

        open_database.prepare(self._path, may_create=True, may_write=True, now_ms=now_ms, words=words)

    def add_to_application(self) -> list[str]:
        """Add the queue's tables to another program's database."""
        from smq_core.store.sqlite.database import open_database

        return open_database.create_into(self._path)

    def examine(self, now_ms: int, ended: Collection[str] = frozenset()) -> Iterator[Finding]:
        """Yield what is found in the file, its folder and its file system."""
        from smq_core.store.sqlite.admin import doctor

        return doctor.examine(self._path, now_ms, ended)

    def repair(self, now_ms: int, ended: Collection[str] = frozenset()) -> list[str]:
        """Repair the file, after making a backup next to it."""
        from smq_core.store.sqlite.admin import repair

        return repair.repair(self._path, now_ms, ended)

    def compact(self) -> tuple[int, int]:
        """Return free pages to the disk."""
        from smq_core.store.sqlite.admin import compact

        return compact.compact(self._path)

    def backup(self, target: str) -> Iterator[tuple[int, int]]:
        """Copy the file into a new one; yield bytes."""
        from smq_core.store.sqlite.admin.online_copy import copy
        from smq_core.store.sqlite.session import Session

        with closing(Session(self._path, read_only=True, may_create=False)) as session:
            yield from copy(session, target)
