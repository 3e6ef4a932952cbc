"""`smq check` and `smq wait`."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, TopicStats, WorkerInfo
from smq_core.cli.checking import Limits, problems, unserved

if TYPE_CHECKING:
    from tests.cli.conftest import Smq

STUCK = TopicStats(topic="mail", ready=5, dead=2, oldest_age_s=700.0)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (Limits(), []),
        (Limits(700, 2, 5), []),
        (Limits(age_s=600), ["mail: the oldest message waits for 11m40s (limit 10m00s)"]),
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
        ("running", 100, ["mail"], False),
        ("quiet", 1, ["mail"], False),
    ],
)
def test_a_topic_is_served_by_a_daemon_that_lives_and_takes_it(
    state: str, heartbeat_age_s: float, topics: list[str], *, is_served: bool
) -> None:
    worker = WorkerInfo(
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
    assert (not list(unserved([STUCK], [worker]))) == is_served


def test_check_ends_with_0_or_1(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("check", "--max-age", "10m", "--max-dead", "0") == (0, "ok: 1 topic, 1 message ready\n", "")
    assert smq("check", "--max-ready", "0", "--workers") == (
        1,
        "mail: 1 ready (limit 0); mail: 1 ready and no daemon takes them\n",
        "",
    )
    assert json.loads(smq("check", "--max-ready", "0", "--json").out) == {
        "ok": False,
        "problems": ["mail: 1 ready (limit 0)"],
    }


def test_wait_gives_up_when_its_time_is_over(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("wait", "mail", "--timeout", "1ms") == (1, "mail still has 1 unfinished message\n", "")


def test_wait_ends_when_the_topic_is_drained(smq: Smq, messages: Queue, location: str) -> None:
    messages.enqueue("mail", "a")

    def drain() -> None:
        with Queue(location) as queue:
            queue.ack(queue.dequeue("mail")[0])

    worker = threading.Thread(target=drain)
    worker.start()
    assert smq("wait", "mail", "--timeout", "60s") == (0, "mail is drained\n", "")
    worker.join()
