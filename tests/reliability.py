"""Writes docs/reliability.md from a run of the matrix: `python -m tests.reliability RESULTS`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from tests.matrix import PARTS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
INTRODUCTION = ROOT / "tests" / "reliability.introduction.md"
COLUMNS = (
    "| fault | promise | how it is injected | runs | occurred | result | test |",
    "|---|---|---|--:|--:|---|---|",
)
Record = dict[str, Any]


def page(records: list[Record], introduction: str, facts: list[str]) -> str:
    """Make the page: the introduction, what was run on what, and a table for each part."""
    parts = [introduction.strip(), "\n".join(f"- {fact}" for fact in facts)]
    parts += [_section(part, rows) for part in PARTS if (rows := _rows(records, part))]
    return "\n\n".join(parts) + "\n"


def _section(part: str, rows: list[str]) -> str:
    heading = f"## {part[0].upper()}{part[1:]}"
    return "\n".join([heading, "", *COLUMNS, *rows])


def _rows(records: list[Record], part: str) -> list[str]:
    names = dict.fromkeys(record["row"] for record in records if record["part"] == part)
    return [_row([record for record in records if record["row"] == name]) for name in names]


def _row(records: list[Record]) -> str:
    first = records[0]
    outcomes = {record["outcome"] for record in records}
    files = dict.fromkeys(record["test"].partition("::")[0] for record in records)
    runs, fired = (sum(record[count] for record in records) for count in ("runs", "fired"))
    cells = (
        first["row"],
        first["promise"],
        first["how"],
        f"{runs:,}",
        f"{fired:,}",
        _result(outcomes),
        "<br>".join(f"`{file}`" for file in files),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _result(outcomes: set[str]) -> str:
    if "failed" in outcomes:
        return "**failed**"
    return "held" if outcomes == {"passed"} else "held where run" if "passed" in outcomes else "not run here"


def _facts(results: Path) -> list[str]:
    """Report when, from what, and on what the matrix was run."""
    ran = datetime.fromtimestamp(results.stat().st_mtime, tz=UTC)
    length = (
        "at full length (`make faults`)"
        if os.environ.get("SMQ_FAULTS") == "full"
        else "at the short length (`make test`)"
    )
    commit = _said("git", "rev-parse", "--short=12", "HEAD")
    disk = _said("stat", "--file-system", "--format=%T", tempfile.gettempdir())
    system = f"{platform.system()} {platform.release().partition('-')[0]}, {os.cpu_count()} cores"
    versions = f"SQLite {apsw.sqlite_lib_version()}, Python {platform.python_version()}"
    return [f"Run on {ran:%Y-%m-%d}, at commit {commit}, {length}.", f"{versions}, {system}, on {disk}."]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout.strip()


def main() -> None:
    """Write the page again."""
    results = Path(sys.argv[1])
    records = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    PAGE.write_text(
        page(records, INTRODUCTION.read_text(encoding="utf-8"), _facts(results)), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
