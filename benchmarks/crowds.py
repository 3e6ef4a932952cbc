"""The sections in which several processes work on one queue: crowds, and producers on a slow disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.crowd import Crowd, Gathering, gather, waits
from benchmarks.roster import BARE, OURS
from benchmarks.table import Table, ranged, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contender import Mode
    from benchmarks.plan import Plan
    from benchmarks.roster import Entrant

    Line = tuple[str, Entrant, Mode]

__all__ = ["crowds", "slow_producers"]

P99 = 0.99
SLOW_COLUMNS = (
    "",
    "1 producer",
    "8 producers",
    "8 : 1",
    "worst put ms",
    "2 consumers alongside 8",
    "p99 ms",
    "worst ms",
    "puts meanwhile",
    "exceptions",
)


def crowds(plan: Plan) -> Table:
    """Two and two, eight and eight processes."""
    table = Table.of(
        "crowds",
        [
            "",
            "2 + 2",
            "p99 ms",
            "worst ms",
            "lost / twice",
            "8 + 8",
            "p99 ms, 8 + 8",
            "worst ms, 8 + 8",
            "lost / twice, 8 + 8",
            "exceptions",
        ],
    )
    plans = (
        Gathering(2, 2, plan.scaled(5_000), 60.0),
        Gathering(8, 8, plan.scaled(1_250), 60.0),
    )
    lines = [*_modes("smq", OURS), *_modes(BARE.name, BARE)]
    lines += [_own(peer.name, peer) for peer in plan.peers]
    seen = _rounds(plan, lines, plans)
    for name, _, _ in lines:
        cells: list[str] = []
        medians: list[float] = []
        for gathering in plans:
            some, numbers = _busy(seen[name, gathering])
            cells += some
            medians += numbers
        errors = [one for gathering in plans for one in seen[name, gathering]]
        table.add(name, [*cells, _errors(errors)], medians)
    return table


def slow_producers(plan: Plan) -> Table:
    """Measure one producer, eight, and eight beside two consumers, with each flush 5 ms slower."""
    table = Table.of("slow-disk", list(SLOW_COLUMNS))
    seconds = max(1.0, 5.0 * min(1.0, plan.scale))
    plans = (
        Gathering(1, 0, seconds=seconds, is_slow=True),
        Gathering(8, 0, seconds=seconds, is_slow=True),
        Gathering(8, 2, seconds=2 * seconds, waiting=plan.scaled(5_000), is_slow=True),
    )
    lines = [*_modes("smq", OURS), *_modes(BARE.name, BARE)]
    for peer in plan.peers:
        lines += [_own(f"{peer.name}, default", peer), _modes(peer.name, peer)[0]]
    seen = _rounds(plan, lines, plans)
    for name, _, _ in lines:
        one, eight, mixed = (seen[name, gathering] for gathering in plans)
        if not all(crowd.problem for crowd in one):
            table.add(name, *_slow(one, eight, mixed))
    return table


def _slow(
    one: Sequence[Crowd], eight: Sequence[Crowd], mixed: Sequence[Crowd]
) -> tuple[list[str], list[float]]:
    """Write the cells of one line on the slow disk."""
    rates, many = [crowd.put_rate for crowd in one], [crowd.put_rate for crowd in eight]
    times = [eights / max(ones, 0.1) for ones, eights in zip(rates, many, strict=False)]
    worst_put = max((wait for crowd in eight for wait in waits(crowd.produced)), default=0.0)
    taken, meanwhile = [crowd.take_rate for crowd in mixed], [crowd.put_rate for crowd in mixed]
    p99, worst = _waits(mixed)
    columns = (rates, many, times, [worst_put], taken, p99, [worst], meanwhile)
    return [*(ranged(values) for values in columns), _errors([*one, *eight, *mixed])], [
        _middle(values) for values in columns
    ]


def _own(name: str, entrant: Entrant) -> Line:
    return name, entrant, "default"


def _modes(name: str, entrant: Entrant) -> list[Line]:
    return [(f"{name}, full", entrant, "full"), (f"{name}, normal", entrant, "normal")]


def _rounds(
    plan: Plan, lines: Sequence[Line], plans: Sequence[Gathering]
) -> dict[tuple[str, Gathering], list[Crowd]]:
    """Run every gathering of every line, round by round; one that failed once is not tried again."""
    seen: dict[tuple[str, Gathering], list[Crowd]] = {
        (name, one): [] for name, _, _ in lines for one in plans
    }
    for number in range(1, plan.rounds + 1):
        plan.tell(f"round {number} of {plan.rounds}")
        for name, entrant, mode in lines:
            for gathering in plans:
                before = seen[name, gathering]
                if not (before and before[-1].problem):
                    before.append(gather(entrant, replace(gathering, mode=mode)))
    return seen


def _busy(seen: Sequence[Crowd]) -> tuple[list[str], list[float]]:
    """Write one crowd's four cells."""
    if any(crowd.problem for crowd in seen):
        return ["-", "-", "-", "-"], [0.0] * 4
    rates = [crowd.take_rate for crowd in seen]
    everybody = [sorted([*waits(crowd.produced), *waits(crowd.consumed)]) for crowd in seen]
    p99 = [_part(waited) for waited in everybody]
    worst = max((waited[-1] for waited in everybody if waited), default=0.0)
    lost, doubled = sum(crowd.lost for crowd in seen), sum(crowd.doubled for crowd in seen)
    cells = [ranged(rates), ranged(p99), short(worst), f"{lost:,} / {doubled:,}"]
    return cells, [_middle(rates), _middle(p99), worst, 0.0]


def _waits(seen: Sequence[Crowd]) -> tuple[list[float], float]:
    """Return the consumers' p99 of each round, and their worst wait of all."""
    everybody = [waits(crowd.consumed) for crowd in seen]
    return [_part(waited) for waited in everybody], max(
        (waited[-1] for waited in everybody if waited), default=0.0
    )


def _part(waited: Sequence[float]) -> float:
    return waited[min(len(waited) - 1, int(len(waited) * P99))] if waited else 0.0


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def _errors(seen: Sequence[Crowd]) -> str:
    """Write what was raised, the most frequent first, or why nothing was measured."""
    if problem := next((crowd.problem for crowd in seen if crowd.problem), ""):
        return problem[:80]
    total: Counter[str] = sum((crowd.errors for crowd in seen[1:]), seen[0].errors) if seen else Counter()
    return "; ".join(f"{count}x {error}" for error, count in total.most_common(2)) or "none"
