"""Finds which daemons are lost; it writes nothing.

It does not look for proof that a daemon has ended: whoever asks brings that along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.serving import LOST_MS, STALE_MS
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder, legible
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Collection

    import apsw

__all__ = ["LostDaemon", "lost_daemons"]

_LOST: Final = query("doctor_lost_daemons")


class LostDaemon(NamedTuple):
    """A daemon whose heartbeat stopped."""

    id: str
    host: str
    pid: int
    heartbeat_at: int
    held: int
    """Messages."""
    has_ended: bool
    """Whether that is proven, so that it cannot come back."""

    def has_lapsed(self, now_ms: int) -> bool:
        """Return whether what it holds may be taken from it: it is stale and has ended."""
        return self.has_ended and now_ms - self.heartbeat_at > STALE_MS


def lost_daemons(connection: apsw.Connection, now_ms: int, ended: Collection[str]) -> list[LostDaemon]:
    """Return the daemons that are lost, the one that has been silent longest first.

    `ended` has the ids of the daemons that are proven to have ended.
    """
    bounds = {"silent_since": now_ms - LOST_MS}
    rows = legible(lambda db: db.execute(_LOST, bounds).fetchall())(connection)
    return [_lost_daemon((*row, row[0] in ended)) for row in rows]


_lost_daemon = RecordDecoder(LostDaemon)
