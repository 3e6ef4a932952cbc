"""How the death of a daemon is recorded in the activity log, and read back. Pure.

A daemon's row goes with it; what it served and when it last sent a heartbeat stay in the entry's detail.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from smq_core.message import DaemonDeath
from smq_core.rows import worker_of
from smq_core.serving import served_topics

if TYPE_CHECKING:
    from smq_core.message import ActivityEntry
    from smq_core.store.records import WorkerRow

__all__ = ["ACTION", "KEPT_S", "death_of", "detail_of"]

ACTION: Final = "daemon died"
"""What the activity log calls it."""
KEPT_S: Final = 86_400.0
"""Seconds for which a dead daemon is shown among the others."""
_YEAR_10000_MS: Final = 253_402_300_800_000
_HEARD: Final = re.compile(r"; last heartbeat at (\S+Z)(?:; it served (.*))?\Z", re.DOTALL)


def detail_of(row: WorkerRow | None, how: str) -> str:
    """Write how a daemon ended, and from its row when it last sent a heartbeat, and what it served."""
    if row is None or not 0 <= row.heartbeat_at < _YEAR_10000_MS:
        return how
    served = ", ".join(served_topics(worker_of(row, row.heartbeat_at)))
    heard = datetime.fromtimestamp(row.heartbeat_at // 1000, UTC).isoformat().replace("+00:00", "Z")
    return f"{how}; last heartbeat at {heard}" + (f"; it served {served}" if served else "")


def death_of(entry: ActivityEntry) -> DaemonDeath:
    """Read an entry of the activity log; what another program wrote has no heartbeat and no topics."""
    found = _HEARD.search(entry.detail)
    return DaemonDeath(
        id=entry.actor,
        at=entry.at,
        topics=tuple(found[2].split(", ")) if found and found[2] else (),
        returned=entry.count,
        heard_at=_moment(found[1]) if found else None,
    )


def _moment(written: str) -> float | None:
    try:
        return datetime.fromisoformat(written).timestamp()
    except (ValueError, OverflowError):
        return None
