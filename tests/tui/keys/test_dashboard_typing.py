"""What is typed into a line stays in it: no key of it reaches the list below as a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from smq_tui.widgets.status_bar import SegmentLine
from tests.tui.dashboard import fill, make_dashboard, run, settle, until
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

TABS = (("tab",), ("shift+tab",), ("tab", "tab"), ("ctrl+u", "tab"), ("ctrl+u", "shift+tab", "tab"))


@pytest.mark.parametrize("opener", ["slash", "colon"])
@pytest.mark.parametrize("screen", ["2", "4", "5"])
def test_tab_never_leads_out_of_the_line(screen: str, opener: str, location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        shown = app.main.current
        for tabs in TABS:
            await pilot.press(opener, "x", *tabs, "D", "3", "R", "q", "e")
            line = app.main.filter_bar.query_one(Input)
            assert line.has_focus, tabs
            assert line.value.endswith("D3Rqe"), tabs
            assert (app.main.current, app.screen) == (shown, app.main)
            await pilot.press("escape")

    run(make_dashboard(location), scenario)


def test_tab_takes_the_completion(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"topic:inv", "tab")
        assert app.main.filter_bar.query_one(Input).value.strip() == "topic:invoices"

    run(make_dashboard(location), scenario)


def test_a_click_on_the_list_closes_the_line(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("slash", "x")
        await pilot.click(app.main.view.table, offset=(10, 2))
        await until(pilot, lambda: not app.main.filter_bar.is_open)
        assert app.main.view.table.has_focus

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize(
    "opener",
    [
        ("P",),
        ("a",),
        ("I",),
        ("2", "j", "e"),
        ("2", "x"),
        ("question_mark", "slash"),
        ("ctrl+p",),
        ("2", "asterisk", "D"),
    ],
    ids=" ".join,
)
def test_no_letter_after_tabs_in_a_dialog_reaches_the_list(opener: tuple[str, ...], location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        for key in opener:
            await pilot.press(key)
            await settle(pilot)
        await until(pilot, lambda: app.screen is not app.main and isinstance(app.focused, Input | TextArea))
        dialog, shown = app.screen, app.main.current
        for number in range(8):
            await pilot.press("tab", *"DRK36ueb"[number:])
            assert app.screen is dialog, f"after {number + 1} tabs"
            assert app.main.current == shown

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize(
    ("typed", "painted"),
    [
        (":dead\r", "dead in 3 groups"),
        (":messages letter 3\r", "letter 3"),
        ("2/gift\r", "match"),
        ("2/gift\r*", "now apply to all that match"),
        (":messages topic:letters state:dead\r*", "now apply to all that match"),
        ("?/requeue", "Make messages ready"),
        ("a\x15Dunning", "Dunning"),
        ("PDeadline 36", "Deadline 36"),
    ],
)
def test_what_comes_in_one_piece_goes_where_its_first_key_leads(
    typed: str, painted: str, location: str, tmp_path: Path
) -> None:
    fill(location)
    with Terminal(location, tmp_path) as terminal:
        terminal.read_until("invoices")
        terminal.type(typed, painted)


@pytest.mark.parametrize(
    ("screen", "typed", "reason"),
    [
        ("1", "age>5m", "age> cannot filter topics: use topic: or text, or screen 2"),
        ("3", "state:dead", "state: cannot filter running messages: use screen 2"),
        ("4", "kind:x", "kind: cannot filter dead letters: use topic: error~ or text, or screen 2"),
        ("5", "attempts>2", "attempts> cannot filter daemons: use topic: worker: or text, or screen 2"),
        ("6", "expired", "expired cannot filter actions"),
        ("1", ":dead orders age>5m", "age> cannot filter dead letters"),
    ],
)
def test_a_part_that_the_list_would_pass_over_is_refused(
    screen: str, typed: str, reason: str, location: str
) -> None:
    """It was ignored: `*` then meant more than the title said."""
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        await pilot.press(":" if typed.startswith(":") else "/")
        app.main.filter_bar.query_one(Input).value = typed.removeprefix(":")
        await pilot.press("enter")
        await until(pilot, lambda: reason in app.main.filter_bar.query_one(SegmentLine).render_line(0).text)
        assert app.main.filter_bar.is_open
        assert not app.main.view.filtered_by

    run(make_dashboard(location), scenario)
