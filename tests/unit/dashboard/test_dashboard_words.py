"""What the dashboard says in words: right forms of counts, the next key first, honest copies, whole lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Message, TopicStats, WorkerInfo
from smq_core.format import counted
from smq_tui.figures.diagnosis import diagnose
from smq_tui.figures.snapshot import Reading, TopicLine, derive
from smq_tui.gateway.excerpts import around
from smq_tui.requests import ActionTarget, Detail
from smq_tui.screens.prompts import purge_question, question
from smq_tui.terminal.clipboard import copy
from smq_tui.widgets.detail_text import about_message, about_topic, about_worker
from smq_tui.widgets.keyed_table.table_columns import Column, lay_out
from smq_tui.widgets.payload_text import PayloadView
from smq_tui.widgets.status_bar import StatusSegment, place_parts

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.message import Json
    from smq_tui.requests import Verb

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0 leases"), (1, "1 lease"), (2, "2 leases"), (14_566, "14,566 leases")]
)
def test_what_is_counted_has_its_right_form(number: int, written: str) -> None:
    assert counted(number, "lease") == written


@pytest.mark.parametrize(
    ("figures", "beginning"),
    [
        (
            {"ready": 1, "paused": True, "paused_by": "maria", "pause_reason": "disk is full"},
            "P resumes it: paused by maria (disk is full) until resumed; 1 message waits",
        ),
        ({"dead": 70}, "press 4 to see 70 dead letters, grouped by error"),
        (
            {"ready": 3, "oldest_age_s": 90.0},
            "no daemon serves it: 3 messages wait, the oldest 1m30s; start smq-daemon",
        ),
    ],
)
def test_what_is_wrong_begins_with_the_key_or_the_cause(figures: dict[str, object], beginning: str) -> None:
    stats = TopicStats(topic="orders", **figures)  # type: ignore[arg-type]  # figures by their names
    problem = diagnose(stats, workers=[], expired=0, in_per_s=0.0, out_per_s=0.0, now=NOW)

    assert problem is not None
    assert problem.sentence.startswith(beginning)


def test_the_details_of_a_topic_tell_all_that_is_wrong_and_how_to_start_what_it_lacks() -> None:
    stats = TopicStats(topic="a'b", ready=20, dead=70, oldest_age_s=90.0)
    lost = WorkerInfo(
        id="w",
        host="h",
        pid=1,
        version="1",
        state="running",
        started_at=NOW - 60,
        heartbeat_at=NOW - 60,
        heartbeat_age_s=60.0,
        detail={"topics": ["a*"]},
    )
    (line,) = derive(None, Reading(at=NOW, topics=(stats,), workers=(lost,))).lines
    pieces = about_topic(line, now=NOW, workers=[lost], location="/my queues/q.sqlite3")
    lines = "".join(text for text, _ in pieces).splitlines()

    assert lines[1:5] == [
        "no heartbeat from its daemon for 1m00s: 20 messages wait, the oldest 1m30s; start smq-daemon.",
        "and press 4 to see 70 dead letters, grouped by error.",
        "start a daemon for it:",
        """smq-daemon --db '/my queues/q.sqlite3' --handler 'a'"'"'b=module:function'""",
    ]
    assert lines[-1].split() == ["daemons", "w", "(lost)"]


@pytest.mark.parametrize(
    ("figures", "left_behind", "out_per_s", "is_advised"),
    [
        ({"ready": 5, "oldest_age_s": 90.0}, 0, 0.0, True),
        ({"ready": 5, "oldest_age_s": 90.0, "processing": 1, "dead": 1}, 0, 2.0, False),
        ({"ready": 5, "oldest_age_s": 90.0, "paused": True}, 0, 0.0, False),
        ({"ready": 5, "processing": 3}, 3, 0.0, True),
        ({"ready": 0, "processing": 3}, 3, 0.0, False),
        ({"ready": 5, "processing": 3, "paused": True}, 3, 0.0, False),
        ({"ready": 5, "processing": 4}, 3, 2.0, False),
    ],
)
def test_a_daemon_is_advised_only_where_one_would_take_what_nobody_takes(
    figures: dict[str, object], left_behind: int, out_per_s: float, *, is_advised: bool
) -> None:
    """Programs that use the library have no row: what they take shows them."""
    stats = TopicStats(topic="orders", **figures)  # type: ignore[arg-type]  # figures by their names
    problem = diagnose(
        stats, workers=[], expired=0, left_behind=left_behind, in_per_s=0.0, out_per_s=out_per_s, now=NOW
    )
    pieces = about_topic(TopicLine(stats=stats, problem=problem), now=NOW, workers=[])

    assert ("smq-daemon --db" in "".join(text for text, _ in pieces)) == is_advised


def test_a_part_says_less_before_another_leaves_and_a_mark_says_that_one_left() -> None:
    parts = [
        StatusSegment("all topics", priority=2),
        StatusSegment("dead 70", priority=9),
        StatusSegment("done 0", short="done"),
    ]

    def at(width: int) -> list[str]:
        return [part.text for part, _ in place_parts(parts, width)]

    assert at(30) == ["all topics", "dead 70", "done 0"]
    assert at(26) == ["all topics", "dead 70", "done"]
    assert at(24) == ["all topics", "dead 70", "…"]


def test_columns_that_stretch_share_what_is_left_over() -> None:
    columns = [
        Column(key="id", title="ID", width=6, priority=9),
        Column(key="error", title="ERROR", width=10, priority=8, is_stretching=True),
        Column(key="payload", title="PAYLOAD", width=20, priority=7, is_stretching=True),
    ]

    assert [place.width for place in lay_out(columns, 2 + 6 + 2 + 10 + 2 + 20 + 41).places] == [6, 30, 41]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("x" * 100 + "NEEDLE and more", "…" + "x" * 8 + "NEEDLE and more"),
        ("a needle near the beginning", "a needle near the beginning"),
        ("without it", "without it"),
        ("x" * 13 + "needle", "x" * 13 + "needle"),
        ("x" * 14 + "needle", "…" + "x" * 8 + "needle"),
    ],
)
def test_a_row_shows_the_place_where_the_words_stand(payload: str, shown: str) -> None:
    assert around(Message(id=1, topic="t", payload=payload), "needle", 240).payload == shown


def test_no_more_of_a_payload_is_kept_than_a_row_can_show() -> None:
    found = around(Message(id=1, topic="t", payload="x" * 9_000 + "needle" + "y" * 9_000), "needle", 240)

    assert isinstance(found.payload, str)
    assert len(found.payload) <= 242


def test_a_lost_daemon_is_told_line_by_line_and_its_condition_is_lost() -> None:
    running: list[Json] = [
        {"id": 16, "topic": "mail\n"},
        {"id": 5, "topic": "mail", "since": (NOW - 120) * 1000},
    ]
    worker = WorkerInfo(
        id="w",
        host="h",
        pid=1,
        version="1",
        state="running",
        started_at=NOW - 180,
        heartbeat_at=NOW - 60,
        heartbeat_age_s=60.0,
        detail={"topics": ["mail"], "processed": 9_540, "running": running},
    )
    lines = "".join(piece for piece, _ in about_worker(worker, now=NOW, held=0)).splitlines()

    assert "condition  lost" in lines
    assert "processed  9,540" in lines
    assert lines[-2:] == ["message 5 (mail) for 1m00s", "message 16 (mail␊)"]
    assert "holds      nothing" in lines
    assert not any(line.startswith("asked to") for line in lines)


def test_the_limit_of_attempts_of_a_topic_is_told_by_its_number() -> None:
    message = Message(id=1, topic="t", payload=None, attempts=1, deliveries=1)
    pieces = about_message(Detail(message, (), "null", 10), now=NOW, view=PayloadView.PRETTY, workers={})

    assert "1 counted, at most 10 (the topic's); 1 lease in all" in "".join(text for text, _ in pieces)


def test_a_copy_through_the_terminal_does_not_claim_to_have_arrived() -> None:
    assert copy(b"text", lambda _: None, {}).startswith("sent 4 B to the terminal, which does not confirm")


def test_under_tmux_a_copy_goes_into_its_buffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer, tool = tmp_path / "buffer", tmp_path / "tmux"
    tool.write_text(f'#!/bin/sh\nexec cat >"{buffer}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    environment = {"TMUX": "socket,1,0", "SSH_CONNECTION": "1"}

    assert copy(b"\xfftext", lambda _: None, environment).startswith("copied 5 B with tmux")
    assert buffer.read_bytes() == b"\xfftext"


@pytest.mark.parametrize(
    ("number", "title", "pieces"),
    [
        (1, "Purge the only dead message of mail?", "It will be deleted permanently"),
        (5, "Purge all 5 dead messages of mail?", "They will be deleted permanently"),
    ],
)
def test_a_purge_names_one_message_or_several(number: int, title: str, pieces: str) -> None:
    question = purge_question(ActionTarget(targets={}, count=number), "mail", "dead")

    assert question.title == title
    assert pieces in question.pieces[0][0]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (ActionTarget(targets={}, count=1, oldest_at=NOW - 60, newest_at=NOW - 60), "age    1m00s"),
        (ActionTarget(targets={}, count=2, oldest_at=NOW - 60, newest_at=NOW - 60), "ages   1m00s"),
        (ActionTarget(targets={}, count=2, oldest_at=NOW - 60, newest_at=NOW - 5), "ages   1m00s to 5s"),
        (ActionTarget(targets={}, count=2, oldest_at=NOW - 60), "oldest 1m00s"),
    ],
)
def test_a_question_calls_ages_what_they_are(target: ActionTarget, said: str) -> None:
    assert said in "".join(text for text, _ in question("delete", target, NOW).pieces)


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury"])
def test_a_question_about_one_message_says_it(verb: Verb) -> None:
    one = question(verb, ActionTarget(targets={}, count=1, held=frozenset({1})), NOW)
    two = question(verb, ActionTarget(targets={}, count=2, held=frozenset({1, 2})), NOW)

    assert one.effect.startswith("It ")
    assert one.live_sentence == "also the one that is running right now: it may run twice"
    assert two.effect.startswith("They ")
    assert two.live_sentence == "also the 2 that are running right now: they may run twice"
