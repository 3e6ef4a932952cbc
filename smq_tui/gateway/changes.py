"""Handles requests that change the database: each is one call of the operator's Inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smq_core import Queue, Selection
from smq_core.transfer import import_file

if TYPE_CHECKING:
    from smq_core import Clock, Inspector, Location, Outcome, Seen
    from smq_core.transfer import ImportReport
    from smq_tui.gateway.progress import Progress
    from smq_tui.requests import Act, ActionTarget, Add, EditMessage, Import, Pause, Purge, UndoOperation

__all__ = ["act", "add", "edit", "pause", "purge", "run_import", "undo"]


def act(operator: Inspector, request: Act, progress: Progress) -> Outcome:
    """Requeue, delete or bury."""
    verbs = {"requeue": operator.requeue, "delete": operator.delete, "bury": operator.bury}
    target = request.target
    total = target.number(is_forced=request.is_forced)
    return verbs[request.verb](
        _targets(target, is_forced=request.is_forced),
        force=request.is_forced or target.ended,
        progress=lambda done: progress(done, total, None),
    )


def _targets(target: ActionTarget, *, is_forced: bool) -> dict[int, Seen] | Selection:
    """Return what was asked about: without force no lease, not even one that ended while one was asked."""
    targets = target.targets
    if isinstance(targets, Selection):
        return targets if is_forced else msgspec.structs.replace(targets, frozen=targets.fixed.without_held())
    return {one: seen for one, seen in targets.items() if is_forced or one not in target.held}


def purge(operator: Inspector, request: Purge, progress: Progress) -> Outcome:
    """Remove for good."""
    target = request.target
    if not isinstance(target.targets, Selection):
        raise TypeError(f"a purge applies to all messages of a topic and state, not to {target.targets!r}")
    return operator.purge(target.targets, progress=lambda done: progress(done, target.count, None))


def undo(operator: Inspector, request: UndoOperation, progress: Progress) -> Outcome:
    """Take an operation back."""
    total = request.count or None
    return operator.undo(request.operation, progress=lambda done: progress(done, total, None))


def edit(operator: Inspector, request: EditMessage) -> Outcome:
    """Change what is given of one message, if it still is in the state it was seen in."""
    values = {
        "payload": request.payload,
        "key": request.key,
        "max_attempts": request.max_attempts,
        "headers": None if request.headers is None else (request.headers,),
        "priority": None if request.priority is None else (request.priority,),
    }
    given = {name: value[0] for name, value in values.items() if value is not None}
    return operator.edit(request.id, seen=request.seen, **given)  # type: ignore[arg-type]  # each by its name


def add(location: Location, clock: Clock, request: Add, *, timeout: float) -> int:
    """Enqueue one message, and wait at most `timeout` seconds for other programs that hold the database."""
    with Queue(location, clock=clock, timeout=timeout) as queue:
        return queue.enqueue(
            request.topic,
            request.payload,
            delay=request.delay,
            priority=request.priority,
            key=request.key,
            headers=request.headers or None,
            max_attempts=request.max_attempts,
        )


def pause(operator: Inspector, clock: Clock, request: Pause) -> Outcome:
    """Stop a topic from being leased."""
    until = None if request.for_seconds is None else clock.now_ms() / 1000 + request.for_seconds
    return operator.pause(request.topic, request.reason, until)


def run_import(operator: Inspector, request: Import, progress: Progress) -> ImportReport:
    """Take a file's lines."""
    return import_file(
        operator.location,
        request.path,
        topic=request.topic,
        again=request.again,
        progress=lambda status: progress(status.bytes_read, status.size, status),
    )
