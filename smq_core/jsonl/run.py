"""One run of an import: takes a source block by block, and counts. What is booked where is its ledger's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.errors import InvalidLine, InvalidMessage
from smq_core.jsonl.ledger import Place
from smq_core.jsonl.line import TOO_LONG, is_blank
from smq_core.jsonl.reader import LongLine
from smq_core.jsonl.report import ImportReport, ImportStatus, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.clock import Clock
    from smq_core.jsonl.ledger import Ledger
    from smq_core.jsonl.line import LineParser, Parsed
    from smq_core.jsonl.reader import Block, LineReader
    from smq_core.jsonl.rejects import Rejects
    from smq_core.jsonl.source import Source

__all__ = ["Run"]

_BOM: Final = b"\xef\xbb\xbf"
_REST: Final = "the rest of a line whose beginning was taken before: mend that message by hand"


class Run:
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
