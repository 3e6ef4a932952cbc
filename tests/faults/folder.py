"""What a folder holds, to be compared before and after a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return bytes, time of change and mode of every file in a folder."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_mode)
        for file in sorted(folder.iterdir())
        if file.is_file()
    }
