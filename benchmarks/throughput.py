"""The sections in which one process works alone: every loop, at every durability, size, depth and disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.case import Case
from benchmarks.roster import BARE, C_LOOP, OURS, OURS_JSON
from benchmarks.rounds import Figures, drop_seeds, measure
from benchmarks.table import Table, ranged, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contender import Mode
    from benchmarks.plan import Plan
    from benchmarks.roster import Entrant

__all__ = ["alike", "backlog", "defaults", "sizes", "slow_loops"]

SYNCHRONOUS = {"0": "OFF", "1": "NORMAL", "2": "FULL", "3": "EXTRA"}


@dataclass(frozen=True)
class Column:
    """A loop and its size."""

    title: str
    loop: str
    count: int
    batch: int = 1
    mode: Mode = "default"
    waiting: int = 0
    payload_bytes: int = 200
    may_fall_back: bool = False
    """Who does not offer the mode is measured in its own."""
    is_ours_only: bool = False
    """Too large for the peers: several need minutes to fill it."""


SINGLES = (
    Column("enqueue", "enqueue", 5_000),
    Column("enqueue_many, 1,000 a call", "enqueue_many", 50_000, 1_000),
    Column("dequeue, ack", "dequeue_ack", 5_000),
    Column("dequeue(ack=previous)", "exchange", 5_000),
    Column("batches of 100", "batches", 20_000, 100),
)


def defaults(plan: Plan) -> Table:
    """Everybody at their own defaults, the bare loops and smq at both."""
    table = Table.of(
        "defaults",
        ["", "journal", "synchronous", *(column.title for column in SINGLES)],
    )
    lines: list[tuple[str, Entrant, Mode]] = [
        (f"{one.name}, {mode}", one, mode) for one in (*plan.limits, OURS) for mode in ("full", "normal")
    ]
    lines += [("smq, full, payloads as dicts", OURS_JSON, "full"), *_lines(plan.peers)]
    return _measured(plan, table, lines, SINGLES, tells_settings=True)


def alike(plan: Plan) -> Table:
    """Like with like: everybody with a flush for each commit, and everybody without."""
    modes: tuple[Mode, ...] = ("full", "normal")
    columns = [
        Column(f"{loop.title}, {mode}", loop.loop, 4_000, mode=mode)
        for loop in (SINGLES[0], SINGLES[2])
        for mode in modes
    ]
    table = Table.of(
        "alike",
        ["", *(column.title for column in columns)],
    )
    return _measured(plan, table, _everybody(plan), columns)


def sizes(plan: Plan) -> Table:
    """Three sizes of payload, without flushes where one can choose, so that the size shows."""
    columns = [
        Column(f"{title}, {size}", loop, count, mode="normal", payload_bytes=number, may_fall_back=True)
        for size, number, count in (("200 B", 200, 5_000), ("10 kB", 10_000, 2_000), ("1 MiB", 1 << 20, 60))
        for title, loop in (("enqueue", "enqueue"), ("dequeue, ack", "dequeue_ack"))
    ]
    table = Table.of(
        "sizes",
        ["", *(column.title for column in columns)],
    )
    return _measured(plan, table, _everybody(plan), columns)


def slow_loops(plan: Plan) -> Table:
    """Everything durable once more, with each flush 5 ms slower."""
    columns = [replace(column, count=max(300, column.batch * 3)) for column in SINGLES]
    table = Table.of(
        "slow-loops",
        ["", *(column.title for column in columns)],
    )
    columns = [replace(column, mode="full") for column in columns]
    return _measured(
        plan, table, _everybody(plan), columns, changed=lambda case: replace(case, is_slow=True, cap_s=20.0)
    )


def backlog(plan: Plan) -> Table:
    """Measure taking and counting in a large table, and what a message takes on disk."""
    small, large = plan.scaled(500_000), plan.scaled(5_000_000)
    columns = [
        Column("empty", "dequeue_ack", 2_000),
        Column(f"{small:,} waiting", "dequeue_ack", 2_000, waiting=small),
        Column(f"{large:,} waiting", "dequeue_ack", 2_000, waiting=large, is_ours_only=True),
        Column(f"depth at {small:,}, ms", "depth", 10, waiting=small),
        Column(f"depth at {large:,}, ms", "depth", 10, waiting=large, is_ours_only=True),
    ]
    table = Table.of(
        "backlog",
        ["", *(column.title for column in columns), "bytes a message"],
    )
    lines = [*_lines(plan.limits, "normal"), *_lines((OURS, *plan.peers))]

    def changed(case: Case) -> Case:
        name = case.contender.partition(":")[0]
        seed = f"{name}-{case.waiting}" if case.waiting else ""
        # what is taken in all rounds has to be there from the start
        more = 5_000 * plan.rounds if case.waiting else 0
        return replace(case, seed=seed, waiting=case.waiting + more, cap_s=8.0)

    try:
        return _measured(plan, table, lines, columns, changed=changed, tells_bytes=True)
    finally:
        drop_seeds()


def _everybody(plan: Plan) -> list[tuple[str, Entrant, Mode]]:
    return _lines((*plan.limits, OURS, *plan.peers))


def _lines(entrants: Sequence[Entrant], mode: Mode = "default") -> list[tuple[str, Entrant, Mode]]:
    return [(one.name, one, mode) for one in entrants]


def _measured(
    plan: Plan,
    table: Table,
    lines: Sequence[tuple[str, Entrant, Mode]],
    columns: Sequence[Column],
    *,
    changed: Callable[[Case], Case] = lambda case: case,
    tells_settings: bool = False,
    tells_bytes: bool = False,
) -> Table:
    """Run the cases of all lines and columns in rounds, and write them into the table."""
    cases = {
        (name, column): changed(_case(plan, entrant, mode, column))
        for name, entrant, mode in lines
        for column in columns
        if entrant in (BARE, C_LOOP, OURS) or not column.is_ours_only
    }
    pythons = {entrant.adapter: entrant.python for _, entrant, _ in lines}
    figures = measure(list(dict.fromkeys(cases.values())), plan.rounds, plan.tell, pythons)
    for name, _, _ in lines:
        line = [figures[cases[name, column]] if (name, column) in cases else Figures() for column in columns]
        cells = [_cell(one, column) for one, column in zip(line, columns, strict=True)]
        medians = [_median(one, column) for one, column in zip(line, columns, strict=True)]
        said = next((one.said for one in line if one.said), {})
        if tells_settings:
            cells, medians = [*_settings(said), *cells], [0.0, 0.0, *medians]
        if tells_bytes:
            cells.append(_bytes(line))
        table.add(name, cells, medians)
    return table


def _case(plan: Plan, entrant: Entrant, mode: Mode, column: Column) -> Case:
    count = max(column.batch, plan.scaled(column.count) // column.batch * column.batch)
    return Case(
        contender=entrant.adapter,
        loop=column.loop,
        mode=_mode(entrant, mode, column),
        count=count,
        batch=column.batch,
        waiting=column.waiting,
        payload_bytes=column.payload_bytes,
        core=plan.core,
    )


def _mode(entrant: Entrant, mode: Mode, column: Column) -> Mode:
    if column.mode == "default" or (column.may_fall_back and entrant.lacks == column.mode):
        return mode
    return column.mode


def _cell(figures: Figures, column: Column) -> str:
    if figures.problem and not figures.values:
        return "-" if len(figures.problem) < 40 else figures.problem  # noqa: PLR2004 - a verb's name, or an error
    if _is_time(column):
        return ranged([1000 / value for value in figures.values])
    return ranged(figures.values)


def _median(figures: Figures, column: Column) -> float:
    return 1000 / figures.median if figures.median and _is_time(column) else figures.median


def _is_time(column: Column) -> bool:
    """Return whether the figure is how long one takes (ms), not how many there are in a second."""
    return column.loop == "depth"


def _settings(said: Mapping[str, object]) -> list[str]:
    synchronous = str(said.get("synchronous", "as named"))
    return [str(said.get("journal", "wal")), SYNCHRONOUS.get(synchronous, synchronous)]


def _bytes(line: Sequence[Figures]) -> str:
    sizes_of = [size for one in line if isinstance(size := one.said.get("bytes_a_message"), float) and size]
    return short(min(sizes_of)) if sizes_of else "-"
