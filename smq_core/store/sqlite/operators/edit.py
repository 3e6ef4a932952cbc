"""What operators do to one message or one topic's store of them: edit, purge, drop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.message import Missed, Outcome
from smq_core.states import State, state_of
from smq_core.store.described import described
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.limits import DELETED_BYTES
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.operators.operation_log import Tally
from smq_core.store.sqlite.operators.recheck import look_again
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import apsw

    from smq_core.store.records import Edit, Selection
    from smq_core.store.sqlite.operators.freeze import Freezer
    from smq_core.store.sqlite.operators.recheck import Aimed, Sight
    from smq_core.store.sqlite.session import Session

__all__ = ["Editor"]

_READ = query("read_for_edit")
_EDIT = query("edit_message")
_SAVE_BEFORE = query("save_before")
_PURGE = query("purge_some")
_DROP = query("drop_topic")
_TOPIC_ROWS = query("topic_rows")
_DELETE_POLICY = query("delete_policy")
_DELETE_PAUSE = query("delete_pause")
_COLUMNS = (
    *("status", "payload", "kind", "priority", "available_at"),
    *("headers", "key", "max_attempts", "topic"),
)
"""The columns of read_for_edit, by the names under which edit_message takes them."""
_FIELDS = {"body": "payload"}
"""Columns that are named otherwise than the field of an edit."""
_NAMES = {**_FIELDS, "kind": "payload"}
"""Fields that the record of an edit names otherwise."""


class _KeyHeldError(Exception):
    """An edit would give a message a key that another one holds."""


class Editor:
    """Edits messages, purges them, and drops topics."""

    def __init__(self, session: Session, freezer: Freezer) -> None:
        self._session = session
        self._freezer = freezer

    def edit(
        self, message_id: int, edit: Edit, *, actor: str, now_ms: int, seen: State | None = None
    ) -> Outcome:
        """Change one message, neither running nor in the trash, in the state it was seen in.

        Raises:
            MessageNotFound: when it no longer exists.
            InvalidMessage: for a new `available_at` of a message that is not delayed.
        """
        try:
            return self._session.write(
                lambda db: _edit(db, message_id, edit, actor=actor, now_ms=now_ms, seen=seen), is_durable=True
            )
        except _KeyHeldError:
            return _missed(message_id, "another unfinished message of the topic already has that key")

    def purge(
        self,
        selection: Selection,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Remove for good what a selection of a topic and state has; never what is running.

        Raises:
            InvalidMessage: for one without a topic or state, or for what is running.
        """
        if selection.state is State.PROCESSING:
            raise InvalidMessage("running messages cannot be purged: requeue or delete it with force first")
        if selection.topic is None or selection.state is None:
            raise InvalidMessage("a purge is for one topic and one state: select both")
        aimed, tally = self._freezer.aimed_at(selection, now_ms), Tally()
        for seen in self._freezer.parts(aimed, DELETED_BYTES):
            self._session.write(
                partial(_purge, aimed=aimed, seen=seen, tally=tally, actor=actor, now_ms=now_ms),
                is_durable=True,
            )
            if progress is not None and not progress(tally.done):
                break
        return tally.outcome(names_ids=False)

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


def _edit(
    db: apsw.Connection, message_id: int, edit: Edit, *, actor: str, now_ms: int, seen: State | None
) -> Outcome:
    row = db.execute(_READ, (message_id,)).fetchone()
    if row is None:
        raise MessageNotFound(message_id)
    values = dict(zip(_COLUMNS, row, strict=True))
    topic = str(values.pop("topic"))
    if refusal := _refusal(str(values["status"]), edit, seen):
        return _missed(message_id, refusal)
    fields = {name: getattr(edit, name) for name in edit.__struct_fields__}
    changes = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    if not changes:
        return Outcome(operation=None, done=0)
    detail = f"message {message_id}: {_what_differs(values, changes)}"
    operation = operation_log.begin(db, "edit", actor=actor, now_ms=now_ms, topic=topic, detail=detail)
    _write(db, operation.id, message_id, values, changes)
    operation_log.count(db, operation.id, 1)
    return Outcome(operation=operation.id, done=1, done_ids=(message_id,))


def _what_differs(values: dict[str, apsw.SQLiteValue], changes: dict[str, apsw.SQLiteValue]) -> str:
    """Name the fields whose new values are others; what a payload is made of counts as one."""
    different = {
        _NAMES.get(name, name) for name, value in changes.items() if value != values[_FIELDS.get(name, name)]
    }
    return ", ".join(sorted(different)) or "as it was"


def _write(
    db: apsw.Connection,
    operation: int,
    message_id: int,
    values: dict[str, apsw.SQLiteValue],
    changes: dict[str, apsw.SQLiteValue],
) -> None:
    """Keep how the message was, and change it, unless another one holds its new key."""
    before = {"operation": operation, "status_after": None, "with_payload": True}
    db.execute(_SAVE_BEFORE, {**before, "ids": id_array([message_id])})
    new = {_FIELDS.get(name, name): value for name, value in changes.items()}
    sets = {f"sets_{name}": name in new for name in values if name != "status"}
    db.execute(_EDIT, {**values, **new, **sets, "operation": operation, "id": message_id})
    if not db.changes():
        raise _KeyHeldError


def _refusal(status: str, edit: Edit, seen: State | None) -> str | None:
    is_now = state_of(status).word
    if seen is not None and status != seen:
        return f"it is {is_now} now, no longer {seen.word}"
    if status in (State.PROCESSING, State.DELETED):
        return f"it is {is_now}, and cannot be edited"
    if edit.available_at is not msgspec.UNSET and status != State.DELAYED:
        raise InvalidMessage(f"the message is {is_now}: only a delayed message has a time to change")
    return None


def _missed(message_id: int, why: str) -> Outcome:
    return Outcome(operation=None, done=0, missed=(Missed(message_id, why),), missed_count=1)


def _purge(
    db: apsw.Connection,
    *,
    aimed: Aimed,
    seen: Mapping[int, Sight],
    tally: Tally,
    actor: str,
    now_ms: int,
) -> None:
    """Remove those of a chunk that are as they were seen, inside a transaction."""
    found = look_again(db, aimed, seen, now_ms)
    tally.add_moved_on(found.moved_on)
    if not found.still or aimed.selection is None:
        return
    state, meant = aimed.selection.state, described(aimed.selection, ())
    operation = tally.operation
    if operation is None:
        operation = operation_log.begin(
            db, "purge", actor=actor, now_ms=now_ms, topic=aimed.topic, detail=meant
        ).id
    db.execute(_PURGE, (id_array(found.still), aimed.topic, state))
    removed = db.changes()
    operation_log.count(db, operation, removed)
    if state is not State.DONE:
        unprocessed.note(db, {aimed.topic or "": removed})
    tally.operation = operation
    tally.done += removed
