"""The story: somebody sends what a terminal would obey, and an operator reads the daemon's log."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from smq_core import Queue
from smq_core.daemon.log import Journal

if TYPE_CHECKING:
    from smq_core.testing import ManualClock
    from tests.matrix import Fault

EVIL = (
    "\x1b]52;c;U01R\x07\x1b]0;SMQ\x07\x1b[2J\x1b[31m\u009b31m\u009d0;x\u009c\u202egnp\u2066\u200b\ufeff"
    "[red]x[/red]\x08\x0b\x7f\r"
)
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
HANDLER = f"""
EVIL = {EVIL!r}

def run(message):
    print(EVIL, message.payload)
    raise ValueError(EVIL + str(message.payload))
"""


@pytest.mark.fault(
    row="terminal escapes and markup in every field, through the daemon's log",
    part="bad input",
    promise="no C0, C1 or bidirectional control character is printed",
    how="hostile texts, fields and names in log lines of each kind, as text and as JSON",
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_control_leaves_by_a_line_of_the_log(
    clock: ManualClock, form: Literal["text", "json"], fault: Fault
) -> None:
    stream = io.StringIO()
    journal = Journal(clock, form=form, is_verbose=True, stream=stream)
    for write in (journal.debug, journal.info, journal.warning, journal.error):
        write("action", EVIL + "\n", topic=EVIL, file=EVIL, worker=EVIL)
    journal.output(EVIL)
    journal.begin("condition", EVIL, topic=EVIL)
    journal.end("condition", EVIL, topic=EVIL)
    lines = stream.getvalue().splitlines()

    assert CONTROL.search(stream.getvalue()) is None
    assert len(lines) == 7
    fault.struck(len(lines))
    fault.ran(len(lines))


@pytest.mark.fault(
    row="terminal escapes and markup in every field, through the daemon's log",
    part="bad input",
    promise="no C0, C1 or bidirectional control character is printed",
    how="hostile texts, fields and names in log lines of each kind, as text and as JSON",
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_control_leaves_by_a_real_daemon(tmp_path: Path, form: str, fault: Fault) -> None:
    (tmp_path / "hostile.py").write_text(HANDLER)
    dropped = tmp_path / "inbox" / f"{EVIL.replace('/', '')}.jsonl"
    dropped.parent.mkdir()
    dropped.write_bytes(b"1\n\xff\n")
    os.utime(dropped, (0, 0))
    with Queue(tmp_path / "queue.sqlite3") as queue:
        queue.enqueue_many("mail", [EVIL, {EVIL: EVIL}], max_attempts=1, headers={EVIL: EVIL})
        queue.enqueue("shell", EVIL, max_attempts=1, key=EVIL)
    arguments = ["--db", "queue.sqlite3", "--burst", "--log-format", form, "--inbox", "inbox"]
    handlers = ["--handler", "mail=hostile:run", "--exec", "shell=sh -c 'cat; exit 1'"]
    ended = subprocess.run(
        [sys.executable, "-c", "from smq_core.daemon.main import main; main()", *arguments, *handlers],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=False,
    )
    said = (ended.stdout + ended.stderr).decode()

    assert ended.returncode == 0, said
    assert CONTROL.search(said) is None, said
    assert "gnp" in said
    fault.struck(said.count("gnp"))
    fault.ran(said.count("gnp"))
