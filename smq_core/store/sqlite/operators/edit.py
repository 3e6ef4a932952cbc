"""What operators change of one message: its payload, headers, priority, key, time and limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.message import Missed, Outcome
from smq_core.states import State, state_of
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

    from smq_core.store.records import Edit
    from smq_core.store.sqlite.session import Session

__all__ = ["Editor"]

_READ = query("read_for_edit")
_EDIT = query("edit_message")
_SAVE_BEFORE = query("save_before")
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
    """Edits messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
    _write(db, operation, message_id, values, changes)
    operation_log.count(db, operation, 1)
    return Outcome(operation=operation, done=1, done_ids=(message_id,))


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
        return f"it is now {is_now}, no longer {seen.word}"
    if status in (State.PROCESSING, State.DELETED):
        return f"it is {is_now}, and cannot be edited"
    if edit.available_at is not msgspec.UNSET and status != State.DELAYED:
        raise InvalidMessage(
            f"the message is {is_now}: available_at can be changed only while a message is delayed"
        )
    return None


def _missed(message_id: int, why: str) -> Outcome:
    return Outcome(operation=None, done=0, missed=(Missed(message_id, why),), missed_count=1)
