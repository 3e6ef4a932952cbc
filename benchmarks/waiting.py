"""The section on waiting: how soon a message is with a waiting process, and what its waiting costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.hand_over import Latency, measure_latency, measure_neighbour
from benchmarks.roster import BARE, OURS
from benchmarks.table import Table, ranged, short

if TYPE_CHECKING:
    from benchmarks.plan import Plan

__all__ = ["hand_over"]


def hand_over(plan: Plan) -> Table:
    """Measure each consumer's own way to wait, at its defaults."""
    table = Table.of(
        "hand-over",
        [
            "",
            "p50 ms",
            "p99 ms",
            "worst ms",
            "arrived",
            "idle, % of a core",
            "another topic busy, % of a core",
        ],
    )
    count, idle_s = plan.scaled(300), max(1.0, 10.0 * min(1.0, plan.scale))
    entrants = (OURS, BARE, *plan.peers)
    seen: dict[str, list[Latency]] = {one.name: [] for one in entrants}
    busy: dict[str, list[float]] = {OURS.name: [], BARE.name: []}
    for number in range(1, plan.rounds + 1):
        plan.tell(f"round {number} of {plan.rounds}")
        for one in entrants:
            seen[one.name].append(measure_latency(one, count, idle_s))
            if one.name in busy:
                busy[one.name].append(measure_neighbour(one, idle_s))
    for one in entrants:
        rounds = seen[one.name]
        if problem := next((latency.problem for latency in rounds if latency.problem), ""):
            plan.tell(f"{one.name}: {problem}")
        medians, p99 = (
            [latency.median for latency in rounds],
            [latency.percentile(0.99) for latency in rounds],
        )
        worst = max((max(latency.millis, default=0.0) for latency in rounds), default=0.0)
        arrived = f"{sum(len(one.millis) for one in rounds):,} of {sum(one.sent for one in rounds):,}"
        idle = [latency.idle_percent for latency in rounds]
        cells = [
            ranged(medians),
            ranged(p99),
            short(worst),
            arrived,
            ranged(idle),
            ranged(busy.get(one.name, [])),
        ]
        table.add(
            one.name,
            cells,
            [
                sorted(medians)[len(medians) // 2],
                sorted(p99)[len(p99) // 2],
                worst,
                0.0,
                sorted(idle)[len(idle) // 2],
            ],
        )
    return table
