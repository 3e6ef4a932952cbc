"""What everybody in the torture did and when, appended to one file by all processes, a JSON object a line."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Entry = dict[str, Any]


class Journal:
    """One process's pen. A line is written by one call, so that lines of several processes never mix."""

    def __init__(self, path: Path, who: str) -> None:
        """Append to a file under a name."""
        self._who = who
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(self, what: str, **facts: object) -> None:
        """Write down that something happened just now, by the clock that all processes share."""
        entry = {"at": time.monotonic(), "who": self._who, "pid": os.getpid(), "what": what, **facts}
        os.write(self._descriptor, (json.dumps(entry) + "\n").encode())

    def close(self) -> None:
        """Put the pen down."""
        os.close(self._descriptor)


def entries(path: Path) -> list[Entry]:
    """Read what was written, in the order of time."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted((json.loads(line) for line in lines), key=lambda entry: float(entry["at"]))
