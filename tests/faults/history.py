"""The one checker: judges what producers and consumers wrote down against what is left of the queue.

What goes in must come out, as in Jepsen's total-queue. A call without an answer (its process was killed, or
the store could not tell) may have happened or not; every other answer binds. It knows nothing of SQLite.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import msgspec

from smq_core.validation import LONGEST_LEASE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Outcome = Literal["begun", "ok", "failed", "lost", "unknown"]
"""`failed`: certainly not done. `lost`: LeaseLost. `unknown`, or `begun` and never ended: either."""
FINAL = frozenset({"dead", "done", "deleted"})
ABSURD_MS = LONGEST_LEASE_MS
"""A lease that ends later than any could, by the clock of who takes it, was made under a wrong clock."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a log: a call that begins or ends, for one message."""

    verb: str
    outcome: Outcome
    call: str
    """What the lines of one call have in common: who made it, and its number."""
    moment: float
    """On the monotonic clock, which all processes share."""
    clock_ms: int
    """On the clock that the queue was given."""
    token: str = ""
    """The payload's first word: each is sent once."""
    id: int = 0
    receipt: int = 0
    delivery: int = 0
    """The how many-th lease of the message, ever."""
    attempt: int = 0
    until_ms: int = 0


class Left(msgspec.Struct, frozen=True):
    """A message that is in the table when everything is over."""

    id: int
    token: str
    state: str


@dataclass
class Verdict:
    """What was counted, and everything that breaks the invariant; no name of an empty list is bad news."""

    attempted: int = 0
    acknowledged: int = 0
    finished: int = 0
    recovered: int = 0
    """Sent by a call without an answer, and there all the same."""
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    """Delivered, and never sent, or by a call that said it failed."""
    doubled: list[str] = field(default_factory=list)
    """Sent once and there twice, or finished twice."""
    overlapping: list[str] = field(default_factory=list)
    """Two receipts were good for one message at once."""
    returned: list[str] = field(default_factory=list)
    """Leased again, or there, after it was acked."""
    unfinished: list[str] = field(default_factory=list)
    exhausted: list[str] = field(default_factory=list)
    """Leased more often than it may fail."""

    def broken(self) -> dict[str, list[str]]:
        """Return the findings that there may be none of."""
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, list) and value}


def token_of(payload: str) -> str:
    """Return what tells a payload from all others."""
    return payload.partition(" ")[0]


def read(*logs: Path) -> list[Event]:
    """Read logs; a last line that a kill cut off is none."""
    lines = [line for log in logs for line in log.read_bytes().splitlines(keepends=True)]
    return [msgspec.json.decode(line, type=Event) for line in lines if line.endswith(b"\n")]


def judge(events: Iterable[Event], left: Iterable[Left], *, max_attempts: int = 10) -> Verdict:
    """Compare a whole history, the draining too, with what is left."""
    case = _Case(list(events), {one.id: one for one in left})
    verdict = Verdict(
        attempted=len(case.sent),
        acknowledged=len(case.acknowledged),
        finished=len(case.finishes),
        recovered=len(case.there & case.tokens("begun", "unknown")),
        lost=sorted(case.lost()),
        unexpected=sorted(case.unexpected()),
        doubled=sorted(case.doubled()),
        unfinished=[str(one) for one in case.left.values() if one.state not in FINAL],
    )
    for leases in case.leases.values():
        leases.sort(key=lambda lease: lease.delivery)
        verdict.overlapping += case.overlapping(leases)
        verdict.returned += case.returned(leases)
        verdict.exhausted += [str(lease) for lease in leases if lease.attempt > max_attempts]
    verdict.returned += [str(case.left[one]) for one in case.finishes if case.is_back(one)]
    return verdict


