"""Runs an import: adds each block of lines with its progress in one transaction, so none counts twice.

It prints nothing: the command, the daemon's inbox and the dashboard hand in a callback and get a report.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.clock import SystemClock
from smq_core.errors import InvalidLine, InvalidMessage
from smq_core.jsonl.ledger import DryLedger, Place, StoreLedger
from smq_core.jsonl.line import TOO_LONG, LineParser, is_blank
from smq_core.jsonl.reader import LongLine
from smq_core.jsonl.rejects import Lengths, Rejects
from smq_core.jsonl.report import ImportReport, ImportStatus, Tally
from smq_core.jsonl.start import Start, find_start
from smq_core.store.records import ImportProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.clock import Clock
    from smq_core.jsonl.ledger import Ledger
    from smq_core.jsonl.line import Parsed
    from smq_core.jsonl.reader import Block, LineReader
    from smq_core.jsonl.source import Source
    from smq_core.store.base import Store

__all__ = ["ImportOptions", "import_lines", "preview_lines"]

_BOM: Final = b"\xef\xbb\xbf"
_REST: Final = "the rest of a line whose beginning was taken before: mend that message by hand"


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How lines are to be taken."""

    topic: str = "default"
    """Of lines that name none."""
    is_strict: bool = False
    """Reject what begins as JSON does but is none, instead of taking it as text."""
    again: bool = False
    """Take a file whose content was taken before; one that was killed on the way still goes on."""
    name: str | None = None
    """By which a pipe is known when it comes again."""
    rejects: Path | None = None
    """None: the source's name with `.rejects`."""


