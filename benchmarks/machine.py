"""Describes what a run was made on: machine, versions, commit. No names of hosts and no paths."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import apsw

from benchmarks.native import CACHE

__all__ = ["commit", "described"]

FLUSHES = 200


def described() -> list[str]:
    """Return sentences about machine and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return [
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, {system}.",
        f"Appending 4 KiB and flushing it with fdatasync: median {_flush_us():,.0f} µs.",
        f"Python {platform.python_version()}, apsw with SQLite {apsw.sqlite_lib_version()}.",
        "The bare loop in C uses the same SQLite library as smq, through its function table.",
    ]


def commit() -> str:
    """Return the commit, marked when files differ from it (but for the report, which a run writes)."""
    name = _git("describe", "--always").stdout.strip()
    differs = _git("diff", "--quiet", "HEAD", "--", ".", ":!docs").returncode == 1
    return f"{name}-dirty" if differs else name or "unknown"


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607 - git stands wherever the system has it
        cwd=CACHE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _flush_us() -> float:
    """Time what the disk needs to take a page for good."""
    CACHE.mkdir(parents=True, exist_ok=True)
    took = []
    with tempfile.NamedTemporaryFile(dir=CACHE) as file:
        for _ in range(FLUSHES):
            file.write(bytes(4096))
            file.flush()
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1e6
