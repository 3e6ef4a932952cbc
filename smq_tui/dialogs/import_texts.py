"""What an import would do, and what it did, in words. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from smq_core.format import age, count, counted
from smq_core.safe_text import cell

if TYPE_CHECKING:
    from smq_tui.values import ImportReport
    from smq_tui.widgets.detail_text import Pieces

__all__ = ["preview_pieces", "report_pieces"]

_TOPICS_SHOWN: Final = 8
_REJECTS_SHOWN: Final = 4
_TOPIC_WIDTH: Final = 20
_SHAPES_WIDTH: Final = 34
"""Both suit a dialog in a terminal of 80 columns."""
_NO_UNDO: Final = "\nAn import cannot be undone: delete (D on screen 2) the messages that it added."
_SHAPES: Final = {
    "objects": ("object", "objects"),
    "strings": ("string", "strings"),
    "values": ("value", "values"),
    "texts": ("text", "texts"),
    "broken": ("text like JSON", "texts like JSON"),
}


def preview_pieces(report: ImportReport) -> Pieces:
    """Describe what an import would do."""
    if report.has_nothing_new:
        return [(f"\n{_read_before(report)}: nothing would be added.", "bold $text-warning")]
    if not report.is_complete:
        return [("\nThe dry run was stopped; so far:\n", "bold $text-warning"), *_counts(report)]
    where = counted(len(report.topics), "topic")
    added = f"{counted(report.taken, 'message')} would be added in {where}"
    head = f"\nDry run: {added}, {count(report.rejected)} rejected.\n"
    return [(head, "bold $text-success"), *_counts(report), (_NO_UNDO, "")]


def report_pieces(report: ImportReport) -> Pieces:
    """Describe what an import did."""
    if report.has_nothing_new:
        return [(f"\n{_read_before(report)}: nothing was added.", "bold $text-warning")]
    if not report.is_complete:
        head = (
            f"\nStopped after {counted(report.taken, 'message')}, which remain in the queue. Import the file "
            "again to resume.\n"
        )
        return [(head, "bold $text-warning"), *_counts(report), (_NO_UNDO, "")]
    speed = "less than a second"
    if report.elapsed_s >= 1:
        speed = f"{age(report.elapsed_s)}: {count(int(report.taken / report.elapsed_s))} a second"
    added = f"{counted(report.taken, 'message')} added, {count(report.rejected)} rejected"
    head = f"\n{added}, in {speed}.\n"
    return [(head, "bold $text-success"), *_counts(report), (_NO_UNDO, "")]


def _read_before(report: ImportReport) -> str:
    if not report.rejected_before:
        return "This file has already been imported"
    return f"This file has been read before, with {counted(report.rejected_before, 'line')} rejected"


def _counts(report: ImportReport) -> Pieces:
    pieces: Pieces = []
    if report.began_at_line > 1:
        pieces.append(
            (f"resumes at line {count(report.began_at_line)}, where an earlier import stopped\n", "")
        )
    for topic, shapes in list(report.topics.items())[:_TOPICS_SHOWN]:
        parts = ", ".join(counted(number, *_SHAPES.get(shape, (shape,))) for shape, number in shapes.items())
        # What has no room goes on below itself, not where topics stand.
        lines = f"\n{'':<{_TOPIC_WIDTH + 14}}".join(textwrap.wrap(parts, _SHAPES_WIDTH))
        pieces += [
            (f"  {cell(topic, _TOPIC_WIDTH):<{_TOPIC_WIDTH}} ", "$text-accent"),
            (f"{count(sum(shapes.values())):>9}  {lines}\n", ""),
        ]
    if len(report.topics) > _TOPICS_SHOWN:
        more = counted(len(report.topics) - _TOPICS_SHOWN, "more topic")
        pieces.append((f"  and {more}\n", ""))
    if report.held:
        pieces.append(
            (f"{count(report.held)} skipped: unfinished messages already have their keys\n", "$text-warning")
        )
    if report.rejected_before:
        before = counted(report.rejected_before, "line")
        pieces.append((f"{before} rejected by earlier runs of this import\n", "$text-error"))
    if report.rejected:
        pieces += _rejects(report)
    return pieces


def _rejects(report: ImportReport) -> Pieces:
    where = f"; correct them in {cell(report.rejects_path or '', 120)}" if not report.is_dry_run else ""
    pieces: Pieces = [(f"{count(report.rejected)} rejected{where}\n", "bold $text-error")]
    for reject in report.rejects[:_REJECTS_SHOWN]:
        pieces.append((f"  line {count(reject.line_number)}: {cell(reject.reason, 100)}\n", "$text-error"))
    if report.rejected > _REJECTS_SHOWN:
        pieces.append((f"  and {count(report.rejected - _REJECTS_SHOWN)} more\n", "$text-error"))
    return pieces
