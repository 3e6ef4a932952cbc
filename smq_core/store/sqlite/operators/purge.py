"""What operators remove for good: the messages of a topic in one state. Nothing undoes it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_core.errors import InvalidMessage
from smq_core.states import State
from smq_core.store.described import described
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.limits import DELETED_BYTES
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.operators.operation_log import OperationProgress
from smq_core.store.sqlite.operators.recheck import look_again
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import apsw

    from smq_core.message import Outcome
    from smq_core.store.records import Selection
    from smq_core.store.sqlite.operators.freeze import Freezer
    from smq_core.store.sqlite.operators.recheck import SeenIds, Sight
    from smq_core.store.sqlite.session import Session

__all__ = ["Purger"]

_PURGE = query("purge_some")


class Purger:
    """Purges messages."""

    def __init__(self, session: Session, freezer: Freezer) -> None:
        self._session = session
        self._freezer = freezer

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
            raise InvalidMessage("running messages cannot be purged: first requeue or delete them with force")
        if selection.topic is None or selection.state is None:
            raise InvalidMessage("a purge applies to one topic and one state: specify both")
        seen_ids, operation_progress = self._freezer.aimed_at(selection, now_ms), OperationProgress()
        for seen in self._freezer.parts(seen_ids, DELETED_BYTES):
            self._session.write(
                partial(
                    _purge,
                    seen_ids=seen_ids,
                    seen=seen,
                    operation_progress=operation_progress,
                    actor=actor,
                    now_ms=now_ms,
                ),
                is_durable=True,
            )
            if progress is not None and not progress(operation_progress.done):
                break
        return operation_progress.outcome(names_ids=False)


def _purge(
    db: apsw.Connection,
    *,
    seen_ids: SeenIds,
    seen: Mapping[int, Sight],
    operation_progress: OperationProgress,
    actor: str,
    now_ms: int,
) -> None:
    """Remove those of a chunk that are as they were seen, inside a transaction."""
    found = look_again(db, seen_ids, seen, now_ms)
    operation_progress.add_moved_on(found.moved_on)
    if not found.still or seen_ids.selection is None:
        return
    state, meant = seen_ids.selection.state, described(seen_ids.selection, ())
    operation = operation_progress.operation
    if operation is None:
        operation = operation_log.begin(
            db, "purge", actor=actor, now_ms=now_ms, topic=seen_ids.topic, detail=meant
        )
    db.execute(_PURGE, (id_array(found.still), seen_ids.topic, state))
    removed = db.changes()
    operation_log.count(db, operation, removed)
    if state is not State.DONE:
        unprocessed.note(db, {seen_ids.topic or "": removed})
    operation_progress.operation = operation
    operation_progress.done += removed
