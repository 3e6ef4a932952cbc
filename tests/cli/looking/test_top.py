"""`smq top`: rates between two looks, and the picture as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smq_core.cli.top import TopicRates, flows

if TYPE_CHECKING:
    import pytest

    from smq_core import Queue
    from tests.cli.conftest import Smq


def test_rates_are_differences_by_time() -> None:
    before, after = {"mail": (10, 4), "gone": (1, 1)}, {"mail": (20, 5), "new": (3, 0)}
    assert flows(before, after, 2.0) == {"mail": TopicRates(5.0, 0.5)}
    assert flows(before, after, 0.0) == {}


def test_once_it_prints_topics_without_rates(smq: Smq, messages: Queue) -> None:
    messages.enqueue_many("mail", ["a", "b"])
    ran = smq("top", "--plain")
    head, titles, row = ran.out.splitlines()
    assert head.endswith("1 topic, 2 ready, 0 dead, 0 daemons")
    assert titles.split() == [
        "topic",
        "ready",
        "delayed",
        "running",
        "dead",
        "done",
        "oldest",
        "in/s",
        "out/s",
    ]
    assert row.split()[:6] == ["mail", "2", "0", "0", "0", "0"]
    assert row.split()[-2:] == ["-", "-"]


def test_for_machines_it_is_json(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    picture = json.loads(smq("top", "--json").out)
    assert picture["topics"][0]["ready"] == 1
    assert picture["topics"][0]["entered_per_s"] is None
    assert picture["workers"] == []


def test_again_and_again_it_tells_rates_until_ctrl_c(
    smq: Smq, messages: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages.enqueue("mail", "a")
    pauses = iter(range(2))

    def pause(_event: object, _seconds: float) -> None:
        if next(pauses) == 1:
            raise KeyboardInterrupt
        messages.enqueue("mail", "b")

    monkeypatch.setattr("threading.Event.wait", pause)
    ran = smq("top", "--json", "--every", "1s")
    first, second = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 130
    assert first["topics"][0]["entered_per_s"] is None
    assert second["topics"][0]["entered_per_s"] > 0
