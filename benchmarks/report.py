"""Writes docs/benchmarks.md from the sections that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.aims import aimed
from benchmarks.machine import described
from benchmarks.native import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.plan import Plan
    from benchmarks.table import Table

__all__ = ["DOCS", "write_report"]

HEAD = (
    "This page is written by `make bench`; do not edit it. Compare figures only within one table: they were",
    "measured in turns, each case in a new process. Compare like with like: a commit that is flushed to the",
    "disk survives a crash of the machine; one that is not may be lost.",
)
BARE = (
    "- The bare loops have one table, an index of ready rows and one of leased rows, and nothing else:",
    "  no counters, no receipts, no topics. They show the limit of what a queue on this SQLite can achieve.",
)
LIMIT = "bare loop, C"
DOCS = CACHE.parents[1] / "docs"


def write_report(tables: Sequence[Table], plan: Plan) -> None:
    """Write the report."""
    lines = [*_head(plan), *_aims(tables), *(line for table in tables for line in _section(table))]
    DOCS.mkdir(exist_ok=True)
    (DOCS / "benchmarks.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head(plan: Plan) -> Iterator[str]:
    yield "# Compared with its limit and its peers"
    yield ""
    yield from HEAD
    yield ""
    yield "![Messages per second of smq, its limit and its peers](benchmarks.svg)"
    yield ""
    yield from (f"- {line}" for line in described())
    yield f"- Peers: {_peers(plan)}."
    yield from (
        f"- Not measured: {name}, because it could not be installed here ({why})."
        for name, why in plan.missing.items()
    )
    yield from BARE


def _aims(tables: Sequence[Table]) -> Iterator[str]:
    """Write what is aimed at, where it was measured."""
    rows = list(aimed({table.key: table for table in tables}))
    if rows:
        yield from (
            "",
            "## Aims",
            "",
            "| aim | bound | measured | best peer |",
            "| --- | ---: | ---: | --- |",
        )
        yield from ("| " + " | ".join(row) + " |" for row in rows)


def _peers(plan: Plan) -> str:
    return "; ".join(
        f"{peer.name} {peer.version}" + (f" ({peer.note})" if peer.note else "") for peer in plan.peers
    )


def _section(table: Table) -> Iterator[str]:
    yield ""
    yield f"## {table.title}"
    yield ""
    yield f"{table.note} Measured at commit {table.measured}."
    yield ""
    if not table.columns:
        yield "```text"
        yield from table.text.splitlines()
        yield "```"
        return
    yield "| " + " | ".join(table.columns) + " |"
    yield "| --- |" + " ---: |" * (len(table.columns) - 1)
    yield from ("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in table.rows)
    yield from _ratios(table.figures)


def _ratios(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Write smq's part of the bare loops, and of the best peer, where the section has them."""
    ours = {name: row for name, row in figures.items() if name.startswith("smq")}
    bare = {name: row for name, row in figures.items() if name.startswith(LIMIT)}
    if not ours or not bare:
        return
    yield ""
    for name, row in ours.items():
        for limit, other in bare.items():
            parts = [f"{column} {row[column] / other[column]:.2f}" for column in row if other.get(column)]
            if parts and name.partition(",")[2] == limit.removeprefix(LIMIT).removeprefix(","):
                yield f"- {name} relative to {limit}: {', '.join(parts)}."
