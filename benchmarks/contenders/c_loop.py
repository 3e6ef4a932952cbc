"""The same loops in C: loaded into apsw, so that they run on the SQLite that smq runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from benchmarks.native import build

if TYPE_CHECKING:
    from benchmarks.case import Case

__all__ = ["seconds"]

_FILL_BATCH = 1_000
_CALL = "SELECT bare_loop(?, ?, ?, ?, ?, ?)"


def seconds(case: Case, folder: str, payload: str, waiting: int) -> float:
    """Run a case's loop on a table with so many rows waiting; answers what its timed part took."""
    db = apsw.Connection(":memory:")
    db.enable_load_extension(True)  # noqa: FBT003 - the driver takes it by position
    db.load_extension(str(build("bare_loop")), "sqlite3_bareloop_init")
    path = f"{folder}/c.sqlite3"
    synchronous = "NORMAL" if case.mode == "normal" else "FULL"
    rows = -(-waiting // _FILL_BATCH) * _FILL_BATCH
    db.execute(_CALL, (path, "fill", "NORMAL", rows, _FILL_BATCH, payload)).fetchall()
    took = db.execute(_CALL, (path, case.loop, synchronous, case.count, case.batch, payload)).get
    assert isinstance(took, float)
    return took
