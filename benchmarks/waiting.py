"""The section on waiting: how soon a message is with a waiting process, and what its waiting costs."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.hand_over import Latency, measure_latency, measure_neighbour
from benchmarks.roster import BARE, OURS
from benchmarks.table import Table, ranged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.plan import Plan

__all__ = ["hand_over"]


COLUMNS = (
    "",
    "p50 ms",
    "p99 ms",
    "worst ms",
    "arrived",
    "idle, % of a core",
    "another topic busy, % of a core",
)


def hand_over(plan: Plan) -> Table:
    """Measure each consumer's own way to wait, at its defaults."""
    table = Table.of("hand-over", list(COLUMNS))
    count, idle_s = plan.scaled(300), max(1.0, 10.0 * min(1.0, plan.scale))
    entrants = (OURS, BARE, *plan.peers)
    seen: dict[str, list[Latency]] = {one.name: [] for one in entrants}
    busy: dict[str, list[float]] = {one.name: [] for one in entrants}
    for number in range(1, plan.rounds + 1):
        plan.tell(f"round {number} of {plan.rounds}")
        for one in entrants:
            seen[one.name].append(measure_latency(one, count, idle_s))
        for one in (OURS, BARE):
            busy[one.name].append(measure_neighbour(one, idle_s))
    for name, rounds in seen.items():
        if problem := next((latency.problem for latency in rounds if latency.problem), ""):
            plan.tell(f"{name}: {problem}")
        table.add(name, *_line(rounds, busy[name]))
    return table


def _line(rounds: Sequence[Latency], busy: Sequence[float]) -> tuple[list[str], list[float]]:
    """Write one contender's cells."""
    medians = [latency.median for latency in rounds]
    p99 = [latency.percentile(0.99) for latency in rounds]
    worst = [max((latency.percentile(1.0) for latency in rounds), default=0.0)]
    idle = [latency.idle_percent for latency in rounds]
    arrived = f"{sum(len(one.millis) for one in rounds):,} of {sum(one.sent for one in rounds):,}"
    cells = [ranged(medians), ranged(p99), ranged(worst), arrived, ranged(idle), ranged(busy)]
    return cells, [statistics.median(medians), statistics.median(p99), *worst, 0.0, statistics.median(idle)]
