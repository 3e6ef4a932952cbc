"""Files that a path which is being typed may become. It lists folders, bounded, and opens no file."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from smq_tui.settings.user_path import expand_user

__all__ = ["FileChoice", "file_choices"]

_MOST: Final = 200
"""Names that are listed."""
_LOOKED_AT: Final = 5_000
"""Entries of a folder that are looked at."""
_LIKELY: Final = (".jsonl", ".jsonl.gz", ".ndjson", ".json", ".txt", ".gz")


class FileChoice(NamedTuple):
    """A folder or file."""

    path: str
    name: str
    is_folder: bool
    size: int


def file_choices(typed: str) -> list[FileChoice]:
    """Return what begins as the last part of the path; folders first, then what looks like messages."""
    expanded = expand_user(typed)
    folder, _, beginning = expanded.rpartition("/")
    base = folder or ("/" if expanded.startswith("/") else ".")
    found: list[FileChoice] = []
    try:
        with os.scandir(base) as entries:
            for _, entry in zip(range(_LOOKED_AT), entries, strict=False):
                if entry.name.startswith(beginning) and _is_shown(entry.name, beginning):
                    found.append(_choice(entry, expanded[: len(expanded) - len(beginning)]))
    except (OSError, ValueError):
        return []
    found.sort(key=lambda choice: (not choice.is_folder, not choice.name.endswith(_LIKELY), choice.name))
    return found[:_MOST]


def _is_shown(name: str, beginning: str) -> bool:
    return not name.startswith(".") or beginning.startswith(".")


def _choice(entry: os.DirEntry[str], before: str) -> FileChoice:
    try:
        is_folder = entry.is_dir()
        size = 0 if is_folder else entry.stat().st_size
    except OSError:
        is_folder, size = False, 0
    return FileChoice(before + entry.name + ("/" if is_folder else ""), entry.name, is_folder, size)
