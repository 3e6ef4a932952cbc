"""One run of an import: takes a source block by block, and counts. What is booked where is its recorder's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.errors import InvalidLine, InvalidMessage
from smq_core.jsonl.array import ArrayWatch
from smq_core.jsonl.import_recorder import ImportPosition
from smq_core.jsonl.line import TOO_LONG, Parsed, is_blank
from smq_core.jsonl.reader import LongLine
from smq_core.jsonl.report import ImportCounts, ImportReport, ImportStatus
from smq_core.written import ValueShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.clock import Clock
    from smq_core.jsonl.import_recorder import ImportRecorder
    from smq_core.jsonl.line import LineParser
    from smq_core.jsonl.reader import Block, LineReader
    from smq_core.jsonl.rejects import Rejects
    from smq_core.jsonl.source import Source
    from smq_core.store.records import ImportProgress

__all__ = ["Run"]

_BROKEN: Final = ValueShape.BROKEN
_BOM: Final = b"\xef\xbb\xbf"
_REST: Final = "the rest of a line whose beginning was imported earlier: repair that message by hand"


class _Candidate(msgspec.Struct, frozen=True):
    """A line that can be taken, unless its key is held."""

    number: int
    line: bytes
    parsed: Parsed


class _StoppedError(Exception):
    """Ends an import in the middle of a line, at which the next run begins."""


class Run:
    """One run of an import."""

    def __init__(
        self,
        source: Source,
        reader: LineReader,
        parser: LineParser,
        recorder: ImportRecorder,
        clock: Clock,
        *,
        skips_held: bool = False,
    ) -> None:
        """Take a source; a line whose key is held is left out (`skips_held`), else a reject."""
        self._source = source
        self._reader = reader
        self._parser = parser
        self._recorder = recorder
        self._clock = clock
        self._skips_held = skips_held
        self._array = ArrayWatch()
        self._begun = clock.monotonic()
        self._counts = ImportCounts()
        self._line = 0
        self._is_inside_line = False

    def go_on(self, lines_before: int) -> None:
        """Begin behind what an earlier run took; a last line without an end may have grown since."""
        self._is_inside_line = self._reader.is_inside_line
        self._line = lines_before - 1 if self._is_inside_line else lines_before

    def take_all(self, progress: Callable[[ImportStatus], bool] | None) -> bool:
        """Take block by block until the end, or until `progress` says False; return which of both."""
        self._recorder.begin(self._position(), self._clock.now_ms())
        is_complete = True
        for block in self._reader.blocks():
            try:
                self._take(block, progress)
            except _StoppedError:
                self._recorder.leave()
                return False
            if progress is not None and not progress(self._status()):
                is_complete = False
                break
        self._recorder.end(self._position(), self._clock.now_ms(), is_complete=is_complete)
        return is_complete

    def report(
        self, earlier: ImportProgress | None, rejects: Rejects, *, is_complete: bool, is_dry_run: bool
    ) -> ImportReport:
        """Put together what was counted, and how far the earlier runs of the import had come."""
        began_at = 1 if earlier is None else earlier.lines_taken + 1
        has_rejects = rejects.is_used
        return ImportReport(
            source=self._source.name,
            taken=self._counts.taken,
            held=self._counts.held,
            blank=self._counts.blank,
            rejected=self._counts.rejected,
            rejected_before=0 if earlier is None else earlier.rejected,
            held_lines=tuple(self._counts.held_lines),
            broken_lines=tuple(self._counts.broken_lines),
            is_one_array=began_at == 1 and self._array.is_one_array,
            topics=self._counts.topics(),
            rejects=tuple(self._counts.rejects),
            rejects_path=str(rejects.path) if has_rejects else None,
            reasons_path=str(rejects.reasons_path) if has_rejects else None,
            began_at_line=began_at,
            last_line=self._line,
            elapsed_s=self._clock.monotonic() - self._begun,
            is_complete=is_complete,
            is_dry_run=is_dry_run,
        )

    def _take(self, block: Block | LongLine, progress: Callable[[ImportStatus], bool] | None) -> None:
        now_ms = self._clock.now_ms()
        candidates: list[_Candidate] = []
        if isinstance(block, LongLine):
            self._reject(InvalidLine(self._line + 1, TOO_LONG), self._until_stopped(block.pieces, progress))
            self._counts.lines += 1
            self._line += 1
            self._is_inside_line = False
        else:
            self._counts.lines += len(block.lines)
            lines = self._without_oddities(block.lines)
            self._array.look(lines)
            candidates = self._parse(lines, now_ms)
        self._add(candidates, now_ms)

    def _add(self, candidates: list[_Candidate], now_ms: int) -> None:
        """Add what can be taken; what a key keeps out is rejected first, and the rest tried once more."""
        while held := self._try(candidates, now_ms):
            reasons = [InvalidLine(candidates[one].number, _held(candidates[one].parsed)) for one in held]
            if self._skips_held:
                self._counts.hold(reasons)
                break
            for position, reason in zip(held, reasons, strict=True):
                self._reject(reason, iter((candidates[position].line,)))
            kept_out = set(held)
            candidates = [one for position, one in enumerate(candidates) if position not in kept_out]
        self._counts.take([one.parsed for one in candidates], held)
        self._counts.note_broken(one.number for one in candidates if one.parsed.shape is _BROKEN)

    def _try(self, candidates: list[_Candidate], now_ms: int) -> list[int]:
        messages = [one.parsed.message for one in candidates]
        return self._recorder.add(
            messages, self._position(len(candidates)), now_ms, skips_held=self._skips_held
        )

    def _without_oddities(self, lines: list[bytes]) -> list[bytes]:
        """Drop a byte order mark before the first line, and put aside the rest of a line taken before."""
        if self._line == 0 and lines[0].startswith(_BOM):
            return [lines[0].removeprefix(_BOM), *lines[1:]]
        if not self._is_inside_line:
            return lines
        self._is_inside_line = False
        self._line += 1
        if not is_blank(lines[0]):
            self._reject(InvalidLine(self._line, _REST), iter(lines[:1]))
        return lines[1:]

    def _parse(self, lines: list[bytes], now_ms: int) -> list[_Candidate]:
        candidates: list[_Candidate] = []
        for line in lines:
            self._line += 1
            if is_blank(line):
                self._counts.blank += 1
                continue
            try:
                candidates.append(_Candidate(self._line, line, self._parser.parse(line, now_ms)))
            except InvalidMessage as error:
                self._reject(InvalidLine(self._line, str(error)), iter((line,)))
        return candidates

    def _reject(self, reject: InvalidLine, pieces: Iterator[bytes]) -> None:
        self._recorder.reject(reject, pieces)
        self._counts.reject(reject)

    def _until_stopped(
        self, pieces: Iterator[bytes], progress: Callable[[ImportStatus], bool] | None
    ) -> Iterator[bytes]:
        """Pass on the pieces of a line, which may be as long as the source, until `progress` says False."""
        for piece in pieces:
            yield piece
            if progress is not None and not progress(self._status()):
                raise _StoppedError

    def _position(self, more: int = 0) -> ImportPosition:
        """Return how far it has come, once a number of further messages are in."""
        taken = self._counts.taken + more
        return ImportPosition(
            self._reader.position, self._reader.digest(), self._line, taken, self._counts.rejected
        )

    def _status(self) -> ImportStatus:
        return ImportStatus(
            lines=self._counts.lines,
            rejected=self._counts.rejected,
            bytes_read=self._source.bytes_read,
            size=self._source.size,
            elapsed_s=self._clock.monotonic() - self._begun,
        )


def _held(parsed: Parsed) -> str:
    message = parsed.message
    return f"an unfinished message of {message.topic} already has its key, {message.key}"
