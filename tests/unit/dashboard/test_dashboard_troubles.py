"""What the dashboard makes of its readings: rates, ages, what is wrong with which topic, in which order."""

from __future__ import annotations

import msgspec
import pytest

from smq_core import DaemonDeath, TopicStats, WorkerInfo
from smq_core.serving import LOST_S, is_lost
from smq_tui.figures.snapshot import Reading, Snapshot, aged, derive

NOW = 1_700_000_000.0


def stats(topic: str = "orders", **figures: object) -> TopicStats:
    return TopicStats(topic=topic, **figures)  # type: ignore[arg-type]  # figures by their names


def worker(topics: list[str], heartbeat_age_s: float = 1.0) -> WorkerInfo:
    return WorkerInfo(
        id="w",
        host="h",
        pid=1,
        version="1",
        state="running",
        started_at=NOW,
        heartbeat_at=NOW - heartbeat_age_s,
        heartbeat_age_s=heartbeat_age_s,
        detail={"topics": [*topics]},
    )


def snapshots(*readings: Reading) -> Snapshot:
    snapshot: Snapshot | None = None
    for reading in readings:
        snapshot = derive(snapshot, reading)
    assert snapshot is not None
    return snapshot


def test_rates_are_differences_over_the_last_seconds() -> None:
    snapshot = snapshots(
        Reading(at=NOW, topics=(stats(entered=100, gone=10),)),
        Reading(at=NOW + 4, topics=(stats(entered=180, gone=30),)),
    )

    assert (snapshot.lines[0].in_per_s, snapshot.lines[0].out_per_s) == (20.0, 5.0)


def test_rates_are_unknown_at_the_first_look_and_after_the_clock_was_set_back() -> None:
    first = Reading(at=NOW, topics=(stats(entered=1),))
    earlier = Reading(at=NOW - 60, topics=(stats(entered=2),))

    assert snapshots(first).lines[0].in_per_s is None
    assert snapshots(first, earlier).lines[0].in_per_s is None


def test_history_is_bounded() -> None:
    snapshot = snapshots(*(Reading(at=NOW + second, topics=(stats(),)) for second in range(1_500)))

    assert len(snapshot.history) < 80
    assert snapshot.history[-1].at - snapshot.history[0].at <= 600


@pytest.mark.parametrize(
    ("figures", "expired", "workers", "short"),
    [
        ({"ready": 5, "oldest_age_s": 90.0}, 0, [], "no daemon 1m30s"),
        ({"ready": 5, "oldest_age_s": 90.0}, 0, [worker(["ord*"])], "stuck 1m30s"),
        ({"ready": 5, "oldest_age_s": 90.0}, 0, [worker(["orders"], 60.0)], "daemon lost 1m00s"),
        ({"ready": 5, "oldest_age_s": 90.0, "processing": 1}, 0, [worker(["orders"], 60.0)], None),
        ({"ready": 5, "oldest_age_s": 90.0}, 0, [worker(["order?", "[o]rders"])], "no daemon 1m30s"),
        ({"ready": 5, "oldest_age_s": 3.0}, 0, [], None),
        ({"processing": 2}, 2, [], "2 expired"),
        ({"dead": 3}, 0, [], "3 dead"),
        ({"ready": 1, "paused": True, "paused_by": "ann"}, 0, [], "paused by ann"),
        ({}, 0, [], None),
    ],
)
def test_what_is_wrong_is_named(
    figures: dict[str, object], expired: int, workers: list[WorkerInfo], short: str | None
) -> None:
    topic = stats("orders", **figures)
    reading = Reading(at=NOW, topics=(topic,), workers=tuple(workers), expired={"orders": expired})
    problem = derive(None, reading).lines[0].problem

    assert (problem.short if problem else None) == short


