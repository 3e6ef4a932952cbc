"""Takes operators' actions back: message by message, unless it has been changed since."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import apsw
import msgspec

from smq_core.errors import SmqError
from smq_core.message import Missed, Outcome
from smq_core.states import State, state_of
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.limits import CHUNK, CHUNK_BYTES
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.operators.byte_chunks import fitting
from smq_core.store.sqlite.operators.operation_log import OperationProgress, Recorded
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.session import Session

__all__ = ["Undo"]

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


class _Reversal(NamedTuple):
    """What is taken back, by whom and when."""

    record: Recorded
    before: str | None
    """What it changed of a topic, as JSON."""
    actor: str
    now_ms: int


class Undo:
    """Takes operations back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def last_undoable(self, actor: str) -> int | None:
        """Return the last operation of an operator that can be undone; None when there is none."""
        last: int | None = self._session.read(lambda db: db.execute(_LAST, {"actor": actor}).get)
        return last

    def undo(
        self,
        operation: int,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Undo an operation; if `progress` returns False, stop after the current part.

        Raises:
            SmqError: there is no such operation, it has already been undone, or it cannot be undone (too old,
                or a purge).
        """
        found = self._session.read(lambda db: db.execute(_READ, (operation,)).fetchone())
        if found is None:
            raise SmqError(f"there is no operation {operation}: see `smq activity`")
        *columns, before = found
        reversal = _Reversal(_recorded(columns), before, actor, now_ms)
        if reversal.record.undone_at is not None:
            raise _undone_already(reversal.record)
        if reversal.record.action in _RESTORE:
            outcome = self._session.write(partial(_undo_setting, reversal=reversal), is_durable=True)
        else:
            outcome = self._undo_messages(reversal, progress)
        return msgspec.structs.replace(outcome, undone=reversal.record.entry())

    def _undo_messages(self, reversal: _Reversal, progress: Callable[[int], bool] | None) -> Outcome:
        operation_progress = OperationProgress()
        after: int | None = 0
        while after is not None:
            after = self._session.write(
                partial(_undo_chunk, reversal=reversal, after=after, operation_progress=operation_progress),
                is_durable=True,
            )
            if after is not None and progress is not None and not progress(operation_progress.done):
                # The operation stays open: what it has left is for another undo.
                self._session.write(
                    partial(_discard_if_empty, operation_progress=operation_progress), is_durable=True
                )
                return operation_progress.outcome(names_ids=True)
        if operation_progress.operation is None:
            raise SmqError(
                f"operation {reversal.record.id} ({reversal.record.action}) cannot be undone: "
                f"{_why_never(reversal)}"
            )
        self._session.write(
            partial(_close, reversal=reversal, operation_progress=operation_progress), is_durable=True
        )
        return operation_progress.outcome(names_ids=True)


def _undo_chunk(
    db: apsw.Connection, *, reversal: _Reversal, after: int, operation_progress: OperationProgress
) -> int | None:
    """Take a chunk back inside a transaction; return its last id, None when there was none."""
    record = reversal.record
    operation = record.id
    rows: list[tuple[int, str | None, int, int, str]] = list(db.execute(_PAGE, (operation, after, CHUNK)))
    if not rows:
        return None
    rows = rows[: len(fitting(db, [row[0] for row in rows], CHUNK_BYTES))]
    own = operation_progress.operation
    if own is None:
        detail = f"{record.action} of operation {operation}"
        own = operation_log.begin(
            db, "undo", actor=reversal.actor, now_ms=reversal.now_ms, topic=record.topic, detail=detail
        )
    wanted = [one for one, _, is_untouched, *_ in rows if is_untouched]
    coming = unprocessed.coming_back(db, operation, wanted)
    undone = {row[0] for row in db.execute(_UNDO, {"operation": operation, "ids": id_array(wanted)})}
    # what was delivered since can never be brought back; the rest may, once a key is free or a later
    # operation is undone
    over = undone.union(one for one, _, _, may_come_back, _ in rows if not may_come_back)
    db.execute(_DROP_BEFORE, (operation, id_array(over)))
    operation_log.count(db, own, len(undone))
    unprocessed.note_undone(db, coming, undone)
    operation_progress.operation = own
    operation_progress.done += len(undone)
    operation_progress.done_ids += sorted(undone)
    if record.action == "requeue":
        # what was ready is not requeued: this was processing
        operation_progress.left_ready += sum(
            before == State.READY for one, *_, before in rows if one in undone
        )
    operation_progress.add_missed(
        Missed(one, _why(status, is_untouched=bool(untouched)))
        for one, status, untouched, *_ in rows
        if one not in undone
    )
    return rows[-1][0]


def _why(status: str | None, *, is_untouched: bool) -> str:
    if status is None:
        return "it no longer exists: it was processed or purged"
    if is_untouched:
        return "another unfinished message of the topic already has its key"
    return f"it has been changed since; it is now {state_of(status).word}"


def _why_never(reversal: _Reversal) -> str:
    if reversal.record.action == "purge":
        return "it removed messages permanently"
    if reversal.record.action == "import":
        return "delete the messages that it added; the trash keeps them for a day"
    return "nothing is left to restore, because its messages have changed since, or the operation is too old"


def _close(db: apsw.Connection, *, reversal: _Reversal, operation_progress: OperationProgress) -> None:
    """Mark an operation as undone when its undo brought something back, else as what it was: not undone."""
    if operation_progress.done:
        db.execute(_CLOSE, (reversal.now_ms, reversal.record.id))
    _discard_if_empty(db, operation_progress=operation_progress)


def _discard_if_empty(db: apsw.Connection, *, operation_progress: OperationProgress) -> None:
    if operation_progress.operation is not None:
        operation_log.discard_if_empty(db, operation_progress.operation)


def _undo_setting(db: apsw.Connection, *, reversal: _Reversal) -> Outcome:
    """Restore a topic's pause or policy, unless it has been changed again."""
    record = reversal.record
    operation = record.id
    later: int | None = db.execute(_LATER, (operation, record.topic, record.action)).get
    if later is not None:
        raise SmqError(
            f"operation {operation} ({record.action}) cannot be undone: "
            f"operation {later} changed {record.topic} again"
        )
    db.execute(_CLOSE, (reversal.now_ms, operation))
    if not db.changes():
        # by somebody who read the operation when we did
        raise _undone_already(record)
    write, delete = _RESTORE[record.action]
    before = _setting_before(reversal)
    try:
        db.execute(*((delete, (record.topic,)) if before is None else (write, (record.topic, *before))))
    except (apsw.BindingsError, apsw.ConstraintError) as error:
        raise _unreadable(record) from error
    operation = operation_log.begin(
        db,
        "undo",
        actor=reversal.actor,
        now_ms=reversal.now_ms,
        topic=record.topic,
        detail=f"{record.action} of operation {operation}",
    )
    return Outcome(operation=operation, done=1)


def _setting_before(reversal: _Reversal) -> list[str | int | None] | None:
    """Return what stood in a topic's row before; None: there was none."""
    try:
        # whatever another program stored: neither text that is not UTF-8 nor a number is taken by the decoder
        return msgspec.json.decode(str(reversal.before or "null"), type=list[str | _Int64 | None] | None)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable(reversal.record) from error


_Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


def _unreadable(record: Recorded) -> SmqError:
    return SmqError(
        f"operation {record.id} ({record.action}) cannot be undone: another program changed its record. "
        "Restore the topic by hand"
    )


def _undone_already(record: Recorded) -> SmqError:
    return SmqError(f"operation {record.id} ({record.action}) has already been undone")


_recorded = RecordDecoder(Recorded)
