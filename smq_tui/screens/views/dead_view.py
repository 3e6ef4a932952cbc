"""Screen 4: dead letters, grouped by the first line of their error.

Because operators repair one error at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual import on

from smq_core.format import age, clock_time, count, counted, quoted
from smq_core.safe_text import cell
from smq_tui.messages import Answered, RequestFailed
from smq_tui.requests import ErrorKindsOf, Freeze
from smq_tui.screens.views.list_request import Asking
from smq_tui.screens.views.reread_delay import RereadDelay
from smq_tui.screens.views.view import GoTo, View
from smq_tui.text.filters import Query
from smq_tui.values import Filter, Selection, State
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_messages import CursorMoved
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.requests import ActionTarget
    from smq_tui.values import ErrorKind
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.key_order import Key
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["DeadView"]

_EMPTY: Final = "No dead letters: no message has failed permanently.\n\n  1   back to the topics"


_COMES_BACK_S: Final = 60.0
"""So long the cursor comes back to a group that went from under it: its requeue was undone, or failed."""


class _Gone(NamedTuple):
    """A group that went from under the cursor."""

    key: Key
    neighbour: Key | None
    """The group to which that led."""
    at: float


class DeadView(View):
    """Groups of dead letters."""

    COLUMNS = (
        Column(key="error", title="ERROR", width=31, priority=99, is_stretching=True),
        Column(key="count", title="COUNT", width=8, priority=90, is_number=True),
        Column(key="topic", title="TOPIC", width=14, priority=80),
        Column(key="last", title="LAST", width=8, priority=60, is_number=True),
        Column(key="first", title="FIRST", width=8, priority=50, is_number=True),
    )
    LISTED = "dead letters"
    FILTER_PARTS = ("topic:", "error~")
    DEFAULT_ORDER = "the most frequent first"
    HINTS = ("open", "requeue", "delete", "mark_all", "sort", "filter", "export", "undo", "help")
    REASONS: ClassVar[dict[str, str]] = {
        "bury": "these are already dead",
        "edit": "open the group (Enter) and choose a message to edit",
        "copy": "open the group (Enter) and choose a message to copy",
        "purge": "open the group (Enter): X purges a topic's dead letters; D moves them to the trash",
        "previous_tab": "to switch message states, go to screen 2",
        "next_tab": "to switch message states, go to screen 2",
        "quiet_worker": "to manage daemons, go to screen 5",
        "stop_worker": "to manage daemons, go to screen 5",
    }

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._kinds: dict[str, ErrorKind] = {}
        self._gone: _Gone | None = None
        self._asking = Asking()
        self._shown: ErrorKindsOf | None = None
        self._is_known = False
        self._reread_delay = RereadDelay()

    @property
    def is_being_read(self) -> bool:
        """True while the dead letters are grouped."""
        return self._asking.is_under_way

    def enter(self) -> None:
        """Begin where the cursor stands; what is known of groups is of before."""
        self._gone = None
        self.await_rows()

    def take_filter(self, query: Query) -> None:
        """Remember what to filter by, and no group of before."""
        super().take_filter(query)
        self._gone = None

    def withdraw(self) -> None:
        """Wait no longer for what was asked for."""
        super().withdraw()
        self._asking.give_up()

    def renew(self) -> None:
        """Group again, unless that takes long and was done a moment ago."""
        wanted = ErrorKindsOf(self.filtered_by.topic)
        if wanted == self._shown and self._reread_delay.puts_off(self.context.now):
            # They are as fresh as a long list ever is.
            self.is_behind = False
        elif self._asking.begin(wanted):
            self.ask(wanted)

    def refresh_rows(self) -> None:
        """Show the groups that the filter keeps."""
        if self._reread_delay.is_owed(self.context.now):
            self.renew()
        kept = {key: kind for key, kind in self._kinds.items() if self._keeps(kind)}
        self.put_rows(((key, self._row(kind)) for key, kind in self._sorted(kept)), self._note())

    def title_parts(self) -> Sequence[StatusSegment]:
        """Report how many dead letters there are, in how many groups."""
        total = sum(kind.count for kind in self._kinds.values())
        text = self.in_order(f"{count(total)} dead in {counted(len(self._kinds), 'group')}")
        hint = StatusSegment("R requeues a group, Enter opens it", Tone.MUTED, priority=3)
        return (StatusSegment(text, Tone.MUTED, priority=5), *([hint] if total else []))

    def target_of(self, action: str) -> ActionTarget | Freeze | str:
        """All dead letters of the marked groups or the cursor's; after `*`, of all that are shown."""
        if reason := self.REASONS.get(action):
            return reason
        if self.aims_at_all and not self.filtered_by:
            return Freeze(Selection(state=State.DEAD), "all dead letters", action)
        if self.aims_at_all:
            shown = [kind for kind in self._kinds.values() if self._keeps(kind)]
            return _of_groups(shown, f"all dead letters{self.filtered_by.matching}", action)
        marked = [self._kinds[key] for key in map(str, self.table.targets) if key in self._kinds]
        if len(marked) > 1:
            return _of_groups(marked, f"the dead letters of {len(marked)} marked groups", action)
        if not marked:
            return "there are no dead letters"
        kind = marked[0]
        selection = Selection(topic=kind.topic, state=State.DEAD, where=Filter(error_kind=kind.error_kind))
        return Freeze(
            selection,
            f"all dead letters of {kind.topic} with the error “{cell(kind.error_kind, 60)}”",
            action,
        )

    def topics_meant(self) -> tuple[str, ...]:
        """Return the topic of the cursor's group."""
        return (self._kind.topic,) if self._kind else ()

    def details(self) -> Pieces | None:
        """Describe the cursor's group."""
        kind = self._kind
        if kind is None:
            return None
        now = self.now
        return [
            (cell(kind.error_kind or "no error was given", 300) + "\n\n", "bold $text-error"),
            (f"{counted(kind.count, 'message')} of {cell(kind.topic)}\n", ""),
            (f"first {clock_time(kind.first, now=now)}, {age(now - kind.first)} ago\n", ""),
            (f"last  {clock_time(kind.last, now=now)}, {age(now - kind.last)} ago\n\n", ""),
            (
                "Enter  open the messages\nR      requeue them all\nD      move them all to the trash\n",
                "$foreground 65%",
            ),
        ]

    def hint(self) -> tuple[str, Tone]:
        """Return the whole error of the cursor's group."""
        return (self._kind.error_kind, Tone.MUTED) if self._kind else ("", Tone.MUTED)

    def open_row(self) -> bool:
        """Go to the group's messages."""
        kind = self._kind
        if kind is None:
            return False
        text = f"topic:{quoted(kind.topic)} state:dead kind:{quoted(kind.error_kind)}"
        query = Query(text=text, topic=kind.topic, state=State.DEAD, error_kind=kind.error_kind)
        self.post_message(GoTo(self, "messages", query))
        return True

    @property
    def _kind(self) -> ErrorKind | None:
        return self._kinds.get(str(self.table.cursor_key))

    @on(Answered)
    def _take(self, event: Answered) -> None:
        match event.request, event.value:
            case ErrorKindsOf() as request, list(kinds) if self._asking.end(request):
                self._shown, self._is_known = request, True
                self._reread_delay.begin(self.context.now, event.took_s)
                self._kinds = {f"{kind.topic}\0{kind.error_kind}": kind for kind in kinds}
                chosen = self.table.cursor_key
                self.rows_are_read()
                self._keep_to(chosen)
                if self._asking.take_debt():
                    self.renew()

    def _keep_to(self, chosen: Key | None) -> None:
        """Come back to a group that was gone for a moment, if nobody moved on from where that led."""
        gone, now = self._gone, self.context.now
        if chosen is not None and chosen not in self._kinds:
            self._gone = _Gone(chosen, self.table.cursor_key, now)
        elif gone is not None and now - gone.at > _COMES_BACK_S:
            self._gone = None
        elif gone is not None and gone.key in self._kinds and gone.neighbour == chosen:
            self._gone = None
            self.table.move_to(gone.key)

    @on(CursorMoved)
    def _forget_where_one_moved_on(self) -> None:
        if self._gone is not None and self.table.cursor_key != self._gone.neighbour:
            self._gone = None

    @on(RequestFailed)
    def _give_up(self, event: RequestFailed) -> None:
        if isinstance(event.request, ErrorKindsOf) and self._asking.end(event.request):
            self.failure = event.sentence

    def _keeps(self, kind: ErrorKind) -> bool:
        query = self.filtered_by
        if query.topic is not None and kind.topic != query.topic:
            return False
        if query.error is not None and query.error.casefold() not in kind.error_kind.casefold():
            return False
        return query.keeps(kind.topic, kind.error_kind)

    def _note(self) -> str:
        if self.is_being_read:
            return self.first_note("Looking…")
        if self.filtered_by and self._kinds:
            return f"No dead letters match {self.filtered_by.text}.\n\n  Esc   clear the filter"
        return _EMPTY if self._is_known else self.first_note("Looking…")

    def _sorted(self, kinds: dict[str, ErrorKind]) -> list[tuple[str, ErrorKind]]:
        sorting = self.table.sorting
        if sorting is None:
            return sorted(kinds.items(), key=lambda item: (-item[1].count, item[0]))
        return sorted(
            kinds.items(), key=lambda item: _value(item[1], sorting.column), reverse=sorting.is_falling
        )

    def _row(self, kind: ErrorKind) -> Row:
        now = self.now
        return (
            Cell(kind.error_kind or "no error was given", Tone.BAD),
            Cell(count(kind.count, 8), Tone.ACCENT),
            kind.topic,
            age(now - kind.last),
            age(now - kind.first),
        )


def _of_groups(kinds: Sequence[ErrorKind], description: str, action: str) -> Freeze:
    """Return what an action on several groups is for."""
    groups = tuple((kind.topic, kind.error_kind) for kind in kinds)
    topics = {kind.topic for kind in kinds}
    topic = topics.pop() if len(topics) == 1 else None
    where = Filter(error_groups=groups)
    return Freeze(Selection(topic=topic, state=State.DEAD, where=where), description, action)


def _value(kind: ErrorKind, column: str) -> tuple[float, str]:
    # What is shown of the moments is how long ago they were.
    numbers = {"count": float(kind.count), "last": -kind.last, "first": -kind.first}
    texts = {"topic": kind.topic, "error": kind.error_kind}
    return (numbers.get(column, 0.0), texts.get(column, ""))
