"""The same loops in C: loaded into apsw, so that they run on the SQLite that smq runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from benchmarks.contender import NotOfferedError
from benchmarks.native import build

if TYPE_CHECKING:
    from benchmarks.case import Case

__all__ = ["fill", "seconds"]

_LOOPS = ("enqueue", "enqueue_many", "dequeue_ack", "exchange", "batches")
_FILL_BATCH = 1_000


def fill(folder: str, waiting: int, payload: str) -> None:
    """Put rows in, in batches."""
    rest = waiting % _FILL_BATCH
    for rows, batch in ((waiting - rest, _FILL_BATCH), (rest, rest)):
        if rows:
            _call(folder, "fill", "NORMAL", rows, batch, payload)


def seconds(case: Case, folder: str, payload: str) -> float:
    """Run a case's loop; answers what its timed part took."""
    if case.loop not in _LOOPS:
        raise NotOfferedError(case.loop)
    synchronous = "NORMAL" if case.mode == "normal" else "FULL"
    return _call(folder, case.loop, synchronous, case.count, case.batch, payload)


def _call(folder: str, *values: str | int) -> float:
    db = apsw.Connection(":memory:")
    db.enable_load_extension(True)  # noqa: FBT003 - the driver takes it by position
    db.load_extension(str(build("bare_loop")), "sqlite3_bareloop_init")
    took = db.execute("SELECT bare_loop(?, ?, ?, ?, ?, ?)", (f"{folder}/c.sqlite3", *values)).get
    assert isinstance(took, float)
    return took