@pytest.mark.parametrize(
    ("figures", "workers", "short", "sentence"),
    [
        (
            {"ready": 392, "processing": 8},
            [worker(["orders"], 60.0)],
            "daemon lost, 8 held",
            "press 3, then R: a lost daemon holds 8 messages; 392 messages wait without a daemon.",
        ),
        (
            {"ready": 392, "processing": 9},
            [worker(["orders"], 60.0), worker(["orders"])],
            "daemon lost, 8 held",
            "press 3, then R: a lost daemon holds 8 messages.",
        ),
        (
            {"processing": 8, "paused": True},
            [worker(["orders"], 60.0)],
            "daemon lost, 8 held",
            "press 3, then R: a lost daemon holds 8 messages.",
        ),
    ],
)
def test_what_a_lost_daemon_holds_is_wrong_before_all_else(
    figures: dict[str, object], workers: list[WorkerInfo], short: str, sentence: str
) -> None:
    reading = Reading(
        at=NOW, topics=(stats("orders", **figures),), workers=tuple(workers), left_behind={"orders": 8}
    )
    problem = derive(None, reading).lines[0].problem

    assert problem is not None
    assert (problem.short, problem.sentence) == (short, sentence)


def test_a_topic_that_others_than_a_lost_daemon_work_off_is_well() -> None:
    """Whoever leases without being a daemon has no row: what goes out shows him."""
    lost = (worker(["orders"], 60.0),)
    before = Reading(at=NOW, topics=(stats(entered=9, gone=1, ready=5, oldest_age_s=9.0),), workers=lost)
    moved = Reading(at=NOW + 2, topics=(stats(entered=9, gone=3, ready=5, oldest_age_s=9.0),), workers=lost)
    still = Reading(at=NOW + 2, topics=(stats(entered=9, gone=1, ready=5, oldest_age_s=9.0),), workers=lost)

    assert derive(derive(None, before), moved).lines[0].problem is None
    problem = derive(derive(None, before), still).lines[0].problem
    assert problem is not None
    assert problem.short == "daemon lost 1m02s"


def test_what_is_wrong_comes_first_and_of_equals_that_with_more_that_waits() -> None:
    topics = (
        stats("a"),
        stats("b", dead=1),
        stats("c", ready=20, oldest_age_s=99.0),
        stats("d", ready=400, oldest_age_s=99.0),
    )
    lines = derive(None, Reading(at=NOW, topics=topics)).lines

    assert [line.stats.topic for line in lines] == ["d", "c", "b", "a"]


def test_a_topic_whose_daemon_died_says_so_and_since_when() -> None:
    """B16: “no worker”, and nobody knew since when, nor that there had been one."""
    topics = (stats(ready=5, oldest_age_s=90.0), stats("mail", ready=5, oldest_age_s=90.0))
    deaths = (
        DaemonDeath(id="new", at=NOW - 40.0, topics=("ord*",)),
        DaemonDeath(id="old", at=NOW - 700.0, topics=("orders", "mail")),
    )
    reading = Reading(at=NOW, topics=topics, deaths=deaths)
    found = {line.stats.topic: line.problem for line in snapshots(reading).lines if line.problem}

    assert found["orders"].short == "daemon died 40s"
    assert found["orders"].sentence == (
        "its daemon died 40s ago, and no other serves it: "
        "5 messages wait, the oldest 1m30s; start smq-daemon."
    )
    assert found["mail"].short == "daemon died 11m40s"
    assert found["mail"].lacks_daemon


def held_by_the_dead(seconds: int, *, gone: int = 0, dead: int = 0) -> Snapshot:
    """Look for so long at a topic whose only leases are of consumers that finish nothing."""
    held = stats(ready=2_972, oldest_age_s=900.0, processing=12, dead=dead, entered=9_000)
    later_on = msgspec.structs.replace(held, gone=gone)
    other = stats("mail", dead=38)
    return snapshots(
        *(
            Reading(at=NOW + at, topics=(later_on if at > 30 else held, other))
            for at in range(0, seconds + 1, 5)
        )
    )


