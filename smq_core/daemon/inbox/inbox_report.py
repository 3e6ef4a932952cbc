"""What the inbox reports of a file that it took: all of it, in however many runs. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from smq_core.format import counted
from smq_core.json_fields import line_fields
from smq_core.safe_text import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.jsonl import ImportReport
    from smq_core.store.records import ImportProgress

__all__ = ["ImportedFile"]


class ImportedFile(NamedTuple):
    """A file that was imported, as far as it was."""

    report: ImportReport
    """Of the last run: a file that was stopped, that grew, or that could not be moved away takes several."""
    record: ImportProgress | None
    """Of all runs."""
    rejects: Path
    """Where lines are that could not be taken."""

    @property
    def is_complete(self) -> bool:
        """Return whether all of it was taken."""
        return self.report.is_complete

    @property
    def added(self) -> int:
        """Messages that were added."""
        return self.report.taken if self.record is None else self.record.taken

    @property
    def rejected(self) -> int:
        """Lines that could not be taken."""
        return self.report.rejected if self.record is None else self.record.rejected

    def sentence(self) -> str:
        """Return what the log says."""
        said = f"{counted(self.added, 'message')} added, {counted(self.rejected, 'line')} rejected"
        return (
            f"{said}, before the file could be moved out of the inbox"
            if self.report.has_nothing_new
            else said
        )

    def encoded(self) -> bytes:
        """Return the content of the report next to the file."""
        report = self.report
        facts: dict[str, object] = {
            "taken": self.added,
            "rejected": self.rejected,
            "held": report.held,
            "rejects_path": clean_text(str(self.rejects)) if self.rejected else None,
            "last_line": report.last_line,
            "elapsed_s": round(report.elapsed_s, 3),
        }
        if report.began_at_line == 1:
            # else they are of the last run alone
            facts |= {
                "topics": report.topics,
                "rejected_lines": [line_fields(reject) for reject in report.rejects],
            }
        return msgspec.json.encode(facts)
