"""Drains a queue after a fault, and asserts the one invariant on it; `history` judges what was noted."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.clock import SystemClock
from smq_core.testing import ManualClock
from smq_core.validation import LONGEST_LEASE_MS
from tests.faults.history import FINAL, Left, judge, read, token_of
from tests.faults.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.history import Verdict

AT_ONCE: Final = 50
SHOWN: Final = 3
COUNTERS: Final = """
    SELECT topic, sum(present), sum(delayed), sum(dead), sum(done), sum(deleted)
    FROM (
      SELECT topic, 1 AS present, status = 'delayed' AS delayed, status = 'dead' AS dead,
        status = 'done' AS done, status = 'deleted' AS deleted
      FROM smq_messages
      UNION ALL
      SELECT topic, gone - entered, -delayed, -dead, -done, -deleted
      FROM smq_topics
    )
    GROUP BY topic
    HAVING sum(present) <> 0 OR sum(delayed) <> 0 OR sum(dead) <> 0 OR sum(done) <> 0 OR sum(deleted) <> 0
    """
"""The topics whose counters differ from their counts, and by how much."""


def assert_invariant(location: str | Path, *logs: Path, max_attempts: int = 10) -> Verdict:
    """Drain a queue and judge its history: no message is lost, doubled, back, or without an end.

    The draining is written down too, in a log beside the first.
    """
    logs = (*logs, logs[0].with_name("drained"))
    logs[-1].unlink(missing_ok=True)
    drain(str(location), logs[-1])
    assert_sound(location)
    verdict = judge(read(*logs), left(location), max_attempts=max_attempts)
    broken = {name: findings[:SHOWN] for name, findings in verdict.broken().items()}
    assert broken == {}, f"the first of each: {broken}"
    return verdict


def drain(location: str, log: Path) -> None:
    """Finish what is unfinished, after every lease and delay is over by the clock.

    Each message takes one lease, so that the number of looks is bounded; what remains then is named by the
    verdict.
    """
    clock = ManualClock(SystemClock().now_ms() + 2 * LONGEST_LEASE_MS)
    unfinished = sum(one.state not in FINAL for one in left(location))
    with Recorded(location, log, "drain", clock=clock) as drain:
        # one call more for each batch of 500 that a dequeue makes ready at most
        for _ in range(unfinished // AT_ONCE + unfinished // 500 + 2):
            if leases := drain.dequeue(AT_ONCE):
                assert drain.ack(*leases), "a lease was lost although nobody else is there"


def left(location: str | Path) -> list[Left]:
    """Return every message in the table."""
    with closing(apsw.Connection(str(location))) as db:
        rows = db.execute("SELECT id, payload, status FROM smq_messages").fetchall()
    return [Left(int(str(id_)), token_of(str(payload)), str(state)) for id_, payload, state in rows]


def assert_sound(location: str | Path) -> None:
    """Assert that counters equal counts, and that SQLite finds no damage."""
    with closing(apsw.Connection(str(location))) as db:
        wrong = db.execute(COUNTERS).fetchall()
        damage = db.execute("PRAGMA integrity_check").get
    assert wrong == [], f"wrong counters: {wrong}"
    assert damage == "ok", damage
