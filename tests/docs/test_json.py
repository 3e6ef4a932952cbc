"""What smq prints as JSON has the fields and types that docs/json.md lists, and those obey its rules."""

from __future__ import annotations

import ast
import gzip
import io
import json
import threading
from typing import TYPE_CHECKING, Final

import click
import msgspec
import pytest

from smq_core import Inspector, Queue, SystemClock, TopicStats
from smq_core.cli.commands import smq
from smq_core.cli.main import run
from smq_core.daemon.configuration.config import AlertTable
from smq_core.daemon.log import Journal
from smq_core.daemon.maintenance.alert_commands import Alerts
from smq_core.daemon.maintenance.alert_rules import AlertFigures
from smq_core.daemon.processes.children import Children
from smq_core.daemon.reporting.worker_detail import ProcessDetail, RunningDetail, WorkerDetail
from smq_core.json_fields import is_time
from smq_core.store import open_store
from smq_core.store.records import WorkerRow
from tests.architecture.source import source_files
from tests.daemon.inbox.dropping import Drop
from tests.docs.json_page import PAGE, faults, printed, shapes, tables
from tests.docs.markdown import blocks

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock

LINES: Final = b'{"topic": "mail", "payload": {"a": 1}}\n"text"\n[1\n\n{"topic": 7, "payload": 1}\n'
"""One line of each fate."""

COMMANDS: Final = (
    ("send", "mail", "hello"),
    ("import", "FILE", "--text", "--duplicates", "skip"),
    ("topics",),
    ("peek", "mail"),
    ("peek", "done"),
    ("show", "1"),
    ("activity",),
    ("workers",),
    ("top",),
    ("policy", "mail"),
    ("check", "--watch", "0"),
    ("prune",),
    ("doctor",),
)
FROM_COMMANDS: Final = {
    "sent message", "import report", "line report", "topic", "message", "full message", "attempt",
    "operation", "daemon", "worker process", "running message", "dead daemon", "overview",
    "topic with rates", "policy", "backoff", "check result", "prune result", "finding",
}  # fmt: skip
FROM_DAEMONS: Final = {"log line", "alert", "inbox report", "refusal"}


@pytest.fixture
def scratch(location: str) -> str:
    """Give a queue with something of everything that is listed."""
    with Queue(location, worker="web-1") as queue, Inspector(location) as inspector:
        queue.enqueue_many("mail", [{"to": "ann"}, "text", b"\x00\xff"], headers={"trace": "7"})
        first, second, _ = queue.dequeue("mail", limit=3)
        queue.requeue(first, error="OSError: no such host", delay=0)
        queue.bury(second, error="broken")
        inspector.set_policy("done", keep=60)
        queue.enqueue("done", 1, key="k", max_attempts=2)
        queue.ack(queue.dequeue("done")[0])
        inspector.pause("mail", "mail server is down", SystemClock().now_ms() / 1000 + 600)
        inspector.undo(inspector.delete([1]).operation)
    store, now_ms = open_store(location), SystemClock().now_ms()
    store.put_worker(daemon(now_ms))
    heard = "killed; last heartbeat at 2026-11-24T11:27:52Z; it served mail, scan.*"
    store.note("daemon died", actor="host-9", topic=None, changed=4, detail=heard, now_ms=now_ms)
    store.close()
    return location


def daemon(now_ms: int) -> WorkerRow:
    """Return the row of a daemon that is at work."""
    detail = WorkerDetail(
        topics=["mail"],
        threads=4,
        processes=[ProcessDetail(pid=2, in_flight=1, memory=25_000_000)],
        running=[RunningDetail(id=3, topic="mail", since=now_ms - 500, pid=2)],
        processed=1_234,
        rate=12.5,
        memory=50_000_000,
    )
    return WorkerRow(
        id="host-1",
        host="host",
        pid=1,
        version="0.1.0",
        state="running",
        started_at=now_ms - 60_000,
        heartbeat_at=now_ms,
        detail=msgspec.json.encode(detail).decode(),
    )


def test_commands_print_what_the_page_lists(
    scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "FILE").write_bytes(LINES)
    seen: set[str] = set()
    wrong: list[str] = []
    for name, *more in COMMANDS:
        words = [str(tmp_path / one) if one == "FILE" else one for one in more]
        run([name, *words, "--db", scratch, "--json"])
        value = json.loads(capsys.readouterr().out)
        assert value
        wrong += faults(value, printed()[f"smq {name}"], seen, f"smq {name}")
    reasons = (tmp_path / "FILE.rejects.reasons.jsonl").read_bytes().splitlines()
    for line in reasons:
        wrong += faults(json.loads(line), printed()["FILE.rejects.reasons.jsonl"], seen, "reasons")

    assert (wrong, seen, len(reasons)) == ([], FROM_COMMANDS, 1)


