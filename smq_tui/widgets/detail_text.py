"""What the details of a row say, in pieces of safe text with a style each.

Pure: it is given values and the time.
"""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING, Final, TypeAlias

from smq_core.error_history import error_history
from smq_core.format import age, clock_time, count, counted, duration, rate, size
from smq_core.safe_text import block, cell
from smq_core.serving import is_lost, served_topics, serves
from smq_tui.figures.diagnosis import besides, running_of
from smq_tui.values import State
from smq_tui.widgets.payload_text import PayloadView, payload_pieces, shown_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.figures.snapshot import TopicLine
    from smq_tui.requests import Detail
    from smq_tui.values import ActivityEntry, Attempt, Message, WorkerInfo

__all__ = ["Pieces", "about_activity", "about_message", "about_topic", "about_worker", "runs_since"]

Pieces: TypeAlias = "list[tuple[str, str]]"

_LABEL: Final = "$foreground 65%"
_TITLE: Final = "bold $text-accent"
_BAD: Final = "bold $text-error"
_ERROR_SHOWN: Final = 4_096
_COMMAND_LENGTH: Final = 2_000
_ID_WIDTH: Final = 20
_TONES: Final = {State.DEAD: _BAD, State.PROCESSING: "bold $text-warning", State.READY: "bold $text-success"}


def about_message(
    detail: Detail, *, now: float, view: PayloadView, workers: Mapping[str, WorkerInfo], width: int = 0
) -> Pieces:
    """Describe a message: state, lease, errors as a timeline, headers, payload, in lines of a width."""
    message, attempts = detail.message, detail.attempts
    pieces: Pieces = [
        (f"message {message.id}", _TITLE),
        ("  ", ""),
        (message.state.word, _TONES.get(message.state, "bold")),
        ("\n", ""),
    ]
    pieces += _facts(_message_facts(message, detail.topic_limit, now))
    if message.state is State.PROCESSING:
        pieces += _lease(message, now, workers.get(message.worker or ""))
    pieces += _failures(message, attempts, now)
    if message.output:
        pieces += [("\noutput\n", _TITLE), (_shown(message.output) + "\n", "")]
    if message.headers:
        pieces += [("\nheaders\n", _TITLE)]
        pieces += _facts([(name, value) for name, value in message.headers.items()])
    title = f"\npayload  {message.kind}, {size(message.size)}, {shown_as(message, view).value} (t)\n"
    return [*pieces, (title, _TITLE), *payload_pieces(message, detail.stored, view, width)]


def about_topic(line: TopicLine, *, now: float, workers: Sequence[WorkerInfo], location: str = "") -> Pieces:
    """Describe a topic: what is wrong, how to start what it lacks, figures, pause, who serves it."""
    stats = line.stats
    pieces: Pieces = [(cell(stats.topic), _TITLE), ("\n", "")]
    pieces += _wrong(line, location)
    facts = [
        ("ready", count(stats.ready)),
        ("delayed", count(stats.delayed)),
        (
            "running",
            f"{count(stats.processing)}, {line.expired} expired"
            + (f", {line.left_behind} held by a lost daemon" if line.left_behind else ""),
        ),
        ("dead", f"{count(stats.dead)}{f', {line.dead_since} new' if line.dead_since > 0 else ''}"),
        ("done, kept", count(stats.done)),
        ("trash", count(stats.deleted)),
        ("oldest waits", "-" if stats.oldest_age_s is None else age(stats.oldest_age_s)),
        ("came in", f"{count(stats.entered)} in all, {_rate(line.in_per_s)}"),
        ("processed", f"{count(stats.processed)} in all, {_rate(line.out_per_s)}"),
    ]
    if stats.paused:
        since = "" if stats.paused_since is None else f" since {clock_time(stats.paused_since, now=now)}"
        until = (
            "until resumed"
            if stats.paused_until is None
            else f"until {clock_time(stats.paused_until, now=now)}"
        )
        facts += [("paused", f"by {stats.paused_by}{since}, {until}"), ("reason", stats.pause_reason or "-")]
    serving = [
        f"{worker.id} (lost)" if is_lost(worker) else worker.id
        for worker in workers
        if serves(worker, stats.topic)
    ]
    facts.append(("daemons", ", ".join(serving) or "none has a handler for it"))
    return pieces + _facts(facts)


