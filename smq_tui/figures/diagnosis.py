"""What is wrong with a topic, in a word and a sentence with the next key.

Pure; the worst has the lowest rank.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_core.format import age, clock_time, count, counted
from smq_core.serving import covers, is_lost, is_served, serves
from smq_core.untaken import UNTAKEN_S, untaken_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.values import DaemonDeath, TopicStats, WorkerInfo

__all__ = [
    "Problem",
    "Rank",
    "besides",
    "diagnose",
    "lacks_worker",
    "makes_no_progress",
    "running_of",
]

_BEHIND_S: Final = 60.0
_STANDSTILL_S: Final = 120.0
"""Consumers that finished nothing for this long may still be at something long, but somebody should look."""


class Rank(enum.IntEnum):
    """How urgent a problem is, the most urgent first."""

    HELD_BY_LOST = 0
    """A daemon that is gone holds messages."""
    UNSERVED = 1
    STUCK = 2
    """Nothing is leased, or nothing has been finished for long."""
    HELD_UP = 3
    """Messages wait, for a reason that is known or may pass."""
    DEAD_LETTERS = 4
    EXPIRED = 5
    FALLING_BEHIND = 6
    PAUSED = 7
    """Without a message that waits."""
    NONE = 8
    """No problem: behind all that have one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    rank: Rank
    short: str
    """For a column."""
    sentence: str
    """The next key, or where none helps the cause, first: that stays where there is little room."""
    is_bad: bool = True
    """False for what somebody did on purpose, or what may repair itself."""
    lacks_daemon: bool = False
    """True when messages wait that no daemon takes, but one that is started would."""


def diagnose(
    stats: TopicStats,
    *,
    workers: Sequence[WorkerInfo],
    expired: int,
    left_behind: int = 0,
    in_per_s: float | None,
    out_per_s: float | None,
    now: float,
    paused_at: float | None = None,
    moved_at: float | None = None,
    deaths: Sequence[DaemonDeath] = (),
) -> Problem | None:
    """Return the worst that is wrong with a topic, None when nothing is.

    `moved_at` is when something of it was seen to be processed last, or when one began to look. `deaths` are
    daemons that died lately, newest first.
    `paused_at` is when the topic was last seen paused: before that nobody could have taken anything.
    `left_behind` are live leases of daemons that are lost. Whoever takes messages without being a daemon has
    no row: it is known by what it holds and by what goes out.
    """
    waits = stats.oldest_age_s or 0.0
    untaken = untaken_for(stats, now, seen_paused_at=paused_at or 0.0)
    is_worked_at = bool(out_per_s) or stats.processing > expired + left_behind
    if left_behind:
        is_untaken = lacks_worker(stats, workers) and not stats.paused and not is_worked_at
        return _left_behind(stats, left_behind + expired, is_untaken=is_untaken)
    if expired and not is_served(stats.topic, workers):
        sentence = f"press 3, then R: {counted(expired, 'expired lease')}, left by lost consumers."
        return Problem(Rank.HELD_BY_LOST, f"{count(expired, 5)} expired", sentence)
    if stats.paused:
        return _pause(stats, now)
    if stats.ready and not is_worked_at and _is_stuck(stats.topic, untaken, out_per_s, workers):
        return _stuck(stats, untaken, workers, deaths, now)
    if makes_no_progress(stats, workers, out_per_s):
        return _no_progress(stats, 0.0 if moved_at is None else now - moved_at)
    if stats.dead:
        return Problem(Rank.DEAD_LETTERS, f"{count(stats.dead, 5)} dead", _dead(stats))
    if expired:
        sentence = f"press 3: {counted(expired, 'expired lease')}, which the next dequeue returns."
        return Problem(Rank.EXPIRED, f"{count(expired, 5)} expired", sentence, is_bad=False)
    return _behind(waits) if stats.ready and _falls_behind(waits, in_per_s, out_per_s) else None


def besides(stats: TopicStats, worst: Problem | None) -> str:
    """Describe what else is wrong with a topic than the worst, empty when nothing is: its dead letters."""
    return _dead(stats) if stats.dead and worst is not None and worst.rank is not Rank.DEAD_LETTERS else ""


def lacks_worker(stats: TopicStats, workers: Sequence[WorkerInfo]) -> bool:
    """Return whether messages wait that no daemon takes which is heard of."""
    return bool(stats.ready) and not is_served(stats.topic, workers)


def makes_no_progress(stats: TopicStats, workers: Sequence[WorkerInfo], out_per_s: float | None) -> bool:
    """Return whether consumers that are no daemons hold messages and finish none, while others wait.

    They may be at something long, or dead: this is unknown until their leases expire.
    """
    waits = bool(stats.ready) and (stats.oldest_age_s or 0.0) > UNTAKEN_S
    return waits and bool(stats.processing) and out_per_s == 0 and not is_served(stats.topic, workers)


def _dead(stats: TopicStats) -> str:
    return f"press 4 to see {counted(stats.dead, 'dead letter')}, grouped by error."


