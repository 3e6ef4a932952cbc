"""The story: somebody sends what a terminal would obey, in every field. No command hands it on as it came."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.cli.commands import smq as group
from smq_core.cli.main import run
from smq_core.clock import SystemClock
from smq_core.store import open_store
from smq_core.store.records import WorkerRow

if TYPE_CHECKING:
    from tests.matrix import Fault

EVIL = (
    "\x1b]52;c;U01R\x07\x1b]0;SMQ\x07\x1b[2J\x1b[31m\u009b31m\u009d0;x\u009c\u202egnp\u2066\u200b\ufeff"
    "[red]x[/red]\x08\x0b\x7f\r"
)
NAME = "n\x1b]0;SMQ\x07\u202e\u009b2J"
"""What a file may be called."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
TOPIC = "[red]mail[/red]"
COMMANDS: dict[str, list[list[str]]] = {
    "init": [[]],
    "send": [["--text", TOPIC, EVIL], [EVIL, "x"], ["mail", "x", "--delay", EVIL], ["--" + EVIL]],
    "import": [["SOURCE", "--dry-run"], ["SOURCE", "--topic", EVIL], ["SOURCE"], [EVIL]],
    # to a program it hands on what was stored; to a terminal see below
    "export": [["-o", "FOLDER/" + NAME], ["-o", "MISSING/" + NAME], ["--topic", EVIL]],
    "topics": [[]],
    "peek": [[TOPIC], [TOPIC, "--state", "dead"], [EVIL]],
    "show": [["1"], ["2"], ["3"], ["4"], [EVIL]],
    "activity": [[]],
    "workers": [[], ["quiet", EVIL], ["quiet", "w" + EVIL]],
    "top": [[], ["--plain"]],
    "requeue": [["1", "2"], ["--topic", TOPIC, "--state", "dead", "--error", EVIL, "--dry-run"], [EVIL]],
    "bury": [["1"], ["--topic", TOPIC, "--state", "ready", "--dry-run"]],
    "delete": [["1"], ["4"]],
    "move": [["1", "--to", TOPIC], ["1", "--to", EVIL]],
    "undo": [[]],
    "purge": [[TOPIC, "--state", "deleted", "--yes"], [EVIL, "--state", "done", "--yes"]],
    "edit": [["3", "--yes"], ["4", "--yes"]],
    "pause": [[TOPIC, "--reason", EVIL], [EVIL]],
    "resume": [[TOPIC], [EVIL]],
    "policy": [[TOPIC], [TOPIC, "--backoff", EVIL]],
    "check": [["--max-age", "0s", "--workers"], ["--max-dead", "0"], ["--max-ready", EVIL]],
    "wait": [[TOPIC, "--timeout", "0s"], [EVIL, "--timeout", "0s"]],
    "backup": [["FOLDER/" + NAME + ".backup"], ["FOLDER/" + NAME + ".backup"], ["MISSING/" + NAME]],
    "prune": [[], ["--json"]],
    "compact": [[]],
    "doctor": [[], ["--repair"]],
}
IN_A_TERMINAL = ("topics", "peek", "show", "activity", "workers", "import", "export", "doctor")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Give a queue, of a hostile name, that has hostile text in every field which can hold it."""
    location = tmp_path / f"{NAME}.sqlite3"
    with (
        Queue(location, worker=f"w{EVIL}") as queue,
        Inspector(location, actor=f"a{EVIL}") as inspector,
    ):
        queue.enqueue(TOPIC, EVIL, headers={EVIL: EVIL}, key=EVIL)
        queue.enqueue(TOPIC, {EVIL: [EVIL]}, headers={"h": EVIL})
        queue.enqueue(TOPIC, EVIL.encode() + b"\xff")
        queue.enqueue("mail", EVIL)
        for lease in queue.dequeue(TOPIC, limit=2):
            queue.bury(lease, error=f"{EVIL}\nsecond {EVIL}")
        queue.dequeue("mail")
        inspector.pause(TOPIC, EVIL)
        inspector.move([3], "mail")
        inspector.undo("last")
    _add_a_daemon(location)
    return location


def _add_a_daemon(location: Path) -> None:
    store = open_store(location)
    now_ms = SystemClock().now_ms()
    store.put_worker(
        WorkerRow(
            id=f"w{EVIL}",
            host=EVIL,
            pid=1,
            version=EVIL,
            state="running",
            started_at=now_ms,
            heartbeat_at=now_ms,
            detail=json.dumps({"topics": [EVIL], "threads": 1, "processed": 1, "running": [EVIL]}),
        )
    )
    store.close()


def spelt(arguments: list[str], folder: Path) -> list[str]:
    """Put the names of the test's files into arguments."""
    source = folder / f"{NAME}.jsonl"
    if "SOURCE" in arguments and not source.exists():
        bad = json.dumps({"topic": EVIL, "payload": 1}).encode()
        source.write_bytes(b"1\n\xff" + EVIL.encode() + b"\n" + bad + b"\n")
    places = {"SOURCE": str(source), "FOLDER": str(folder), "MISSING": str(folder / f"{NAME}.none")}
    return [re.sub("SOURCE|FOLDER|MISSING", lambda found: places[found[0]], one) for one in arguments]