def _wrong(line: TopicLine, location: str) -> Pieces:
    if line.problem is None:
        return [("nothing is wrong\n", "$text-success")]
    tone = _BAD if line.problem.is_bad else "bold $text-warning"
    pieces: Pieces = [(f"{cell(line.problem.sentence)}\n", tone)]
    if more := besides(line.stats, line.problem):
        pieces.append((f"and {more}\n", _BAD))
    if line.problem.lacks_daemon:
        start = _start_of(line.stats.topic, location)
        pieces += [("start a daemon for it:\n", _LABEL), (f"{start}\n", "bold")]
    return pieces


def _start_of(topic: str, location: str) -> str:
    """Return the line for a shell that starts a daemon for a topic, whole, to be copied."""
    where, what = shlex.quote(location), shlex.quote(f"{topic}=module:function")
    return cell(f"smq-daemon --db {where} --handler {what}", _COMMAND_LENGTH)


def about_worker(worker: WorkerInfo, *, now: float, held: int | None = None) -> Pieces:
    """Describe a daemon: state, heartbeat, processes, what each thread runs.

    `held` is how many messages one that is lost holds.
    """
    detail = worker.detail
    state = "lost" if is_lost(worker) else worker.state
    pieces: Pieces = [
        (cell(worker.id), _TITLE),
        ("  ", ""),
        (state + "\n", _BAD if is_lost(worker) else "bold"),
    ]
    heartbeat = max(0.0, now - worker.heartbeat_at)
    pieces += _facts(
        [
            ("host", f"{worker.host}, pid {worker.pid}"),
            ("version", worker.version),
            ("started", f"{age(now - worker.started_at)} ago"),
            ("heartbeat", f"{age(heartbeat)} ago"),
            *([("holds", counted(held, "message") if held else "nothing")] if held is not None else []),
            *([("asked to", worker.command)] if worker.command else []),
            ("topics", ", ".join(served_topics(worker)) or "-"),
            ("processed", _figure(detail.get("processed"))),
            ("failed", _figure(detail.get("failed"))),
            ("crashes", _figure(detail.get("crashes", 0))),
            ("condition", "lost" if is_lost(worker) else str(detail.get("condition") or "well")),
        ]
    )
    return pieces + _runs(worker, worker.heartbeat_at if is_lost(worker) else now)


def _runs(worker: WorkerInfo, moment: float) -> Pieces:
    """Report what a daemon runs at a moment, by id."""
    running = running_of(worker)
    if not running:
        return []
    pieces: Pieces = [
        (
            "\nwas running at its last heartbeat\n"
            if is_lost(worker)
            else "\nrunning at its last heartbeat\n",
            _TITLE,
        )
    ]
    for one in sorted(running, key=lambda one: str(one.get("id")).rjust(_ID_WIDTH)):
        since = one.get("since")
        length = f" for {age(moment - since / 1000)}" if isinstance(since, int | float) else ""
        pieces.append((cell(f"message {one.get('id')} ({one.get('topic')}){length}", 200) + "\n", ""))
    return pieces


def about_activity(entry: ActivityEntry, *, now: float, detail: str, undo: str) -> Pieces:
    """Describe an operation, with its detail and what can be undone of it in words."""
    facts = [
        ("when", f"{clock_time(entry.at, now=now)}, {age(now - entry.at)} ago"),
        ("who", entry.actor),
        ("topic", entry.topic or "-"),
        ("messages", count(entry.count)),
        ("detail", detail or "-"),
        ("undo", undo),
    ]
    return [(cell(f"operation {entry.operation}: {entry.action}") + "\n", _TITLE), *_facts(facts)]


