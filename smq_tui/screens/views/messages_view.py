"""Screen 2: messages of any topic by state, by id, over any number of them.

It holds ids, not messages: those in view are asked for. A long list is read again so seldom that this takes
a few hundredths of the time, whatever its length; the rows in view are renewed each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from smq_core.format import count, quoted
from smq_tui.messages import Answered, Progressed, RequestFailed
from smq_tui.requests import DetailOf, Freeze, Order, OrderOf, RowsOf
from smq_tui.screens.history import ScreenState
from smq_tui.screens.targets import aim_at
from smq_tui.screens.views.message_rows import MESSAGE_COLUMNS, message_columns, message_row, row_hint
from smq_tui.screens.views.reread_delay import RereadDelay
from smq_tui.screens.views.state_tabs import TABS, tab_parts
from smq_tui.screens.views.view import View
from smq_tui.text.filters import PARTS
from smq_tui.values import State
from smq_tui.widgets.keyed_table.key_order import SortedOrder
from smq_tui.widgets.keyed_table.row_painter import Sorting
from smq_tui.widgets.keyed_table.table_messages import MoreWanted, RowsWanted
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.requests import ActionTarget, Request
    from smq_tui.text.filters import Query
    from smq_tui.values import Message, Selection, TopicStats
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["MessagesView"]

_FIRST_LIMIT: Final = 1_000
_GROWTH: Final = 10
_LAST_LIMIT: Final = 1_000_000
_MOST_TARGETS: Final = 10_000


class MessagesView(View):
    """Messages."""

    COLUMNS = MESSAGE_COLUMNS
    LISTED = "messages"
    FILTER_PARTS = PARTS
    HINTS = (
        *("open", "requeue", "delete", "bury", "edit", "mark", "next_tab"),
        *("mark_all", "copy", "filter", "undo", "help"),
    )
    REASONS: ClassVar[dict[str, str]] = {
        "quiet_worker": "to manage daemons, go to screen 5",
        "stop_worker": "to manage daemons, go to screen 5",
    }

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.state: State | None = None
        self.is_newest_first = True
        self.messages: dict[int, Message] = {}
        """Those that were in view lately."""
        self._has_topic = True
        self._is_dead = False
        self._limit = _FIRST_LIMIT
        self._asked: OrderOf | None = None
        self._reread_delay = RereadDelay()
        self._shown: OrderOf | None = None
        self._order = SortedOrder(())
        self._search = ""
        self.table.sorting = Sorting("id", is_falling=True)

    @property
    def is_being_read(self) -> bool:
        """True while the list is another than that of the rows, or they are of before."""
        return self.is_behind or self._is_looking

    def enter(self) -> None:
        """Take note that what is known of messages is of before."""
        self.await_rows()

    def refresh_rows(self) -> None:
        """Let the ages in view go on."""
        if self._reread_delay.is_owed(self.context.now):
            self.renew()
        self.table.note = "" if self.table.row_count else self._note()
        visible = (int(key) for key in self.table.visible_keys)
        self.table.repaint({key: self._row(self.messages[key]) for key in visible if key in self.messages})

    def renew(self) -> None:
        """Read the list again, or only what is in view when the list is long and was read a moment ago."""
        if self._is_at_beginning():
            self._limit = _FIRST_LIMIT
        wanted = OrderOf(self._selection(), self.is_newest_first, self._limit)
        if self._shown is not None and wanted.selection != self._shown.selection and not self.is_behind:
            self.await_rows()
        if wanted == self._shown and self._reread_delay.puts_off(self.context.now):
            self.table.renew_rows()
        elif self._asked is None or wanted != self._asked:
            self._asked = wanted
            self.ask(wanted)

    def withdraw(self) -> None:
        """Wait no longer for what was asked for."""
        super().withdraw()
        self._asked, self._search = None, ""

    def take_filter(self, query: Query) -> None:
        """Remember what to look for; a state in the filter becomes the tab."""
        before = self.filtered_by
        super().take_filter(query)
        if query.state is not None:
            self.state = query.state
        elif query.error_kind or query.error:
            self.state = self.state or State.DEAD
        elif before.state or before.error_kind or before.error:
            # A state that came with a filter goes with it.
            self.state = None
        self._limit = _FIRST_LIMIT
        self._choose_columns()

    @property
    def screen_state(self) -> ScreenState:
        """Return what is shown, to come back to."""
        return ScreenState(self.filtered_by, self.state)

    def go_to(self, screen_state: ScreenState) -> None:
        """Remember to show what was shown before, in the state it was in."""
        super().go_to(screen_state)
        self.state = screen_state.state

    def turn_tab(self, by: int) -> None:
        """Show another state."""
        self.show_state(TABS[(TABS.index(self.state) + by) % len(TABS)])

    def show_state(self, state: State | None) -> None:
        """Show a state, None for all."""
        self.filtered_by = self.filtered_by.without_state()
        self.state = state
        self._limit = _FIRST_LIMIT
        self._choose_columns()
        self.aims_at_all = False
        self.renew()
        self.show(self.context)

    @property
    def order(self) -> str:
        """Which ids are first."""
        return "newest first" if self.is_newest_first else "oldest first"

    def sort_by(self, column: str) -> None:  # noqa: ARG002 - ids are the only order there is
        """Turn the order of ids round."""
        self.is_newest_first = not self.is_newest_first
        self.table.sorting = Sorting("id", is_falling=self.is_newest_first)
        self.renew()

    def sort_beside(self, by: int) -> None:  # noqa: ARG002 - there is no other column
        """Turn the order of ids round."""
        self.sort_by("id")

    def title_parts(self) -> Sequence[StatusSegment]:
        """Return the topic, and a tab for each state with its number of messages; of those found, theirs."""
        topic, is_filtered = self.filtered_by.topic, bool(self.filter_text())
        parts = [StatusSegment(topic or "all topics", Tone.ACCENT, priority=7 if topic else 2)]
        parts += tab_parts(self._stats(), self.state, is_filtered=is_filtered)
        if self._search:
            parts.append(StatusSegment(self._search, Tone.WARNING, priority=8))
        return parts

    def target_of(self, action: str) -> ActionTarget | Freeze | str:
        """Return the marked messages or the cursor's, with their states; or all that match."""
        if self.aims_at_all:
            return Freeze(self._selection(), self._description(), action)
        targets = [int(key) for key in self.table.targets]
        known = [self.messages[key] for key in targets if key in self.messages]
        if not targets:
            return "there is no message here"
        if len(known) < len(targets):
            return "some marked messages are not loaded yet: try again, or use * for all that match"
        return aim_at(known, action, self.now, daemons=self.context.workers, ended=self.context.ended)

    def topics_meant(self) -> tuple[str, ...]:
        """Return the topic that is shown, or that of the cursor's message."""
        message = self.message
        return (self.filtered_by.topic,) if self.filtered_by.topic else (message.topic,) if message else ()

    @property
    def message(self) -> Message | None:
        """The cursor's message, as far as a list knows it."""
        key = self.table.cursor_key
        return self.messages.get(int(key)) if key is not None else None

    def details(self) -> Request | None:
        """Ask for the whole message."""
        key = self.table.cursor_key
        return None if key is None else DetailOf(int(key))

    def hint(self) -> tuple[str, Tone]:
        """Return the error of the cursor's message, else its payload."""
        return row_hint(self.message) if self.message else ("", Tone.MUTED)

    def labels(self) -> dict[str, str]:
        """Offer all that match where a filter says what that is."""
        is_offered = self.filter_text() and not self.aims_at_all
        return {"mark_all": f"all {self.matching()}"} if is_offered else {}

    def filter_text(self) -> str:
        """Return the filter in addition to the topic and the state that are shown."""
        query = self.filtered_by.without_state()
        words = query.text.replace(f"topic:{quoted(query.topic)}", "") if query.topic else query.text
        return words.strip()

    def matching(self) -> str:
        """Report how many match, as far as was looked."""
        if self._shown is None or self._shown.selection != self._selection():
            return "…"
        return f"{count(len(self._order))}{'+' if self._order.has_more else ''}"

    @on(RowsWanted)
    def _ask_for_rows(self, event: RowsWanted) -> None:
        event.stop()
        self.ask(RowsOf(tuple(int(key) for key in event.keys), self.filtered_by.words))

    @on(MoreWanted)
    def _ask_for_more(self, event: MoreWanted) -> None:
        event.stop()
        if self._limit < _LAST_LIMIT:
            self._limit *= _GROWTH
            self.renew()

    @on(Answered)
    def _take(self, event: Answered) -> None:
        match event.request, event.value:
            case OrderOf() as request, Order(ids=ids, has_more=has_more) if request == self._asked:
                self._reread_delay.begin(self.context.now, event.took_s)
                self._take_order(request, ids, has_more=has_more)
            case RowsOf(), dict(rows):
                self.failure = ""
                self._take_rows(rows)
                if self.is_behind and not self._is_looking:
                    self.rows_are_read()

    @on(RequestFailed)
    def _give_up(self, event: RequestFailed) -> None:
        self.failure = event.sentence
        if isinstance(event.request, OrderOf):
            self._asked, self._search = None, ""
            self.line.show(self._line_parts())

    @on(Progressed)
    def _tell_search(self, event: Progressed) -> None:
        if event.request == self._asked and event.total:
            self._search = f"searching {event.done * 100 // event.total}%, {event.detail} found (Esc stops)"
            self.line.show(self._line_parts())

    def _take_order(self, request: OrderOf, ids: Sequence[int], *, has_more: bool) -> None:
        is_another = self._shown is None or self._shown.selection != request.selection
        self._asked, self._search, self._shown, self.failure = None, "", request, ""
        self._order = SortedOrder(ids, is_falling=request.is_newest_first, has_more=has_more)
        self.table.set_order(self._order)
        if is_another:
            self.table.action_move("start")
        if not self.table.visible_keys:
            self.rows_are_read()
        self.show(self.context)

    def _take_rows(self, rows: dict[int, Message | None]) -> None:
        if len(self.messages) > _MOST_TARGETS:
            kept = {*(int(key) for key in self.table.marks), *(int(key) for key in self.table.visible_keys)}
            self.messages = {key: message for key, message in self.messages.items() if key in kept}
        for key, message in rows.items():
            if message is None:
                self.messages.pop(key, None)
            else:
                self.messages[key] = message
        self.table.deliver({key: self._row(one) if one else None for key, one in rows.items()})

    def _row(self, message: Message) -> Row:
        return message_row(message, self.now, has_topic=self._has_topic)

    def _choose_columns(self) -> None:
        has_topic, is_dead = self.filtered_by.topic is None, self.state is State.DEAD
        if (has_topic, is_dead) != (self._has_topic, self._is_dead):
            self._has_topic, self._is_dead = has_topic, is_dead
            self.table.set_columns(message_columns(has_topic=has_topic, is_dead=is_dead))

    def _is_at_beginning(self) -> bool:
        """Return whether the long rest of a list, once read, is of no use any more."""
        if self._limit == _FIRST_LIMIT or self.table.is_following or self.table.marks:
            return False
        key = self.table.cursor_key
        index = None if key is None else self._order.index_of(key)
        return index is not None and index < _FIRST_LIMIT // 2

    @property
    def _is_looking(self) -> bool:
        """True while another list is looked for than the one that is shown."""
        asked, shown = self._asked, self._shown
        return asked is not None and (shown is None or asked.selection != shown.selection)

    def _selection(self) -> Selection:
        return self.filtered_by.selection(None, self.state)

    def _stats(self) -> list[TopicStats]:
        snapshot, topic = self.context.snapshot, self.filtered_by.topic
        stats = snapshot.reading.topics if snapshot else ()
        return [one for one in stats if topic is None or one.topic == topic]

    def _description(self) -> str:
        state = self._selection().state
        return f"all {f'{state.word} ' if state else ''}messages{self.filtered_by.matching}"

    def _note(self) -> str:
        if self.is_being_read:
            return self.first_note("Looking…")
        beyond = self.filter_text()
        state = self.state.word if self.state else ""
        if beyond:
            others = f"\n  [ ]   other states: only {state} messages are listed" if state else ""
            what = f"No {state} message matches" if state else "No message matches"
            return f"{what} {self.filtered_by.text}.\n\n  Esc   clear the filter{others}"
        where = f" in {self.filtered_by.topic}" if self.filtered_by.topic else ""
        drained = (
            "all of them have been leased" if self.state is State.READY else "there is nothing to repair here"
        )
        next_keys = "  ]   next state\n  a   add a message\n  I   import a file"
        return f"No {state + ' ' if state else ''}messages{where}: {drained}.\n\n{next_keys}"
