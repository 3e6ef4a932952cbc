"""What `smq check` judges without options: each problem appears and goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, SystemClock, TopicSample, TopicStats
from smq_core.cli.health import died_lately, lost, moving, untaken
from smq_core.message import ErrorKind
from smq_core.testing import ManualClock
from tests.cli.test_checking import daemon, put_silent

if TYPE_CHECKING:
    from tests.cli.conftest import Smq

NOW = 1_000_000.0
WAITING = TopicStats(topic="mail", ready=5, oldest_age_s=31.0)


def sample(at: float, finished: int, topic: str = "mail") -> TopicSample:
    return TopicSample(at=at, topic=topic, entered=9, finished=finished, depth=5)


@pytest.mark.parametrize(
    ("stats", "live", "moved", "is_told"),
    [
        (WAITING, {}, set(), True),
        (WAITING, {"mail": 0}, {"post"}, True),
        (WAITING, {"mail": 1}, set(), False),
        (WAITING, {}, {"mail"}, False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=30.0), {}, set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=31.0, paused=True), {}, set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=99.0, paused_until=NOW - 30), {}, set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=99.0, paused_until=NOW - 31), {}, set(), True),
        (TopicStats(topic="mail", delayed=5, oldest_age_s=None), {}, set(), False),
    ],
)
def test_messages_that_nobody_takes_are_told(
    stats: TopicStats, live: dict[str, int], moved: set[str], *, is_told: bool
) -> None:
    assert bool(list(untaken([stats], live, moved, NOW))) == is_told


def test_a_topic_moves_when_something_of_it_went_out() -> None:
    assert moving([sample(0, 3), sample(0, 3, "post"), sample(10, 4), sample(10, 3, "post")]) == {"mail"}


@pytest.mark.parametrize(("silent_s", "is_told"), [(15.0, False), (16.0, True)])
def test_a_lost_daemon_is_told(silent_s: float, *, is_told: bool) -> None:
    assert bool(list(lost([daemon(heartbeat_age_s=silent_s)]))) == is_told


@pytest.mark.parametrize(("ago_s", "is_told"), [(86_400.0, True), (86_401.0, False)])
def test_dead_letters_are_told_for_a_day(ago_s: float, *, is_told: bool) -> None:
    kinds = [
        ErrorKind(topic="mail", error_kind="a", count=2, first=0, last=NOW - ago_s),
        ErrorKind(topic="mail", error_kind="b", count=1, first=0, last=NOW - 90_000),
    ]
    found = list(died_lately(kinds, NOW))
    assert bool(found) == is_told
    assert all(line.startswith("mail: 3 dead letters, the newest 1d") for line in found)


def sent_before(location: str, seconds: float) -> None:
    clock = ManualClock(SystemClock().now_ms() - round(seconds * 1_000))
    with Queue(location, clock=clock) as queue:
        queue.enqueue("mail", "x")


def test_untaken_messages_appear_and_go_away(smq: Smq, location: str, messages: Queue) -> None:
    sent_before(location, 40)
    code, out, _ = smq("check")
    assert (code, out.startswith("mail: 1 ready, and none was taken for 4")) == (1, True)

    assert smq("pause", "mail").code == 0
    assert smq("check").code == 0
    assert smq("resume", "mail").code == 0
    sent_before(location, 40)
    messages.dequeue("mail")
    assert smq("check").code == 0


def test_a_message_that_waits_too_long_appears_and_goes_away(
    smq: Smq, location: str, messages: Queue
) -> None:
    sent_before(location, 3_700)
    sent_before(location, 3_690)
    messages.dequeue("mail")
    assert "the oldest message waits for 1h01m" in smq("check").out
    assert smq("check", "--max-age", "2h").code == 0


def test_dead_letters_appear_and_go_away(smq: Smq, location: str, messages: Queue) -> None:
    messages.enqueue("mail", "x")
    with Inspector(location) as view:
        view.bury([1])
    assert smq("check").out.startswith(
        "mail: 1 dead letter, the newest 0s ago: see smq peek mail --state dead"
    )
    assert smq("check", "--max-dead", "1").code == 0
    assert smq("delete", "1").code == 0
    assert smq("check").code == 0


def test_a_lost_daemon_appears(smq: Smq, location: str) -> None:
    assert smq("check").code == 0
    put_silent(location)
    assert smq("check").out == "no heartbeat of host-1 for 1m30s: start smq-daemon again\n"