class _Case:
    """A history, sorted by what is asked of it."""

    def __init__(self, events: list[Event], left: Mapping[int, Left]) -> None:
        self.left = left
        self.sent: dict[str, Event] = {}
        """The last word of each enqueue."""
        self.leases: defaultdict[int, list[Event]] = defaultdict(list)
        settled: dict[tuple[str, int, int], tuple[Event, Event]] = {}
        self.line = sorted(events, key=lambda each: each.moment)
        for event in self.line:
            if event.verb == "enqueue":
                self.sent[event.token] = event
            elif event.verb == "lease":
                self.leases[event.id].append(event)
            elif event.verb != "look":
                one = (event.call, event.id, event.receipt)
                begun, _ = settled.get(one, (event, event))
                settled[one] = (begun, event)
        self.settled: defaultdict[tuple[int, int], list[tuple[Event, Event]]] = defaultdict(list)
        """By message and receipt: how each settling began, and its last word."""
        for begun, last in settled.values():
            self.settled[last.id, last.receipt].append((begun, last))
        self.acknowledged = {one.id: token for token, one in self.sent.items() if one.outcome == "ok"}
        calls = [call for calls in self.settled.values() for call in calls]
        self.finishes = Counter(last.id for _, last in calls if last.verb == "ack" and last.outcome == "ok")
        self.maybe_finished = {
            last.id for _, last in calls if last.verb == "ack" and last.outcome in ("begun", "unknown")
        }
        self.tokens_of: defaultdict[int, set[str]] = defaultdict(set)
        for id_, token in self._seen():
            self.tokens_of[id_].add(token)
        self.there = {token for tokens in self.tokens_of.values() for token in tokens}

    def tokens(self, *outcomes: Outcome) -> set[str]:
        """Return what was sent with one of some outcomes."""
        return {token for token, one in self.sent.items() if one.outcome in outcomes}

    def lost(self) -> Iterator[str]:
        """Find ids that were returned, and are neither finished nor there."""
        for id_, token in self.acknowledged.items():
            if id_ not in self.finishes and id_ not in self.maybe_finished and id_ not in self.left:
                yield f"{id_} {token}"

    def unexpected(self) -> Iterator[str]:
        """Find what came although nobody sent it, and ids that came with another's payload."""
        possible = self.tokens("ok", "begun", "unknown")
        yield from self.there - possible
        for id_, token in self.acknowledged.items():
            yield from (f"{id_}: {other}, not {token}" for other in self.tokens_of[id_] - {token})

    def doubled(self) -> Iterator[str]:
        """Find payloads under two ids, and messages that two acks finished."""
        ids: defaultdict[str, set[int]] = defaultdict(set)
        for id_, tokens in self.tokens_of.items():
            for token in tokens:
                ids[token].add(id_)
        for id_, token in self.acknowledged.items():
            ids[token].add(id_)
        yield from (f"{token} as {sorted(of)}" for token, of in ids.items() if len(of) > 1)
        yield from (f"{id_} acked {times} times" for id_, times in self.finishes.items() if times > 1)

    def overlapping(self, leases: list[Event]) -> Iterator[str]:
        """Find pairs of one message's leases, in their order, that were good at once."""
        for earlier, later in pairwise(leases):
            if earlier.delivery == later.delivery or earlier.receipt == later.receipt:
                yield f"one lease twice: {earlier} {later}"
            elif self._holds_until(earlier, later) > later.clock_ms and not self._was_over(earlier, later):
                yield f"leased while leased: {earlier} {later}"
            elif self._was_good_after(earlier, later.moment):
                yield f"good after the next lease: {earlier} {later}"

    def returned(self, leases: list[Event]) -> Iterator[str]:
        """Find leases that came after one that was acked."""
        for place, lease in enumerate(leases[:-1]):
            calls = self.settled[lease.id, lease.receipt]
            if any(last.verb == "ack" and last.outcome == "ok" for _, last in calls):
                yield f"acked {lease}, then {leases[place + 1]}"

    def is_back(self, id_: int) -> bool:
        """Return whether an acked message is there again, and not as one that is kept."""
        return id_ in self.left and self.left[id_].state != "done"

    def _seen(self) -> Iterator[tuple[int, str]]:
        """Yield under which id which payload was seen."""
        yield from ((one.id, one.token) for leases in self.leases.values() for one in leases)
        yield from ((one.id, one.token) for one in self.left.values())

    def _holds_until(self, lease: Event, later: Event) -> int:
        """Return until when a lease was good at least, as far as its holder did not give it up before."""
        until_ms = lease.until_ms
        for begun, last in self.settled[lease.id, lease.receipt]:
            if begun.moment > later.moment or last.outcome in ("failed", "lost"):
                continue
            if last.verb != "extend":
                return 0
            until_ms = last.until_ms if last.outcome == "ok" else min(until_ms, begun.until_ms)
        return until_ms

    def _was_over(self, lease: Event, later: Event) -> bool:
        """Return whether anybody between two leases saw a clock by which the first was over, or absurd."""
        between = (lease.moment, later.moment)
        clocks = [one.clock_ms for one in self.line if between[0] <= one.moment <= between[1]]
        until_ms = self._holds_until(lease, later)
        return max(clocks) >= until_ms or min(clocks) < until_ms - ABSURD_MS

    def _was_good_after(self, lease: Event, moment: float) -> bool:
        return any(
            begun.moment > moment and last.outcome == "ok"
            for begun, last in self.settled[lease.id, lease.receipt]
        )
