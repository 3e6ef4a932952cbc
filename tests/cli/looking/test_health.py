"""The judgements that `smq check` makes by default: each problem appears and goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, SystemClock, TopicStats
from smq_core.cli.health import died_lately, lost, untaken
from smq_core.message import ErrorKind
from smq_core.testing import ManualClock
from tests.cli.looking.test_checking import daemon, put_silent

if TYPE_CHECKING:
    from tests.cli.conftest import Smq

NOW = 1_000_000.0
WAITING = TopicStats(topic="mail", ready=5, oldest_age_s=31.0)


@pytest.mark.parametrize(
    ("stats", "taken", "is_told"),
    [
        (WAITING, set(), True),
        (WAITING, {"post"}, True),
        (WAITING, {"mail"}, False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=30.0), set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=31.0, paused=True), set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=99.0, paused_until=NOW - 30), set(), False),
        (TopicStats(topic="mail", ready=5, oldest_age_s=99.0, paused_until=NOW - 31), set(), True),
        (TopicStats(topic="mail", delayed=5, oldest_age_s=None), set(), False),
    ],
)
def test_messages_that_nobody_takes_are_told(stats: TopicStats, taken: set[str], *, is_told: bool) -> None:
    assert list(untaken([stats], taken, NOW)) == [stats] * is_told


@pytest.mark.parametrize(("silent_s", "is_told"), [(15.0, False), (16.0, True)])
def test_a_lost_daemon_is_told(silent_s: float, *, is_told: bool) -> None:
    assert bool(list(lost([daemon(heartbeat_age_s=silent_s)]))) == is_told


def test_a_lost_daemon_is_reported_once_with_what_it_holds() -> None:
    one = daemon(heartbeat_age_s=700.0)
    assert list(lost([one], {"w": 2}.__getitem__)) == [
        "no heartbeat from w for 11m40s and it holds 2 messages: restart smq-daemon"
    ]
    assert list(lost([one], {"w": 0}.__getitem__)) == ["no heartbeat from w for 11m40s: restart smq-daemon"]
    assert list(lost([daemon(heartbeat_age_s=15.0)], {"w": 2}.__getitem__)) == []


def test_dead_letters_are_counted_over_all_errors_of_a_topic() -> None:
    kinds = [
        ErrorKind(topic="mail", error_kind="a", count=2, first=0, last=NOW - 200),
        ErrorKind(topic="mail", error_kind="b", count=1, first=0, last=NOW - 100),
    ]
    (line,) = died_lately(kinds, NOW)
    assert line.startswith("mail: 3 dead letters in the last 24 hours, the newest 1m40s ago: see ")


def sent_before(location: str, seconds: float) -> None:
    clock = ManualClock(SystemClock().now_ms() - round(seconds * 1_000))
    with Queue(location, clock=clock) as queue:
        queue.enqueue("mail", "x")


def test_untaken_messages_appear_and_go_away(smq: Smq, location: str, messages: Queue) -> None:
    sent_before(location, 40)
    code, out, _ = smq("check", "--watch", "0")
    assert (code, out.startswith("mail: 1 ready, but none has been leased for 4")) == (1, True)

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
    assert "the oldest message has been waiting for 1h01m" in smq("check").out
    assert smq("check", "--max-age", "2h").code == 0


def bury_before(location: str, seconds: float, message_id: int) -> None:
    clock = ManualClock(SystemClock().now_ms() - round(seconds * 1_000))
    with Inspector(location, clock=clock) as view:
        view.bury([message_id])


def test_dead_letters_appear_and_go_away(smq: Smq, location: str, messages: Queue) -> None:
    messages.enqueue_many("mail", ["x", "y"])
    bury_before(location, 86_400 + 60, 1)
    assert smq("check", "--watch", "0").code == 0, "the last one died more than a day ago"
    bury_before(location, 86_400 - 60, 2)
    assert smq("check").out.startswith(
        "mail: 1 dead letter in the last 24 hours, the newest 23h59m ago: see smq peek"
    )
    assert smq("check", "--max-dead", "2").code == 0
    assert smq("delete", "2").code == 0
    assert smq("check").code == 0


def test_a_lost_daemon_appears(smq: Smq, location: str) -> None:
    assert smq("check").code == 0
    put_silent(location)
    assert smq("check").out == "no heartbeat from host-1 for 1m30s: restart smq-daemon\n"
