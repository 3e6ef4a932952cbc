"""Decides where an import begins: at the start, where an earlier run of it ended, or not at all.

A file is known by device, inode and the hash of what was taken from it; a pipe only by the name it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.errors import SmqError

if TYPE_CHECKING:
    from smq_core.jsonl.reader import LineReader
    from smq_core.jsonl.source import Source
    from smq_core.store.base import Store
    from smq_core.store.records import ImportProgress

__all__ = ["Start", "find_start"]


class Start(NamedTuple):
    """Where to begin."""

    reader: LineReader
    """Stands behind what was taken before."""
    progress: ImportProgress | None
    """What an earlier run recorded; None: there was none."""
    newest_known: int
    """The newest record of this file or name; 0: there is none."""


def find_start(store: Store, source: Source, *, name: str | None = None, again: bool = False) -> Start:
    """Find the earlier run of this import that the source still begins with, if any.

    With `again`, runs that came to their end do not count: what one has taken whole is taken again.

    Raises:
        SmqError: when another file with this content was taken before, or a named pipe brings something else.
    """
    newest_known = _newest_known(store, source, name)
    for progress in _earlier_runs(store, source, name):
        if again and progress.finished_at is not None:
            continue
        reader = source.reader()
        if reader.skip(progress.bytes_taken) and reader.digest() == progress.content_hash:
            return Start(reader, progress, newest_known)
        if source.identity is None:
            raise SmqError(
                f"the input does not match what the import {name} has already read: it differs "
                "within the first "
                f"{progress.bytes_taken:,} bytes. Send the same data again, or choose another name"
            )
    if source.identity is not None and not again:
        _refuse_known_content(store, source)
    return Start(source.reader(), None, newest_known)


def _newest_known(store: Store, source: Source, name: str | None) -> int:
    runs = [] if name is None else store.imports(name=name)
    if source.identity is not None:
        runs += store.imports(device=source.identity.device, inode=source.identity.inode)
    return max((run.id or 0 for run in runs), default=0)


def _earlier_runs(store: Store, source: Source, name: str | None) -> list[ImportProgress]:
    if name is not None:
        return store.imports(name=name)
    if source.identity is not None:
        device, inode = source.identity
        return store.imports(device=device, inode=inode)
    return []


def _refuse_known_content(store: Store, source: Source) -> None:
    """Refuse a file whose content was taken from another one, or whose beginning is a half-taken one's."""
    known = [run for run in store.imports() if run.bytes_taken > 0 and _may_match(run, source)]
    reader = source.reader() if known else None
    for run in sorted(known, key=lambda run: run.bytes_taken):
        if reader is None or not reader.skip(run.bytes_taken):
            return
        if reader.digest() != run.content_hash:
            continue
        if run.finished_at is None:
            raise SmqError(
                f"{source.name} begins with the {run.lines_taken:,} lines that an unfinished import read "
                f"from {run.source}: complete it with `smq import {run.source}`, or import all "
                "of this file with --again"
            )
        if reader.is_at_end():
            raise SmqError(
                f"{source.name} has the content of {run.source}, which was already imported "
                f"({run.taken:,} messages): "
                "nothing was added; use --again to import it again"
            )


def _may_match(run: ImportProgress, source: Source) -> bool:
    """Spare reading files that cannot match by their size; what compressed ones hold nobody knows before."""
    if run.device is None or source.size is None:
        return False
    if source.is_compressed:
        return True
    return run.bytes_taken == source.size or (run.finished_at is None and run.bytes_taken < source.size)
