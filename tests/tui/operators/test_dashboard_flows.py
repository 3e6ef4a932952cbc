"""What an operator does, from the key to the database: each flow by pilot on a real queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static, TextArea

from smq_core import Inspector, Queue, State
from smq_tui.dialogs.confirm import Confirm
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.dialogs.message_form import MessageForm
from tests.tui.dashboard import FrozenClock, fill, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_tui.app import Dashboard


@pytest.fixture
def shop(location: str) -> str:
    """Give a queue that has something of everything."""
    fill(location)
    return location


@pytest.fixture
def inspector(shop: str) -> Iterator[Inspector]:
    """Give another operator's eyes."""
    with Inspector(shop, clock=FrozenClock()) as opened:
        yield opened


def dead(inspector: Inspector, topic: str = "orders") -> int:
    return inspector.topic(topic).dead


def test_one_dead_letter_is_requeued_at_once_and_brought_back_by_undo(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(_: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("R")
        await until(pilot, lambda: dead(inspector) == 8)
        await pilot.press("z")
        await until(pilot, lambda: dead(inspector) == 9)

    run(make_dashboard(shop), scenario)


def test_all_dead_letters_of_one_error_are_requeued_after_their_number_was_typed(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y", "R", "enter")
        assert isinstance(app.screen, Confirm), "no letter confirms what has to be typed"
        await pilot.press("3", "enter")
        await until(pilot, lambda: dead(inspector) == 6)

    run(make_dashboard(shop), scenario)


def test_the_cursor_comes_back_to_a_group_whose_requeue_was_undone(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("j")
        table = app.main.view.table
        group = table.cursor_key
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("3", "enter")
        await until(pilot, lambda: table.row_count == 2 and table.cursor_key != group)
        await pilot.press("z")
        await until(pilot, lambda: table.row_count == 3)
        assert table.cursor_key == group
        assert dead(inspector) == 9

    run(make_dashboard(shop), scenario)


def test_the_key_that_opened_a_dialog_does_not_confirm_it(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("D", "D")
        assert isinstance(app.screen, Confirm)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert dead(inspector) == 9, "Enter is on Cancel"

    run(make_dashboard(shop), scenario)


def test_marked_messages_are_deleted_and_what_moved_on_meanwhile_is_told(
    shop: str, inspector: Inspector
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("space", "space", "space")
        marked = sorted(int(key) for key in app.main.view.table.marks)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        inspector.requeue([marked[0]])
        await pilot.press("y")
        await until(pilot, lambda: inspector.get(marked[1]).state is State.DELETED)
        assert inspector.get(marked[0]).state is State.READY
        await until(pilot, lambda: "1 left alone" in app.main.lines.said.text)

    run(make_dashboard(shop), scenario)


def test_a_message_that_somebody_holds_is_requeued_only_with_a_tick(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3", "end")
        await settle(pilot)
        await pilot.press("end", "R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        assert isinstance(app.screen, Confirm), "it says that they may run twice first"
        why = app.screen.query_one("#why", Static)
        assert "press Space to tick the box" in str(why.visual)
        await pilot.press("space")
        assert not str(why.visual), "what was mended is not refused any more"
        await pilot.press("y")
        await until(pilot, lambda: inspector.topic("invoices").processing == 1)

    run(make_dashboard(shop), scenario)


def test_a_topic_is_paused_with_a_reason_and_resumed(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.view.table.move_to("orders")
        await pilot.press("P", *"deploy", "enter", "1", "0", "m", "enter")
        await until(pilot, lambda: inspector.topic("orders").paused)
        assert inspector.topic("orders").pause_reason == "deploy"
        await until(pilot, lambda: app.main.context.snapshot.line("orders").stats.paused)  # type: ignore[union-attr]  # it has been seen
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: not inspector.topic("orders").paused)

    run(make_dashboard(shop), scenario)


def test_an_edit_is_checked_shown_and_saved(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        chosen = int(str(app.main.view.table.cursor_key))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, MessageForm))
        payload = app.screen.query_one("#payload", TextArea)
        payload.text = '{"order": '
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, MessageForm), "broken JSON is not saved"
        payload.text = '{"order": 7}'
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: inspector.get(chosen).payload == {"order": 7})

    run(make_dashboard(shop), scenario)


def test_a_message_is_added(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, MessageForm))
        app.screen.query_one("#topic", Input).value = "fresh"
        app.screen.query_one("#payload", TextArea).text = "just text"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: inspector.topic("fresh").ready == 1)
        assert inspector.browse("fresh")[0].payload == "just text"

    run(make_dashboard(shop), scenario)


def test_a_file_is_imported_after_a_dry_run(shop: str, inspector: Inspector, tmp_path: Path) -> None:
    source = tmp_path / "lines.jsonl"
    source.write_text('{"topic": "taken", "payload": 1}\n"a text"\n{"topic": "\\u0000", "payload": 1}\n')

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, ImportWizard))
        wizard = app.screen
        assert isinstance(wizard, ImportWizard)
        wizard.query_one("#path", Input).value = str(source)
        await pilot.press("enter")
        await until(pilot, lambda: wizard.step.value == "ready")
        assert inspector.topic("taken").ready == 0, "a dry run adds nothing"
        await pilot.press("y")
        await until(pilot, lambda: wizard.step.value == "done")
        assert inspector.topic("taken").ready == 1
        assert inspector.topic("default").ready == 1

    run(make_dashboard(shop), scenario)


def test_marked_messages_are_exported_and_nothing_is_written_over(shop: str, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("space", "space", "x")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        app.screen.query_one("#path", Input).value = str(target)
        await pilot.press("enter")
        await until(pilot, lambda: target.exists() and len(target.read_text().splitlines()) == 2)
        await pilot.press("x")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        app.screen.query_one("#path", Input).value = str(target)
        await pilot.press("enter")
        assert len(app.screen_stack) == 2, "a file that is there is refused"

    run(make_dashboard(shop), scenario)


def test_read_only_answers_every_change_with_the_reason(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        for key in "RDKaePz":
            app.main.lines.said.clear()
            await pilot.press(key)
            assert "read-only" in app.main.lines.said.text, key
        assert len(app.screen_stack) == 1
        assert dead(inspector) == 9

    run(make_dashboard(shop, read_only=True), scenario)


def test_the_lock_keeps_every_change_until_it_is_taken_off(shop: str, inspector: Inspector) -> None:
    async def scenario(_: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("!", "R", "!", "j", "R")
        await until(pilot, lambda: dead(inspector) == 8)
        await pilot.press("1")

    run(make_dashboard(shop), scenario)


def test_a_purge_is_for_one_topic_and_state_and_takes_its_number(shop: str, inspector: Inspector) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(pilot)
        await pilot.press("X")
        assert len(app.screen_stack) == 1, "all topics are not purged at once"
        app.main.navigation.jump("messages orders state:dead")
        await settle(pilot)
        app.main.view.take_filter(app.main.view.filtered_by)
        app.main.navigation.jump("orders")
        app.main.list_actions.show_state("dead")
        await settle(pilot)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("9", "enter")
        await until(pilot, lambda: dead(inspector) == 0)

    run(make_dashboard(shop), scenario)


def test_all_that_match_is_frozen_when_the_dialog_opens(shop: str, inspector: Inspector) -> None:
    """What comes later is not touched."""

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("invoices")
        app.main.list_actions.show_state("ready")
        await settle(pilot)
        await pilot.press("*", "D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        with Queue(shop, clock=FrozenClock()) as queue:
            late = queue.enqueue("invoices", "late")
        await pilot.press("4", "enter")
        await until(pilot, lambda: inspector.topic("invoices").deleted == 4)
        assert inspector.get(late).state is State.READY

    run(make_dashboard(shop), scenario)


async def go_to_dead_messages(pilot: Pilot[int]) -> None:
    """Show the dead of all topics on screen 2."""
    await pilot.press("2")
    await settle(pilot)
    await pilot.press(
        "right_square_bracket", "right_square_bracket", "right_square_bracket", "right_square_bracket"
    )
    await settle(pilot)
    await pilot.press("g")
    app = pilot.app
    await until(pilot, lambda: app.main.view.message is not None)  # type: ignore[attr-defined]  # the dashboard's
