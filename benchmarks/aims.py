"""What is aimed at, and how far it is met: ratios to the limit, and times, from what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.table import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.table import Table

__all__ = ["aimed"]

FULL, NORMAL, C_FULL, C_NORMAL = "smq, full", "smq, normal", "bare loop, C, full", "bare loop, C, normal"


class Place(NamedTuple):
    """A figure in a section."""

    section: str
    row: str
    column: str


@dataclass(frozen=True)
class Aim:
    """One figure, or its ratio to another, that is to be at least or at most so much."""

    name: str
    bound: float
    ours: Place
    other: Place | None = None
    is_most: bool = False
    peers: Place | None = None
    """Where peers stand at equal durability, and how their rows end; None: in our place."""


def _part(
    name: str, bound: float, ours: Place, row: str, column: str = "", *, peers: Place | None = None
) -> Aim:
    """Aim at a part of another row's figure in the same section."""
    return Aim(name, bound, ours, Place(ours.section, row, column or ours.column), peers=peers)


def _most(name: str, bound: float, section: str, row: str, column: str) -> Aim:
    peers = Place(section, ", full", column) if section == "slow-disk" else None
    return Aim(name, bound, Place(section, row, column), is_most=True, peers=peers)


_TWO, _BOTH = "dequeue, ack", "dequeue(ack=previous)"
_LARGE, _LARGE_DEPTH = "5,000,000 waiting", "depth at 5,000,000, ms"
_NOTHING, _BATCHES, _MEBIBYTE = "handler that does nothing", "batches of 100", "dequeue, ack, 1 MiB"

AIMS: Final = (
    _part(
        "flushed enqueue, relative to the C loop",
        0.95,
        Place("defaults", FULL, "enqueue"),
        C_FULL,
        peers=Place("alike", "", "enqueue, full"),
    ),
    _part(
        "enqueue without flushes, relative to the C loop",
        0.45,
        Place("defaults", NORMAL, "enqueue"),
        C_NORMAL,
        peers=Place("alike", "", "enqueue, normal"),
    ),
    _part(
        "enqueue_many, relative to the C loop",
        0.55,
        Place("defaults", FULL, "enqueue_many, 1,000 a call"),
        C_FULL,
    ),
    _part(
        "dequeue and ack, relative to the C loop without flushes",
        0.7,
        Place("defaults", FULL, _TWO),
        C_NORMAL,
    ),
    _part(
        "dequeue(ack=previous), relative to two calls of the C loop",
        1.0,
        Place("defaults", FULL, _BOTH),
        C_NORMAL,
        _TWO,
    ),
    _part(
        "batches of 100, relative to the C loop without flushes",
        0.55,
        Place("defaults", FULL, _BATCHES),
        C_NORMAL,
    ),
    _part(
        "dequeue and ack with 5,000,000 messages waiting, relative to an empty queue",
        0.8,
        Place("backlog", "smq", _LARGE),
        "smq",
        "empty",
    ),
    _part(
        "1 MiB: lease and ack, relative to the C loop", 0.7, Place("sizes", "smq", _MEBIBYTE), "bare loop, C"
    ),
    _part(
        "slow disk: eight producers relative to one",
        6.0,
        Place("slow-disk", FULL, "8 producers"),
        FULL,
        "1 producer",
        peers=Place("slow-disk", ", full", "8 producers"),
    ),
    Aim(
        "worker, one process, relative to smq's own batches",
        0.5,
        Place("worker", "smq-daemon, 1 x 4", _NOTHING),
        Place("defaults", FULL, _BATCHES),
    ),
    _most(
        "time to query the depth of all topics, with 5,000,000 messages waiting, ms",
        1.0,
        "backlog",
        "smq",
        _LARGE_DEPTH,
    ),
    _most("2 + 2 processes: longest wait, ms", 100, "crowds", FULL, "worst ms"),
    _most("8 + 8 processes: longest wait, ms", 300, "crowds", FULL, "worst ms, 8 + 8"),
    _most("slow disk: two consumers' p99 alongside eight producers, ms", 20, "slow-disk", FULL, "p99 ms"),
    _most("latency p50, ms", 0.7, "hand-over", "smq", "p50 ms"),
    _most("latency p99, ms", 2.0, "hand-over", "smq", "p99 ms"),
    _most("processor time while waiting, % of a core", 0.1, "hand-over", "smq", "idle, % of a core"),
    _most("smq send, from start to exit, s", 0.15, "commands", "smq send", "seconds"),
)


def aimed(tables: Mapping[str, Table]) -> Iterator[list[str]]:
    """Return a row for each aim whose figures are known: name, aim, measured, the best peer in its place."""
    for aim in AIMS:
        ours = _figure(tables, aim.ours)
        other = 1.0 if aim.other is None else _figure(tables, aim.other)
        if not ours or not other:
            continue
        measured = ours / other
        is_met = measured <= aim.bound if aim.is_most else measured >= aim.bound
        bound = f"at {'most' if aim.is_most else 'least'} {short(aim.bound)}"
        yield [
            aim.name,
            bound,
            short(measured) + ("" if is_met else ", missed"),
            _best_peer(tables, aim, ours),
        ]


def _figure(tables: Mapping[str, Table], place: Place) -> float:
    table = tables.get(place.section)
    return table.figures.get(place.row, {}).get(place.column, 0.0) if table else 0.0


def _best_peer(tables: Mapping[str, Table], aim: Aim, ours: float) -> str:
    """Name the best peer at the same figure, with ours beside it."""
    section, ending, column = aim.peers or (aim.ours.section, "", aim.ours.column)
    known = tables[section].figures if section in tables else {}
    peers = {
        name: row[column]
        for name, row in known.items()
        if not name.startswith(("smq", "bare", "python", "import"))
        and name.endswith(ending)
        and row.get(column)
    }
    if not peers:
        return "-"
    best = (min if aim.is_most else max)(peers, key=lambda name: peers[name])
    return f"{best} {short(peers[best])}; smq {short(ours)}"