def test_every_command_is_tried_with_hostile_text() -> None:
    assert set(COMMANDS) == set(group.list_commands(None))  # type: ignore[arg-type]  # it needs no context


@pytest.mark.fault(
    row="terminal escapes and markup in every field, through every command",
    part="bad input",
    promise="no C0, C1 or bidirectional control character is printed",
    how="hostile topics, payloads, headers, keys, errors, workers, actors, reasons, file names and arguments",
)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_control_leaves_by_a_command(
    command: str,
    hostile: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    monkeypatch.setattr("click.edit", lambda text, **_: text.replace('"priority": 0', '"priority": 1') + EVIL)
    takes_json = any("--json" in option.opts for option in group.get_command(None, command).params)  # type: ignore[arg-type, union-attr]  # it needs no context, and there is one
    for arguments in COMMANDS[command]:
        for more in [[], ["--json"]] if takes_json else [[]]:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(EVIL.encode())))
            run([command, "--db", str(hostile), *more, *spelt(arguments, hostile.parent)])
            said = capsys.readouterr()
            assert CONTROL.search(said.out + said.err) is None, (arguments, said)
            fault.ran()
            fault.struck(bool(said.out + said.err))


@pytest.mark.fault(
    row="terminal escapes and markup in every field, through every command",
    part="bad input",
    promise="no C0, C1 or bidirectional control character is printed",
    how="hostile topics, payloads, headers, keys, errors, workers, actors, reasons, file names and arguments",
)
@pytest.mark.parametrize("command", IN_A_TERMINAL)
def test_no_control_reaches_a_terminal_but_our_own(command: str, hostile: Path, fault: Fault) -> None:
    chosen = {"import": ["SOURCE"], "export": []}.get(command, COMMANDS[command][0])
    arguments = spelt(chosen, hostile.parent)
    said = in_a_terminal([command, "--db", str(hostile), *arguments])
    ours = re.sub(r"\x1b\[[0-9;?]*[mKhlAGJ]", "", said.replace("\r", ""))

    assert CONTROL.search(ours) is None, said
    assert "\x1b[31m" not in said
    assert said.count("\x1b[2J") == 0
    fault.ran()
    fault.struck(bool(said))


def in_a_terminal(arguments: list[str]) -> str:
    """Run a command whose output is a terminal; answer all that came there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from smq_core.cli.main import main; main()", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 65_536):
            said += data
    except OSError:
        # the terminal is gone with the process that had it
        process.wait()
    os.close(ours)
    process.wait()
    return said.decode()
