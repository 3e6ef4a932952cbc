"""What the journal of a torture and the table at its end must have in common. Nothing is run here."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.faults.torture.journal import Entry

__all__ = ["Run", "account", "runs_of"]

FINAL: Final = ("done", "dead", "deleted")
SLACK_S: Final = 0.5
"""How long before a second run whatever allowed it may have begun, besides a lease's length."""


class Run(NamedTuple):
    """One time that a message was in somebody's hands."""

    id: int
    delivery: int
    who: str
    """A daemon by its supervisor, or a consumer."""
    pid: int
    start: float
    end: float
    """The last sign of life where nothing else is known."""
    is_done: bool


def account(journal: Sequence[Entry], states: Mapping[int, str], lease_s: float) -> list[str]:
    """Return what is not as it was promised, a sentence each."""
    runs = runs_of(journal)
    return [*_lost(journal, states), *_unworked(journal, states, runs), *_doubled(journal, runs, lease_s)]


def runs_of(journal: Sequence[Entry]) -> dict[int, list[Run]]:
    """Return the runs of each message, in the order of their starts."""
    open_runs: dict[tuple[int, int, int], Run] = {}
    found: dict[int, list[Run]] = defaultdict(list)
    for entry in journal:
        if entry["what"] not in {"run", "tick", "failed", "ran", "gave up", "acked"}:
            continue
        key = (entry["id"], entry["delivery"], entry["pid"])
        if entry["what"] == "run":
            open_runs[key] = Run(
                *key[:2], entry["who"], entry["pid"], entry["at"], entry["at"], is_done=False
            )
        elif key in open_runs:
            run = open_runs[key]
            open_runs[key] = run._replace(end=entry["at"], is_done=run.is_done or entry["what"] == "ran")
    for run in open_runs.values():
        found[run.id].append(run)
    for runs in found.values():
        runs.sort(key=lambda run: run.start)
    return found


def _lost(journal: Sequence[Entry], states: Mapping[int, str]) -> Iterator[str]:
    sent = [one for entry in journal if entry["what"] == "sent" for one in entry["ids"]]
    if len(sent) != len(set(sent)):
        yield "an id was given to two messages"
    for one in sent:
        if one not in states:
            yield f"message {one} was sent and is nowhere"
    for one, state in states.items():
        if state not in FINAL:
            yield f"message {one} is {state} at the end"


def _unworked(
    journal: Sequence[Entry], states: Mapping[int, str], runs: Mapping[int, list[Run]]
) -> Iterator[str]:
    acking = {entry["id"] for entry in journal if entry["what"] == "acking"}
    for one, state in states.items():
        if state == "done" and one not in acking and not any(run.is_done for run in runs.get(one, ())):
            yield f"message {one} is done, and nobody did it"


def _doubled(journal: Sequence[Entry], runs: Mapping[int, list[Run]], lease_s: float) -> Iterator[str]:
    reasons = _Reasons(journal)
    for of_one in runs.values():
        for place, earlier in enumerate(of_one):
            for later in of_one[place + 1 :]:
                if later.start >= earlier.end:
                    continue
                if later.delivery == earlier.delivery:
                    yield f"one delivery was run twice: {earlier} and {later}"
                elif earlier.who == later.who:
                    yield f"one daemon or consumer ran a message twice at once: {earlier} and {later}"
                elif reasons.was_forced(earlier, later):
                    continue
                elif not reasons.was_held_up(earlier, later, lease_s):
                    yield f"two ran a message at once without a reason: {earlier} and {later}"


class _Reasons:
    """Why a message may be run by a second holder while the first is still at work."""

    def __init__(self, journal: Sequence[Entry]) -> None:
        self._forced: dict[int, list[float]] = defaultdict(list)
        self._stops: list[tuple[float, float]] = []
        began: dict[str, float] = {}
        for entry in journal:
            if entry["what"] == "operating":
                for one in entry["ids"]:
                    self._forced[one].append(entry["at"])
            elif entry["what"] == "striking" and entry["signal"] == "SIGSTOP":
                began[entry["victim"]] = entry["at"]
            elif entry["what"] == "went on" and entry["victim"] in began:
                self._stops.append((began.pop(entry["victim"]), entry["at"]))

    def was_forced(self, earlier: Run, later: Run) -> bool:
        """Look whether an operator took the message from its holder between the two starts."""
        return any(earlier.start - SLACK_S <= at <= later.start for at in self._forced[later.id])

    def was_held_up(self, earlier: Run, later: Run, lease_s: float) -> bool:
        """Look whether somebody stood still for so long that a lease ran out.

        The holder itself, or another who had the write lock. A holder that was killed is no reason: what it
        ran ended before the next run began.
        """
        return any(
            end - start >= lease_s / 3 and start <= later.start and end >= earlier.start
            for start, end in self._stops
        )