def import_lines(
    store: Store,
    source: Source,
    options: ImportOptions,
    *,
    clock: Clock | None = None,
    progress: Callable[[ImportStatus], bool] | None = None,
) -> ImportReport:
    """Add a source's lines as messages, exactly once also when killed and run again.

    `progress` is told after each block and stops the import by False; what is in stays, the next run goes on.

    Raises:
        InvalidMessage: when the default topic is illegal.
        SmqError: when the source cannot be read, holds what was taken before, or rejects cannot be written.
        StoreError: as the store's writes do.
    """
    clock = clock or SystemClock()
    parser = LineParser(options.topic, is_strict=options.is_strict)
    start = find_start(store, source, name=options.name, again=options.again)
    earlier = start.progress or _blank_progress(source, options, start.newest_known, clock.now_ms())
    rejects = _rejects(source, options, start.progress)
    is_recorded = source.identity is not None or options.name is not None
    ledger = StoreLedger(store, rejects, earlier, is_recorded=is_recorded)
    run = _Run(source, start.reader, parser, ledger, clock)
    run.go_on(earlier.lines_taken)
    is_new = earlier.finished_at is None or not start.reader.is_at_end()
    try:
        is_complete = run.take_all(progress) if is_new else True
        return run.report(earlier.lines_taken + 1, rejects, is_complete=is_complete, is_dry_run=False)
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

    Keys are not looked up: a line whose key is held counts as taken.

    Raises:
        InvalidMessage, SmqError: as `import_lines` does.
    """
    parser = LineParser(options.topic, is_strict=options.is_strict)
    start = Start(source.reader(), None, 0)
    if store is not None:
        start = find_start(store, source, name=options.name, again=options.again)
    run = _Run(source, start.reader, parser, DryLedger(), clock or SystemClock())
    lines_before = start.progress.lines_taken if start.progress else 0
    run.go_on(lines_before)
    is_complete = run.take_all(progress)
    rejects = _rejects(source, options, start.progress)
    return run.report(lines_before + 1, rejects, is_complete=is_complete, is_dry_run=True)


class _Run:
    """One run of an import."""

    def __init__(
        self, source: Source, reader: LineReader, parser: LineParser, ledger: Ledger, clock: Clock
    ) -> None:
        self._source = source
        self._reader = reader
        self._parser = parser
        self._ledger = ledger
        self._clock = clock
        self._begun = clock.monotonic()
        self._tally = Tally()
        self._line = 0
        self._is_inside_line = False

    def go_on(self, lines_before: int) -> None:
        """Begin behind what an earlier run took; a last line without an end may have grown since."""
        self._is_inside_line = self._reader.is_inside_line
        self._line = lines_before - 1 if self._is_inside_line else lines_before

    def take_all(self, progress: Callable[[ImportStatus], bool] | None) -> bool:
        """Take block by block until the end, or until `progress` says False; say which of both."""
        self._ledger.begin(self._place(), self._clock.now_ms())
        is_complete = True
        for block in self._reader.blocks():
            self._take(block)
            if progress is not None and not progress(self._status()):
                is_complete = False
                break
        self._ledger.end(self._place(), self._clock.now_ms(), is_complete=is_complete)
        return is_complete

    def report(self, began_at: int, rejects: Rejects, *, is_complete: bool, is_dry_run: bool) -> ImportReport:
        """Put together what was counted."""
        has_rejects = rejects.is_used
        return ImportReport(
            source=self._source.name,
            taken=self._tally.taken,
            held=self._tally.held,
            blank=self._tally.blank,
            rejected=self._tally.rejected,
            topics=self._tally.topics(),
            rejects=tuple(self._tally.rejects),
            rejects_path=str(rejects.path) if has_rejects else None,
            reasons_path=str(rejects.reasons_path) if has_rejects else None,
            began_at_line=began_at,
            last_line=self._line,
            elapsed_s=self._clock.monotonic() - self._begun,
            is_complete=is_complete,
            is_dry_run=is_dry_run,
        )

    def _take(self, block: Block | LongLine) -> None:
        now_ms = self._clock.now_ms()
        parsed: list[Parsed] = []
        if isinstance(block, LongLine):
            self._tally.lines += 1
            self._line += 1
            self._is_inside_line = False
            self._reject(TOO_LONG, block.pieces)
        else:
            self._tally.lines += len(block.lines)
            self._parse(self._without_oddities(block.lines), now_ms, parsed)
        self._tally.take(parsed)
        self._tally.held += self._ledger.add([one.message for one in parsed], self._place(), now_ms)

    def _without_oddities(self, lines: list[bytes]) -> list[bytes]:
        """Drop a byte order mark before the first line, and put aside the rest of a line taken before."""
        if self._line == 0 and lines[0].startswith(_BOM):
            return [lines[0].removeprefix(_BOM), *lines[1:]]
        if not self._is_inside_line:
            return lines
        self._is_inside_line = False
        self._line += 1
        if not is_blank(lines[0]):
            self._reject(_REST, iter(lines[:1]))
        return lines[1:]

    def _parse(self, lines: list[bytes], now_ms: int, parsed: list[Parsed]) -> None:
        for line in lines:
            self._line += 1
            if is_blank(line):
                self._tally.blank += 1
                continue
            try:
                parsed.append(self._parser.parse(line, now_ms))
            except InvalidMessage as error:
                self._reject(str(error), iter((line,)))

    def _reject(self, reason: str, pieces: Iterator[bytes]) -> None:
        reject = InvalidLine(self._line, reason)
        self._tally.reject(reject)
        self._ledger.reject(reject, pieces)

    def _place(self) -> Place:
        return Place(
            self._reader.position, self._reader.digest(), self._line, self._tally.taken, self._tally.rejected
        )

    def _status(self) -> ImportStatus:
        return ImportStatus(
            lines=self._tally.lines,
            rejected=self._tally.rejected,
            bytes_read=self._source.bytes_read,
            size=self._source.size,
            elapsed_s=self._clock.monotonic() - self._begun,
        )


def _blank_progress(source: Source, options: ImportOptions, newest_known: int, now_ms: int) -> ImportProgress:
    identity = source.identity
    return ImportProgress(
        # A name of bytes that are no text cannot be stored as it is; it is only shown.
        source=os.fsencode(source.path or source.name).decode(errors="replace"),
        name=options.name,
        device=None if identity is None else identity.device,
        inode=None if identity is None else identity.inode,
        newest_known=newest_known,
        started_at=now_ms,
    )


def _rejects(source: Source, options: ImportOptions, earlier: ImportProgress | None) -> Rejects:
    """Answer the rejects' files; what a run that ended left in them may have been mended, and is not cut."""
    certain = None
    if earlier is not None and earlier.finished_at is None:
        certain = Lengths(earlier.rejects_length, earlier.reasons_length)
    return Rejects(options.rejects or _rejects_beside(source.path), certain)


def _rejects_beside(path: Path | None) -> Path:
    """Answer where rejects go; beside standard input, or a pipe that the shell made, there is no place."""
    if path is None or path.parts[1] in {"dev", "proc"}:
        return Path("stdin.rejects").absolute()
    return path.with_name(f"{path.name}.rejects")