def test_a_topic_of_which_nothing_is_finished_says_for_how_long_before_any_dead_letters() -> None:
    """B17."""
    snapshot = held_by_the_dead(480, dead=3)
    worst = snapshot.worst
    assert worst is not None
    assert worst.problem is not None
    assert worst.stats.topic == "orders"
    assert (worst.problem.short, worst.problem.is_bad) == ("no progress 8m00s", True)
    assert worst.problem.sentence == (
        "press 3: no progress for 8m00s: the consumer that holds 12 messages finishes none; "
        "2,972 messages wait, the oldest 15m00s."
    )
    later_on = aged(snapshot, NOW + 540).lines[0].problem
    assert later_on is not None
    assert later_on.short == "no progress 9m00s"


def test_progress_is_counted_from_what_was_finished_last_and_alarms_only_after_two_minutes() -> None:
    found = [held_by_the_dead(seconds, gone=7).lines[0].problem for seconds in (60, 120, 160)]
    assert [(one.short, one.is_bad) for one in found if one is not None] == [
        ("no progress", False),
        ("no progress 1m25s", False),
        ("no progress 2m05s", True),
    ]


def test_every_age_goes_on_between_two_looks() -> None:
    lost = worker(["orders"], 60.0)
    looked = derive(
        None, Reading(at=NOW, topics=(stats(ready=5, oldest_age_s=90.0), stats("mail")), workers=(lost,))
    )
    later = aged(looked, NOW + 7)

    assert later.totals.oldest_age_s == later.lines[0].stats.oldest_age_s == 97.0
    assert later.lines[0].problem is not None
    assert later.lines[0].problem.short == "daemon lost 1m07s"
    assert "the oldest 1m37s" in later.lines[0].problem.sentence
    assert aged(looked, NOW - 7) is looked, "a clock that was set back"


def test_a_daemon_is_lost_by_what_was_read_and_not_by_what_was_not_read_since() -> None:
    """Nobody looked for what it holds; whether it is heard of only the next look can tell."""
    reading = Reading(at=NOW, topics=(stats(ready=5, oldest_age_s=3.0),), workers=(worker(["orders"], 14.0),))
    later = aged(derive(derive(None, reading), reading), NOW + 7)

    assert not is_lost(later.reading.workers[0])
    assert is_lost(worker(["orders"], LOST_S + 1)), "the same limit as for smq check"
    assert later.lines[0].problem is None


def test_a_topic_has_no_worker_only_since_it_was_resumed() -> None:
    paused = Reading(at=NOW, topics=(stats(ready=5, oldest_age_s=900.0, paused=True),))
    soon = Reading(at=NOW + 20, topics=(stats(ready=5, oldest_age_s=920.0),))
    then = Reading(at=NOW + 60, topics=(stats(ready=5, oldest_age_s=960.0),))

    assert snapshots(paused, soon).lines[0].problem is None
    problem = snapshots(paused, soon, then).lines[0].problem
    assert problem is not None
    assert problem.short == "no daemon 1m00s"
    assert "the oldest 16m00s" in problem.sentence


@pytest.mark.parametrize(
    ("ended_s", "short"), [(30, None), (31, "no daemon 31s")], ids=["30 s ago", "31 s ago"]
)
def test_a_topic_has_no_worker_only_since_its_pause_ended_by_itself(ended_s: int, short: str | None) -> None:
    """The dashboard, started since, never saw it paused, and agrees with `smq check`."""
    looked = Reading(at=NOW, topics=(stats(ready=5, oldest_age_s=900.0, paused_until=NOW - ended_s),))

    problem = snapshots(looked).lines[0].problem
    assert (problem and problem.short) == short


def test_how_ready_ones_change_is_told_only_while_they_do() -> None:
    readings = [Reading(at=NOW + at, topics=(stats(ready=ready),)) for at, ready in ((0, 5), (1, 8), (2, 8))]

    assert snapshots(*readings[:2]).totals.ready_per_s == 3.0
    assert snapshots(*readings).totals.ready_per_s is None
