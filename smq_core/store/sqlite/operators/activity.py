"""What was done to messages, topics and daemons, as it is shown to people: recorded operations, and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.operators.operation_log import Recorded
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

    from smq_core.message import ActivityEntry
    from smq_core.store.sqlite.session import Session

__all__ = ["Activity"]

_ACTIVITY = query("activity")
_DEATHS = query("daemon_deaths")
_LAST: Final = (1 << 63) - 1


class Activity:
    """Reads the activity log, and adds to it what was done by another way than an operation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def activity(self, *, limit: int, before: int | None) -> list[ActivityEntry]:
        """Return what operators did, newest first."""
        last = _LAST if before is None else before
        rows = self._session.read(lambda db: list(db.execute(_ACTIVITY, (last, limit))))
        return [_recorded(row[:-1]).entry(is_undoable=bool(row[-1])) for row in rows]

    def daemon_deaths(self, since_ms: int) -> list[ActivityEntry]:
        """Return what the activity log records about daemons that died since a moment, newest first."""
        rows = self._session.read(lambda db: list(db.execute(_DEATHS, (since_ms,))))
        return [_recorded(row).entry() for row in rows]

    def note(
        self, action: str, *, actor: str, topic: str | None, changed: int, detail: str, now_ms: int
    ) -> None:
        """Record in the activity log what was done by another way than an operation."""

        def work(db: apsw.Connection) -> None:
            operation = operation_log.begin(
                db, action, actor=actor, now_ms=now_ms, topic=topic, detail=detail
            )
            operation_log.count(db, operation, changed)

        self._session.write(work, is_durable=True)


_recorded = RecordDecoder(Recorded)
