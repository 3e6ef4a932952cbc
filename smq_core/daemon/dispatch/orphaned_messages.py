"""Messages whose worker process or daemon died, and how one is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.states import State
from smq_core.store.failed_message import FailedMessage
from smq_core.store.records import Failure

if TYPE_CHECKING:
    from smq_core.store.base import Store
    from smq_core.store.records import Hold

__all__ = ["OrphanedMessage", "recover_orphan"]


class OrphanedMessage(NamedTuple):
    """A message whose worker process or daemon died."""

    hold: Hold
    verdict: str
    error: str


def recover_orphan(
    store: Store, orphan: OrphanedMessage, worker_id: str, max_crashes: int, now_ms: int
) -> FailedMessage | None:
    """Give back one message of a dead process or daemon, and return it if it is dead now.

    A message that crashed too many processes is dead, as poison.
    """
    verdict, error = orphan.verdict, orphan.error
    if verdict == "blamed":
        row = store.get(orphan.hold.id)
        if row is not None and row.crashes + 1 >= max_crashes:
            verdict = "poison"
            error = f"poison: crashed its worker process {row.crashes + 1} times, last time: {error}"
    failure = Failure(error=error)
    if not store.recover([orphan.hold], worker_id, verdict, failure, now_ms) or orphan.verdict != "blamed":
        return None
    row = store.get(orphan.hold.id)
    if row is None or row.status != State.DEAD:
        return None
    return FailedMessage(row.id, row.topic, row.attempts, error, State.DEAD)
