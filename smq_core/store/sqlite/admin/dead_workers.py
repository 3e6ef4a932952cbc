"""Finds which daemons have fallen silent, and which of them are dead for certain; it writes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.store.sqlite.foreign_rows.decoding import Made, legible
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

__all__ = ["SilentWorker", "silent_workers"]

_SILENT: Final = query("doctor_silent_workers")
_SILENT_MS: Final = 60_000


class SilentWorker(NamedTuple):
    """A daemon whose heartbeat stopped."""

    id: str
    host: str
    pid: int
    heartbeat_at: int
    held: int
    """Messages."""

    @property
    def is_dead(self) -> bool:
        """Return whether it cannot come back: it ran on this host, where its process is gone."""
        if self.host != os.uname().nodename:
            return False
        if self.pid <= 0:
            # a signal to such a number goes to groups of processes
            return True
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            return False
        return False


def silent_workers(connection: apsw.Connection, now_ms: int) -> list[SilentWorker]:
    """Return the daemons that have been silent for too long, the longest first."""
    bounds = {"silent_since": now_ms - _SILENT_MS}
    rows = legible(lambda db: db.execute(_SILENT, bounds).fetchall())(connection)
    return [_silent_worker(row) for row in rows]


_silent_worker = Made(SilentWorker)
