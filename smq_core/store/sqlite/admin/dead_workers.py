"""Finds which daemons are lost, and which of them are dead for certain; it writes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.serving import LOST_MS, STALE_MS
from smq_core.store.sqlite.foreign_rows.decoding import Made, legible
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

__all__ = ["LostWorker", "lost_workers"]

_LOST: Final = query("doctor_lost_workers")


class LostWorker(NamedTuple):
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

    def has_lapsed(self, now_ms: int) -> bool:
        """Return whether what it holds may be taken from it: it is stale, and cannot come back."""
        return now_ms - self.heartbeat_at > STALE_MS and self.is_dead


def lost_workers(connection: apsw.Connection, now_ms: int) -> list[LostWorker]:
    """Return the daemons that are lost, the one that was heard of longest ago first."""
    bounds = {"silent_since": now_ms - LOST_MS}
    rows = legible(lambda db: db.execute(_LOST, bounds).fetchall())(connection)
    return [_lost_worker(row) for row in rows]


_lost_worker = Made(LostWorker)