def _message_facts(message: Message, topic_limit: int, now: float) -> list[tuple[str, str]]:
    own = message.max_attempts
    limit = f"at most {count(topic_limit)} (the topic's)" if own is None else f"at most {count(own)}"
    leases = counted(message.deliveries, "lease")
    facts = [
        ("topic", message.topic),
        ("created", f"{clock_time(message.created_at, now=now)}, {age(now - message.created_at)} ago"),
        ("attempts", f"{count(message.attempts)} counted, {limit}; {leases} in all"),
        ("priority", str(message.priority)),
        ("key", message.key or "-"),
    ]
    if message.state is State.DELAYED:
        wait = message.available_at - now
        due = "due now: the next dequeue takes it" if wait <= 0 else f"in {age(wait)}"
        facts.append(("available", f"{clock_time(message.available_at, now=now)}, {due}"))
    if message.finished_at is not None:
        facts.append((message.state.word, f"{clock_time(message.finished_at, now=now)}"))
    return facts


def runs_since(message_id: int, worker: WorkerInfo | None) -> float | None:
    """Return since when a daemon runs a message, as its row tells; None while it only holds it."""
    for one in running_of(worker) if worker is not None else ():
        if one.get("id") == message_id:
            since = one.get("since")
            return since / 1000 if isinstance(since, int | float) else None
    return None


def _lease(message: Message, now: float, worker: WorkerInfo | None) -> Pieces:
    left = (message.locked_until or now) - now
    pieces: Pieces = [("\nlease\n", _TITLE)]
    if left <= 0:
        sentence = f"expired {age(-left)} ago: the next dequeue returns it, or R returns it now\n"
        pieces.append((sentence, _BAD))
    facts = [
        ("worker", message.worker or "unnamed"),
        ("until", clock_time(message.locked_until or now, now=now)),
    ]
    if left > 0:
        facts.append(("time left", duration(round(left))))
    since = runs_since(message.id, worker)
    if since is not None:
        facts.insert(1, ("runs since", f"{clock_time(since, now=now)}, for {age(now - since)}"))
    if worker is not None:
        silent, heard = age(now - worker.heartbeat_at), clock_time(worker.heartbeat_at, now=now)
        is_heard = f"{worker.state}, last heartbeat {silent} ago"
        facts.append(("daemon", f"lost since {heard}, for {silent}" if is_lost(worker) else is_heard))
    return pieces + _facts(facts)


def _failures(message: Message, attempts: Sequence[Attempt], now: float) -> Pieces:
    """Describe how it failed, the newest first; a text that stands above already is not told again."""
    pieces: Pieces = []
    before = {later.attempt: earlier.at for earlier, later in itertools.pairwise(attempts)}
    for failure in error_history(message, attempts):
        attempt = failure.attempt
        if attempt is None:
            pieces += [("\nlast error\n", _TITLE), (_shown(failure.error) + "\n", "$text-error")]
            continue
        if not pieces or attempt is attempts[-1]:
            pieces.append(("\nfailed attempts, newest first\n", _TITLE))
        at = before.get(attempt.attempt)
        since = "" if at is None else f"  {age(attempt.at - at)} later"
        head = f"● {attempt.attempt}  {clock_time(attempt.at, now=now)}{since}  {failure.what}"
        by = f" by {attempt.worker}" if attempt.worker else ""
        end = "; dead since then" if failure.is_fatal else ""
        pieces.append((cell(head + by + end) + "\n", "bold"))
        if failure.same_as is not None:
            pieces.append((f"  the same error as {failure.same_as.name}\n", _LABEL))
        else:
            pieces.append((_indented(failure.error) + "\n", "$text-error"))
    return pieces


def _facts(facts: Sequence[tuple[str, str]]) -> Pieces:
    width = min(20, max((len(name) for name, _ in facts), default=0))
    pieces: Pieces = []
    for name, value in facts:
        pieces += [(f"{cell(name, 40):<{width}}  ", _LABEL), (cell(value, 500) + "\n", "")]
    return pieces


def _shown(text: str) -> str:
    return block(text[:_ERROR_SHOWN]) + ("…" if len(text) > _ERROR_SHOWN else "")


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in (_shown(text) or "no error was given").splitlines())


def _figure(value: object) -> str:
    return count(value) if isinstance(value, int) else "-"


def _rate(per_second: float | None) -> str:
    return "not known yet" if per_second is None else rate(per_second)
