"""The section on commands: how long each takes from the shell to its exit, and how fast an import is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import payload_of
from benchmarks.native import CACHE
from benchmarks.rounds import surroundings
from benchmarks.table import Table, ranged

if TYPE_CHECKING:
    from benchmarks.plan import Plan

__all__ = ["commands"]

BIN = Path(sys.executable).parent
TIMEOUT_S = 600.0
LINES = 1_000_000
PAYLOAD_BYTES = 200


def commands(plan: Plan) -> Table:
    """Run each command on a small queue, and import a large file."""
    table = Table.of("commands", ["", "seconds", "lines a second"])
    lines = plan.scaled(LINES)
    names = [*_small("queue.sqlite3"), _import_name(lines)]
    seen: dict[str, list[float]] = {name: [] for name in names}
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="commands-", dir=CACHE)
    try:
        source = _lines(folder, lines)
        for number in range(1, plan.rounds + 1):
            plan.tell(f"round {number} of {plan.rounds}")
            database = f"{folder}/queue-{number}.sqlite3"
            for name, command in _small(database).items():
                seen[name].append(_seconds(command, folder))
            imported = [str(BIN / "smq"), "import", str(source), "--db", f"{folder}/import-{number}.sqlite3"]
            seen[names[-1]].append(_seconds(imported, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, took in seen.items():
        rates = [lines / one for one in took] if name == names[-1] else []
        table.add(name, [ranged(took), ranged(rates)], [sorted(took)[len(took) // 2]])
    return table


def _small(database: str) -> dict[str, list[str]]:
    """List the commands that do next to nothing, so that their start is what is measured."""
    smq, daemon, tui = (str(BIN / name) for name in ("smq", "smq-daemon", "smq-tui"))
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import smq_core": [sys.executable, "-c", "import smq_core"],
        "smq send": [smq, "--db", database, "send", "mail", "hello"],
        "smq topics": [smq, "--db", database, "topics"],
        "smq --version": [smq, "--version"],
        "smq-daemon --version": [daemon, "--version"],
        "smq-daemon --burst, nothing waiting": [
            daemon,
            "--db",
            database,
            "--burst",
            "--handler",
            "none=benchmarks.handlers:nothing",
        ],
        "smq-tui --version": [tui, "--version"],
    }


def _import_name(lines: int) -> str:
    return f"smq import of {lines:,} lines"


def _lines(folder: str, count: int) -> Path:
    """Write a file to import."""
    path = Path(folder, "lines.jsonl")
    line = f'{{"topic":"mail","payload":{payload_of(PAYLOAD_BYTES)}}}\n'
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            file.write(line)
    return path


def _seconds(command: list[str], folder: str) -> float:
    """Time a command that has to succeed."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    took = time.perf_counter() - start
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return took
