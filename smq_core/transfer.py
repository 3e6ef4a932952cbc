"""Import and export of files, for programs that only know the location of a queue.

The dashboard, and whoever embeds the queue.

It opens a store for each call and closes it after; what lines mean is `smq_core.jsonl`'s.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from smq_core import jsonl
from smq_core.clock import SystemClock
from smq_core.jsonl import ImportOptions, Source, export_ids, import_lines, preview_lines
from smq_core.store import open_store
from smq_core.store.records import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from smq_core.store.base import Store

__all__ = ["Exported", "ImportReport", "ImportStatus", "export_file", "import_file", "preview_file"]

Exported: TypeAlias = jsonl.Exported
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
    """Add a file's messages, exactly once; `progress` stops it by returning False, and the next resumes.

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
) -> Exported:
    """Write messages, by id, to a new file as JSONL that an import reads back in that order.

    Of a selection, those that it was fixed to (by `Inspector.select`, else now), each as it is when it is
    written; those that are gone by then are counted. A file that could not be written completely is removed.

    Raises:
        FileExistsError: when there is a file of that name; nothing is written over.
        OSError: when it cannot be written.
    """
    with _opened(location, read_only=True) as store:
        if isinstance(targets, Selection):
            ids = store.freeze(targets, now_ms=SystemClock().now_ms()).fixed.ids
        else:
            ids = sorted(set(targets))
        with _new_file(path) as file:
            return export_ids(store, file.write, ids, progress=progress)


@contextlib.contextmanager
def _new_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file, and remove it where it could not be written to its end."""
    with contextlib.ExitStack() as stack:
        with open(path, "xb", opener=_private) as file:
            stack.callback(Path(path).unlink, missing_ok=True)
            yield file
        stack.pop_all()


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
