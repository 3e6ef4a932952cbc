"""Which topics have something to do, found at a cost that follows what there is to do and not what exists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_core.store.failed_message import log_dead
from smq_core.store.records import Escaped
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.lease import HORIZON_MS, reclaim

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from smq_core.store.sqlite.session import Session

__all__ = ["Survey"]

_READY_TOPICS = query("ready_topics")
_HAS_READY = query("has_ready")
_DELAYED_TOPICS = query("delayed_topics")
_LEASED_TOPICS = query("leased_topics")
_NEXT_DUE = query("next_due")
_NEXT_END = query("next_end")
_HAS_EXPIRED = query("has_expired")


class Survey:
    """Finds work for consumers that lease from topics not known by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ready_topics(self, now_ms: int, *, after: str = "", limit: int) -> list[str]:
        """Return the first topics behind `after`, by name, that have ready messages and are not paused."""
        behind: str | bytes = after
        while True:
            page = self._session.read(partial(_ready_page, bounds=(behind, now_ms, limit)))
            names = _askable(page)
            if names or not page:
                return names
            # none of this page can be asked for, what comes behind it may be
            behind = page[-1].raw if isinstance(page[-1], Escaped) else page[-1]

    def has_ready(self, topics: Sequence[str], now_ms: int) -> bool:
        """Return whether any of the topics has ready messages and is not paused."""
        return self._session.read(
            lambda db: any(db.execute(_HAS_READY, (topic, now_ms)).get for topic in topics)
        )

    def delays(self, now_ms: int, topics: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return topics with delayed messages that are not paused, and when the first of each is due.

        None: all such topics; their number is what it costs.
        """
        if topics is None:
            found = self._session.read(lambda db: list(db.execute(_DELAYED_TOPICS, (now_ms,))))
            return [(topic, due) for topic, due in found if not isinstance(topic, Escaped)]

        def work(db: apsw.Connection) -> list[tuple[str, int]]:
            found = ((topic, _first_delay(db, topic, now_ms)) for topic in topics)
            return [(topic, due) for topic, due in found if due is not None]

        return self._session.read(work)

    def leased_topics(self) -> list[str]:
        """Return the topics of which a message is running."""
        return _askable(row[0] for row in self._session.read(lambda db: list(db.execute(_LEASED_TOPICS))))

    def next_end(self, now_ms: int) -> int | None:
        """Return when the next lease or pause of any topic ends; None: there is neither."""
        found = self._session.read(lambda db: db.execute(_NEXT_END, (now_ms,)).fetchall()[0])
        return min((moment for moment in found if isinstance(moment, int)), default=None)

    def reclaim(self, now_ms: int) -> bool:
        """Take expired leases of any topic back, as many as one short transaction may; False: none are.

        Finding none takes no write lock and writes nothing.
        """
        if not self._session.read(lambda db: db.execute(_HAS_EXPIRED, (now_ms, now_ms + HORIZON_MS)).get):
            return False
        log_dead(self._session.write(lambda db: reclaim(db, now_ms)))
        return True


def _ready_page(db: apsw.Connection, *, bounds: tuple[str | bytes, int, int]) -> list[str]:
    return [row[0] for row in db.execute(_READY_TOPICS, bounds)]


def _askable(names: Iterable[str]) -> list[str]:
    """Return the names that a lease can be asked for by: one that is not UTF-8 can be shown, and no more."""
    return [name for name in names if not isinstance(name, Escaped)]


def _first_delay(db: apsw.Connection, topic: str, now_ms: int) -> int | None:
    due = db.execute(_NEXT_DUE, (topic, now_ms)).fetchall()[0][0]
    return due if isinstance(due, int) else None
