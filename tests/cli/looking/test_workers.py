"""`smq workers`: the daemons' rows, and what is asked of a daemon."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from smq_core import SystemClock
from smq_core.store import open_store
from smq_core.store.records import WorkerRow

if TYPE_CHECKING:
    from tests.cli.conftest import Smq

DETAIL = {
    "topics": ["mail", "scan.*"],
    "running": [{"id": 7}],
    "rate": 12.5,
    "processed": 1_234,
    "failed": 5,
    "memory": 50_000_000,
}


@pytest.fixture
def daemons(location: str) -> None:
    """Two daemons' rows: one that lives, one that was heard of a minute ago, by another version."""
    now_ms = SystemClock().now_ms()
    living = WorkerRow(
        id="host-1",
        host="host",
        pid=1,
        version="0.1.0",
        state="running",
        started_at=now_ms,
        heartbeat_at=now_ms,
        detail=json.dumps(DETAIL),
    )
    silent = WorkerRow(
        id="host-2",
        host="host",
        pid=2,
        version="9",
        state="running",
        started_at=now_ms + 1,
        heartbeat_at=now_ms - 60_000,
        detail='{"topics": 7}',
    )
    store = open_store(location)
    for row in (living, silent):
        store.put_worker(row)
    store.close()


@pytest.mark.usefixtures("daemons")
def test_daemons_in_columns(smq: Smq) -> None:
    titles, living, silent = smq("workers").out.splitlines()
    assert titles.split() == [
        "id", "state", "heartbeat", "topics", "running", "rate", "processed", "failed", "memory",
    ]  # fmt: skip
    assert living.split()[:2] == ["host-1", "running"]
    assert living.split()[3:] == ["mail,", "scan.*", "1", "12.5/s", "1,234", "5", "47", "MiB"]
    assert silent.split()[:2] == ["host-2", "lost"]
    assert silent.split()[3:] == ["-", "0", "0/s", "0", "0", "0", "B"]


@pytest.mark.usefixtures("daemons")
def test_daemons_as_json(smq: Smq) -> None:
    living, silent = json.loads(smq("workers", "--json").out)
    assert (living["id"], living["processed"], silent["id"]) == ("host-1", 1_234, "host-2")


@pytest.mark.usefixtures("daemons")
def test_a_daemon_is_asked_for_something(smq: Smq) -> None:
    assert smq("workers", "quiet", "host-1").code == 0
    assert "running, asked to quiet" in smq("workers").out
    assert [entry["action"] for entry in json.loads(smq("activity", "--json").out)][:1] != []


@pytest.mark.usefixtures("daemons")
def test_a_daemon_that_was_killed_is_listed_for_a_day_with_what_it_had(smq: Smq, location: str) -> None:
    now_ms = SystemClock().now_ms()
    store = open_store(location)
    for name, at, served in (
        ("host-9", now_ms - 720_000, "mail, scan.*"),
        ("host-8", now_ms - 86_500_000, "mail"),
        ("host-1", now_ms - 60_000, "mail"),
    ):
        detail = f"killed; last heartbeat at {iso(at)}; it served {served}"
        store.note("daemon died", actor=name, topic=None, changed=4, detail=detail, now_ms=at)
    store.close()

    *_, dead = smq("workers").out.splitlines()
    name, died, returned, words, ago, topic = dead.split()[:6]
    assert (name, died, returned, words, topic) == ("host-9", "died,", "4", "returned", "mail,")
    assert ago.startswith("12m")
    assert "daemon host-9 has died" in smq("workers", "stop", "host-9").err
    living, silent, told = json.loads(smq("workers", "--json").out)
    assert (living["state"], silent["state"]) == ("running", "running")
    assert (told["id"], told["state"], told["returned"]) == ("host-9", "died", 4)
    assert told["topics"] == ["mail", "scan.*"]
    assert told["died_at_s"] == (now_ms - 720_000) // 1000


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def test_workers_are_none_at_first(smq: Smq) -> None:
    assert smq("workers").err == "no daemon is running: start one with `smq-daemon`\n"
    assert json.loads(smq("workers", "--json").out) == []
    assert smq("workers", "stop", "nobody").code == 1
    assert smq("workers", "stop").code == 2
