"""What operators do to messages: requeue, delete, bury, move.

Each action is one operation that can be undone.

An action is aimed at ids with how each was seen; those of a selection are looked for before, without the
write lock. Each chunk is looked at again and changed in one transaction, and the outcome says how many had
moved on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from smq_core.message import Missed, Outcome
from smq_core.states import State, sources_of, state_of
from smq_core.store.described import described
from smq_core.store.records import Selection
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.limits import CHUNK_BYTES
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.operators.operation_log import OperationProgress
from smq_core.store.sqlite.operators.recheck import look_again
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import apsw

    from smq_core.store.records import Targets
    from smq_core.store.sqlite.operators.freeze import Freezer
    from smq_core.store.sqlite.operators.recheck import SeenIds, SeenRow, Sight
    from smq_core.store.sqlite.session import Session

__all__ = ["Action", "Actions"]

_SAVE_BEFORE = query("save_before")
_DROP_BEFORE = query("drop_before")
_TOUCHED = query("touched_by")
_WRITES = {verb: query(f"operator_{verb}") for verb in ("requeue", "delete", "bury", "move")}
_AFTER: dict[str, str | None] = {
    "requeue": State.READY,
    "delete": State.DELETED,
    "bury": State.DEAD,
    "move": None,
}
"""The state an action leaves; None: the one it found."""
_SOURCES = {verb: sources_of(verb) for verb in _WRITES}


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants done."""

    verb: str
    to: str | None = None
    force: bool | frozenset[str] = False
    actor: str
    now_ms: int

    def refusal(self, row: SeenRow) -> str | None:
        """Explain why a message that is as it was seen is left alone; None: it may be changed."""
        if row.status not in _SOURCES[self.verb]:
            return f"it is {_describe(row)}; {self.verb} does not apply to such messages"
        if self.meets_holder(row):
            return f"it is {_describe(row)}: its lease has not expired, and with force it may run twice"
        if self.verb == "move" and row.topic == self.to:
            return f"it is already in {self.to}"
        return None

    def meets_holder(self, row: SeenRow) -> bool:
        """Check whether a lease is live that may not be taken."""
        return row.locked_until is not None and row.locked_until > self.now_ms and not self._may_take(row)

    def _may_take(self, row: SeenRow) -> bool:
        return row.worker in self.force if isinstance(self.force, frozenset) else self.force


class Actions:
    """Requeues, deletes, buries and moves messages for operators."""

    def __init__(self, session: Session, freezer: Freezer) -> None:
        self._session = session
        self._freezer = freezer

    def act(
        self,
        verb: str,
        targets: Targets,
        *,
        to: str | None,
        force: bool | frozenset[str],
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Perform requeue, delete, bury or move, in short transactions under one operation.

        `progress` is called with the number done after each chunk and stops the rest by returning False.
        """
        action = Action(verb=verb, to=to, force=force, actor=actor, now_ms=now_ms)
        operation_progress = OperationProgress()
        for _ in self._chunks(action, targets, operation_progress):
            if progress is not None and not progress(operation_progress.done):
                break
        if operation_progress.operation is not None and not operation_progress.done:
            self._session.write(
                partial(operation_log.discard_if_empty, operation=operation_progress.operation)
            )
        return operation_progress.outcome(names_ids=not isinstance(targets, Selection))

    def _chunks(
        self, action: Action, targets: Targets, operation_progress: OperationProgress
    ) -> Iterator[None]:
        """Do one chunk after the other, each in its own durable transaction."""
        seen_ids = self._freezer.aimed_at(targets, action.now_ms)
        for seen in self._freezer.parts(seen_ids, CHUNK_BYTES):
            self._session.write(
                partial(
                    _change,
                    action=action,
                    seen_ids=seen_ids,
                    seen=seen,
                    operation_progress=operation_progress,
                ),
                is_durable=True,
            )
            yield


def _change(
    db: apsw.Connection,
    *,
    action: Action,
    seen_ids: SeenIds,
    seen: Mapping[int, Sight],
    operation_progress: OperationProgress,
) -> None:
    """Look at a chunk and change what may be changed, inside a transaction.

    `operation_progress` is only told what was committed with it.
    """
    rows = look_again(db, seen_ids, seen, action.now_ms)
    extended = [one for one, row in rows.still.items() if action.meets_holder(row) and seen_ids.saw_free(one)]
    for one in extended:
        del rows.still[one]
    rows.moved_on.extend(
        Missed(one, "its lease had expired, but its holder has extended it", has_moved_on=True)
        for one in extended
    )
    refusals = {one: why for one, row in rows.still.items() if (why := action.refusal(row))}
    wanted = [one for one in rows.still if one not in refusals]
    changed: list[int] = []
    if wanted:
        operation = operation_progress.operation
        if operation is None:
            meant = described(seen_ids.selection, seen_ids.ids)
            detail = f"to {action.to}: {meant}" if action.to else meant
            topics = {rows.still[one].topic for one in wanted}
            only = topics.pop() if len(topics) == 1 else seen_ids.topic
            operation = operation_log.begin(
                db, action.verb, actor=action.actor, now_ms=action.now_ms, topic=only, detail=detail
            )
        changed = _write(db, action, operation, wanted)
        operation_log.count(db, operation, len(changed))
        to = action.to if action.verb == "move" else None
        unprocessed.note(db, unprocessed.by_action((rows.still[one] for one in changed), to))
        # last, since all of this is done once more where it met a row beside the table's rules
        operation_progress.operation = operation
    held = set(wanted).difference(changed)
    operation_progress.done += len(changed)
    operation_progress.done_ids += changed
    operation_progress.add_moved_on(rows.moved_on)
    operation_progress.add_missed(rows.unknown)
    operation_progress.add_missed(Missed(one, why) for one, why in refusals.items())
    operation_progress.add_missed(
        Missed(one, "another unfinished message of the topic already has its key") for one in sorted(held)
    )


def _write(db: apsw.Connection, action: Action, operation: int, ids: list[int]) -> list[int]:
    """Change messages and keep how they were; return those that no held key kept from it."""
    db.execute(
        _SAVE_BEFORE,
        {
            "operation": operation,
            "status_after": _AFTER[action.verb],
            "with_payload": False,
            "ids": id_array(ids),
        },
    )
    values: dict[str, object] = {
        "now": action.now_ms,
        "force": bool(action.force),
        "operation": operation,
        "ids": id_array(ids),
        "to": action.to,
        "error": f"buried by {action.actor}",
    }
    sql = _WRITES[action.verb]
    db.execute(sql, {name: value for name, value in values.items() if f":{name}" in sql})
    changed = [row[0] for row in db.execute(_TOUCHED, (id_array(ids), operation))]
    if len(changed) < len(ids):
        db.execute(_DROP_BEFORE, (operation, id_array(set(ids).difference(changed))))
    return changed


def _describe(row: SeenRow) -> str:
    state = state_of(row.status)
    return f"{state.word} in {row.worker}" if state is State.PROCESSING and row.worker else state.word
