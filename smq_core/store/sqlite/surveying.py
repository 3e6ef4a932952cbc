"""Which topics have something to do, found at a cost that follows what there is to do and not what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.store.sqlite.leasing import HORIZON_MS, reclaim
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

__all__ = ["Surveying"]

_READY_TOPICS = query("ready_topics")
_HAS_READY = query("has_ready")
_DELAYED_TOPICS = query("delayed_topics")
_LEASED_TOPICS = query("leased_topics")
_NEXT_DUE = query("next_due")
_NEXT_END = query("next_end")
_HAS_EXPIRED = query("has_expired")


class Surveying(Session):
    """The part of the store for whoever takes messages of topics that are not known by name."""

    def ready_topics(self, now_ms: int, *, after: str = "", limit: int) -> list[str]:
        """Return the first topics behind `after`, by name, that have ready messages and are not paused."""
        found = self._read(lambda db: list(db.execute(_READY_TOPICS, (after, now_ms, limit))))
        return [row[0] for row in found]

    def has_ready(self, topics: Sequence[str], now_ms: int) -> bool:
        """Return whether any of the topics has ready messages and is not paused."""
        return self._read(lambda db: any(db.execute(_HAS_READY, (topic, now_ms)).get for topic in topics))

    def delays(self, now_ms: int, topics: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return topics with delayed messages that are not paused, and when the first of each is due.

        None: all such topics; their number is what it costs.
        """
        if topics is None:
            return self._read(lambda db: list(db.execute(_DELAYED_TOPICS, (now_ms,))))

        def work(db: apsw.Connection) -> list[tuple[str, int]]:
            found = ((topic, _first_delay(db, topic, now_ms)) for topic in topics)
            return [(topic, due) for topic, due in found if due is not None]

        return self._read(work)

    def leased_topics(self) -> list[str]:
        """Return the topics of which a message is being processed."""
        return [row[0] for row in self._read(lambda db: list(db.execute(_LEASED_TOPICS)))]

    def next_end(self, now_ms: int) -> int | None:
        """Return when the next lease or pause of any topic ends; None: there is neither."""
        found = self._read(lambda db: db.execute(_NEXT_END, (now_ms,)).fetchall()[0])
        return min((moment for moment in found if isinstance(moment, int)), default=None)

    def reclaim(self, now_ms: int) -> bool:
        """Take expired leases of any topic back, as many as one short transaction may; False: none are.

        Finding none takes no write lock and writes nothing.
        """
        if not self._read(lambda db: db.execute(_HAS_EXPIRED, (now_ms, now_ms + HORIZON_MS)).get):
            return False
        self._write(lambda db: reclaim(db, now_ms))
        return True


def _first_delay(db: apsw.Connection, topic: str, now_ms: int) -> int | None:
    due = db.execute(_NEXT_DUE, (topic, now_ms)).fetchall()[0][0]
    return due if isinstance(due, int) else None
