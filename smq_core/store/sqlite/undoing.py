"""Takes operators' actions back: message by message, where nobody touched it since."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from smq_core.errors import SmqError
from smq_core.message import Missed, Outcome
from smq_core.states import State
from smq_core.store.sqlite import operations
from smq_core.store.sqlite.operations import Tally, id_array
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import CHUNK, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

__all__ = ["Undoing"]

_LAST = query("last_operation")
_READ = query("read_operation")
_LATER = query("later_operation")
_PAGE = query("undo_page")
_UNDO = query("undo_some")
_DROP_BEFORE = query("drop_before")
_CLOSE = query("close_operation")
_RESTORE = {
    "pause": (query("write_pause"), query("delete_pause")),
    "resume": (query("write_pause"), query("delete_pause")),
    "policy": (query("replace_policy"), query("delete_policy")),
}


class _Operation(NamedTuple):
    """The columns of read_operation."""

    action: str
    topic: str | None
    changed: int
    before: str | None
    undone_at: int | None


class _Undo(NamedTuple):
    """What is taken back, by whom and when."""

    operation: int
    record: _Operation
    actor: str
    now_ms: int


class Undoing(Session):
    """The part of the store that undoes."""

    def undo(
        self,
        operation: int | None,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Take back an operation (None: the last that can be); `progress` stops between two parts by False.

        Raises:
            SmqError: when there is no such operation, or it was undone already, or cannot be (too old, or a
                purge).
        """
        wanted = self._read(_last) if operation is None else operation
        found = None if wanted is None else self._read(lambda db: db.execute(_READ, (wanted,)).fetchone())
        if wanted is None or found is None:
            raise SmqError(
                "there is nothing to undo"
                if wanted is None
                else f"there is no operation {wanted}: see `smq activity`"
            )
        record = _Operation._make(found)
        if record.undone_at is not None:
            raise _undone_already(wanted, record)
        if record.action in _RESTORE:
            return self._write_durably(lambda db: _undo_setting(db, wanted, record, actor, now_ms))
        return self._undo_messages(_Undo(wanted, record, actor, now_ms), progress)

    def _undo_messages(self, undo: _Undo, progress: Callable[[int], bool] | None) -> Outcome:
        operation, record, _, _ = undo
        tally = Tally()
        after: int | None = 0
        while after is not None:
            after = self._write_durably(partial(_undo_chunk, undo=undo, after=after, tally=tally))
            if after is not None and progress is not None and not progress(tally.done):
                # The operation stays open: what it has left is for another undo.
                self._write_durably(partial(_discard_if_empty, tally=tally))
                return tally.outcome(names_ids=True)
        if tally.operation is None:
            why = "it is too old, or removed messages for good"
            if record.action == "import":
                why = "delete what it brought; the trash keeps that for a day"
            raise SmqError(f"operation {operation} ({record.action}) cannot be undone: {why}")
        self._write_durably(partial(_close, undo=undo, tally=tally))
        return tally.outcome(names_ids=True)


def _last(db: apsw.Connection) -> int | None:
    operation: int | None = db.execute(_LAST).get
    return operation


def _undo_chunk(db: apsw.Connection, *, undo: _Undo, after: int, tally: Tally) -> int | None:
    """Take a chunk back inside a transaction; answers its last id, None when there was none."""
    operation, record, actor, now_ms = undo
    rows: list[tuple[int, str | None, int, int, str]] = list(db.execute(_PAGE, (operation, after, CHUNK)))
    if not rows:
        return None
    if tally.operation is None:
        detail = f"{record.action} of operation {operation}"
        tally.operation = operations.begin(
            db, "undo", actor=actor, now_ms=now_ms, topic=record.topic, detail=detail
        ).id
    wanted = [one for one, _, is_untouched, *_ in rows if is_untouched]
    undone = {row[0] for row in db.execute(_UNDO, {"operation": operation, "ids": id_array(wanted)})}
    # what was delivered since can never be brought back; the rest may, once a key is free or a later
    # operation is undone
    over = undone.union(one for one, _, _, may_come_back, _ in rows if not may_come_back)
    db.execute(_DROP_BEFORE, (operation, id_array(over)))
    operations.count(db, tally.operation, len(undone))
    tally.done += len(undone)
    tally.done_ids += sorted(undone)
    if record.action == "requeue":
        # what was ready is not requeued: this was processing
        tally.left_ready += sum(before == State.READY for one, *_, before in rows if one in undone)
    tally.add_missed(
        Missed(one, _why(status, is_untouched=bool(untouched)))
        for one, status, untouched, *_ in rows
        if one not in undone
    )
    return rows[-1][0]


def _why(status: str | None, *, is_untouched: bool) -> str:
    if status is None:
        return "it is gone: processed or purged"
    if is_untouched:
        return "another unfinished message of the topic has its key"
    return f"somebody touched it since; it is {status} now"


def _close(db: apsw.Connection, *, undo: _Undo, tally: Tally) -> None:
    db.execute(_CLOSE, (undo.now_ms, undo.operation))
    _discard_if_empty(db, tally=tally)


def _discard_if_empty(db: apsw.Connection, *, tally: Tally) -> None:
    if tally.operation is not None:
        operations.discard_if_empty(db, tally.operation)


def _undo_setting(
    db: apsw.Connection, operation: int, record: _Operation, actor: str, now_ms: int
) -> Outcome:
    """Put a topic's pause or policy back, unless somebody changed it again."""
    later: int | None = db.execute(_LATER, (operation, record.topic, record.action)).get
    if later is not None:
        raise SmqError(
            f"operation {operation} ({record.action}) cannot be undone: "
            f"operation {later} changed {record.topic} again"
        )
    db.execute(_CLOSE, (now_ms, operation))
    if not db.changes():
        # by somebody who read the operation when we did
        raise _undone_already(operation, record)
    write, delete = _RESTORE[record.action]
    before: list[str | int | None] | None = msgspec.json.decode(
        record.before or "null", type=list[str | int | None] | None
    )
    db.execute(*((delete, (record.topic,)) if before is None else (write, (record.topic, *before))))
    began = operations.begin(
        db,
        "undo",
        actor=actor,
        now_ms=now_ms,
        topic=record.topic,
        detail=f"{record.action} of operation {operation}",
    )
    return Outcome(operation=began.id, done=1)


def _undone_already(operation: int, record: _Operation) -> SmqError:
    return SmqError(f"operation {operation} ({record.action}) was undone already")
