"""Screen 5: the daemons, how busy they are, and when each last sent a heartbeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from smq_core.format import age, count, counted, rate, size
from smq_core.serving import covers, is_lost, served_topics, serves
from smq_tui.figures.diagnosis import running_of
from smq_tui.screens.views.death_rows import about_death, death_hint, death_row, unserved_of
from smq_tui.screens.views.view import View
from smq_tui.widgets.detail_text import about_worker
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import DaemonDeath, WorkerInfo
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["WorkersView"]

_EMPTY: Final = (
    "No daemon has this database open.\n"
    "\n"
    "Programs that use the library need none; to start one:\n"
    "\n"
    "  smq-daemon --db FILE --handler TOPIC=package.module:function"
)
_NOT_MESSAGES: Final = "there are no messages here: press 2 for all messages, 3 for the running ones"


class WorkersView(View):
    """The daemons."""

    COLUMNS = (
        Column(key="id", title="WORKER", width=20, priority=99, is_stretching=True),
        Column(key="state", title="STATE", width=14, priority=95),
        Column(key="busy", title="BUSY", width=7, priority=70, is_number=True, is_sortable=False),
        Column(key="rate", title="DONE/S", width=7, priority=65, is_number=True),
        Column(key="processed", title="DONE", width=9, priority=50, is_number=True),
        Column(key="failed", title="FAILED", width=7, priority=60, is_number=True),
        Column(key="memory", title="MEMORY", width=8, priority=40, is_number=True),
        Column(key="heartbeat", title="HEARTBEAT", width=9, priority=90, is_number=True),
        Column(key="topics", title="TOPICS", width=18, priority=30, is_sortable=False),
        Column(key="pid", title="PID", width=7, priority=20, is_number=True, is_sortable=False),
    )
    LISTED = "daemons"
    FILTER_PARTS = ("topic:", "worker:")
    DEFAULT_ORDER = "in the order they started"
    HINTS = ("quiet_worker", "stop_worker", "details", "filter", "undo", "help")
    REASONS: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ("requeue", "delete", "bury", "edit", "copy", "export", "purge", "mark_all"), _NOT_MESSAGES
        ),
        "pause": "to pause a topic, go to screen 1; Q makes a daemon take no new messages",
        "previous_tab": "to switch message states, go to screen 2",
        "next_tab": "to switch message states, go to screen 2",
    }

    def refresh_rows(self) -> None:
        """Show the daemons that the filter keeps."""
        workers = [one for one in self.context.workers.values() if self._keeps(one)]
        sorting = self.table.sorting
        if sorting is not None:
            workers.sort(key=lambda one: _value(one, sorting.column), reverse=sorting.is_falling)
        hidden = f"No daemon matches {self.filtered_by.text}.\n\n  Esc   clear the filter"
        rows = [(worker.id, self._row(worker)) for worker in workers]
        for death in self._deaths().values():
            if self._keeps_death(death):
                row = death_row(death, self.context.now, is_missed=bool(self._unserved(death)))
                rows.append((death.id, row))
        self.put_rows(rows, hidden if self.filtered_by else _EMPTY)

    def title_parts(self) -> Sequence[StatusSegment]:
        """Report how many daemons are alive, how many are lost, and whether columns have no room."""
        lost = sum(is_lost(worker) for worker in self.context.workers.values())
        alive = len(self.context.workers) - lost
        parts = [StatusSegment(self.in_order(counted(alive, "daemon")), Tone.MUTED, priority=5)]
        if lost:
            parts.append(StatusSegment(f"{count(lost)} lost", Tone.BAD, priority=7))
        if died := len(self._deaths()):
            parts.append(StatusSegment(f"{count(died)} died in 24 h", Tone.MUTED, priority=4))
        # What all topics hold is of this moment: the two may differ.
        parts.append(StatusSegment("BUSY: at the last heartbeat", Tone.MUTED, priority=-1))
        return [*parts, *self.more_columns()]

    @property
    def worker(self) -> WorkerInfo | None:
        """The cursor's daemon."""
        return self.context.workers.get(str(self.table.cursor_key))

    def details(self) -> Pieces | None:
        """Describe the cursor's daemon."""
        if self.worker is None:
            death = self._death
            return about_death(death, self.context.now, self._unserved(death)) if death else None
        return about_worker(self.worker, now=self.context.now, held=self._held_by(self.worker))

    def hint(self) -> tuple[str, Tone]:
        """Describe, of a lost daemon what it means, of another what it serves."""
        worker = self.worker
        if worker is None:
            death = self._death
            return death_hint(death, self.context.now, self._unserved(death)) if death else ("", Tone.MUTED)
        if is_lost(worker):
            silent = age(max(0.0, self.context.now - worker.heartbeat_at))
            held = self._held_by(worker)
            if not held:
                return f"it holds no messages; lost for {silent}", Tone.MUTED
            return f"press 3, then R: it holds {counted(held, 'message')}; lost for {silent}", Tone.BAD
        return ", ".join(served_topics(worker)), Tone.MUTED

    def labels(self) -> dict[str, str]:
        """Call the key that makes a daemon quiet by what it does to a quiet one."""
        return {"quiet_worker": "resume"} if self.worker and self.worker.state == "quiet" else {}

    @property
    def _death(self) -> DaemonDeath | None:
        """The cursor's daemon, where it is one that died."""
        return self._deaths().get(str(self.table.cursor_key))

    def _deaths(self) -> dict[str, DaemonDeath]:
        """Return those that died in the last 24 hours; one that has a row again was not dead."""
        snapshot, living = self.context.snapshot, self.context.workers
        deaths = snapshot.reading.deaths if snapshot else ()
        return {death.id: death for death in deaths if death.id not in living}

    def _unserved(self, death: DaemonDeath) -> tuple[str, ...]:
        return unserved_of(death, list(self.context.workers.values()))

    def _held_by(self, worker: WorkerInfo) -> int | None:
        """Return how many messages a lost daemon holds; what others do is in their rows."""
        snapshot = self.context.snapshot
        held = snapshot.reading.held_by_lost if snapshot else {}
        return held.get(worker.id, 0) if is_lost(worker) else None

    def _keeps(self, worker: WorkerInfo) -> bool:
        query = self.filtered_by
        if query.worker is not None and query.worker != worker.id:
            return False
        if query.topic is not None and not serves(worker, query.topic):
            return False
        return query.keeps(worker.id, worker.host, worker.state, *served_topics(worker))

    def _keeps_death(self, death: DaemonDeath) -> bool:
        query = self.filtered_by
        if query.worker is not None and query.worker != death.id:
            return False
        if query.topic is not None and not any(covers(pattern, query.topic) for pattern in death.topics):
            return False
        return query.keeps(death.id, "died", *death.topics)

    def _row(self, worker: WorkerInfo) -> Row:
        silent = max(0.0, self.context.now - worker.heartbeat_at)
        return (
            Cell(worker.id, Tone.ACCENT),
            _state(worker),
            _busy(worker),
            rate(_number(worker, "rate"), ""),
            count(int(_number(worker, "processed")), 9),
            Cell(
                count(int(_number(worker, "failed")), 7),
                Tone.WARNING if _number(worker, "failed") else Tone.MUTED,
            ),
            size(int(_number(worker, "memory"))) if _number(worker, "memory") else Cell("-", Tone.MUTED),
            Cell(age(silent), Tone.BAD if is_lost(worker) else Tone.PLAIN),
            ", ".join(served_topics(worker)),
            str(worker.pid),
        )


