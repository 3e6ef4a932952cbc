"""What a question says is what is done: others change messages between the question and its answer."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, Checkbox, Input, Static

from smq_core import Inspector, Queue, State
from smq_tui.dialogs.confirm import Confirm
from tests.tui.dashboard import FrozenClock, SetClock, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from smq_core import Lease
    from smq_tui.app import Dashboard

ERROR = "SmtpError: 550 no such mailbox"
EARLY = 3


class Shop:
    """A queue with 5 dead letters of one error, 2 ready messages, and 3 that run and have smaller ids."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.queue = Queue(location, clock=FrozenClock(), worker="w")
        self.inspector = Inspector(location, clock=FrozenClock())
        self.queue.enqueue_many("mail", list(range(10)))
        leases = self.queue.dequeue("mail", limit=8, visibility_timeout=3_600.0)
        self.early: list[Lease] = leases[:EARLY]
        for lease in leases[EARLY:]:
            self.queue.bury(lease, error=ERROR)
        self.dead = [lease.message.id for lease in leases[EARLY:]]

    def state(self, one: int) -> State:
        """Describe how a message is by now."""
        return self.inspector.get(one).state

    def let_the_early_die(self) -> None:
        """Let more messages fail by the same error."""
        for lease in self.early:
            self.queue.bury(lease, error=ERROR)

    def run_again(self, one: int) -> None:
        """Let a message leave its state and come back by the same error."""
        self.inspector.requeue([one])
        (lease,) = [found for found in self.queue.dequeue("mail", limit=9) if found.message.id == one]
        self.queue.bury(lease, error=ERROR)


@contextmanager
def opened(location: str) -> Iterator[Shop]:
    """Open a shop and close it."""
    shop = Shop(location)
    with shop.queue, shop.inspector:
        yield shop


@pytest.fixture
def shop(location: str) -> Iterator[Shop]:
    """Give a queue and another operator's hands."""
    with opened(location) as made:
        yield made


async def asked(app: Dashboard, pilot: Pilot[int], *keys: str) -> Confirm:
    """Press keys and wait for the question."""
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(app.screen, Confirm))
    assert isinstance(app.screen, Confirm)
    return app.screen


async def asked_about_ten(app: Dashboard, pilot: Pilot[int], place: str, key: str) -> Confirm:
    """Mark the ten messages of `mail`, or aim at all that match, and press a key that asks."""
    app.main.navigation.jump("mail")
    app.main.list_actions.show_state("all")
    await settle(pilot)
    await until(pilot, lambda: len(app.main.view.messages) == 10)  # type: ignore[attr-defined]  # of messages
    marks = ["*"] if place == "all" else ["g", *["space"] * 10]
    return await asked(app, pilot, *marks, key)


async def answered(app: Dashboard, pilot: Pilot[int], *keys: str, says: str) -> None:
    """Reply, and wait for what is told."""
    await pilot.press(*keys, *(["enter"] if keys[-1].isdigit() else []))
    await until(pilot, lambda: says in app.main.lines.said.text)


async def go_to_dead_messages(app: Dashboard, pilot: Pilot[int]) -> None:
    """Show the dead letters on screen 2, with their rows."""
    app.main.navigation.jump("mail")
    app.main.list_actions.show_state("dead")
    await settle(pilot)
    await until(pilot, lambda: app.main.view.message is not None)  # type: ignore[attr-defined]  # of messages


