"""What an import did or would do: values without behaviour, for the command, the inbox and the dashboard."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.errors import InvalidLine
from smq_core.written import ValueShape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smq_core.jsonl.line import Parsed

__all__ = ["ImportCounts", "ImportReport", "ImportStatus"]

_FIRST_NUMBERS: Final = 1_000
"""Lines that a report names by number where no file has them."""
_FIRST_REJECTS: Final = 10
"""Rejects that a report names; all of them stand in the rejects file."""


class ImportStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come, told after each block."""

    lines: int
    """Lines read by this run."""
    rejected: int
    bytes_read: int
    size: int | None
    """Bytes in all; None if unknown."""
    elapsed_s: float

    @property
    def lines_per_s(self) -> float:
        """Return the rate so far."""
        return self.lines / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Return how many seconds are left at this rate; None if unknown."""
        if not self.size or not self.bytes_read:
            return None
        return self.elapsed_s * max(0, self.size - self.bytes_read) / self.bytes_read


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an import (or, of a dry run, would come)."""

    source: str
    taken: int
    """Messages added."""
    held: int
    """Lines left out, as asked, because an unfinished message of the topic has their key."""
    held_lines: tuple[InvalidLine, ...]
    """The first of them, by number and reason."""
    broken_lines: tuple[int, ...]
    """The numbers of the first lines taken as text that begin as JSON does."""
    is_one_array: bool
    """The whole source looks like one JSON array instead of JSONL."""
    blank: int
    """Lines with nothing in them."""
    rejected: int
    rejected_before: int
    """Lines that earlier runs of the same import rejected."""
    topics: dict[str, dict[str, int]]
    """Lines taken by topic and shape: objects, strings, values, texts, broken."""
    rejects: tuple[InvalidLine, ...]
    """The first of the rejects."""
    rejects_path: str | None
    """Where all rejected lines are; None when there are none."""
    reasons_path: str | None
    began_at_line: int
    """1, or where an earlier run of the same import ended."""
    last_line: int
    elapsed_s: float
    is_complete: bool
    """False when the caller stopped it; the next run goes on."""
    is_dry_run: bool = False

    @property
    def has_nothing_new(self) -> bool:
        """Return whether all of the source had been read before."""
        return self.began_at_line > 1 and self.last_line < self.began_at_line and self.is_complete

    def shape_total(self, shape: ValueShape) -> int:
        """Count the lines of a shape over all topics."""
        return sum(counts.get(shape.value, 0) for counts in self.topics.values())

    @property
    def broken(self) -> int:
        """Count lines taken as text that begin as JSON does."""
        return self.shape_total(ValueShape.BROKEN)


class ImportCounts:
    """Counts while an import runs."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.lines = 0
        self.blank = 0
        self.held = 0
        self.held_lines: list[InvalidLine] = []
        self.broken_lines: list[int] = []
        self.rejected = 0
        self.rejects: list[InvalidLine] = []
        self._shapes: Counter[tuple[str, ValueShape]] = Counter()

    def take(self, parsed: list[Parsed], held: list[int]) -> None:
        """Count lines that became messages, but for those at some positions."""
        self._shapes.update([(one.message.topic, one.shape) for one in parsed])
        self._shapes.subtract([(parsed[one].message.topic, parsed[one].shape) for one in held])

    def hold(self, lines: Sequence[InvalidLine]) -> None:
        """Count lines that are left out since their keys are held."""
        self.held += len(lines)
        self.held_lines += lines[: _FIRST_NUMBERS - len(self.held_lines)]

    def note_broken(self, numbers: Iterable[int]) -> None:
        """Remember the first lines that begin as JSON does and were taken as text."""
        self.broken_lines += islice(numbers, _FIRST_NUMBERS - len(self.broken_lines))

    def reject(self, reject: InvalidLine) -> None:
        """Count a line that cannot be taken."""
        self.rejected += 1
        if len(self.rejects) < _FIRST_REJECTS:
            self.rejects.append(reject)

    @property
    def taken(self) -> int:
        """Count the messages."""
        return self._shapes.total()

    def topics(self) -> dict[str, dict[str, int]]:
        """Return the counts by topic and shape, the topics in order of their names."""
        topics: dict[str, dict[str, int]] = {}
        for (topic, shape), count in sorted(
            self._shapes.items(), key=lambda item: (item[0][0], item[0][1].value)
        ):
            if not count:
                continue
            topics.setdefault(topic, {})[shape.value] = count
        return topics
