"""`smq check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, SystemClock, TopicStats, WorkerInfo
from smq_core.cli.checking import Limits, problems, unserved
from smq_core.store import open_store
from smq_core.store.records import WorkerRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cli.conftest import Smq

STUCK = TopicStats(topic="mail", ready=5, dead=2, oldest_age_s=700.0)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (Limits(), []),
        (Limits(700, 2, 5), []),
        (Limits(age_s=600), ["mail: the oldest message has been waiting for 11m40s (limit 10m00s)"]),
        (Limits(dead=1), ["mail: 2 dead letters (limit 1)"]),
        (Limits(ready=4), ["mail: 5 ready (limit 4)"]),
    ],
)
def test_what_is_over_a_limit_is_said(limits: Limits, found: list[str]) -> None:
    assert list(problems([STUCK], limits)) == found


def test_a_paused_topic_may_wait() -> None:
    paused = TopicStats(topic="mail", ready=1, oldest_age_s=700.0, paused=True)
    assert list(problems([paused], Limits(age_s=1))) == []
    assert list(unserved([paused], [])) == []


@pytest.mark.parametrize(
    ("state", "heartbeat_age_s", "topics", "is_served"),
    [
        ("running", 1, ["mail"], True),
        ("running", 1, ["ma*"], True),
        ("running", 1, ["m[a]il"], False),
        ("running", 1, ["other"], False),
        ("running", 15, ["mail"], True),
        ("running", 16, ["mail"], False),
        ("quiet", 1, ["mail"], False),
    ],
)
def test_a_topic_is_served_by_a_daemon_that_lives_and_takes_it(
    state: str, heartbeat_age_s: float, topics: list[str], *, is_served: bool
) -> None:
    worker = daemon(state=state, heartbeat_age_s=heartbeat_age_s, topics=topics)
    assert (not list(unserved([STUCK], [worker]))) == is_served


def daemon(*, state: str = "running", heartbeat_age_s: float = 1.0, topics: Sequence[str] = ()) -> WorkerInfo:
    return WorkerInfo(
        id="w",
        host="h",
        pid=1,
        version="1",
        state=state,  # type: ignore[arg-type]  # one of the three
        started_at=0,
        heartbeat_at=0,
        heartbeat_age_s=heartbeat_age_s,
        detail={"topics": list(topics)},
    )


def put_silent(location: str) -> None:
    """Leave the row of a daemon that was not heard of for a while."""
    now_ms = SystemClock().now_ms()
    silent = WorkerRow(
        id="host-1",
        host="host",
        pid=1,
        version="0.1.0",
        state="running",
        started_at=now_ms - 90_000,
        heartbeat_at=now_ms - 90_000,
        detail="{}",
    )
    store = open_store(location)
    store.put_worker(silent)
    store.close()


def test_check_counts_only_what_the_silent_daemon_itself_holds(smq: Smq, location: str) -> None:
    put_silent(location)
    with Queue(location, worker="host-1") as of_silent, Queue(location) as other:
        other.enqueue_many("mail", ["a", "b"])
        of_silent.dequeue("mail")
        other.dequeue("mail")

    code, out, err = smq("check", "--workers")
    assert (code, err) == (1, "")
    assert out == "no heartbeat from host-1 for 1m30s and it holds 1 message: restart smq-daemon\n"


def test_check_counts_all_that_a_silent_daemon_holds(smq: Smq, location: str) -> None:
    put_silent(location)
    with Queue(location, worker="host-1", durability="normal") as queue:
        queue.enqueue_many("mail", [b""] * 10_001)
        queue.dequeue("mail", limit=10_001)

    assert "it holds 10,001 messages" in smq("check", "--workers").out


def test_check_ends_with_0_or_1(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("check", "--max-age", "10m", "--max-dead", "0") == (0, "ok: 1 topic, 1 message ready\n", "")
    assert smq("check", "--max-ready", "0", "--workers") == (
        1,
        "mail: 1 ready (limit 0)\nmail: 1 ready, but no daemon serves the topic\n",
        "",
    )
    assert json.loads(smq("check", "--max-ready", "0", "--json").out) == {
        "ok": False,
        "problems": ["mail: 1 ready (limit 0)"],
    }


def test_check_does_not_alarm_of_a_message_that_was_due_before_it_was_sent(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "digest", at=1)

    assert smq("check", "--max-age", "10m").code == 0
    assert json.loads(smq("topics", "--json").out)[0]["oldest_age_s"] < 600
