"""Runs imports into a queue of a test and looks at what came of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from smq_core.jsonl import ImportOptions, ImportReport, Source, import_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store

__all__ = ["bodies", "numbered", "stop_after", "take", "texts"]


def take(
    store: Store,
    path: Path | str,
    progress: Callable[[ImportStatus], bool] | None = None,
    *,
    stdin: bytes = b"",
    **options: object,
) -> ImportReport:
    with Source(path, io.BytesIO(stdin)) as source:
        return import_lines(store, source, ImportOptions(**options), progress=progress)  # type: ignore[arg-type]  # test's own


def bodies(store: Store) -> list[object]:
    with store.transaction():
        return [row[0] for row in store.execute("SELECT payload FROM smq_messages ORDER BY id")]


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, last + 1))


def texts(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def stop_after(blocks: int) -> Callable[[ImportStatus], bool]:
    seen = iter(range(1, 1_000))
    return lambda _status: next(seen) < blocks
