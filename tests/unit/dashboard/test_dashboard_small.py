"""What the dashboard says of flows, undos and signs is what happened."""

from __future__ import annotations

import pytest

from smq_core import Outcome
from smq_core.message import ActivityEntry, Missed, TopicSample, TopicStats, WorkerInfo
from smq_tui.figures.diagnosis import makes_no_progress
from smq_tui.figures.flow import processed_between
from smq_tui.figures.snapshot import Reading, derive
from smq_tui.figures.sparkline_series import (
    RateSeries,
    at_last,
    continued,
    from_readings,
    from_samples,
    total,
)
from smq_tui.requests import UndoOperation
from smq_tui.screens.prompts import undo_sentence
from smq_tui.terminal.ascii import in_ascii
from smq_tui.widgets.chart import Chart
from smq_tui.widgets.sparkline import peaks


def stats(**figures: float) -> TopicStats:
    """Return the figures of a topic."""
    return TopicStats(topic="mail", **figures)  # type: ignore[arg-type]  # each by its name


@pytest.mark.parametrize(
    ("before", "after", "processed"),
    [
        ({"gone": 5}, {"gone": 9}, 4),
        ({"done": 5}, {"done": 9}, 4),
        ({"deleted": 0}, {"deleted": 294}, 0),
        ({"deleted": 294}, {"gone": 294, "unprocessed": 294}, 0),
        ({"dead": 294, "gone": 1}, {"gone": 298, "unprocessed": 294}, 3),
        ({"deleted": 3}, {"deleted": 0}, 0),
        ({"gone": 9, "unprocessed": 4}, {"gone": 2}, 0),
    ],
    ids=["removed", "kept as done", "deleted", "pruned", "purged and processed", "undone", "restarted"],
)
def test_what_operators_delete_was_not_processed(
    before: dict[str, int], after: dict[str, int], processed: int
) -> None:
    assert processed_between(stats(**before), stats(**after)) == processed


def test_neither_rate_nor_trail_counts_deleted_messages() -> None:
    first = Reading(at=100.0, topics=(stats(entered=10),))
    second = Reading(at=105.0, topics=(stats(entered=10, deleted=8),))
    third = Reading(at=110.0, topics=(stats(entered=10, gone=8, done=2, unprocessed=8),))

    snapshot = derive(derive(None, first), second)
    series = from_readings((first, second, third), 60.0)["mail"]

    assert snapshot.lines[0].out_per_s == 0.0
    assert [(at, round(speed, 3)) for at, speed in series.left] == [(105.0, 0.0), (110.0, 0.4)]


def outcome(done: int, missed: int = 0, undone: str | None = None) -> Outcome:
    """Return the outcome of an undo."""
    entry = None
    if undone is not None:
        entry = ActivityEntry(operation=7, at=0.0, actor="ann", action=undone, topic="mail", count=0)
    why = tuple(Missed(number, "failed again") for number in range(missed))
    return Outcome(operation=8, done=done, missed=why, missed_count=missed, undone=entry)


@pytest.mark.parametrize(
    ("count", "came", "said"),
    [
        (28, outcome(0, 28), "requeue not undone: 0 of 28; 28 left alone: 28 failed again"),
        (28, outcome(12, 16), "requeue: 12 of 28 undone; 12 restored; 16 left alone: 16 failed again"),
        (28, outcome(28), "requeue undone: 28 restored"),
        (28, outcome(0), "requeue not undone: 0 of 28"),
        (0, outcome(1, undone="pause"), "requeue undone: mail is no longer paused"),
        (0, outcome(1, undone="resume"), "requeue undone: mail is paused again"),
        (0, outcome(1, undone="policy"), "requeue undone: mail has its previous policy"),
        (0, outcome(0, undone="pause"), "requeue could not be undone"),
    ],
)
def test_an_undo_says_how_many_of_how_many_came_back(count: int, came: Outcome, said: str) -> None:
    assert undo_sentence(UndoOperation(7, count, "requeue"), came) == said


def test_the_sign_for_live_is_not_a_cross() -> None:
    assert in_ascii("● live 1s") == "* live 1s"
    assert in_ascii("✓ 3 marked") == "x 3 marked"


def worker(age_s: float) -> WorkerInfo:
    """Return a daemon that serves the topic and was last heard of a while ago."""
    return WorkerInfo(
        id="vm:1:a",
        host="vm",
        pid=1,
        version="1",
        state="running",
        started_at=0.0,
        heartbeat_at=0.0,
        heartbeat_age_s=age_s,
        detail={"topics": ["mail"]},
    )


@pytest.mark.parametrize(
    ("figures", "workers", "out_per_s", "is_told"),
    [
        ({}, [], 0.0, True),
        ({}, [worker(60.0)], 0.0, True),
        ({}, [worker(1.0)], 0.0, False),
        ({}, [], 0.5, False),
        ({}, [], None, False),
        ({"ready": 0}, [], 0.0, False),
        ({"processing": 0}, [], 0.0, False),
        ({"oldest_age_s": 10.0}, [], 0.0, False),
    ],
)
def test_leases_of_nobody_who_is_heard_of_are_no_sign_of_work(
    figures: dict[str, float], workers: list[WorkerInfo], out_per_s: float | None, *, is_told: bool
) -> None:
    held = stats(**{"ready": 2_972, "processing": 12, "oldest_age_s": 480.0, **figures})

    assert makes_no_progress(held, workers, out_per_s) is is_told


def sample(at: float, entered: int, depth: int, topic: str = "mail") -> TopicSample:
    """Return a daemon's sample of which everything that came in and waits no more was processed."""
    return TopicSample(at=at, topic=topic, entered=entered, processed=entered - depth, depth=depth)


def test_a_chart_of_a_week_goes_on_to_this_moment_and_shows_what_waits_now() -> None:
    """B18: 282 waited and 2/s came, and the chart said at most 162 and 0."""
    week = from_samples([sample(0.0, 0, 0), sample(600.0, 162, 162)], 600.0)
    minutes = from_samples([sample(590.0, 160, 160), sample(630.0, 222, 222), sample(640.0, 242, 242)], 10.0)
    before = Reading(at=650.0, topics=(stats(entered=262, ready=262),))
    now = derive(derive(None, before), Reading(at=660.0, topics=(stats(entered=282, ready=282),)))
    series = continued(continued(week, minutes), at_last(now))["mail"]

    assert series.depth == ((0.0, 0.0), (600.0, 162.0), (630.0, 222.0), (640.0, 242.0), (660.0, 282.0))
    assert series.arrived == ((600.0, 0.27), (640.0, 2.0), (660.0, 2.0))
    assert max(value or 0.0 for value in peaks(series.depth, 660.0 - 7 * 86_400, 660.0, 100)) == 282.0
    assert max(value or 0.0 for value in peaks(series.arrived, 660.0 - 7 * 86_400, 660.0, 100)) == 2.0


def test_topics_are_added_up_and_not_the_moments_of_one_topic() -> None:
    orders = RateSeries(depth=((601.0, 5.0), (610.0, 7.0), (1_200.0, 1.0)))
    mail = RateSeries(depth=((600.0, 100.0),))

    assert total({"orders": orders, "mail": mail}, 600.0).depth == ((600.0, 107.0), (1_200.0, 1.0))


@pytest.mark.parametrize(
    ("values", "label"), [([None], " in/s"), ([0.0, None], " in/s 0"), ([2.0, 1.0], " in/s ≤ 2.0")]
)
def test_a_chart_names_its_peak_only_where_there_is_one(values: list[float | None], label: str) -> None:
    assert Chart._label("in/s", "arrived", values) == label
