"""Whatever is inserted, deleted or reordered: the cursor keeps its key and its line, and marks only exist.

The model is driven by random sequences of refreshes and keys, and compared with what a list and a set say.
"""

from collections.abc import Sequence
from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smq_tui.widgets.keyed_table.key_order import Key, KeyOrder, ListedOrder, SortedOrder
from smq_tui.widgets.keyed_table.table_model import TableModel

KEYS = st.integers(min_value=0, max_value=40)


def any_order() -> st.SearchStrategy[KeyOrder]:
    """Orders of few enough keys that refreshes insert, delete and reorder all the time."""
    lists = st.lists(KEYS, unique=True, max_size=25)
    rising = lists.map(lambda keys: SortedOrder(sorted(keys)))
    falling = lists.map(lambda keys: SortedOrder(sorted(keys, reverse=True), is_falling=True))
    return st.one_of(lists.map(ListedOrder), rising, falling)


def listed(order: KeyOrder) -> list[Key]:
    """Read an order by its indices only."""
    return [order[index] for index in range(len(order))]


def place_after_refresh(old: Sequence[Key], index: int, new: KeyOrder) -> int:
    """Report where a row belongs after a refresh: on itself, else on its neighbour."""
    keys = listed(new)
    if old[index] in keys:
        return keys.index(old[index])
    if isinstance(new, SortedOrder):
        gone = cast("int", old[index])
        is_falling = len(keys) > 1 and cast("int", keys[0]) > cast("int", keys[1])
        beyond = [k for k in cast("list[int]", keys) if (k < gone if is_falling else k > gone)]
        if len(keys) > 1:
            return keys.index(beyond[0]) if beyond else len(keys) - 1
        return 0
    for survivor in [*old[index + 1 :], *reversed(old[:index])]:
        if survivor in keys:
            return keys.index(survivor)
    return min(index, len(keys) - 1)


class Table(RuleBasedStateMachine):
    """A person at the keys, and a queue that changes under their hands."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TableModel()

    @initialize(order=any_order(), height=st.integers(min_value=0, max_value=8))
    def open(self, order: KeyOrder, height: int) -> None:
        """Begin with some rows in a window of some height."""
        self.model.resize(height)
        self.model.replace(order)

    @rule(order=any_order())
    def refresh(self, order: KeyOrder) -> None:
        """Replace the order, and compare with what should have happened."""
        model = self.model
        old, cursor, top, marks = listed(model.order), model.cursor_index, model.top, model.marks.keys
        is_in_view = model.is_cursor_in_view

        model.replace(order)

        new = listed(order)
        last_top = max(0, len(new) - max(1, model.height))
        assert model.marks.keys == marks & set(new)
        if not new or not old:
            assert (model.cursor_index, model.top) == (0, 0) or model.is_following
        elif model.is_following:
            assert (model.cursor_index, model.top) == (len(new) - 1, last_top)
        else:
            assert model.cursor_index == place_after_refresh(old, cursor, order)
            wanted_top = (
                model.cursor_index - (cursor - top) if is_in_view else place_after_refresh(old, top, order)
            )
            assert model.top == max(0, min(wanted_top, last_top))
            assert model.is_cursor_in_view or not is_in_view

    @rule(rows=st.integers(min_value=-30, max_value=30))
    def move(self, rows: int) -> None:
        """Move, which always brings the cursor into view."""
        wanted = self.model.cursor_index + rows

        self.model.move_by(rows)

        assert self.model.cursor_index == max(0, min(wanted, len(self.model.order) - 1))
        assert self.model.is_cursor_in_view or not len(self.model.order) or self.model.height == 0

    @rule(pages=st.sampled_from([-1, 1]))
    def page(self, pages: int) -> None:
        """Move by a window."""
        self.model.move_by_pages(pages)

        assert self.model.is_cursor_in_view or not len(self.model.order) or self.model.height == 0

    @rule()
    def go_to_end(self) -> None:
        """Go to the last row and follow it."""
        self.model.move_to_end()

    @rule(top=st.integers(min_value=-5, max_value=30))
    def scroll(self, top: int) -> None:
        """Turn the wheel: the cursor stays where it is, in view or not."""
        cursor = self.model.cursor_key

        self.model.scroll_to(top)

        assert self.model.cursor_key == cursor

    @rule(height=st.integers(min_value=0, max_value=12))
    def resize(self, height: int) -> None:
        """Change the window: a cursor that was in view stays so."""
        was_in_view = self.model.is_cursor_in_view

        self.model.resize(height)

        assert self.model.is_cursor_in_view or not was_in_view or height == 0

    @rule()
    def mark(self) -> None:
        """Mark or unmark the row at the cursor, and no other."""
        key, marks = self.model.cursor_key, self.model.marks.keys

        self.model.toggle_mark()

        assert self.model.marks.keys ^ marks == ({key} if key is not None else set())

    @rule()
    def begin_or_end_range(self) -> None:
        """Press v."""
        self.model.toggle_range()

    @rule(rows=st.sampled_from([-1, 1, 5]))
    def extend(self, rows: int) -> None:
        """Press Shift with an arrow: both ends of the step are marked."""
        before = self.model.cursor_key
        if not self.model.marks.is_ranging and before is not None:
            assert before == self.model.order[self.model.cursor_index]

        self.model.extend_to(self.model.cursor_index + rows)

        assert self.model.cursor_key is None or self.model.cursor_key in self.model.marks.keys

    @precondition(lambda self: self.model.marks.is_sticky)
    @rule()
    def cancel_range(self) -> None:
        """Press Esc while drawing a range."""
        marked_in_range = self.model.marks.keys

        self.model.marks.cancel_range()

        assert self.model.marks.keys <= marked_in_range
        assert not self.model.marks.is_ranging

    @rule()
    def unmark_all(self) -> None:
        """Press u."""
        self.model.marks.clear()

        assert not self.model.marks.keys

    @invariant()
    def only_existing_rows_are_marked(self) -> None:
        """Whatever happened before."""
        assert self.model.marks.keys <= set(listed(self.model.order))

    @invariant()
    def an_action_is_for_what_is_marked_or_at_the_cursor(self) -> None:
        """In the order that is shown."""
        keys = listed(self.model.order)
        marked = [key for key in keys if key in self.model.marks.keys]
        at_cursor = keys[self.model.cursor_index : self.model.cursor_index + 1]

        assert list(self.model.targets) == (marked or at_cursor)

    @invariant()
    def the_window_is_filled(self) -> None:
        """No blank lines while there are rows above the window."""
        assert 0 <= self.model.top <= max(0, len(self.model.order) - max(1, self.model.height))
        assert 0 <= self.model.cursor_index < max(1, len(self.model.order))


Table.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestTable = Table.TestCase
