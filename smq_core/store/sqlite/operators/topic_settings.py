"""What operators set for a topic: its policy and its pause, until they drop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smq_core.message import Outcome
from smq_core.policy import TopicPolicy, stored_policy
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed

if TYPE_CHECKING:
    import apsw

    from smq_core.policy import Backoff
    from smq_core.store.sqlite.session import Session

__all__ = ["TopicSettings"]

_TOPIC_NAMES = query("topic_names")
_READ_POLICY = query("read_policy")
_WRITE_POLICY = query("write_policy")
_READ_PAUSE = query("read_pause")
_WRITE_PAUSE = query("write_pause")
_DELETE_POLICY = query("delete_policy")
_DELETE_PAUSE = query("delete_pause")
_TOPIC_ROWS = query("topic_rows")
_DROP = query("drop_topic")


class TopicSettings:
    """Reads and writes the policies and pauses of topics, and drops topics."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def topic_names(self) -> list[str]:
        """Return every topic that has or had messages, a policy or a pause, sorted by name."""
        return self._session.read(lambda db: [row[0] for row in db.execute(_TOPIC_NAMES)])

    def policy(self, topic: str) -> TopicPolicy:
        """Return a topic's policy, defaults filled in."""
        row = self._session.read(lambda db: db.execute(_READ_POLICY, (topic,)).fetchone())
        return stored_policy(*row) if row else TopicPolicy()

    def set_policy(
        self,
        topic: str,
        *,
        max_attempts: int | None,
        visibility_ms: int | None,
        backoff: Backoff | None,
        keep_ms: int | None,
        actor: str,
        now_ms: int,
    ) -> Outcome:
        """Set what is not None of a topic's policy; nothing is done where all is."""
        values = (topic, max_attempts, visibility_ms, None if backoff is None else str(backoff), keep_ms)
        named = zip(("max attempts", "visibility ms", "back-off", "keep ms"), values[1:], strict=True)
        detail = ", ".join(f"{name} {value}" for name, value in named if value is not None)
        if not detail:
            return Outcome(operation=None, done=0)

        def work(db: apsw.Connection) -> Outcome:
            before = _encoded(db.execute(_READ_POLICY, (topic,)).fetchone())
            operation = operation_log.begin(
                db, "policy", actor=actor, now_ms=now_ms, topic=topic, detail=detail, before=before
            )
            db.execute(_WRITE_POLICY, values)
            return Outcome(operation=operation, done=1)

        return self._session.write(work, is_durable=True)

    def pause(self, topic: str, *, reason: str, until_ms: int | None, actor: str, now_ms: int) -> Outcome:
        """Stop a topic from being leased; what is running goes on."""

        def work(db: apsw.Connection) -> Outcome:
            before = _encoded(db.execute(_READ_PAUSE, (topic,)).fetchone())
            operation = operation_log.begin(
                db, "pause", actor=actor, now_ms=now_ms, topic=topic, detail=reason, before=before
            )
            db.execute(_WRITE_PAUSE, (topic, reason, actor, now_ms, until_ms))
            return Outcome(operation=operation, done=1)

        return self._session.write(work, is_durable=True)

    def resume(self, topic: str, *, actor: str, now_ms: int) -> Outcome:
        """Let a paused topic be leased again; nothing is done for one that is not, or no longer."""

        def work(db: apsw.Connection) -> Outcome:
            row = db.execute(_READ_PAUSE, (topic,)).fetchone()
            if row is None or _is_over(row[3], now_ms):
                return Outcome(operation=None, done=0)
            operation = operation_log.begin(
                db, "resume", actor=actor, now_ms=now_ms, topic=topic, before=_encoded(row)
            )
            db.execute(_DELETE_PAUSE, (topic,))
            return Outcome(operation=operation, done=1)

        return self._session.write(work, is_durable=True)

    def drop(self, topic: str, *, actor: str, now_ms: int) -> bool:
        """Forget an empty topic's counters, policy and pause.

        False when it still has messages, or nothing is known of it.
        """

        def work(db: apsw.Connection) -> bool:
            ((messages, has_settings),) = db.execute(_TOPIC_ROWS, (topic,))
            if messages or (messages is None and not has_settings):
                return False
            for sql in (_DROP, _DELETE_POLICY, _DELETE_PAUSE):
                db.execute(sql, (topic,))
            unprocessed.forget(db)
            operation_log.begin(db, "drop", actor=actor, now_ms=now_ms, topic=topic)
            return True

        return self._session.write(work, is_durable=True)


def _encoded(row: object) -> str:
    """Write a row's values for the undo; `null` where there was no row."""
    return msgspec.json.encode(row, enc_hook=str).decode()


def _is_over(paused_until: int | None, now_ms: int) -> bool:
    return paused_until is not None and paused_until <= now_ms
