"""The story: a file of rubbish larger than memory should get. Importing it takes no more than a small one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.matrix import scaled
from tests.property.malformed import CORPUS

if TYPE_CHECKING:
    from tests.matrix import Fault

IMPORT = """
import resource, sys
from smq_core.cli.main import run
code = run(["import", sys.argv[1], "--db", sys.argv[2]])
assert code == 65, code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
MIB = 1024 * 1024
ALLOWED_KIB = 48 * 1024
"""Buffers, SQLite's cache and the rejects that are shown; a line may be as long as a payload, 16 MiB."""


def rubbish(file: Path, size: int) -> None:
    """Fill a file with bad lines of all kinds, one of them longer than any payload may be."""
    block = b"".join(line + b"\n" for line in CORPUS) * 100
    with file.open("wb") as written:
        written.write(b"1\n" + block)
        written.write(b'"' + b"x" * min(size, 40 * MIB) + b'"\n')
        while written.tell() < size:
            written.write(block)


def most_kib(folder: Path, size: int) -> int:
    """Import that much rubbish in a process of its own; answer the most memory that it held, in KiB."""
    folder.mkdir()
    file = folder / "in.jsonl"
    rubbish(file, size)
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT, str(file), str(folder / "queue.sqlite3")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    file.unlink()
    return int(ended.stdout.splitlines()[-1])


@pytest.mark.fault(
    row="a large file of malformed lines",
    part="bad input",
    promise="importing it takes no more memory than importing a small one",
    how="the corpus repeated, and a line longer than any payload; measured as the peak memory of the "
    "process (ru_maxrss)",
)
def test_memory_stays_flat_however_large_a_bad_file_is(tmp_path: Path, fault: Fault) -> None:
    small = most_kib(tmp_path / "small", 64 * 1024)
    large = most_kib(tmp_path / "large", scaled(4 * MIB, 80 * MIB))

    assert large - small < ALLOWED_KIB
    fault.struck(2)
    fault.ran(2)
