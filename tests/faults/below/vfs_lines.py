"""An import of many lines, some of which cannot be taken, and what has to be found when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.jsonl import ImportOptions, Source, import_lines
from smq_core.store import open_store
from tests.unit.jsonl.jsonl_desk import bodies

if TYPE_CHECKING:
    from pathlib import Path

LINES = 1_200
REJECTS = LINES // 100


def write_source(file: Path) -> Path:
    """Write the lines to be taken."""
    file.write_bytes(b"".join(b"\xff%d\n" % n if n % 100 == 0 else b"%d\n" % n for n in range(LINES)))
    return file


def take(location: Path, file: Path) -> None:
    """Import the lines, or what an earlier run left of them."""
    store = open_store(location)
    try:
        with Source(file) as source:
            import_lines(store, source, ImportOptions(rejects=location.with_name("rejects")))
    finally:
        store.close()


def assert_each_line_once(location: Path) -> None:
    """Find each line in the queue or among the rejects."""
    store = open_store(location)
    try:
        assert bodies(store) == [str(n) for n in range(LINES) if n % 100]
    finally:
        store.close()
    rejects = location.with_name("rejects").read_bytes().splitlines()
    assert rejects == [b"\xff%d" % n for n in range(0, LINES, 100)]
    assert len(location.with_name("rejects.reasons.jsonl").read_bytes().splitlines()) == REJECTS
