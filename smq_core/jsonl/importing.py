"""Imports lines: adds each block with its progress in one transaction, so that none counts twice.

It prints nothing: the command, the daemon's inbox and the dashboard hand in a callback and get a report.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from smq_core.actor import user_name
from smq_core.clock import SystemClock
from smq_core.jsonl.import_recorder import DryRunRecorder, StoreRecorder
from smq_core.jsonl.line import LineParser
from smq_core.jsonl.rejects import CertainLengths, Rejects
from smq_core.jsonl.run import Run
from smq_core.jsonl.start import Start, find_start
from smq_core.location import absolute
from smq_core.safe_text import clean_text
from smq_core.store.records import ImportProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock
    from smq_core.jsonl.report import ImportReport, ImportStatus
    from smq_core.jsonl.source import Source
    from smq_core.store.base import Store

__all__ = ["ImportOptions", "import_lines", "preview_lines"]


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How lines are to be taken."""

    topic: str = "default"
    """Of lines that name none."""
    is_strict: bool | None = None
    """Reject what begins as JSON does but is none, instead of taking it as text; None: by the source's name,
    which for JSONL ends in .jsonl or .jsonl.gz."""
    skips_held: bool = False
    """Leave out lines whose key an unfinished message of their topic holds, instead of rejecting them."""
    again: bool = False
    """Take a file whose content was taken before; one that was killed on the way still goes on."""
    name: str | None = None
    """By which a pipe is known when it comes again."""
    rejects: Path | None = None
    """None: the source's name with `.rejects`."""
    is_rejects_typed: bool = False
    """A person named the file for rejects, so that a link in its place is followed."""
    actor: str | None = None
    """Who the activity log names; None: the user."""


def import_lines(
    store: Store,
    source: Source,
    options: ImportOptions,
    *,
    clock: Clock | None = None,
    progress: Callable[[ImportStatus], bool] | None = None,
) -> ImportReport:
    """Add a source's lines as messages, exactly once also when killed and run again.

    `progress` is called after each block, and often during a line that is too long; it stops the import by
    False. What is in stays, and the next run goes on.

    Raises:
        InvalidMessage: when the default topic is illegal.
        SmqError: when the source cannot be read, holds what was taken before, or rejects cannot be written.
        StoreError: as the store's writes do.
    """
    clock = clock or SystemClock()
    parser = _parser(source, options)
    start = find_start(store, source, name=options.name, again=options.again)
    earlier = start.progress or _blank_progress(source, options, start.newest_known, clock.now_ms())
    rejects = _rejects(source, options, start.progress)
    is_recorded = source.identity is not None or options.name is not None
    actor = clean_text(options.actor or user_name())
    recorder = StoreRecorder(store, rejects, earlier, actor=actor, is_recorded=is_recorded)
    run = Run(source, start.reader, parser, recorder, clock, skips_held=options.skips_held)
    run.go_on(earlier.lines_taken)
    is_new = earlier.finished_at is None or not start.reader.is_at_end()
    try:
        is_complete = run.take_all(progress) if is_new else True
        return run.report(earlier, rejects, is_complete=is_complete, is_dry_run=False)
    finally:
        rejects.close()


def preview_lines(
    store: Store | None,
    source: Source,
    options: ImportOptions,
    *,
    clock: Clock | None = None,
    progress: Callable[[ImportStatus], bool] | None = None,
) -> ImportReport:
    """Report what an import would do, and write nothing; without a store, as into an empty one.

    Raises:
        InvalidMessage, SmqError: as `import_lines` does.
    """
    parser = _parser(source, options)
    start = Start(source.reader(), None, 0)
    if store is not None:
        start = find_start(store, source, name=options.name, again=options.again)
    clock = clock or SystemClock()
    run = Run(source, start.reader, parser, DryRunRecorder(store), clock, skips_held=options.skips_held)
    run.go_on(start.progress.lines_taken if start.progress else 0)
    is_complete = run.take_all(progress)
    rejects = _rejects(source, options, start.progress)
    return run.report(start.progress, rejects, is_complete=is_complete, is_dry_run=True)


def _parser(source: Source, options: ImportOptions) -> LineParser:
    is_strict = source.is_named_jsonl if options.is_strict is None else options.is_strict
    return LineParser(options.topic, is_strict=is_strict)


def _blank_progress(source: Source, options: ImportOptions, newest_known: int, now_ms: int) -> ImportProgress:
    identity = source.identity
    return ImportProgress(
        source=source.stored_name,
        name=options.name,
        device=None if identity is None else identity.device,
        inode=None if identity is None else identity.inode,
        newest_known=newest_known,
        started_at=now_ms,
    )


def _rejects(source: Source, options: ImportOptions, earlier: ImportProgress | None) -> Rejects:
    """Return the rejects' files; those of a run that ended may have been repaired, and are not truncated."""
    certain = None
    if earlier is not None and earlier.finished_at is None:
        certain = CertainLengths(earlier.rejects_length, earlier.reasons_length)
    return Rejects(
        options.rejects or _rejects_beside(source.path), certain, is_typed=options.is_rejects_typed
    )


def _rejects_beside(path: Path | None) -> Path:
    """Return where rejects go; beside standard input, or a pipe that the shell made, there is no place."""
    if path is None or path.parts[1] in {"dev", "proc"}:
        return absolute("stdin.rejects")
    return path.with_name(f"{path.name}.rejects")
