"""Damages a database file as a disk does: behind SQLite's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.sqlite.database.queue_file import ask

if TYPE_CHECKING:
    from pathlib import Path

INTERIOR = 5
"""The first byte of a page of a table that leads to others."""


def damage_leaf(path: Path, table: str, which: Literal["middle", "last"]) -> None:
    """Overwrite one of the pages that hold a table's rows."""
    size = int(str(ask(path, "PRAGMA page_size")[0][0]))
    number = int(str(ask(path, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")[0][0]))  # noqa: S608 - ours
    content = path.read_bytes()
    while (page := content[(number - 1) * size : number * size])[0] == INTERIOR:
        number = int.from_bytes(page[8:12] if which == "last" else _middle(page))
    overwrite(path, (number - 1) * size, size)


def overwrite(path: Path, at: int, size: int) -> None:
    """Overwrite a part of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * size)


def _middle(page: bytes) -> bytes:
    """Return where the middle one of a page's cells leads."""
    cell = 12 + int.from_bytes(page[3:5]) // 2 * 2
    at = int.from_bytes(page[cell : cell + 2])
    return page[at : at + 4]
