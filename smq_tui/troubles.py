"""What is wrong with a topic, in a word and a sentence with the next key.

Pure; the worst has the lowest rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Final

from smq_core.format import age, clock_time, count
from smq_tui.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import TopicStats, WorkerInfo

__all__ = ["HEARTBEAT_LATE_S", "Trouble", "diagnose", "is_lost", "served_topics"]

HEARTBEAT_LATE_S: Final = 15.0
"""A daemon that was not heard of for so long is taken for lost."""
_STUCK_S: Final = 30.0
"""Ready messages that nobody took for so long are stuck."""
_BEHIND_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    LOWEST: ClassVar[int] = 9

    rank: int
    short: str
    """For a column."""
    sentence: str
    """The next key or step first, which stays where there is little room, then what happened."""
    is_bad: bool = True
    """False for what somebody did on purpose, or what may mend itself."""


def diagnose(
    stats: TopicStats,
    *,
    workers: Sequence[WorkerInfo],
    expired: int,
    left_behind: int = 0,
    in_per_s: float | None,
    out_per_s: float | None,
    now: float,
) -> Trouble | None:
    """Answer the worst that is wrong with a topic, None when nothing is.

    `left_behind` are live leases of daemons that are lost. Whoever takes messages without being a daemon has
    no row: it is known by what it holds and by what goes out.
    """
    waits = stats.oldest_age_s or 0.0
    is_worked_at = bool(out_per_s) or stats.processing > expired + left_behind
    if left_behind:
        return _left_behind(stats, left_behind + expired, workers)
    if expired and not _is_served(stats.topic, workers):
        sentence = f"3, then R requeues {counted(expired, 'lease')} past their time: who held them is gone."
        return Trouble(0, f"{count(expired, 5)} expired", sentence)
    if stats.paused:
        return _pause(stats, now)
    if (
        stats.ready
        and not is_worked_at
        and (waits > _STUCK_S or (out_per_s is not None and _is_deserted(stats.topic, workers)))
    ):
        return _stuck(stats, waits, workers)
    if stats.dead:
        sentence = f"4 shows why, by error: {counted(stats.dead, 'dead letter')}."
        return Trouble(4, f"{count(stats.dead, 5)} dead", sentence)
    if expired:
        sentence = f"3 shows {counted(expired, 'lease')} past their time: the next dequeue takes them back."
        return Trouble(5, f"{count(expired, 5)} expired", sentence, is_bad=False)
    if stats.ready and waits > _BEHIND_S and _falls_behind(in_per_s, out_per_s):
        sentence = f"start more workers: more comes in than goes out, the oldest waits {age(waits)}."
        return Trouble(6, "falls behind", sentence, is_bad=False)
    return None


def _falls_behind(in_per_s: float | None, out_per_s: float | None) -> bool:
    return in_per_s is not None and out_per_s is not None and in_per_s > out_per_s * 1.1


def is_lost(worker: WorkerInfo) -> bool:
    """Say whether a daemon has not been heard of for too long."""
    return worker.heartbeat_age_s > HEARTBEAT_LATE_S


def served_topics(worker: WorkerInfo) -> tuple[str, ...]:
    """Answer the topics and patterns that a daemon has handlers for."""
    topics = worker.detail.get("topics")
    return tuple(str(topic) for topic in topics) if isinstance(topics, list) else ()


def _is_served(topic: str, workers: Sequence[WorkerInfo]) -> bool:
    return any(
        _serves(worker, topic) for worker in workers if not is_lost(worker) and worker.state == "running"
    )


def _is_deserted(topic: str, workers: Sequence[WorkerInfo]) -> bool:
    """Say whether all the daemons that have a handler for a topic are lost, and there are some."""
    serving = [worker for worker in workers if _serves(worker, topic)]
    return bool(serving) and all(is_lost(worker) for worker in serving)


def _serves(worker: WorkerInfo, topic: str) -> bool:
    return any(fnmatchcase(topic, pattern) for pattern in served_topics(worker))


def _left_behind(stats: TopicStats, held: int, workers: Sequence[WorkerInfo]) -> Trouble:
    waiting = ""
    if stats.ready and not _is_served(stats.topic, workers):
        waiting = f"; {count(stats.ready)} wait with no worker"
    sentence = f"3, then R requeues the {count(held)} that a lost daemon holds{waiting}."
    return Trouble(0, f"worker lost, {count(held, 3)} held", sentence)


def _stuck(stats: TopicStats, waits: float, workers: Sequence[WorkerInfo]) -> Trouble:
    since = age(waits)
    waiting = f"{_waiting(stats.ready)}, the oldest {since}"
    if _is_served(stats.topic, workers):
        return Trouble(2, f"stuck {since}", f"5 shows its workers: {waiting}, though they serve it.")
    lost = [worker.heartbeat_age_s for worker in workers if _serves(worker, stats.topic) and is_lost(worker)]
    if lost:
        ago = age(min(lost))
        sentence = f"start smq-daemon for it (5): its daemon is lost since {ago}, {waiting}."
        return Trouble(1, f"worker lost {ago}", sentence)
    sentence = f"start smq-daemon for it (5): {waiting}, and no worker takes them."
    return Trouble(1, f"no worker {since}", sentence)


def _pause(stats: TopicStats, now: float) -> Trouble:
    waiting = f"; {_waiting(stats.ready)}" if stats.ready else ""
    how = f"P resumes it: paused {_by_whom(stats, now)}{waiting}."
    return Trouble(3 if stats.ready else 7, _paused(stats, now), how, is_bad=False)


def _paused(stats: TopicStats, now: float) -> str:
    until = "" if stats.paused_until is None else clock_time(stats.paused_until, now=now)
    is_today = len(until) == len("14:02:11")
    return f"paused {stats.paused_by}{f' to {until[:5]}' if is_today else ''}".rstrip()


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
    return f"{counted(ready, 'message')} {'waits' if ready == 1 else 'wait'}"