def _falls_behind(waits: float, in_per_s: float | None, out_per_s: float | None) -> bool:
    if waits <= _BEHIND_S or in_per_s is None or out_per_s is None:
        return False
    return in_per_s > out_per_s * 1.1


def _behind(waits: float) -> Problem:
    sentence = (
        "start more daemons: messages arrive faster than they are processed; the oldest has waited "
        f"{age(waits)}."
    )
    return Problem(Rank.FALLING_BEHIND, "falling behind", sentence, is_bad=False)


def running_of(worker: WorkerInfo) -> list[Mapping[str, object]]:
    """Return what a daemon's row says it runs, as far as it can be read."""
    running = worker.detail.get("running")
    return [one for one in running if isinstance(one, dict)] if isinstance(running, list) else []


def _is_stuck(topic: str, untaken: float, out_per_s: float | None, workers: Sequence[WorkerInfo]) -> bool:
    return untaken > UNTAKEN_S or (out_per_s is not None and _is_deserted(topic, workers))


def _is_deserted(topic: str, workers: Sequence[WorkerInfo]) -> bool:
    """Return whether all the daemons that have a handler for a topic are lost, and there are some."""
    serving = [worker for worker in workers if serves(worker, topic)]
    return bool(serving) and all(is_lost(worker) for worker in serving)


def _left_behind(stats: TopicStats, held: int, *, is_untaken: bool) -> Problem:
    waiting = f"; {_waiting(stats.ready)} without a daemon" if is_untaken else ""
    sentence = f"press 3, then R: a lost daemon holds {counted(held, 'message')}{waiting}."
    short = f"daemon lost, {count(held, 3)} held"
    return Problem(Rank.HELD_BY_LOST, short, sentence, lacks_daemon=is_untaken)


def _stuck(
    stats: TopicStats,
    untaken: float,
    workers: Sequence[WorkerInfo],
    deaths: Sequence[DaemonDeath],
    now: float,
) -> Problem:
    waiting = _waiting_since(stats)
    if is_served(stats.topic, workers):
        return Problem(
            Rank.STUCK, f"stuck {age(untaken)}", f"press 5: its daemons are not leasing; {waiting}."
        )
    heard = [one.heartbeat_at for one in workers if serves(one, stats.topic) and is_lost(one)]
    if heard:
        ago = age(now - max(heard))
        sentence = f"no heartbeat from its daemon for {ago}: {waiting}; start smq-daemon."
        return Problem(Rank.UNSERVED, f"daemon lost {ago}", sentence, lacks_daemon=True)
    died = [one for one in deaths if any(covers(pattern, stats.topic) for pattern in one.topics)]
    if died:
        ago = age(now - died[0].since)
        sentence = f"its daemon died {ago} ago, and no other serves it: {waiting}; start smq-daemon."
        return Problem(Rank.UNSERVED, f"daemon died {ago}", sentence, lacks_daemon=True)
    sentence = f"no daemon serves it: {waiting}; start smq-daemon."
    return Problem(Rank.UNSERVED, f"no daemon {age(untaken)}", sentence, lacks_daemon=True)


def _no_progress(stats: TopicStats, quiet_s: float) -> Problem:
    since = f" {age(quiet_s)}" if quiet_s >= UNTAKEN_S else ""
    held = f"the consumer that holds {counted(stats.processing, 'message')}"
    sentence = (
        f"press 3: no progress{' for' if since else ''}{since}: {held} finishes none; "
        f"{_waiting_since(stats)}."
    )
    is_bad = quiet_s >= _STANDSTILL_S
    return Problem(Rank.STUCK if is_bad else Rank.HELD_UP, f"no progress{since}", sentence, is_bad=is_bad)


def _pause(stats: TopicStats, now: float) -> Problem:
    waiting = f"; {_waiting(stats.ready)}" if stats.ready else ""
    how = f"P resumes it: paused {_by_whom(stats, now)}{waiting}."
    return Problem(Rank.HELD_UP if stats.ready else Rank.PAUSED, _paused(stats, now), how, is_bad=False)


def _paused(stats: TopicStats, now: float) -> str:
    until = "" if stats.paused_until is None else clock_time(stats.paused_until, now=now)
    is_today = len(until) == len("14:02:11")
    if is_today:
        return f"paused until {until[:5]}"
    return f"paused by {stats.paused_by}" if stats.paused_by else "paused"


def _by_whom(stats: TopicStats, now: float) -> str:
    words = [f"by {stats.paused_by}" if stats.paused_by else ""]
    words.append(f"({stats.pause_reason})" if stats.pause_reason else "")
    if stats.paused_since is not None:
        words.append(f"since {clock_time(stats.paused_since, now=now)}")
    words.append(
        "until " + clock_time(stats.paused_until, now=now) if stats.paused_until else "until resumed"
    )
    return " ".join(filter(None, words))


def _waiting(ready: int) -> str:
    return counted(ready, "message waits", "messages wait")


def _waiting_since(stats: TopicStats) -> str:
    waits = age(stats.oldest_age_s or 0.0)
    return f"{_waiting(stats.ready)}{' for' if stats.ready == 1 else ', the oldest'} {waits}"
