"""What operators do to messages: requeue, delete, bury, move.

Each action is one operation that can be undone.

An action is aimed at ids with the state they were seen in, or at a frozen selection, whose ids are looked for
without the write lock; in both cases each chunk is looked at and changed in one transaction, and the answer
says how many had moved on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from smq_core.message import Missed, Outcome
from smq_core.states import State
from smq_core.store.records import Selection
from smq_core.store.sqlite import operations
from smq_core.store.sqlite.browsing import Browsing, matching_ids, still_matching
from smq_core.store.sqlite.connection import savepoint
from smq_core.store.sqlite.operations import Tally, id_array
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import CHUNK, CHUNK_BYTES
from smq_core.store.sqlite.sized import fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import apsw

    from smq_core.store.records import Targets

__all__ = ["Action", "Operating"]

_SEEN = query("seen_rows")
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
_SOURCES = {
    "requeue": {State.DEAD, State.DONE, State.DELAYED, State.PROCESSING},
    "delete": set(State) - {State.DELETED},
    "bury": {State.READY, State.DELAYED, State.PROCESSING, State.DONE},
    "move": {State.READY, State.DELAYED, State.DEAD, State.DONE},
}


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants done."""

    verb: str
    to: str | None = None
    force: bool | frozenset[str] = False
    actor: str
    now_ms: int

    def refusal(self, row: _Seen | None, seen: State | None) -> str | None:
        """Say why a message is left alone; None: it may be changed."""
        if row is None:
            return "it is gone: processed or purged"
        if seen is not None and row.status != seen:
            return f"it is {_describe(row)} now, no longer {seen}"
        if row.status not in _SOURCES[self.verb]:
            return f"it is {_describe(row)}, which {self.verb} leaves as it is"
        if row.locked_until is not None and row.locked_until > self.now_ms and not self._may_take(row):
            return f"it is {_describe(row)}: its lease is live, and forcing it means that it may run twice"
        if self.verb == "move" and row.topic == self.to:
            return f"it is in {self.to} already"
        return None

    def _may_take(self, row: _Seen) -> bool:
        return row.worker in self.force if isinstance(self.force, frozenset) else self.force


class _Seen(NamedTuple):
    """The columns of seen_rows."""

    id: int
    status: State
    topic: str
    locked_until: int | None
    worker: str | None


class Operating(Browsing):
    """The part of the store that changes messages for operators."""

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

        `progress` is told the number done after each chunk and stops the rest by answering False.
        """
        action = Action(verb=verb, to=to, force=force, actor=actor, now_ms=now_ms)
        tally = Tally()
        for _ in self._chunks(action, targets, tally):
            if progress is not None and not progress(tally.done):
                break
        if tally.operation is not None and not tally.done:
            self._write(partial(operations.discard_if_empty, operation=tally.operation))
        return tally.outcome(names_ids=not isinstance(targets, Selection))

    def _chunks(self, action: Action, targets: Targets, tally: Tally) -> Iterator[None]:
        """Do one chunk after the other, each in its own durable transaction."""
        if isinstance(targets, Selection):
            yield from self._selected_chunks(action, targets, tally)
            return
        ids = sorted(targets)
        start = 0
        while start < len(ids):
            some = self._read(partial(fitting, ids=ids[start : start + CHUNK], max_bytes=CHUNK_BYTES))
            chunk = {one: targets[one] for one in some}
            self._write_durably(partial(_change, action=action, seen=chunk, tally=tally, topic=None))
            start += len(some)
            yield

    def _selected_chunks(self, action: Action, selection: Selection, tally: Tally) -> Iterator[None]:
        frozen = msgspec.structs.replace(
            selection,
            max_id=self.highest_id() if selection.max_id is None else selection.max_id,
            as_of_ms=action.now_ms if selection.as_of_ms is None else selection.as_of_ms,
        )
        after: int | None = None
        while ids := self._read(partial(_matching, selection=frozen, after=after, now_ms=action.now_ms)):
            self._write_durably(
                partial(_change_matching, action=action, selection=frozen, ids=ids, tally=tally)
            )
            after = ids[-1]
            yield


def _matching(db: apsw.Connection, *, selection: Selection, after: int | None, now_ms: int) -> Sequence[int]:
    """Look for the next chunk of a selection: outside the write lock, as it may have to look far."""
    with savepoint(db):
        ids = matching_ids(db, selection, after=after, newest=False, limit=CHUNK, now_ms=now_ms)
        return fitting(db, ids, CHUNK_BYTES) if ids else ids


def _change_matching(
    db: apsw.Connection, *, action: Action, selection: Selection, ids: Sequence[int], tally: Tally
) -> None:
    """Change those of a chunk that still match, inside a transaction."""
    still = still_matching(db, selection, ids, action.now_ms)
    tally.add_missed(Missed(one, "it moved on meanwhile") for one in sorted(set(ids).difference(still)))
    if still:
        _change(db, action, dict.fromkeys(still, selection.state), tally, selection.topic)


def _change(
    db: apsw.Connection, action: Action, seen: Mapping[int, State | None], tally: Tally, topic: str | None
) -> None:
    """Look at a chunk and change what may be changed, inside a transaction.

    The tally is only told what was committed with it.
    """
    rows = {row[0]: _Seen._make(row) for row in db.execute(_SEEN, (id_array(seen),))}
    refusals = {one: why for one in seen if (why := action.refusal(rows.get(one), seen[one]))}
    wanted = [one for one in seen if one not in refusals]
    changed: list[int] = []
    if wanted:
        if tally.operation is None:
            detail = f"to {action.to}" if action.to else ""
            topics = {rows[one].topic for one in wanted}
            only = topics.pop() if len(topics) == 1 else topic
            began = operations.begin(
                db, action.verb, actor=action.actor, now_ms=action.now_ms, topic=only, detail=detail
            )
            tally.operation = began.id
        changed = _write(db, action, tally.operation, wanted)
        operations.count(db, tally.operation, len(changed))
    held = set(wanted).difference(changed)
    tally.done += len(changed)
    tally.done_ids += changed
    tally.add_missed(Missed(one, why) for one, why in refusals.items())
    tally.add_missed(
        Missed(one, "another unfinished message of the topic has its key") for one in sorted(held)
    )


def _write(db: apsw.Connection, action: Action, operation: int, ids: list[int]) -> list[int]:
    """Change messages and keep how they were; answers those that no held key kept from it."""
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


def _describe(row: _Seen) -> str:
    if row.status != State.PROCESSING:
        return str(row.status)
    return f"processing by {row.worker}" if row.worker else "processing"