@pytest.mark.parametrize(
    ("key", "past", "state"), [("R", "requeued", State.READY), ("D", "deleted", State.DELETED)]
)
@pytest.mark.parametrize("place", ["group", "all groups", "all that match"])
def test_what_dies_of_the_same_error_while_one_is_asked_is_not_touched(
    shop: Shop, key: str, past: str, state: State, place: str
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        if place == "all that match":
            await go_to_dead_messages(app, pilot)
        else:
            await pilot.press("4")
            await settle(pilot)
        question = await asked(app, pilot, *(() if place == "group" else ("*",)), key)
        assert "5 messages?" in question.question.title
        shop.let_the_early_die()
        await answered(app, pilot, "5", says=f"5 {past}. z undoes it")

        assert [shop.state(one) for one in shop.dead] == [state] * 5
        assert [shop.state(lease.message.id) for lease in shop.early] == [State.DEAD] * EARLY

    run(make_dashboard(shop.location), scenario)


def test_what_moved_on_while_one_is_asked_is_left_alone_and_told(shop: Shop) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await asked(app, pilot, "D")
        shop.let_the_early_die()
        shop.inspector.requeue(shop.dead[:1])
        shop.inspector.requeue(shop.dead[1:2])
        shop.inspector.bury(shop.dead[1:2])
        shop.run_again(shop.dead[2])
        await answered(app, pilot, "5", says="2 deleted; 3 left alone: 3 had changed or gone. z undoes it")

        assert [shop.state(one) for one in shop.dead[3:]] == [State.DELETED] * 2

    run(make_dashboard(shop.location), scenario)


def test_a_purge_removes_what_its_question_counted(shop: Shop) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(app, pilot)
        question = await asked(app, pilot, "X")
        assert "Purge all 5 dead messages of mail?" in question.question.title
        shop.let_the_early_die()
        shop.run_again(shop.dead[0])
        await answered(app, pilot, "5", says="4 permanently deleted; 1 left alone: 1 had changed or gone")

        left = [message.id for message in shop.inspector.browse("mail", State.DEAD)]
        assert left == [*(lease.message.id for lease in shop.early), shop.dead[0]]

    run(make_dashboard(shop.location), scenario)


@pytest.mark.parametrize("topic", ["mail", "two words"])
@pytest.mark.parametrize("is_typed", [True, False])
def test_a_purge_takes_a_topic_and_a_state_however_they_were_chosen(
    shop: Shop, topic: str, *, is_typed: bool
) -> None:
    shop.queue.enqueue("two words", "payload")
    shop.queue.bury(shop.queue.dequeue("two words")[0], error=ERROR)
    number = len(shop.inspector.browse(topic, State.DEAD))

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump(f'messages topic:"{topic}"' + (" state:dead" if is_typed else ""))
        if not is_typed:
            app.main.list_actions.show_state("dead")
        await settle(pilot)
        question = await asked(app, pilot, "X")
        meant = "the only dead message" if number == 1 else f"all {number} dead messages"
        assert f"Purge {meant} of {topic}?" in question.question.title
        await pilot.press("escape")
        await pilot.press("slash", *"kind:x", "enter")
        await pilot.press("X")
        assert "without a filter" in app.main.lines.said.text

    run(make_dashboard(shop.location), scenario)


def test_marked_messages_that_failed_again_are_left_alone(shop: Shop) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await go_to_dead_messages(app, pilot)
        await asked(app, pilot, "g", "space", "space", "space", "D")
        marked = sorted(int(key) for key in app.main.view.table.marks)
        shop.run_again(marked[0])
        await answered(app, pilot, "y", says="2 deleted; 1 left alone: 1 had changed or gone")

        assert [shop.state(one) for one in marked] == [State.DEAD, State.DELETED, State.DELETED]

    run(make_dashboard(shop.location), scenario)


def test_messages_that_become_ready_while_one_is_asked_are_not_buried(shop: Shop) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("mail")
        app.main.list_actions.show_state("ready")
        await settle(pilot)
        await asked(app, pilot, "*", "K")
        for lease in shop.early:
            shop.queue.release(lease)
        await answered(app, pilot, "2", says="2 buried. z undoes it")

        assert [shop.state(lease.message.id) for lease in shop.early] == [State.READY] * EARLY

    run(make_dashboard(shop.location), scenario)


def test_a_lease_that_another_took_over_is_not_taken_with_force(shop: Shop) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await settle(pilot)
        await asked(app, pilot, "*", "R")
        with Queue(shop.location, clock=FrozenClock(), worker="heir") as heir:
            shop.inspector.requeue([1], force=True)
            (taken,) = heir.dequeue("mail")
            assert taken.message.id == 1
            app.screen.query_one("#force").value = True  # type: ignore[attr-defined]  # a box
            await answered(app, pilot, "3", says="2 requeued; 1 left alone: 1 had changed or gone")

        assert shop.inspector.get(1).worker == "heir"

    run(make_dashboard(shop.location), scenario)


@pytest.mark.parametrize(
    ("key", "past", "number"), [("R", "requeued", 5), ("D", "deleted", 7), ("K", "buried", 2)]
)
@pytest.mark.parametrize("place", ["marked", "all"])
def test_a_question_counts_what_its_action_changes(
    shop: Shop, key: str, past: str, number: int, place: str
) -> None:
    """Ready messages are not requeued, dead ones not buried, leases taken by force alone."""

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        question = await asked_about_ten(app, pilot, place, key)
        assert f"{number} messages?" in question.question.title
        await answered(
            app, pilot, str(number) if place == "all" else "y", says=f"{number} {past}. z undoes it"
        )

        assert [shop.state(lease.message.id) for lease in shop.early] == [State.PROCESSING] * EARLY

    run(make_dashboard(shop.location), scenario, (100, 40))


@pytest.mark.parametrize("place", ["marked", "all"])
def test_the_question_counts_leases_when_they_are_to_be_taken_too(shop: Shop, place: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        question = await asked_about_ten(app, pilot, place, "D")
        title = question.query_one(".dialog-title", Static)
        await until(pilot, lambda: "7 messages?" in str(title.visual))
        question.query_one("#force", Checkbox).value = True
        await until(pilot, lambda: "10 messages?" in str(title.visual))
        question.query_one("#force", Checkbox).value = False
        await until(pilot, lambda: "7 messages?" in str(title.visual))
        question.query_one("#force", Checkbox).value = True
        await until(pilot, lambda: "10 messages?" in str(title.visual))
        assert "Delete 10" in str(question.query_one("#confirm", Button).label)
        if place == "all":
            await pilot.press("7", "enter")
            await until(pilot, lambda: "type 10" in str(question.query_one("#why", Static).visual))
            question.query_one("#number", Input).value = ""
            assert "Type 10" in str(question.query_one("#wanted", Static).visual)
            question.query_one("#number").focus()
        else:
            question.query_one("#cancel").focus()
        await answered(app, pilot, *("10" if place == "all" else "y"), says="10 deleted. z undoes it")

    run(make_dashboard(shop.location), scenario, (100, 40))


@pytest.mark.parametrize("place", ["marked", "all"])
def test_a_lease_that_ends_while_one_is_asked_is_not_taken(shop: Shop, place: str) -> None:
    clock = SetClock()

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("mail")
        app.main.list_actions.show_state("all")
        await settle(pilot)
        await until(pilot, lambda: len(app.main.view.messages) == 10)  # type: ignore[attr-defined]  # of messages
        marks = ["*"] if place == "all" else ["g", *["space"] * 10]
        await asked(app, pilot, *marks, "D")
        clock.late_ms = 4_000_000
        await answered(app, pilot, "7" if place == "all" else "y", says="7 deleted. z undoes it")

        assert [shop.state(lease.message.id) for lease in shop.early] == [State.PROCESSING] * EARLY

    run(make_dashboard(shop.location, clock=clock), scenario, (100, 40))


@pytest.mark.parametrize(
    ("state", "key", "why"),
    [
        ("ready", "R", "requeue does not change messages that are ready"),
        ("dead", "K", "bury does not change messages that are dead"),
        ("deleted", "D", "this is already in the trash: press z, or go to screen 6, to restore it"),
        ("deleted", "K", "this is already in the trash: press z, or go to screen 6, to restore it"),
    ],
)
@pytest.mark.parametrize("place", [(), ("*",)])
def test_what_an_action_leaves_as_it_is_is_not_asked_about(
    shop: Shop, state: str, key: str, why: str, place: tuple[str, ...]
) -> None:
    shop.inspector.delete(shop.dead[:1])

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("mail")
        app.main.list_actions.show_state(state)
        await settle(pilot)
        await until(pilot, lambda: app.main.view.message is not None)  # type: ignore[attr-defined]  # of messages
        await pilot.press(*place, key)
        await until(pilot, lambda: why in app.main.lines.said.text)
        assert len(app.screen_stack) == 1

    run(make_dashboard(shop.location), scenario)


@pytest.mark.parametrize("place", ["group", "marked", "all that match"])
def test_an_export_has_what_its_dialog_counted(shop: Shop, tmp_path: Path, place: str) -> None:
    target = tmp_path / "out.jsonl"

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        if place == "group":
            await pilot.press("4")
            await settle(pilot)
        else:
            await go_to_dead_messages(app, pilot)
            await until(pilot, lambda: len(app.main.view.messages) == 5)  # type: ignore[attr-defined]  # of messages
        marks = {"group": [], "marked": ["g", *["space"] * 5], "all that match": ["*"]}
        await pilot.press(*marks[place], "x")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        shop.let_the_early_die()
        shop.inspector.requeue(shop.dead[:2])
        (first,) = shop.queue.dequeue("mail")
        shop.queue.ack(first)
        app.screen.query_one("#path", Input).value = str(target)
        await pilot.press("enter")
        await until(pilot, lambda: "1 no longer existed" in app.main.lines.said.text)
        assert "wrote 4 messages to" in app.main.lines.said.text

        written = [json.loads(line) for line in target.read_text().splitlines()]
        assert first.message.id == shop.dead[0]
        assert [line.get("state") for line in written] == [None, "dead", "dead", "dead"]
        assert [line["payload"] for line in written] == [one - 1 for one in shop.dead[1:]]

    run(make_dashboard(shop.location), scenario, (100, 40))
