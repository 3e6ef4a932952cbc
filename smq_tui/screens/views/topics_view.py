"""Screen 1, the home: every topic, how deep, how fast, what is wrong first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from smq_core.format import age, count, counted, quoted, rate
from smq_tui.figures.diagnosis import Rank
from smq_tui.requests import Freeze
from smq_tui.screens.views.view import GoTo, View
from smq_tui.text.filters import Query
from smq_tui.values import Filter, Selection, State
from smq_tui.widgets.detail_text import about_topic
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone
from smq_tui.widgets.sparkline import into_slots, sparkline
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.figures.snapshot import TopicLine
    from smq_tui.requests import ActionTarget
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["TopicsView"]

_SPARK_SLOTS: Final = 12
_SPARK_S: Final = 600.0
_OLD: Final = (Rank.UNSERVED, Rank.STUCK, Rank.FALLING_BEHIND)
"""The problems for which the age of a topic's oldest message matters most."""
_LEGEND: Final = "last 10 min: what was processed (▁ nothing, · no data)"

_EMPTY: Final = (
    "No topics yet: nothing has been enqueued.\n"
    "\n"
    "  a   add a message by hand\n"
    "  I   import a JSONL file\n"
    "\n"
    "or from a shell:  smq send greetings hello"
)


class TopicsView(View):
    """All topics."""

    COLUMNS = (
        Column(key="topic", title="TOPIC", width=14, priority=99, is_stretching=True),
        Column(key="ready", title="READY", width=9, priority=90, is_number=True),
        Column(key="processing", title="RUNNING", width=10, priority=70, is_number=True),
        Column(key="delayed", title="DELAYED", width=7, priority=40, is_number=True),
        Column(key="dead", title="DEAD", width=7, priority=85, is_number=True),
        Column(key="oldest", title="OLDEST", width=6, priority=80, is_number=True),
        Column(key="in", title="IN/S", width=6, priority=60, is_number=True),
        Column(key="out", title="OUT/S", width=6, priority=61, is_number=True),
        Column(key="sparkline", title="LAST 10 MIN", width=_SPARK_SLOTS, priority=30, is_sortable=False),
        Column(key="state", title="STATE", width=21, priority=88, is_sortable=False),
    )
    LISTED = "topics"
    DEFAULT_ORDER = "problems first"
    HINTS = ("open", "requeue", "pause", "details", "import", "add", "chart", "filter", "undo", "help")
    REASONS: ClassVar[dict[str, str]] = {
        "delete": "a topic cannot be deleted: open it (Enter) and delete its messages (D) or purge a state "
        "(X)",
        "bury": "open the topic (Enter) and choose messages to bury",
        "edit": "open the topic (Enter) and choose a message to edit",
        "purge": "open the topic (Enter) and choose a state to purge",
        "quiet_worker": "to manage daemons, go to screen 5",
        "stop_worker": "to manage daemons, go to screen 5",
        "previous_tab": "to switch message states, go to screen 2",
        "next_tab": "to switch message states, go to screen 2",
    }

    def refresh_rows(self) -> None:
        """Show the topics that the filter keeps."""
        snapshot = self.context.snapshot
        lines = self._sorted([line for line in snapshot.lines if self._keeps(line)]) if snapshot else []
        self.put_rows(((line.stats.topic, self._row(line)) for line in lines), self._note())

    def title_parts(self) -> Sequence[StatusSegment]:
        """Report how many topics there are, and what the signs of sparklines in view mean."""
        snapshot = self.context.snapshot
        number = len(snapshot.lines) if snapshot else 0
        has_sparkline = "sparkline" in self.table.columns_in_view
        return (
            StatusSegment(
                self.in_order(counted(number, "topic")),
                Tone.MUTED,
                priority=5,
            ),
            *([StatusSegment(_LEGEND, Tone.MUTED, priority=1)] if has_sparkline else []),
            *self.more_columns(),
        )

    def target_of(self, action: str) -> ActionTarget | Freeze | str:
        """Requeue and export are for the dead letters, or all messages, of a topic."""
        topics = self.topics_meant()
        if action not in ("requeue", "export"):
            return super().target_of(action)
        if len(topics) != 1:
            return (
                "one topic at a time: unmark (u), or open them one by one" if topics else "there is no topic"
            )
        state = State.DEAD if action == "requeue" else None
        what = f"all dead letters of {topics[0]}" if state else f"all messages of {topics[0]}"
        where = Filter(without_trash=state is None)
        return Freeze(Selection(topic=topics[0], state=state, where=where), what, action)

    def topics_meant(self) -> tuple[str, ...]:
        """Return the marked topics, or the cursor's."""
        return tuple(str(key) for key in self.table.targets)

    def details(self) -> Pieces | None:
        """Describe the cursor's topic."""
        snapshot, line = self.context.snapshot, self._line
        if line is None or snapshot is None:
            return None
        return about_topic(
            line,
            now=self.context.now,
            workers=snapshot.reading.workers,
            location=self.context.location,
        )

    def hint(self) -> tuple[str, Tone]:
        """Describe what else is wrong with the cursor's topic; the worst is at the top of the screen."""
        snapshot, line = self.context.snapshot, self._line
        if snapshot is None or line is None or line.problem is None or line == snapshot.worst:
            return "", Tone.MUTED
        tone = Tone.BAD if line.problem.is_bad else Tone.WARNING
        return f"{line.stats.topic}: {line.problem.sentence}", tone

    def labels(self) -> dict[str, str]:
        """Call the key that pauses by what it does to a paused topic, and the details what they are for."""
        line = self._line
        if line is None:
            return {}
        resume = {"pause": "resume"} if line.stats.paused else {}
        return resume | ({"details": "why"} if line.problem else {})

    def open_row(self) -> bool:
        """Go to the topic's messages."""
        if self.table.cursor_key is None:
            return False
        from_text = Query(
            text=f"topic:{quoted(str(self.table.cursor_key))}", topic=str(self.table.cursor_key)
        )
        self.post_message(GoTo(self, "messages", from_text))
        return True

    @property
    def _line(self) -> TopicLine | None:
        snapshot = self.context.snapshot
        return snapshot.line(str(self.table.cursor_key)) if snapshot else None

    def _keeps(self, line: TopicLine) -> bool:
        query = self.filtered_by
        if query.topic is not None and query.topic != line.stats.topic:
            return False
        return query.keeps(line.stats.topic, line.problem.short if line.problem else "")

    def _note(self) -> str:
        if self.filtered_by:
            return f"No topic matches {self.filtered_by.text}.\n\n  Esc   clear the filter"
        return _EMPTY

    def _sorted(self, lines: list[TopicLine]) -> list[TopicLine]:
        sorting = self.table.sorting
        if sorting is None:
            return lines
        return sorted(lines, key=lambda line: _value(line, sorting.column), reverse=sorting.is_falling)

    def _row(self, line: TopicLine) -> Row:
        stats, problem = line.stats, line.problem
        is_old = problem is not None and problem.rank in _OLD
        return (
            Cell(stats.topic, Tone.ACCENT),
            _figure(stats.ready, 9),
            _figure(stats.processing, 10, Tone.BAD if line.expired or line.left_behind else Tone.PLAIN),
            _figure(stats.delayed, 7),
            _figure(stats.dead, 7 - len(_delta(line)), Tone.BAD, _delta(line)),
            Cell("-", Tone.MUTED)
            if stats.oldest_age_s is None
            else Cell(age(stats.oldest_age_s), Tone.WARNING if is_old else Tone.PLAIN),
            _speed(line.in_per_s),
            _speed(line.out_per_s),
            Cell(self._sparkline(stats.topic), Tone.ACCENT),
            self._state(line),
        )

    def _sparkline(self, topic: str) -> str:
        series = self.context.series_by_topic.get(topic)
        if series is None:
            return ""
        now = self.context.now
        return sparkline(into_slots(series.left, now - _SPARK_S, now, _SPARK_SLOTS))

    def _state(self, line: TopicLine) -> Cell:
        if line.problem is not None:
            sign = "! " if line.problem.is_bad else ""
            return Cell(sign + line.problem.short, Tone.BAD if line.problem.is_bad else Tone.WARNING)
        if line.stats.processing or line.out_per_s:
            return Cell("running", Tone.GOOD)
        return Cell("no daemon yet" if line.stats.ready else "idle", Tone.MUTED)


def _figure(number: int, width: int, tone: Tone = Tone.PLAIN, suffix: str = "") -> Cell:
    return Cell(count(number, width) + suffix, tone if number else Tone.MUTED)


def _delta(line: TopicLine) -> str:
    return f" +{count(line.dead_since, 3)}" if line.dead_since > 0 else ""


def _speed(per_second: float | None) -> Cell:
    if per_second is None:
        return Cell("·", Tone.MUTED)
    return Cell(rate(per_second, ""), Tone.PLAIN if per_second else Tone.MUTED)


def _value(line: TopicLine, column: str) -> tuple[float, str] | tuple[str, str]:
    stats = line.stats
    values: dict[str, float] = {
        "ready": stats.ready,
        "processing": stats.processing,
        "delayed": stats.delayed,
        "dead": stats.dead,
        "oldest": stats.oldest_age_s or 0.0,
        "in": line.in_per_s or 0.0,
        "out": line.out_per_s or 0.0,
    }
    return (values[column], stats.topic) if column in values else (stats.topic, "")
