"""`make bench-quick`: smq beside the bare loops in C and in Python, in under two minutes.

It prints ratios, and fails only when one is an order of magnitude below what is aimed at: a guard against
accidents, no judge.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from benchmarks.case import Case
from benchmarks.native import BuildError, build
from benchmarks.rounds import Figures, measure

OURS, C_LOOP, BARE = "ours:Ours", "c_loop", "bare:Bare"
ORDER_OF_MAGNITUDE = 10


@dataclass(frozen=True)
class Row:
    """One line: a loop of ours, and the bare loop that it is held against."""

    name: str
    loop: str
    count: int
    batch: int
    ours: str
    """Our durability."""
    bare: str
    """The bare loops' durability."""
    aim: float
    """Ours as a part of the C loop's rate."""
    bare_loop: str = ""
    """The bare loops' loop, where it is another one."""


ROWS = (
    Row("enqueue-full", "enqueue", 5_000, 1, "default", "full", 0.95),
    Row("enqueue-normal", "enqueue", 20_000, 1, "normal", "normal", 0.45),
    Row("enqueue-many", "enqueue_many", 100_000, 1_000, "default", "full", 0.55),
    Row("dequeue-ack", "dequeue_ack", 8_000, 1, "default", "normal", 0.7),
    Row("exchange", "exchange", 8_000, 1, "default", "normal", 1.0, bare_loop="dequeue_ack"),
    Row("batches", "batches", 50_000, 100, "default", "normal", 0.55),
)
TITLES = {
    "enqueue-full": "enqueue, flushed each",
    "enqueue-normal": "enqueue, durability normal",
    "enqueue-many": "enqueue_many, 1,000 a call, flushed each",
    "dequeue-ack": "dequeue, ack (not flushed)",
    "exchange": "dequeue(ack=previous), against two transactions",
    "batches": "dequeue and ack_many, batches of 100",
}


def main() -> int:
    """Measure the rows that were asked for; 1 when one is an order of magnitude too slow."""
    options = parsed()
    rows = [row for row in ROWS if not options.rows or row.name in options.rows]
    contenders = [OURS, BARE]
    try:
        build("bare_loop")
        contenders.insert(1, C_LOOP)
    except BuildError as error:
        print(f"Without the C loop: {error}")
    cases = {
        (row.name, contender): case_of(row, contender, options) for row in rows for contender in contenders
    }
    figures = measure(list(cases.values()), options.rounds, lambda text: print(text, file=sys.stderr))
    by_place = {place: figures[case] for place, case in cases.items()}
    return show(rows, by_place)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument(
        "--rows", nargs="+", choices=names, metavar="ROW", help=f"only these: {', '.join(names)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each case runs (default 5)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="messages a case, as a multiple of the usual"
    )
    parser.add_argument(
        "--payload", type=int, default=200, metavar="BYTES", help="bytes of a payload (default 200)"
    )
    parser.add_argument("--waiting", type=int, default=0, help="messages waiting besides (default 0)")
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)), help="the core to run on")
    return parser.parse_args()


def case_of(row: Row, contender: str, options: argparse.Namespace) -> Case:
    """Make one contender's case of a row."""
    is_ours = contender == OURS
    count = max(row.batch, round(row.count * options.scale) // row.batch * row.batch)
    return Case(
        contender=contender,
        loop=row.loop if is_ours else row.bare_loop or row.loop,
        mode="normal" if (row.ours if is_ours else row.bare) == "normal" else "full",
        count=count,
        batch=row.batch,
        waiting=options.waiting,
        payload_bytes=options.payload,
        core=options.core,
    )


def show(rows: list[Row], figures: dict[tuple[str, str], Figures]) -> int:
    """Print the table; answers the exit code."""
    heads = f"{'smq':>32}{'C loop':>32}{'bare Python':>32}{'to C':>7}{'aim':>6}{'to Python':>11}"
    print(f"\n{'messages a second':49}{heads}")
    is_slow = False
    for row in rows:
        ours, limit, bare = (figures.get((row.name, name), Figures()) for name in (OURS, C_LOOP, BARE))
        to_limit, to_bare = ratio(ours, limit), ratio(ours, bare)
        print(
            f"{TITLES[row.name]:49}{ours!s:>32}{limit!s:>32}{bare!s:>32}"
            f"{to_limit:>7.2f}{row.aim:>6.2f}{to_bare:>11.2f}"
        )
        for name, one in (("smq", ours), ("C loop", limit), ("bare Python", bare)):
            if one.problem:
                print(f"    {name}: {one.problem}")
        is_slow |= bool(ours.problem) or 0 < min(to_limit or to_bare, to_bare) < row.aim / ORDER_OF_MAGNITUDE
    if is_slow:
        print("\nA row is missing, or an order of magnitude below its aim.")
    return int(is_slow)


def ratio(ours: Figures, other: Figures) -> float:
    """Divide medians; 0 when there is nothing to divide by."""
    return ours.median / other.median if other.median else 0.0


if __name__ == "__main__":
    sys.exit(main())
