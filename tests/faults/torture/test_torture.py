"""Everything at once, for minutes: nothing is lost, nothing is done twice at once, all comes to an end.

The story: a busy machine on a bad day. Producers of three kinds, consumers, two daemons whose handlers fail,
crash and exit, an operator, backups, vacuums and copies of the -wal by strangers; and any of them is killed,
stopped for up to two leases, terminated or hung up on at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from tests.faults.torture.accounting import account, runs_of
from tests.faults.torture.actors import LEASE_S
from tests.faults.torture.cast import Cast
from tests.faults.torture.journal import entries
from tests.matrix import IS_FULL, scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.torture.journal import Entry
    from tests.matrix import Fault

SEED = 4


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.fault(
    row="producers, consumers, daemons, operators, backups and vacuums, all at the same time",
    part="workers",
    promise="each message reaches a final state and is accounted for; no message has two valid runs, or two "
    "runs in one daemon",
    how="random processes receive SIGKILL, SIGSTOP for up to two lease times, SIGTERM or SIGHUP",
)
def test_a_torture_loses_and_doubles_nothing(tmp_path: Path, fault: Fault) -> None:
    cast = Cast(tmp_path, SEED)
    try:
        cast.torture(scaled(10, 600))
        cast.calm_down()
    finally:
        cast.end()
    fault.struck(cast.struck)
    journal = entries(tmp_path / "journal")
    states = states_at_the_end(tmp_path / "queue.sqlite3")
    fault.ran(len(states))

    assert cast.faults == []
    assert account(journal, states, LEASE_S) == []
    # On a busy machine ten seconds may pass without a message that uses up its attempts.
    assert set(states.values()) >= ({"done", "dead"} if IS_FULL else {"done"})


def states_at_the_end(path: Path) -> dict[int, str]:
    """Read what became of each message, from a file that has to be whole."""
    database = apsw.Connection(str(path))
    try:
        assert database.pragma("integrity_check") == "ok"
        rows = database.execute("SELECT id, status FROM smq_messages").fetchall()
        return {int(str(one)): str(state) for one, state in rows}
    finally:
        database.close()


def entry(at: float, what: str, **facts: object) -> Entry:
    """Make an entry of a journal."""
    return {"at": at, "who": "daemon-1", "pid": 11, "what": what, "id": 1, "delivery": 1, **facts}


RUN = [entry(1.0, "run"), entry(2.0, "tick"), entry(3.0, "ran")]
KILLED = entry(2.4, "striking", signal="SIGKILL", victim="daemon")
FORCED = entry(2.4, "operating", ids=[1], deed="force")
OTHER = {"who": "daemon-2", "pid": 22, "delivery": 2}


def test_a_message_that_was_sent_run_and_done_is_accounted_for() -> None:
    assert account([entry(0.5, "sent", ids=[1]), *RUN], {1: "done"}, 3.0) == []


@pytest.mark.parametrize(
    ("journal", "states", "why"),
    [
        ([entry(0.5, "sent", ids=[1])], {}, "sent and is nowhere"),
        ([entry(0.5, "sent", ids=[1, 1]), *RUN], {1: "done"}, "given to two messages"),
        (RUN, {1: "processing"}, "is processing at the end"),
        (RUN[:2], {1: "done"}, "nobody did it"),
        ([*RUN, entry(2.5, "run", pid=12, delivery=2)], {1: "done"}, "ran a message twice at once"),
        ([*RUN, FORCED, entry(2.5, "run", pid=12, delivery=2)], {1: "done"}, "ran a message twice at once"),
        ([*RUN, entry(2.5, "run", pid=12)], {1: "done"}, "one delivery was run twice"),
        ([*RUN, entry(2.5, "run", **OTHER)], {1: "done"}, "without a reason"),
        ([*RUN, KILLED, entry(2.5, "run", **OTHER)], {1: "done"}, "without a reason"),
    ],
)
def test_what_was_not_promised_is_found(journal: list[Entry], states: dict[int, str], why: str) -> None:
    (found,) = account(sorted(journal, key=lambda one: one["at"]), states, 3.0)

    assert why in found


@pytest.mark.parametrize(
    "reason",
    [
        [
            entry(1.1, "striking", signal="SIGSTOP", victim="daemon"),
            entry(2.4, "went on", signal="SIGSTOP", victim="daemon"),
        ],
        [FORCED],
    ],
)
def test_a_second_run_that_was_allowed_is_none(reason: list[Entry]) -> None:
    journal = sorted([*RUN, *reason, entry(2.5, "run", **OTHER)], key=lambda one: one["at"])

    assert account(journal, {1: "done"}, 3.0) == []


def test_a_run_that_was_cut_short_lasts_until_its_last_sign_of_life() -> None:
    assert runs_of(RUN[:2])[1][0].end == 2.0