def test_what_a_daemon_writes_is_what_the_page_lists(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    log, out, seen = io.StringIO(), tmp_path / "out", set[str]()
    table = AlertTable(name="dead", dead_over=0, command=["sh", "-c", f"cat >> {out}; echo >> {out}"])
    alerts = Alerts([table], "here", clock, Journal(clock, form="json", stream=log), Children())
    for dead in (1, 0):
        alerts.look(AlertFigures(topics=[TopicStats(topic="t", dead=dead)], workers=[]))
        for thread in threading.enumerate():
            if thread.name == "alert":
                thread.join()
    (tmp_path / "inbox").mkdir()
    drop = Drop(tmp_path / "inbox", store, clock)
    drop.file("a.jsonl", LINES)
    drop.file("b.jsonl.gz", gzip.compress(b"1\n")[:-9])
    drop.inbox.step()

    told = [
        *((line, "smq-daemon --log-format json") for line in log.getvalue().splitlines()),
        *((line, "an alert") for line in out.read_text().splitlines()),
        *((path.read_text(), "the inbox") for path in (tmp_path / "inbox").rglob("*.report.json")),
    ]
    types = {**printed(), "an alert": "alert", "the inbox": "inbox report or refusal"}
    wrong = [fault for line, source in told for fault in faults(json.loads(line), types[source], seen)]

    assert (wrong, seen, len(told)) == ([], FROM_DAEMONS | {"line report"}, 6)


def test_every_command_that_prints_json_is_on_the_page_and_run_here() -> None:
    assert isinstance(smq, click.Group)
    with click.Context(smq) as context:
        commands = {name: smq.get_command(context, name) for name in smq.list_commands(context)}
    with_json = {
        name
        for name, command in commands.items()
        if command is not None and any("--json" in option.opts for option in command.params)
    }

    assert with_json == {source.removeprefix("smq ") for source in printed() if source.startswith("smq ")}
    assert with_json == {name for name, *_ in COMMANDS}
    assert shapes().keys() == FROM_COMMANDS | FROM_DAEMONS


def test_the_fields_of_log_lines_are_on_the_page() -> None:
    written = {
        keyword.arg
        for source in source_files("smq_core")
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and is_journal_call(call)
        for keyword in call.keywords
    }

    assert {"id", "topic", "pid"} <= written
    assert written - shapes()["log line"].keys() - {"level", "of"} == set()


def is_journal_call(call: ast.Call) -> bool:
    """Return whether a call writes a log line."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in {"debug", "info", "warning", "error", "begin", "end"}
        and ast.unparse(function.value).endswith("journal")
    )


@pytest.mark.parametrize("number", range(len(printed()) - 1))
def test_each_example_has_the_fields_that_the_page_lists(number: int) -> None:
    """They come in the order of the sources; the last of these, a line beside rejects, has none."""
    value = json.loads(blocks(PAGE)[number].text)

    assert list(faults(value, list(printed().values())[number], set())) == []


@pytest.mark.parametrize(
    ("shape", "name", "type_"),
    [(shape, name, type_) for shape, rows in tables().items() for name, type_ in rows],
)
def test_names_obey_the_rules_of_the_page(shape: str, name: str, type_: str) -> None:
    """Times have the names of times; what is measured has its unit in its name; counts have none."""
    del shape
    kind = type_.removesuffix(", optional").removesuffix(" or null")

    assert (kind == "time") == is_time(name)
    assert name.endswith("_s") == (kind == "number") or name == "factor"
    if set(name.split("_")) & {"size", "memory", "bytes"}:
        assert (kind, name.rpartition("_")[2]) == ("integer", "bytes")
    assert not name.endswith(("_ms", "_seconds", "_time", "_kib"))


def test_a_name_has_one_type() -> None:
    """But for names that are the same for people: `topics` by number, by name, or each with its figures."""
    types: dict[str, set[str]] = {}
    for rows in tables().values():
        for name, type_ in rows:
            types.setdefault(name, set()).add(type_.removesuffix(", optional").removesuffix(" or null"))

    assert {name for name, found in types.items() if len(found) > 1} == {"id", "topics"}
