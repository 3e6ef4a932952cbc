"""Depth of topics from counters: its cost does not grow with the number of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.message import TopicStats
from smq_core.store.sqlite.connection.connection import savepoint
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

    from smq_core.store.sqlite.session import Session

__all__ = ["Counters"]

_SIZE = query("size")
_TOPICS = query("topic_counts")
_PROCESSING = query("processing_counts")
_UNPROCESSED = query("unprocessed_counts")
_PAUSED = query("paused_topics")


class _Counts(NamedTuple):
    """The columns of topic_counts."""

    topic: str
    entered: int
    gone: int
    delayed: int
    dead: int
    done: int
    deleted: int
    first_ready_since: int | None
    each_priority_since: int | None
    due_since: int | None
    pause_reason: str | None
    paused_by: str | None
    paused_at: int | None
    paused_until: int | None


class Counters:
    """Reads how many messages topics have."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def size(self, topic: str) -> int:
        """Count the unfinished messages of a topic, in constant time."""
        return self._session.read(lambda db: db.execute(_SIZE, (topic,)).get or 0)

    def topics(self, now_ms: int) -> list[TopicStats]:
        """Return depth and pause of every topic, by name; of one that is paused but was never used, too."""

        def work(db: apsw.Connection) -> list[TopicStats]:
            # one read transaction, so that the two counts belong to the same moment
            with savepoint(db):
                stats = _stats(db, None, now_ms)
                unused = [_unused(_pause(row), now_ms) for row in db.execute(_PAUSED)]
            return sorted([*stats, *unused], key=lambda one: one.topic)

        return self._session.read(work)

    def topic(self, name: str, now_ms: int) -> TopicStats:
        """Return one topic; its counts are zero if it was never used."""

        def work(db: apsw.Connection) -> TopicStats:
            with savepoint(db):
                found = _stats(db, name, now_ms)
                found += [
                    one for row in db.execute(_PAUSED) if (one := _unused(_pause(row), now_ms)).topic == name
                ]
            return found[0] if found else TopicStats(topic=name)

        return self._session.read(work)


class _Pause(NamedTuple):
    """The columns of paused_topics."""

    topic: str
    reason: str
    paused_by: str
    paused_at: int
    paused_until: int | None


_counts = RecordDecoder(_Counts)
_pause = RecordDecoder(_Pause)


def _stats(db: apsw.Connection, topic: str | None, now_ms: int) -> list[TopicStats]:
    rows = [_counts(row) for row in db.execute(_TOPICS, (topic,))]
    processing = dict(list(db.execute(_PROCESSING)))
    unprocessed = dict(list(db.execute(_UNPROCESSED, (topic,))))
    return [_one(row, processing.get(row.topic, 0), unprocessed.get(row.topic, 0), now_ms) for row in rows]


def _one(row: _Counts, processing: int, unprocessed: int, now_ms: int) -> TopicStats:
    return TopicStats(
        topic=row.topic,
        ready=row.entered - row.gone - row.delayed - row.dead - row.done - row.deleted - processing,
        delayed=row.delayed,
        processing=processing,
        dead=row.dead,
        done=row.done,
        deleted=row.deleted,
        entered=row.entered,
        gone=row.gone,
        unprocessed=unprocessed,
        oldest_age_s=_oldest_age_s(row, now_ms),
        paused=_is_paused(row.paused_at, row.paused_until, now_ms),
        pause_reason=row.pause_reason or "",
        paused_by=row.paused_by or "",
        paused_since=None if row.paused_at is None else row.paused_at / 1000,
        paused_until=None if row.paused_until is None else row.paused_until / 1000,
    )


def _unused(pause: _Pause, now_ms: int) -> TopicStats:
    topic, reason, paused_by, paused_at, paused_until = pause
    return TopicStats(
        topic=topic,
        paused=_is_paused(paused_at, paused_until, now_ms),
        pause_reason=reason,
        paused_by=paused_by,
        paused_since=paused_at / 1000,
        paused_until=None if paused_until is None else paused_until / 1000,
    )


def _oldest_age_s(row: _Counts, now_ms: int) -> float | None:
    """Return the longest wait of the first ready messages, the first of each priority, and the due ones.

    It is a lower bound: who stands behind the first ones of a priority was sent later, but may have waited
    longer where those came back with a new time (requeued, moved, or delayed), and is not looked for.
    """
    moments = [
        row.first_ready_since,
        row.each_priority_since,
        row.due_since if (row.due_since or now_ms + 1) <= now_ms else None,
    ]
    since = min((moment for moment in moments if moment is not None), default=None)
    return None if since is None else max(0, now_ms - since) / 1000


def _is_paused(paused_at: int | None, paused_until: int | None, now_ms: int) -> bool:
    return paused_at is not None and (paused_until is None or paused_until > now_ms)
