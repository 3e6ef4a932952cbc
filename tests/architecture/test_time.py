"""Time comes in through a Clock, in packages and tests: what waits for the real one cannot be tested."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import PACKAGES, ROOT, SourceFile, calls, parsed, source_files

CLOCK = "smq_core/clock.py"
READS_A_CLOCK = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|localtime|gmtime|ctime)"
    r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today"
)
SLEEPS = re.compile(r"(time|asyncio|trio|anyio)\.sleep|shutil\.sleep")
SQL_READS_A_CLOCK = re.compile(r"CURRENT_TIME|CURRENT_DATE|'now'|\bunixepoch\s*\(\s*\)", re.IGNORECASE)


def test_only_the_clock_module_asks_what_time_it_is() -> None:
    assert [
        place for file in source_files(*PACKAGES) if file.path != CLOCK for place in clock_calls(file)
    ] == []


def test_no_statement_asks_what_time_it_is_but_for_column_defaults() -> None:
    """Migrations hold the defaults that the SQL contract needs; every other statement is given the time."""
    statements = [path for path in (ROOT / "smq_core").rglob("*.sql") if path.parent.name != "migrations"]
    asking = [path.name for path in statements if SQL_READS_A_CLOCK.search(path.read_text(encoding="utf-8"))]

    assert asking == []


def test_no_test_sleeps() -> None:
    """A pause with a length is a sleep by another name."""
    assert [place for file in source_files("tests") for place in sleeps(file)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.time()",
        "from time import monotonic as m\nm()",
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
    ],
)
def test_a_clock_call_is_seen_under_every_name(text: str) -> None:
    assert clock_calls(parsed(text)) == ["example.py:2"]


def test_asking_a_clock_that_was_handed_in_is_no_clock_call() -> None:
    assert clock_calls(parsed("def f(clock):\n    return clock.monotonic() + clock.now_ms()")) == []


@pytest.mark.parametrize(
    "text", ["import time\ntime.sleep(1)", "from asyncio import sleep\nsleep(0.1)", "\npilot.pause(0.2)"]
)
def test_a_sleep_is_seen(text: str) -> None:
    assert sleeps(parsed(text)) == ["example.py:2"]


@pytest.mark.parametrize("text", ["pilot.pause()", "import asyncio\nasyncio.sleep(0)"])
def test_yielding_is_no_sleep(text: str) -> None:
    assert sleeps(parsed(text)) == []


def clock_calls(file: SourceFile) -> list[str]:
    """List where a file reads a clock of the standard library."""
    return [file.at(call) for call, name in calls(file) if READS_A_CLOCK.fullmatch(name)]


def sleeps(file: SourceFile) -> list[str]:
    """List where a file lets time pass for real."""
    return [file.at(call) for call, name in calls(file) if _waits(name) and not _is_for_no_time(call)]


def _waits(name: str) -> bool:
    return SLEEPS.fullmatch(name) is not None or name.endswith("pilot.pause")


def _is_for_no_time(call: ast.Call) -> bool:
    lengths = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(length, ast.Constant) and not length.value for length in lengths)