def _state(worker: WorkerInfo) -> Cell:
    if is_lost(worker):
        return Cell("! lost", Tone.BAD)
    if worker.command is not None:
        return Cell(f"→ {worker.command}", Tone.WARNING)
    condition = worker.detail.get("condition")
    if condition:
        return Cell(f"! {condition}", Tone.WARNING)
    return Cell(worker.state, Tone.GOOD if worker.state == "running" else Tone.WARNING)


def _busy(worker: WorkerInfo) -> Cell:
    """Report how many run, of how many at most; nobody knows that of a lost one."""
    if is_lost(worker):
        return Cell("-", Tone.MUTED)
    processes = worker.detail.get("processes")
    seats = _number(worker, "threads") * (len(processes) if isinstance(processes, list) else 1)
    running = len(running_of(worker))
    return Cell(f"{running}/{seats:.0f}" if seats else str(running))


def _number(worker: WorkerInfo, name: str) -> float:
    value = worker.detail.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _value(worker: WorkerInfo, column: str) -> tuple[float, str]:
    if column in ("rate", "processed", "failed", "memory"):
        return (_number(worker, column), worker.id)
    if column == "heartbeat":
        return (-worker.heartbeat_at, worker.id)
    return (0.0, worker.state + worker.id if column == "state" else worker.id)
