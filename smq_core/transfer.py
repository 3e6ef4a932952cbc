"""Import and export of files for programs that know a queue by its location.

The dashboard, and whoever embeds the queue.

It opens a store for each call and closes it after; what lines mean is `smq_core.jsonl`'s.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeAlias

from smq_core import jsonl
from smq_core.jsonl import ExportOptions, ImportOptions, Source, export_lines, import_lines, preview_lines
from smq_core.jsonl.exporting import line_of
from smq_core.store import open_store
from smq_core.store.records import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from smq_core.store.base import Store

__all__ = ["ImportReport", "ImportStatus", "export_file", "import_file", "preview_file"]

ImportReport: TypeAlias = jsonl.ImportReport
ImportStatus: TypeAlias = jsonl.ImportStatus


def preview_file(
    location: str,
    path: str | os.PathLike[str],
    *,
    topic: str = "default",
    is_strict: bool | None = None,
    again: bool = False,
    progress: Callable[[ImportStatus], bool] | None = None,
) -> ImportReport:
    """Report what an import of a file would do, and write nothing.

    Raises:
        SmqError: when the file cannot be read, or holds what was taken before.
    """
    options = ImportOptions(topic=topic, is_strict=is_strict, again=again)
    with _opened(location, read_only=True) as store, contextlib.closing(Source(path)) as source:
        return preview_lines(store, source, options, progress=progress)


def import_file(
    location: str,
    path: str | os.PathLike[str],
    *,
    topic: str = "default",
    is_strict: bool | None = None,
    again: bool = False,
    progress: Callable[[ImportStatus], bool] | None = None,
) -> ImportReport:
    """Add a file's messages, exactly once; `progress` stops it by False, and the next run goes on from there.

    Raises:
        SmqError: when the file cannot be read, holds what was taken before, or rejects cannot be written.
    """
    options = ImportOptions(topic=topic, is_strict=is_strict, again=again)
    with _opened(location, read_only=False) as store, contextlib.closing(Source(path)) as source:
        return import_lines(store, source, options, progress=progress)


def export_file(
    location: str,
    path: str | os.PathLike[str],
    targets: Selection | Iterable[int],
    *,
    progress: Callable[[int], bool] | None = None,
) -> int:
    """Write messages to a new file as JSONL that an import reads back; answer how many.

    Raises:
        FileExistsError: when there is a file of that name; nothing is written over.
        OSError: when it cannot be written.
    """
    with _opened(location, read_only=True) as store, open(path, "xb", opener=_private) as file:
        if isinstance(targets, Selection):
            options = ExportOptions(topic=targets.topic, state=targets.state, where=targets.where)
            return export_lines(store, file.write, options, progress=progress)
        rows = [row for row in map(store.get, targets) if row is not None]
        file.writelines(map(line_of, rows))
        return len(rows)


def _private(path: str, flags: int) -> int:
    """Open a file that, if it is new, its owner alone may read: messages are in it."""
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def _opened(location: str, *, read_only: bool) -> Iterator[Store]:
    store = open_store(location, read_only=read_only, may_create=False)
    try:
        yield store
    finally:
        store.close()
