"""The pure parts of the table: widths, columns, orders."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from smq_core.safe_text import CUT
from smq_tui.widgets.cell_width import fit
from smq_tui.widgets.keyed_table.key_order import KeyOrder, ListedOrder, SortedOrder, find_or_neighbour
from smq_tui.widgets.keyed_table.table_columns import GAP, GUTTER, Column, last_shift, lay_out
from smq_tui.widgets.keyed_table.table_marks import MARK_LIMIT, TableMarks


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("abc", 3, "abc"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 2, "  "),
        ("漢字", 4, "漢字"),
        ("漢字", 3, "漢…"),
        ("漢字漢", 4, "漢… "),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("a\nb", 3, "a␊b"),
    ],
)
def test_a_text_is_made_to_fit_its_cells(text: str, width: int, fitted: str) -> None:
    """Padded, or cut with a mark right behind the last character that fits."""
    assert fit(text, width) == fitted


def test_a_number_stands_at_the_right_and_is_cut_at_its_end() -> None:
    """Without its first digits it would be another number."""
    assert fit("123", 5, is_number=True) == "  123"
    assert fit("123456", 5, is_number=True) == "1234…"


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40), st.integers(min_value=0, max_value=50))
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int) -> None:
    """Any characters, any width."""
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit(text, width, is_number=True)) == width


def test_a_flood_of_combining_marks_is_cut() -> None:
    """Some terminals choke on thousands of marks in one cell."""
    flooded = fit("a" + "\u0301" * 10_000, 5)

    assert flooded.count("\u0301") <= 4 * 5
    assert CUT in flooded


def columns(*widths_and_priorities: tuple[int, int], stretching: int | None = None) -> list[Column]:
    """Make columns named by their places."""
    return [
        Column(
            key=str(place),
            title=str(place),
            width=width,
            priority=priority,
            is_stretching=place == stretching,
        )
        for place, (width, priority) in enumerate(widths_and_priorities)
    ]


def test_all_columns_stand_side_by_side_where_there_is_room() -> None:
    """With gaps between them, behind the gutter."""
    layout = lay_out(columns((4, 1), (5, 1), (6, 1)), 100)

    assert [(place.column.key, place.x, place.width) for place in layout.places] == [
        ("0", GUTTER, 4),
        ("1", GUTTER + 4 + GAP, 5),
        ("2", GUTTER + 9 + 2 * GAP, 6),
    ]
    assert not layout.has_hidden_before
    assert not layout.has_hidden_after


def test_the_column_that_stretches_takes_what_is_left() -> None:
    """The line is then full to its end."""
    layout = lay_out(columns((4, 1), (5, 1), (6, 1), stretching=1), 40)

    assert [place.width for place in layout.places] == [4, 40 - GUTTER - 2 * GAP - 10, 6]


def test_columns_leave_by_priority_and_of_equals_from_the_right() -> None:
    """One more for every few cells less."""
    some = columns((4, 9), (4, 1), (4, 5), (4, 1))
    shown = [
        "".join(place.column.key for place in lay_out(some, width).places) for width in (24, 23, 17, 11, 5)
    ]

    assert shown == ["0123", "012", "02", "0", "0"]


def test_shifting_goes_through_the_columns_but_keeps_the_first() -> None:
    """Each step shows something else, until the last column is in view."""
    some = columns((4, 9), (4, 1), (4, 5), (4, 1))

    def shown(width: int) -> list[str]:
        shifts = range(last_shift(some, width) + 1)
        return ["".join(place.column.key for place in lay_out(some, width, shift).places) for shift in shifts]

    assert shown(17) == ["02", "01", "03"]
    assert shown(18) == ["012", "023"]
    assert last_shift(some, 100) == 0
    assert last_shift(columns((4, 1)), 1) == 0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), min_size=1, max_size=8),
    st.integers(min_value=0, max_value=120),
    st.integers(min_value=0, max_value=3),
)
def test_columns_never_overlap_nor_leave_the_line(
    widths_and_priorities: list[tuple[int, int]], width: int, shift: int
) -> None:
    """Whatever the width, and however far they were shifted."""
    some = columns(*widths_and_priorities, stretching=0)
    layout = lay_out(some, width, min(shift, last_shift(some, width)))

    end = GUTTER - GAP
    for place in layout.places:
        assert place.x >= end + GAP
        end = place.x + place.width
        assert end <= width
        assert layout.column_at(place.x) == place.column


def test_every_column_comes_into_view_by_shifting() -> None:
    """From the left to the right."""
    some = columns((10, 9), (8, 1), (8, 2), (8, 3), (8, 1), (8, 2))
    seen = {
        place.column.key
        for shift in range(last_shift(some, 35) + 1)
        for place in lay_out(some, 35, shift).places
    }

    assert seen == set("012345")


@pytest.mark.parametrize(
    "order",
    [
        SortedOrder(array("q", range(0, 100, 3))),
        SortedOrder(array("q", range(99, -1, -3)), is_falling=True),
        ListedOrder(range(0, 100, 3)),
    ],
)
def test_an_order_finds_its_keys_and_no_others(order: KeyOrder) -> None:
    """Rising, falling, or listed."""
    assert [order.index_of(order[index]) for index in range(len(order))] == list(range(34))
    assert [order.index_of(key) for key in (1, -1, 1000, "topic")] == [None] * 4
    assert order.index_near("topic") is None


def test_the_neighbour_of_a_row_is_the_next_that_is_still_there() -> None:
    """Else the one before, else whatever stands in its place."""
    old = ListedOrder("abcdef")

    assert find_or_neighbour(old, 2, ListedOrder("xabcyd")) == 3
    assert find_or_neighbour(old, 2, ListedOrder("xaeb")) == 2
    assert find_or_neighbour(old, 4, ListedOrder("xcba")) == 1
    assert find_or_neighbour(old, 4, ListedOrder("xyz")) == 2
    assert find_or_neighbour(old, 1, ListedOrder("xyz")) == 1
    assert find_or_neighbour(old, 1, ListedOrder("")) == 0
    assert find_or_neighbour(ListedOrder(""), 0, old) == 0


def test_when_most_of_a_million_rows_are_purged_the_cursor_goes_to_the_next_id() -> None:
    """Not to whatever came to stand at its index."""
    old, new = SortedOrder(range(1_000_000)), SortedOrder(range(600_000, 1_000_000))

    assert new[find_or_neighbour(old, 300_000, new)] == 600_000


def test_no_more_rows_are_marked_than_the_limit() -> None:
    """Unmarking makes room again."""
    order = SortedOrder(range(MARK_LIMIT + 10))
    marks = TableMarks()
    marks.start_range(order, 0, is_sticky=True)
    marks.extend_range(order, MARK_LIMIT + 5)
    marks.end_range()
    assert marks.is_full
    assert marks.keys == set(range(MARK_LIMIT))

    marks.toggle(MARK_LIMIT + 1)
    assert MARK_LIMIT + 1 not in marks.keys
    marks.toggle(0)
    marks.toggle(MARK_LIMIT + 1)
    assert MARK_LIMIT + 1 in marks.keys


def test_a_range_whose_first_row_is_gone_goes_on_from_its_neighbour() -> None:
    """The person goes on moving, and goes on marking."""
    old, new = ListedOrder("abcdef"), ListedOrder("acdef")
    marks = TableMarks()
    marks.start_range(old, 1, is_sticky=True)
    marks.follow(old, new)
    assert marks.keys == set()

    marks.extend_range(new, 3)
    assert marks.keys == set("cde")


def test_a_range_that_lost_all_rows_is_over() -> None:
    """What comes later was not meant."""
    marks = TableMarks()
    marks.start_range(ListedOrder("ab"), 0, is_sticky=True)
    marks.follow(ListedOrder("ab"), ListedOrder(""))

    assert not marks.is_ranging
    assert not marks.is_sticky
