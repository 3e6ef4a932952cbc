"""Screen 3: what is running, where, how much time is left.

What is stuck stands at the top, to be requeued.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from smq_core.eligible import is_held
from smq_core.format import age, count, counted, payload_preview
from smq_core.serving import is_lost
from smq_tui.messages import Answered, RequestFailed
from smq_tui.requests import DetailOf, Freeze, Held, LeasesOf
from smq_tui.screens.targets import aim_at, is_of_lost
from smq_tui.screens.views.list_request import Asking
from smq_tui.screens.views.message_rows import PREVIEW, holder_hint, texts_of
from smq_tui.screens.views.view import View
from smq_tui.text.filters import PARTS
from smq_tui.values import State
from smq_tui.widgets.detail_text import runs_since
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from smq_tui.widgets.sparkline import bar
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.requests import ActionTarget, Request
    from smq_tui.values import Message, WorkerInfo
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["LeasesView"]

_BAR: Final = 5
_DEFAULT_LEASE_S: Final = 60.0

_EMPTY: Final = (
    "Nothing is running.\n\n  1   see which topics have waiting messages\n"
    "  5   see whether a daemon is running"
)


class LeasesView(View):
    """Messages that are running."""

    COLUMNS = (
        Column(key="id", title="ID", width=9, priority=99, is_number=True),
        Column(key="topic", title="TOPIC", width=10, priority=80, is_sortable=False),
        Column(key="worker", title="WORKER", width=16, priority=85, is_stretching=True, is_sortable=False),
        Column(key="since", title="RUNS", width=6, priority=65, is_number=True, is_sortable=False),
        Column(key="left", title="TIME LEFT", width=_BAR + 7, priority=90, is_sortable=False),
        Column(key="state", title="STATE", width=13, priority=95, is_sortable=False),
        Column(key="tries", title="TRIES", width=5, priority=40, is_number=True, is_sortable=False),
        Column(key="payload", title="PAYLOAD", width=14, priority=60, is_stretching=True, is_sortable=False),
    )
    LISTED = "running messages"
    FILTER_PARTS = tuple(part for part in PARTS if part != "state:")
    HINTS = ("open", "requeue", "bury", "delete", "mark", "mark_all", "filter", "copy", "undo", "help")
    REASONS: ClassVar[dict[str, str]] = {
        "edit": "a message that is running cannot be edited: requeue or bury it first",
        "purge": "running messages cannot be purged: requeue them first",
        "sort": "stuck messages are always first here, then those that expire soonest",
        "sort_before": "stuck messages are always first here, then those that expire soonest",
        "sort_next": "stuck messages are always first here, then those that expire soonest",
        "previous_tab": "to switch message states, go to screen 2",
        "next_tab": "to switch message states, go to screen 2",
        "quiet_worker": "to manage daemons, go to screen 5",
        "stop_worker": "to manage daemons, go to screen 5",
    }

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.messages: dict[int, Message] = {}
        self._lengths: Mapping[str, float] = {}
        self._asking = Asking()
        self._is_known = False

    @property
    def is_being_read(self) -> bool:
        """True while leases are read."""
        return self._asking.is_under_way

    def enter(self) -> None:
        """Take note that what is known of leases is of before."""
        self.await_rows()

    def withdraw(self) -> None:
        """Wait no longer for what was asked for."""
        super().withdraw()
        self._asking.give_up()

    def renew(self) -> None:
        """Read what is running: few rows, whatever the queue holds."""
        wanted = LeasesOf(self.filtered_by.topic, self.filtered_by.where)
        if self._asking.begin(wanted):
            self.ask(wanted)

    def refresh_rows(self) -> None:
        """Show the leases, let their time run."""
        now, workers = self.now, self.context.workers
        kept = [one for one in self.messages.values() if self._keeps(one)]
        kept.sort(key=lambda one: _urgency(one, workers, now))
        self.put_rows(((one.id, self._row(one, workers.get(one.worker or ""))) for one in kept), self._note())

    def title_parts(self) -> Sequence[StatusSegment]:
        """Report how many leases there are, and how many are past their time."""
        now = self.now
        late = sum((one.locked_until or 0.0) <= now for one in self.messages.values())
        lost = sum(
            _holder_is_lost(self.context.workers.get(one.worker or "")) for one in self.messages.values()
        )
        # Only those that match were read.
        snapshot = self.context.snapshot if self.filtered_by else None
        number = snapshot.totals.processing if snapshot else len(self.messages)
        parts = [StatusSegment(f"{count(number)} running", Tone.MUTED, priority=5)]
        if late:
            parts.append(StatusSegment(f"{count(late)} expired", Tone.BAD, priority=7))
        if lost:
            held = counted(lost, "held by a lost daemon", "held by lost daemons")
            parts.append(StatusSegment(held, Tone.BAD, priority=6))
        if (late or lost) and not self.is_behind:
            parts.append(
                StatusSegment(
                    "R requeues them all" if late + lost > 1 else "R requeues it",
                    Tone.MUTED,
                    "requeue",
                    priority=4,
                )
            )
        return [*parts, *self.more_columns()]

    def target_of(self, action: str) -> ActionTarget | Freeze | str:
        """Return the marked messages, else the cursor's; to requeue one that is stranded, all that are."""
        if self.aims_at_all:
            chosen = self.filtered_by.selection(None, State.PROCESSING)
            return Freeze(chosen, f"all running messages{self.filtered_by.matching}", action)
        known = [self.messages[int(key)] for key in self.table.targets if int(key) in self.messages]
        scope = ""
        if action == "requeue" and not self.table.marks and len(stranded := self._stranded(known)) > 1:
            known = stranded
            scope = "all that have expired or whose daemon is lost (press Space to mark single ones)"
        if not known:
            return "nothing is running"
        return aim_at(
            known, action, self.now, daemons=self.context.workers, ended=self.context.ended, description=scope
        )

    def _stranded(self, chosen: Sequence[Message]) -> list[Message]:
        """Return all that nobody works on, in the order shown; none when what is chosen is in good hands."""
        now, workers = self.now, self.context.workers
        if not chosen or not all(_is_stranded(one, workers, now) for one in chosen):
            return []
        kept = [one for one in self.messages.values() if self._keeps(one) and _is_stranded(one, workers, now)]
        return sorted(kept, key=lambda one: _urgency(one, workers, now))

    def topics_meant(self) -> tuple[str, ...]:
        """Return the topics of the messages meant."""
        known = [self.messages[int(key)] for key in self.table.targets if int(key) in self.messages]
        return tuple(dict.fromkeys(message.topic for message in known))

    @property
    def message(self) -> Message | None:
        """The cursor's message."""
        key = self.table.cursor_key
        return self.messages.get(int(key)) if key is not None else None

    def details(self) -> Request | None:
        """Ask for the whole message."""
        key = self.table.cursor_key
        return None if key is None else DetailOf(int(key))

    def hint(self) -> tuple[str, Tone]:
        """Report who holds the cursor's message, and what it is."""
        message = self.message
        return (holder_hint(message), Tone.MUTED) if message else ("", Tone.MUTED)

    @on(Answered)
    def _take(self, event: Answered) -> None:
        match event.request, event.value:
            case LeasesOf() as request, Held(messages=messages, lengths=lengths) if self._asking.end(request):
                self._is_known = True
                self.messages = {message.id: message for message in messages}
                self._lengths = lengths
                self.rows_are_read()
                if self._asking.take_debt():
                    self.renew()

    @on(RequestFailed)
    def _give_up(self, event: RequestFailed) -> None:
        if isinstance(event.request, LeasesOf) and self._asking.end(event.request):
            self.failure = event.sentence

    def _keeps(self, message: Message) -> bool:
        query, now = self.filtered_by, self.now
        if query.topic is not None and message.topic != query.topic:
            return False
        if query.is_expired and (message.locked_until or 0.0) > now:
            return False
        return query.keeps(*texts_of(message))

    def _note(self) -> str:
        if self.is_being_read:
            return self.first_note("Looking…")
        if self.filtered_by:
            words = self.filtered_by.words
            topic = f"  /     topic:{words} filters by topic\n" if words in self.context.topics else ""
            nothing = f"No running message matches {self.filtered_by.text}."
            return f"{nothing}\n\n{topic}  Esc   clear the filter"
        return _EMPTY if self._is_known else self.first_note("Looking…")

    def _row(self, message: Message, worker: WorkerInfo | None) -> Row:
        now = self.now
        left = (message.locked_until or 0.0) - now
        since = runs_since(message.id, worker)
        lost = worker if worker is not None and is_lost(worker) else None
        return (
            Cell(str(message.id), Tone.ACCENT),
            message.topic,
            Cell(message.worker or "unnamed", Tone.BAD if lost else Tone.PLAIN),
            Cell("-", Tone.MUTED) if since is None else age(now - since),
            self._time_left(message, left, is_lost_holder=lost is not None),
            _state(left, None if lost is None else now - lost.heartbeat_at),
            str(message.attempts),
            payload_preview(message.payload, PREVIEW),
        )

    def _time_left(self, message: Message, left: float, *, is_lost_holder: bool) -> Cell:
        if left <= 0:
            return Cell(f"{' ' * _BAR} -{age(-left)}", Tone.BAD)
        if is_lost_holder:
            # Nobody uses it any more.
            return Cell(f"{' ' * _BAR} {age(left)}", Tone.MUTED)
        length = max(self._lengths.get(message.topic, _DEFAULT_LEASE_S), left)
        tone = Tone.WARNING if left < length / 4 else Tone.GOOD
        return Cell(f"{bar(left / length, _BAR)} {age(left)}", tone)


def _urgency(message: Message, workers: Mapping[str, WorkerInfo], now: float) -> tuple[int, float, int]:
    holder = workers.get(message.worker or "")
    ends = message.locked_until or 0.0
    return (0 if ends <= now else 1 if _holder_is_lost(holder) else 2, ends, message.id)


def _is_stranded(message: Message, workers: Mapping[str, WorkerInfo], now: float) -> bool:
    return not is_held(message, now) or is_of_lost(message, workers)


def _holder_is_lost(worker: WorkerInfo | None) -> bool:
    return worker is not None and is_lost(worker)


def _state(left: float, lost_s: float | None) -> Cell:
    if left <= 0:
        return Cell("! expired", Tone.BAD)
    if lost_s is not None:
        return Cell(f"! lost {age(lost_s)}", Tone.BAD)
    return Cell("running", Tone.GOOD)
