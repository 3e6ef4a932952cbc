"""What other programs stored that smq never writes: the doctor names it, and a repair cures it."""

from __future__ import annotations

from contextlib import closing

import apsw
import pytest

from smq_core import Inspector, Queue
from smq_core.store import administration
from smq_core.testing import EPOCH_MS, ManualClock

NAMES = {
    b"\xff": r"\xff",
    b"mail\xff": r"mail\xff",
    b" mail": "mail",
    b"a=b*c,d": "a_b_c_d",
    b"a\x00b": "a_b",
    b"": "nameless",
    b"  ": "nameless",
    b"x" * 300: "x" * 200,
    "é".encode() * 150: "é" * 100,
    "\u202e".encode(): "_",
}
WORKERS = {
    "pid = -1": True,
    "pid = 0": True,
    "heartbeat_at = 9223372036854775807": True,
    "detail = '[]'": True,
    "detail = '{'": True,
    "detail = replace(hex(zeroblob(3000)), '00', '[')": True,
    "host = CAST(x'ff' AS TEXT)": True,
    "state = 'odd'": True,
    "command = 'odd'": True,
    "pid = 5": False,
    "heartbeat_at = 0": False,
    "detail = '{\"topics\": 5}'": False,
}


def store_odd(location: str, *statements: str, bindings: tuple[bytes, ...] = ()) -> None:
    """Run statements as a program does that minds no rules."""
    with closing(apsw.Connection(location)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        for sql in statements:
            db.execute(sql, bindings)


def said(location: str) -> list[str]:
    """Return what the doctor says of rows."""
    return [one.sentence for one in administration(location).examine(EPOCH_MS) if one.name == "rows"]


@pytest.fixture
def healthy(location: str) -> str:
    """Give a queue with a message, a policy and the row of a daemon."""
    with Queue(location, clock=ManualClock()) as queue:
        queue.enqueue("mail", "good")
    store_odd(
        location,
        "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at) VALUES "  # noqa: S608 - ours
        f"('w1', 'elsewhere', 5, '1', 'running', 1, {EPOCH_MS})",
    )
    assert said(location) == ["every row has the form that smq writes"]
    return location


@pytest.mark.parametrize(("name", "legal"), NAMES.items())
def test_a_topic_that_nobody_can_ask_for_gets_a_name(healthy: str, name: bytes, legal: str) -> None:
    store_odd(
        healthy,
        "INSERT INTO smq_messages(topic, payload, kind) VALUES (CAST(? AS TEXT), 'kept', 'text')",
        "INSERT INTO smq_pauses(topic, reason, paused_by, paused_at) VALUES (CAST(? AS TEXT), '', '', 1)",
        "INSERT INTO smq_policies(topic, keep_ms) VALUES (CAST(? AS TEXT), 5)",
        "INSERT OR IGNORE INTO smq_topics(topic) VALUES (CAST(? AS TEXT))",
        bindings=(name,),
    )
    assert any("topics with invalid names: 1" in one for one in said(healthy))

    done = administration(healthy).repair(EPOCH_MS)
    assert any(f"was renamed to {legal!r}" in one for one in done)
    assert said(healthy) == ["every row has the form that smq writes"]
    with Queue(healthy, clock=ManualClock()) as queue, Inspector(healthy) as inspector:
        assert "kept" in [lease.message.payload for lease in queue.dequeue(legal, limit=9)]
        assert {one.topic for one in inspector.topics()} == {"mail", legal}


@pytest.mark.parametrize(("change", "is_odd"), WORKERS.items())
def test_the_row_of_a_daemon_that_none_wrote_is_named_and_removed(
    healthy: str,
    change: str,
    is_odd: bool,  # noqa: FBT001 - what is expected
) -> None:
    store_odd(healthy, f"UPDATE smq_workers SET {change}")  # noqa: S608 - ours

    assert any("rows of daemons not written by a daemon: 1 ('w1')" in one for one in said(healthy)) == is_odd
    with Inspector(healthy, clock=ManualClock()) as inspector:
        (worker,) = inspector.workers()
        assert (worker.id, worker.state in ("running", "stopping")) == ("w1", True)
    administration(healthy).repair(EPOCH_MS)
    with Inspector(healthy) as inspector:
        assert len(inspector.workers()) == (not is_odd)


def test_messages_that_are_not_utf_8_are_named_and_shown_whole(healthy: str) -> None:
    store_odd(healthy, "UPDATE smq_messages SET payload = CAST(x'61ff62' AS TEXT)")

    assert said(healthy) == ["messages with text that is not UTF-8: 1 (1)"]
    with Inspector(healthy) as inspector:
        assert (inspector.get(1).payload, inspector.get(1).kind) == (b"a\xffb", "bytes")
        assert [one.payload for one in inspector.browse(preview=10)] == [r"a\xffb"]
        inspector.edit(1, priority=5)
        assert (inspector.get(1).payload, inspector.get(1).priority) == (b"a\xffb", 5)
