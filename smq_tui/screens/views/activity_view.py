"""Screen 6: what operators did, newest first; each can be undone while nobody touched its messages since."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from textual import on

from smq_core.format import count
from smq_tui.messages import Answered, RequestFailed
from smq_tui.requests import ActivityOf
from smq_tui.screens.views.activity_text import (
    detail_of,
    short_time,
    undo_entry_of,
    undo_in_full,
    undo_in_short,
)
from smq_tui.screens.views.list_request import Asking
from smq_tui.screens.views.view import View
from smq_tui.widgets.detail_text import about_activity
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.screens.undo_stack import UndoEntry
    from smq_tui.values import ActivityEntry
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["ActivityView"]

_LIMIT: Final = 500
_EMPTY: Final = (
    "Nobody has changed anything yet: what operators do is recorded here, with undo.\n"
    "\n"
    "  1   back to the topics"
)
_NOT_MESSAGES: Final = "these are operators' actions: press z to undo one; messages are on screen 2"


class ActivityView(View):
    """The activity log."""

    COLUMNS = (
        Column(key="at", title="WHEN", width=14, priority=99, is_sortable=False),
        Column(key="actor", title="WHO", width=9, priority=80, is_sortable=False),
        Column(key="action", title="WHAT", width=11, priority=95, is_sortable=False),
        Column(key="topic", title="TOPIC", width=11, priority=86, is_sortable=False),
        Column(key="count", title="MESSAGES", width=8, priority=85, is_number=True, is_sortable=False),
        Column(key="undo", title="UNDO", width=13, priority=90, is_sortable=False),
        Column(key="detail", title="DETAIL", width=12, priority=20, is_stretching=True, is_sortable=False),
    )
    LISTED = "actions"
    HINTS = ("undo", "details", "filter", "refresh", "help")
    REASONS: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ("requeue", "delete", "bury", "edit", "copy", "export", "purge", "mark_all"), _NOT_MESSAGES
        ),
        "pause": "to pause a topic, go to screen 1",
        "sort": "the newest is always first here",
        "sort_before": "the newest is always first here",
        "sort_next": "the newest is always first here",
        "previous_tab": "to switch message states, go to screen 2",
        "next_tab": "to switch message states, go to screen 2",
        "quiet_worker": "to manage daemons, go to screen 5",
        "stop_worker": "to manage daemons, go to screen 5",
    }

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._entries: dict[int, ActivityEntry] = {}
        self._final: frozenset[int] = frozenset()
        self._asking = Asking()
        self._is_known = False
        self._is_entered = False

    @property
    def is_being_read(self) -> bool:
        """True while the entries are read."""
        return self._asking.is_under_way

    def enter(self) -> None:
        """Go to the newest, when it was read: what was done since one looked last is above the cursor."""
        self._is_entered = True
        self.await_rows()

    def withdraw(self) -> None:
        """Wait no longer for what was asked for."""
        super().withdraw()
        self._asking.give_up()

    def renew(self) -> None:
        """Read the newest entries."""
        wanted = ActivityOf(_LIMIT)
        if self._asking.begin(wanted):
            self.ask(wanted)

    def refresh_rows(self) -> None:
        """Show the entries that the filter keeps."""
        kept = [entry for entry in self._entries.values() if self._keeps(entry)]
        is_hidden = self.filtered_by and self._entries and not self.is_being_read
        hidden = f"No action matches {self.filtered_by.text}.\n\n  Esc   clear the filter"
        nothing = _EMPTY if self._is_known and not self.is_being_read else self.first_note("Looking…")
        self.put_rows(
            ((entry.operation, self._row(entry)) for entry in kept), hidden if is_hidden else nothing
        )

    def title_parts(self) -> Sequence[StatusSegment]:
        """Describe what this is, and when the filter hides what was done last."""
        parts = [
            StatusSegment(
                "operators' actions, newest first; z undoes the selected one", Tone.MUTED, priority=5
            )
        ]
        newest = max(self._entries.values(), key=lambda entry: entry.operation, default=None)
        if self.filtered_by and newest is not None and not self._keeps(newest):
            parts.append(
                StatusSegment(
                    "the filter hides the newest action: Esc clears it", Tone.WARNING, "back", priority=9
                )
            )
        return [*parts, *self.more_columns()]

    def offer_no_undo(self, operation: int) -> None:
        """Take note that an undo of an operation would bring nothing back: it requeued leases alone."""
        self._final |= {operation}
        self._put(tuple(self._entries.values()))

    @property
    def entry(self) -> ActivityEntry | None:
        """The cursor's entry."""
        key = self.table.cursor_key
        return self._entries.get(int(key)) if key is not None else None

    @property
    def undo_entry(self) -> UndoEntry | None:
        """What the cursor's entry tells, for `z`."""
        return undo_entry_of(self.entry, self._entries) if self.entry else None

    def details(self) -> Pieces | None:
        """Describe the cursor's entry."""
        entry, now = self.entry, self.now
        if entry is None:
            return None
        undo = undo_in_full(entry, self._entries, now)
        return about_activity(entry, now=now, detail=detail_of(entry, self._entries), undo=undo)

    def hint(self) -> tuple[str, Tone]:
        """Return the whole detail of the cursor's entry."""
        return (detail_of(self.entry, self._entries), Tone.MUTED) if self.entry else ("", Tone.MUTED)

    @on(Answered)
    def _take(self, event: Answered) -> None:
        match event.request, event.value:
            case ActivityOf() as request, list(entries) if self._asking.end(request):
                self._is_known = True
                self._put(entries)
                self.rows_are_read()
                if self._is_entered:
                    self._is_entered = False
                    self.table.action_move("start")
                if self._asking.take_debt():
                    self.renew()

    @on(RequestFailed)
    def _give_up(self, event: RequestFailed) -> None:
        if isinstance(event.request, ActivityOf) and self._asking.end(event.request):
            self.failure = event.sentence

    def _put(self, entries: Sequence[ActivityEntry]) -> None:
        self._entries = {
            one.operation: msgspec.structs.replace(one, is_undoable=False)
            if one.operation in self._final
            else one
            for one in entries
        }

    def _keeps(self, entry: ActivityEntry) -> bool:
        query = self.filtered_by
        if query.topic is not None and query.topic != entry.topic:
            return False
        return query.keeps(entry.actor, entry.action, entry.topic or "", detail_of(entry, self._entries))

    def _row(self, entry: ActivityEntry) -> Row:
        now = self.now
        undo = undo_in_short(entry, self._entries, now)
        return (
            short_time(entry.at, now),
            entry.actor,
            Cell(entry.action, Tone.ACCENT),
            entry.topic or "",
            count(entry.count, 8) if entry.count else "-",
            Cell(undo or "-", Tone.ACCENT if undo.startswith("z") else Tone.MUTED),
            detail_of(entry, self._entries),
        )
