"""What a soak measured, and what is to be said of it: a table of first, last, most. It measures nothing."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Figures", "Sample", "Usage"]

MIB = 2**20
WAL_LIMIT = 64 * MIB
RATE_KEPT = 0.9
PART_S = 300.0
"""The parts that are compared: the first and the last five minutes, of a short soak a quarter each."""
GROWTH = 1.1
"""Memory at the end of this, and some MiB, times that of the beginning is flat."""
SPARE = 8 * MIB
SPARE_DESCRIPTORS = 4


class Usage(NamedTuple):
    """What the processes of a kind use together."""

    memory: int
    descriptors: int


class Sample(NamedTuple):
    """One look at everything."""

    at: float
    handled: int
    waiting: int
    wal: int
    usage: dict[str, Usage]


class Figures(NamedTuple):
    """A whole soak."""

    full_rate: float
    """Messages a second that could be handled before the soak."""
    samples: Sequence[Sample]
    wal_most: int
    killed: int
    sent: int
    lost: int
    dead: int

    @property
    def rate_kept(self) -> float:
        """Return the rate of the last part as part of the first's."""
        first, last = self._part(first=True), self._part(first=False)
        return _rate(last) / max(_rate(first), 1e-9)

    def faults(self) -> list[str]:
        """Return what is not as it should be."""
        found = [
            f"{name} grew: {first:,.0f} to {last:,.0f}"
            for name, first, last, is_flat in self._flat()
            if not is_flat
        ]
        if self.rate_kept < RATE_KEPT:
            found.append(f"the last part had {self.rate_kept:.2f} of the first one's rate")
        if self.wal_most >= WAL_LIMIT:
            found.append(f"the -wal had {self.wal_most / MIB:.0f} MiB")
        if self.lost or self.dead:
            found.append(f"{self.lost} messages were lost, {self.dead} are dead")
        return found

    def table(self) -> str:
        """Write it for people."""
        minutes = (self.samples[-1].at - self.samples[0].at) / 60
        lines = [
            f"{minutes:.1f} minutes at half of {self.full_rate:,.0f} messages a second",
            f"{self.killed} workers killed; {self.sent:,} messages sent, {self.lost} lost, {self.dead} dead",
            "",
            "| | first part | last part | most | |",
            "|---|--:|--:|--:|---|",
        ]
        for name, of, unit in self._rows():
            first, last = (self._median(of, first=which) / unit for which in (True, False))
            most = max(of(sample) for sample in self.samples) / unit
            lines.append(f"| {name} | {first:,.1f} | {last:,.1f} | {most:,.1f} | {_change(first, last)} |")
        lines.append(f"| -wal at any time, MiB | | | {self.wal_most / MIB:,.1f} | under 64 |")
        first_rate, last_rate = (_rate(self._part(first=which)) for which in (True, False))
        lines.append(f"| handled a second | {first_rate:,.0f} | {last_rate:,.0f} | | {self.rate_kept:.2f} |")
        return "\n".join(lines)

    def _rows(self) -> Iterator[tuple[str, Callable[[Sample], float], float]]:
        for kind in self.samples[0].usage:
            yield f"memory, {kind}, MiB", lambda sample, kind=kind: sample.usage[kind].memory, MIB  # type: ignore[misc]  # bound at once
        for kind in self.samples[0].usage:
            yield f"descriptors, {kind}", lambda sample, kind=kind: sample.usage[kind].descriptors, 1  # type: ignore[misc]  # bound at once
        yield "waiting messages", lambda sample: sample.waiting, 1

    def _flat(self) -> Iterator[tuple[str, float, float, bool]]:
        for name, of, unit in self._rows():
            first, last = (self._median(of, first=which) for which in (True, False))
            if unit == MIB:
                yield name, first / MIB, last / MIB, last <= GROWTH * first + SPARE
            elif name.startswith("descriptors"):
                yield name, first, last, last <= first + SPARE_DESCRIPTORS

    def _median(self, of: Callable[[Sample], float], *, first: bool) -> float:
        return statistics.median(of(sample) for sample in self._part(first=first))

    def _part(self, *, first: bool) -> list[Sample]:
        begin, end = self.samples[0].at, self.samples[-1].at
        length = min(PART_S, (end - begin) / 4)
        if first:
            return [sample for sample in self.samples if sample.at <= begin + length]
        return [sample for sample in self.samples if sample.at >= end - length]


def _rate(part: Sequence[Sample]) -> float:
    return (part[-1].handled - part[0].handled) / max(part[-1].at - part[0].at, 1e-9)


def _change(first: float, last: float) -> str:
    return f"{(last - first) / first:+.0%}" if first else ""
