"""`smq import`: options in, a progress bar meanwhile, the report out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from smq_core.cli import output
from smq_core.cli.options import TOPIC, announce, json_option, place_of
from smq_core.cli.progress import Bar, bar
from smq_core.errors import InvalidLine
from smq_core.format import count, counted, duration, rate
from smq_core.json_fields import line_fields
from smq_core.jsonl import (
    STANDARD_INPUT,
    ImportOptions,
    ImportReport,
    ImportStatus,
    Source,
    import_lines,
    preview_lines,
)
from smq_core.location import absolute
from smq_core.store import open_store
from smq_core.written import ValueShape

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["import_"]

_WORTH_SAYING_S: Final = 0.1
_RUNS_SHOWN: Final = 20


@click.command
@click.argument("file")
@click.option(
    "--db",
    "--sqlite",
    "location",
    metavar="PATH",
    help="Database file (default: $SIMPLE_MQ_DB, or queue.sqlite3 in the current directory).",
)
@click.option(
    "--topic", type=TOPIC, default="default", show_default=True, help="Topic for lines that do not name one."
)
@click.option(
    "--strict/--text",
    "strict",
    default=None,
    help="Reject lines that start like JSON but do not parse (default for .jsonl), or import them as text.",
)
@click.option(
    "--duplicates",
    type=click.Choice(["reject", "skip"]),
    default="reject",
    show_default=True,
    help="What to do with a line whose key is already in use by an unfinished message.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be imported; add nothing.")
@click.option(
    "--rejects", metavar="FILE", help="File for lines that cannot be imported (default: FILE.rejects)."
)
@click.option("--again", is_flag=True, help="Import the file again, even if it has already been imported.")
@click.option(
    "--resume",
    "name",
    metavar="NAME",
    help="Name for standard input, so that an interrupted import can resume.",
)
@json_option
@click.pass_context
def import_(
    ctx: click.Context,
    *,
    file: str,
    location: str | None,
    topic: str,
    strict: bool | None,
    duplicates: str,
    dry_run: bool,
    rejects: str | None,
    again: bool,
    name: str | None,
    as_json: bool,
) -> int:
    """Add the lines of FILE as messages.

    FILE is JSONL or text, optionally compressed with gzip; - is standard input. A line is {"topic": …,
    "payload": …}, any other JSON value, or text. An interrupted import resumes where it stopped, and a
    file that has already been imported adds nothing. Lines that cannot be imported are kept in another
    file, and the exit code is then 65.
    """
    del location
    options = ImportOptions(
        topic=topic,
        is_strict=strict,
        skips_held=duplicates == "skip",
        again=again,
        name=name,
        rejects=None if rejects is None else absolute(rejects),
        is_rejects_typed=rejects is not None,
    )
    with Source(file) as source, bar(f"importing {file}", source.size) as show:
        report = (_preview if dry_run else _take)(ctx, source, options, _told(show))
    if as_json:
        output.say_json(
            _as_json(report), done="" if dry_run else f"{_sum(report)}: the report could not be printed"
        )
    else:
        _print(report)
    return InvalidLine.exit_code if report.rejected or report.rejected_before else 0


def _take(
    ctx: click.Context, source: Source, options: ImportOptions, told: Callable[[ImportStatus], bool]
) -> ImportReport:
    store = open_store(announce(ctx))
    try:
        return import_lines(store, source, options, progress=told)
    except KeyboardInterrupt:
        if source.identity is not None or options.name is not None:
            output.note("the lines imported so far are kept; run the same command to resume")
        raise
    finally:
        store.close()


def _preview(
    ctx: click.Context, source: Source, options: ImportOptions, told: Callable[[ImportStatus], bool]
) -> ImportReport:
    place = place_of(ctx)
    if not place.exists():
        return preview_lines(None, source, options, progress=told)
    store = open_store(place, read_only=True, may_create=False)
    try:
        return preview_lines(store, source, options, progress=told)
    finally:
        store.close()


def _told(show: Bar) -> Callable[[ImportStatus], bool]:
    def told(status: ImportStatus) -> bool:
        show(status.bytes_read, f"{counted(status.lines, 'line')}, {rate(status.lines_per_s)}")
        return True

    return told


def _print(report: ImportReport) -> None:
    if report.has_nothing_new:
        lines = counted(report.last_line, "line was", "lines were")
        rejected = count(report.rejected_before)
        how = f"read before, {rejected} of them rejected" if report.rejected_before else "already imported"
        output.say(f"nothing new in {report.source}: its {lines} {how}")
        return
    if report.began_at_line > 1:
        output.say(f"resumed at line {count(report.began_at_line)}")
    (output.say if report.is_dry_run else output.say_done)(f"{_sum(report)}{_took(report)}")
    _print_topics(report)
    _print_left_out(report)
    for reject in report.rejects:
        output.note(str(reject))
    if report.rejected > len(report.rejects):
        output.note(f"and {count(report.rejected - len(report.rejects))} more")


def _sum(report: ImportReport) -> str:
    verb = "would be added" if report.is_dry_run else "added"
    source = "standard input" if report.source == STANDARD_INPUT else report.source
    return f"{counted(report.taken, 'message')} {verb} from {source}"


def _took(report: ImportReport) -> str:
    if report.elapsed_s < _WORTH_SAYING_S:
        return ""
    lines = report.last_line - report.began_at_line + 1
    lines_per_s = int(lines / report.elapsed_s)
    return f" in {duration(round(report.elapsed_s, 1))}, {counted(lines_per_s, 'line')} a second"


def _print_topics(report: ImportReport) -> None:
    if not report.topics:
        return
    shapes = [shape for shape in ValueShape if report.shape_total(shape)]
    titles = ["topic", "lines", *(shape.value for shape in shapes)]
    rows = [
        [topic, count(sum(counts.values())), *(count(counts.get(shape.value, 0)) for shape in shapes)]
        for topic, counts in report.topics.items()
    ]
    totals = [report.shape_total(shape) for shape in shapes]
    rows.append(["total", *map(count, [sum(totals), *totals])])
    output.table(titles, rows, right=" ".join(titles[1:]))


def _print_left_out(report: ImportReport) -> None:
    if report.broken:
        lines = counted(
            report.broken,
            "line looked like JSON but did not parse, and was imported as text",
            "lines looked like JSON but did not parse, and were imported as text",
        )
        output.note(f"{lines} (--strict rejects such lines):")
        output.note(f"  {_numbers(report.broken_lines, report.broken)}")
    if report.held:
        output.note(
            f"{counted(report.held, 'line')} skipped because unfinished messages already have their keys:"
        )
        numbers = tuple(line.line_number for line in report.held_lines)
        output.note(f"  {_numbers(numbers, report.held)}")
    if report.is_one_array:
        output.note(
            "the file looks like a single JSON array instead of JSONL, which has one value per line; to "
            "import its elements, run jq -c '.[]' FILE | smq import -"
        )
    if report.blank:
        output.note(counted(report.blank, "blank line"))
    if report.rejected:
        lines = counted(report.rejected, "line")
        output.note(f"{lines} would be rejected" if report.is_dry_run else f"{lines} rejected")
    if report.rejected_before:
        output.note(f"{counted(report.rejected_before, 'line')} rejected by earlier runs of this import")
    if report.rejects_path is not None:
        output.note(f"  rejected lines: {report.rejects_path}; reasons: {report.reasons_path}")


def _numbers(lines: tuple[int, ...], total: int) -> str:
    """Write the numbers of lines, a run of them as its ends."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    shown = runs[:_RUNS_SHOWN]
    text = ", ".join(" to ".join(map(count, run)) for run in shown)
    more = total - sum(run[-1] - run[0] + 1 for run in shown)
    return f"{'line' if total == 1 else 'lines'} {text}{f' and {count(more)} more' if more else ''}"


def _as_json(report: ImportReport) -> dict[str, object]:
    return {
        "source": report.source,
        "taken": report.taken,
        "held": report.held,
        "held_lines": [line_fields(line) for line in report.held_lines],
        "broken_lines": report.broken_lines,
        "is_one_array": report.is_one_array,
        "blank": report.blank,
        "rejected": report.rejected,
        "rejected_before": report.rejected_before,
        "topics": report.topics,
        "rejected_lines": [line_fields(reject) for reject in report.rejects],
        "rejects_path": report.rejects_path,
        "reasons_path": report.reasons_path,
        "began_at_line": report.began_at_line,
        "last_line": report.last_line,
        "elapsed_s": round(report.elapsed_s, 3),
        "is_dry_run": report.is_dry_run,
    }
