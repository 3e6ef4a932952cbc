"""Whatever rows, keys and titles say: nothing acts on the terminal or is markup, and columns align."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from smq_core.safe_text import cell
from smq_tui.widgets.keyed_table.row_painter import Sorting, paint_header, paint_line, paint_note
from smq_tui.widgets.keyed_table.table_columns import Column, lay_out
from smq_tui.widgets.keyed_table.table_rows import Cell, Line, Tone
from tests.tui.keyed_table.keyed_table_app import COLUMNS, TableApp, column_starts, in_terminal, make_row

if TYPE_CHECKING:
    from textual.pilot import Pilot
    from textual.strip import Strip

HOSTILE = (
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x1b[2J\x1b[31m",
    "\x9b31m\x9d0;x\x9c",
    "line\nbreak\r\ttab\x00",
    "\u202ertl\u2066\u200f",
    "zero\u200bwidth\ufeff\u2060\u200d",
    "\ud800 half",
    "\U000e0041 tag",
    "[red]x[/] [/x] [@click=app.bell]y[/] [$x] \\[x]",
    "a" + "\u0301" * 5_000,
    "\u0301" * 50,
    "x" * 1_000_000,
    "🎉" * 500_000,
)


def unstyled(_component: str) -> Style:
    """Stand in for a theme."""
    return Style.null()


def painted(strip: Strip) -> str:
    """Return the text of a strip; its own escapes for colour come later, from its styles."""
    return "".join(segment.text for segment in strip)


@in_terminal(80, 24)
async def test_hostile_cells_are_painted_harmlessly(app: TableApp, pilot: Pilot[None]) -> None:
    """As cells, as keys, plain and with tones, under the cursor and marked."""
    app.table.set_rows([(text, (text, Cell(text, Tone.BAD), text, text, text)) for text in HOSTILE])
    app.table.note = HOSTILE[0]
    for _ in HOSTILE:
        await pilot.press("space")
    lines = [app.table.render_line(y) for y in range(app.table.size.height)]

    assert app.table.marks == set(HOSTILE)
    for line in lines:
        assert painted(line) == cell(painted(line))
        assert line.cell_length == cell_len(painted(line)) == app.table.scrollable_size.width
    assert "[red]x" in painted(lines[10])


@in_terminal(80, 24)
async def test_markup_in_a_cell_is_shown_as_it_stands(app: TableApp, pilot: Pilot[None]) -> None:
    """It neither vanishes nor acts."""
    app.table.set_rows([(1, make_row("[b]a[/b]"))])
    await pilot.pause()

    assert app.screen_lines()[1].startswith("▸ [b]a[/b]")


@in_terminal(80, 24)
async def test_columns_stay_aligned_whatever_the_script(app: TableApp, pilot: Pilot[None]) -> None:
    """Counted in cells: Chinese, Korean, Arabic, emoji, combining marks, and text that is cut."""
    names = [
        "plain",
        "漢字",
        "漢字" * 30,
        "한국어",
        "العربية",
        "🎉👍🏽❤️⚠️",
        "e\u0301te\u0301",
        "กำ",
        "a漢" * 30,
        "x" * 90,
    ]
    app.table.set_rows([(name, (name, "123456", "77", "3m07s", "run")) for name in names])
    await pilot.pause()
    lines = app.screen_lines()[1 : len(names) + 1]

    starts = {tuple(column_starts(line, "123456", "77", "3m07s", "run")) for line in lines}
    assert len(starts) == 1
    assert [line for line, name in zip(lines, names, strict=True) if "…" in line] == [
        lines[2],
        lines[8],
        lines[9],
    ]


@in_terminal(80, 24)
async def test_lines_are_sent_with_no_escapes_but_those_of_colours(app: TableApp, pilot: Pilot[None]) -> None:
    """What a terminal would be sent for the whole screen."""
    app.table.set_rows([(text, (text, Cell(text, Tone.BAD), text, text, text)) for text in HOSTILE])
    await pilot.pause()
    sent = "".join(app.table.render_line(y).render(app.console) for y in range(app.table.size.height))
    colourless = re.sub(r"\x1b\[[0-9;]*m", "", sent)

    assert len(colourless) < len(sent)
    assert cell(colourless) == colourless


SELECTIONS = [(False, False), (True, False), (False, True), (True, True)]
texts = st.one_of(st.text(st.characters(), max_size=30), st.sampled_from([text[:200] for text in HOSTILE]))


@given(
    st.lists(texts, max_size=6), texts, st.integers(min_value=0, max_value=70), st.sampled_from(SELECTIONS)
)
@settings(deadline=None)
def test_any_text_is_painted_safely_and_exactly_as_wide_as_the_table(
    cells: list[str], title: str, width: int, selection: tuple[bool, bool]
) -> None:
    """Rows with too few or too many cells, titles and notes, at any width."""
    columns = (*COLUMNS[:-1], Column(key="title", title=title, width=12))
    layout = lay_out(columns, width)
    strips = (
        paint_line(Line(1, tuple(cells), *selection), layout, unstyled, width),
        paint_header(layout, Sorting("title"), unstyled, width),
        paint_note(title, unstyled, width),
    )

    for strip in strips:
        assert painted(strip) == cell(painted(strip))
        assert cell_len(painted(strip)) == width
        assert painted(strip).encode().decode() == painted(strip)
