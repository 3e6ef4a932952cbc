"""What is said, hinted and offered around a list: nothing covers the chosen row, the next key is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.command import CommandPalette
from textual.widgets import Button, Input, OptionList

from smq_core import Inspector, Queue
from smq_tui.dialogs.help import Help
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

LONG = (
    "98 requeued; 2 left alone: 1 already taken, 1 changed by somebody else since it was shown. z undoes it"
)


def keys_of(app: Dashboard) -> str:
    """Return the key bar as it is painted."""
    return app.main.lines.key_bar.render_line(0).text


def lines_of(table: KeyedTable) -> list[str]:
    """Return the rows that are painted."""
    return [table.render_line(y).text.rstrip() for y in range(1, table.size.height)]


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)], ids=str)
def test_what_is_said_covers_nothing_and_is_said_whole(size: tuple[int, int], location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2", "end")
        await settle(pilot)
        app.main.say(LONG)
        await pilot.pause()
        await pilot.pause()
        main, said = app.main, app.main.lines.said
        painted = " ".join(said.render_line(y).text.strip() for y in range(said.size.height))
        assert painted == LONG
        for other in (main.view.table, main.lines.key_bar):
            assert not said.region.overlaps(other.region)
        assert main.view.table.cursor_key in main.view.table.visible_keys

    run(make_dashboard(location), scenario, size)


def test_what_was_said_is_gone_when_a_dialog_opens(location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.say(LONG)
        await pilot.press("a")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await until(pilot, lambda: not app.main.lines.said.text)

    run(make_dashboard(location), scenario)


def test_the_line_above_the_keys_tells_what_a_row_has_no_room_for(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4", "down")
        await settle(pilot)
        await pilot.pause()
        key = str(app.main.view.table.cursor_key)
        assert app.main.lines.said.render_line(0).text.strip() == key.partition("\0")[2]

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("screen", "123456")
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50)], ids=str)
def test_filter_undo_help_and_back_stay_in_the_key_bar(
    screen: str, size: tuple[int, int], location: str
) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        last = "q quit" if screen == "1" else "q back"
        assert all(part in keys_of(app) for part in ("/ filter", "z undo", "? help", last))

    run(make_dashboard(location), scenario, size)


def test_the_key_bar_says_what_a_key_does_to_the_chosen_row(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.view.table.move_to("mail")
        await until(pilot, lambda: "P resume" in keys_of(app))
        assert "d why" in keys_of(app)
        app.main.view.table.move_to("invoices")
        await until(pilot, lambda: "P pause" in keys_of(app))

    run(make_dashboard(location), scenario)


def test_keys_that_need_a_queue_are_not_offered_without_one(location: str, tmp_path: Path) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.main.context.trouble)
        await pilot.pause()
        assert "requeue" not in keys_of(app)
        assert "^R refresh" in keys_of(app)
        assert "q quit" in keys_of(app)

    assert location
    run(make_dashboard(str(tmp_path / "nowhere.sqlite3")), scenario)


def test_a_filter_says_how_many_match_and_shows_where_the_words_stand(location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue_many("mail", [{"padding": "x" * 400, "to": f"user{number}@"} for number in range(12)])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        assert not any("user" in line for line in lines_of(app.main.view.table))
        app.main.navigation.jump("messages user1")
        await settle(pilot)
        await until(pilot, lambda: all("user1" in line for line in lines_of(app.main.view.table)[:3]))
        assert "3 match" in app.main.view.line.text

    run(make_dashboard(location), scenario)


def test_numbers_of_states_are_not_shown_next_to_a_filter(location: str) -> None:
    """They would be those of all messages."""
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages state:dead")
        await settle(pilot)
        assert "[dead 9]" in app.main.view.line.text
        app.main.navigation.jump("messages state:dead order")
        await settle(pilot)
        assert "[dead]" in app.main.view.line.text
        assert "9 match" in app.main.view.line.text

    run(make_dashboard(location), scenario)


def test_all_that_match_can_be_marked_by_a_key_that_is_shown_and_states_stay_in_view(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("orders")
        await settle(pilot)
        assert "* " not in keys_of(app)
        app.main.navigation.jump("messages orders order")
        await settle(pilot)
        await until(pilot, lambda: "D delete  * all 40" in keys_of(app))
        await pilot.press("*")
        await until(pilot, lambda: "✓ all 40" in app.main.view.line.text)
        painted = app.main.view.line.render_line(0).text
        for part in ("orders", "[all]", "ready", "delayed", "running", "dead", "/order", "✓ all 40"):
            assert part in painted
        assert "* all" not in keys_of(app)

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_all_that_match_is_not_marked_any_more_after_another_screen_was_seen(
    size: tuple[int, int], location: str
) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("messages order")
        await settle(pilot)
        await pilot.press("*")
        assert app.main.view.aims_at_all
        await pilot.press("1", "2")
        await settle(pilot)
        assert (app.main.view.filtered_by.text, app.main.view.aims_at_all) == ("order", False)

    run(make_dashboard(location), scenario, size)


def test_help_begins_with_this_screen_and_finds_keys_by_typing(location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.pause()
        table = app.screen.query_one(KeyedTable)
        assert "Here: Workers" in lines_of(table)[0]
        assert "Make a daemon take no new" in lines_of(table)[1]
        await pilot.press("slash", *"leasing")
        await until(pilot, lambda: table.row_count == 2)
        assert "Pause or resume leasing" in lines_of(table)[1]
        await pilot.press("enter", "1")
        assert isinstance(app.screen, Help)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Help))
        assert "screen 1" in app.main.lines.said.text, "the key was pressed, and said why not"

    run(make_dashboard(location), scenario)


@pytest.mark.parametrize("screen", "123456")
def test_no_line_of_the_help_is_cut_and_none_is_there_twice(screen: str, location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen, "question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.pause()
        table = app.screen.query_one(KeyedTable)
        seen: list[str] = []
        for _ in range(table.row_count):
            lines = lines_of(table)
            assert not any("…" in line[14:] for line in lines), lines
            seen += [line[2:] for line in lines if line[2:13].strip() and line[2:] not in seen]
            await pilot.press("pagedown")
            if table.cursor_key == table.visible_keys[-1]:
                break
        assert sum("Filter this list" in line for line in seen) == 1

    run(make_dashboard(location), scenario)


def test_the_palette_begins_with_what_is_of_use_on_this_screen(location: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("5", "ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count)
        assert "Make a daemon take no new" in str(options.get_option_at_index(0).prompt)

    run(make_dashboard(location), scenario)


def test_a_dialog_that_is_too_long_for_the_terminal_says_so(location: str) -> None:
    fill(location)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("a")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        box = app.screen.query_one(".dialog-box")
        await until(pilot, lambda: box.border_subtitle)
        await pilot.resize_terminal(100, 40)
        await until(pilot, lambda: not box.border_subtitle)

    run(make_dashboard(location), scenario, (30, 8))


def test_a_finished_import_offers_to_close_and_says_that_nothing_undoes_it(
    location: str, tmp_path: Path
) -> None:
    source = tmp_path / "one.jsonl"
    source.write_text('{"topic": "taken", "payload": 1}\n')

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, ImportWizard))
        wizard = app.screen
        assert isinstance(wizard, ImportWizard)
        wizard.query_one("#path", Input).value = str(source)
        await pilot.press("enter")
        await until(pilot, lambda: wizard.step.value == "ready")
        assert "1 message would be added in 1 topic, 0 rejected" in str(wizard.query_one("#report").render())
        assert wizard.query_one("#again").render_line(0).text.strip().startswith("[ ] import the file again")
        await pilot.press("y")
        await until(pilot, lambda: wizard.step.value == "done")
        await pilot.pause()
        assert not wizard.query_one("#cancel", Button).display
        report = str(wizard.query_one("#report").render())
        assert "1 message added, 0 rejected" in report
        assert "An import cannot be undone" in report
        await pilot.press("enter")
        await until(pilot, lambda: "1 message added, 0 rejected" in app.main.lines.said.text)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, ImportWizard))
        assert app.screen.query_one("#path", Input).value == f"{tmp_path}/", "where the last file was"

    run(make_dashboard(location), scenario)
    with Inspector(location) as inspector:
        assert inspector.topic("taken").ready == 1
