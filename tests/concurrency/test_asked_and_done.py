"""What a question said is what is done, less what had moved on, while another process changes messages.

At each of the three doors: Python, commands, the dashboard.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import pytest

from smq_core import Inspector, Queue, SystemClock
from smq_core.cli.main import run as run_command
from smq_tui.dialogs.confirm import Confirm
from tests.concurrency.meddling import meddling
from tests.tui.dashboard import make_dashboard, run, settle, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal, TypeAlias

    from textual.pilot import Pilot

    from smq_core import Message, Outcome, Selection
    from smq_tui.app import Dashboard
    from tests.concurrency.meddling import Meddler

    Verb: TypeAlias = Literal["requeue", "delete", "bury", "move"]

PAST: Final = {"requeue": "requeued", "delete": "deleted", "bury": "buried", "purge": "permanently deleted"}
KEYS: Final = {"requeue": "R", "delete": "D", "bury": "K", "purge": "X"}
STATES: Final = {"requeue": "dead", "delete": "dead", "bury": "ready", "purge": "dead"}


class Said(NamedTuple):
    """What was said of an action."""

    asked: int
    done: int
    left: int


@pytest.fixture(params=range(2))
def meddler(location: str, request: pytest.FixtureRequest) -> Iterator[Meddler]:
    """Give another process."""
    with meddling(location, request.param) as made:
        with Inspector(location) as view, Queue(location) as queue:
            view.bury(queue.enqueue_many("mail", ["dead"] * 12))
            queue.enqueue_many("mail", ["ready"] * 12)
        yield made


class Watch:
    """Compares how messages were before an action with how they are after it."""

    def __init__(self, location: str) -> None:
        self._location = location
        self.before = self._look()

    def changed(self) -> dict[int, Message | None]:
        """Return those that changed since, None for one that is gone."""
        after = self._look()
        ids = set(self.before) | set(after)
        return {one: after.get(one) for one in ids if after.get(one) != self.before.get(one)}

    def _look(self) -> dict[int, Message]:
        with Inspector(self._location, read_only=True) as view:
            return {message.id: message for message in view.browse(limit=10_000)}


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_python_does_what_was_selected(location: str, meddler: Meddler, verb: Verb) -> None:
    with Inspector(location) as view:
        for is_forced in (False, True):
            selection = view.select(verb=verb, to="print", force=is_forced)
            meddler.meddle()
            watch = Watch(location)
            outcome = act(view, verb, selection, is_forced=is_forced)
            changed = watch.changed()

            assert outcome.done + outcome.missed_count == len(selection.fixed)
            assert len(changed) == outcome.done
            assert set(changed) <= set(selection.fixed.ids)


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_python_does_what_was_selected_while_the_other_goes_on(
    location: str, meddler: Meddler, verb: Verb
) -> None:
    with Inspector(location) as view:
        for _ in range(5):
            meddler.begin()
            selection = view.select(verb=verb, to="print")
            outcome = act(view, verb, selection)
            meddler.wait()
            assert outcome.done + outcome.missed_count == len(selection.fixed)


@pytest.mark.parametrize("verb", PAST)
def test_a_command_does_what_it_asked(
    location: str,
    meddler: Meddler,
    verb: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watches: list[Watch] = []

    def confirm(text: str, **_: object) -> bool:
        meddler.meddle()
        watches.append(Watch(location))
        click.echo(text)
        return True

    monkeypatch.setattr("click.confirm", confirm)
    monkeypatch.setattr("smq_core.cli.output.is_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    where = ["mail"] if verb == "purge" else ["--topic", "mail"]
    code = run_command([verb, *where, "--state", STATES[verb], "--db", location])
    printed = capsys.readouterr()
    asked, done = re.findall(r"^(?:.*?)(\d+) messages? ", printed.out, re.MULTILINE)
    left = [line for line in printed.err.splitlines() if re.match(r"\d+: ", line)]
    said = Said(int(asked), int(done), len(left))

    check(said, watches[0])
    assert code == bool(said.left)


@pytest.mark.parametrize("place", ["marked", "all"])
@pytest.mark.parametrize("verb", PAST)
def test_the_dashboard_does_what_it_asked(location: str, meddler: Meddler, verb: str, place: str) -> None:
    keys = [] if verb == "purge" else ["space"] * 4 if place == "marked" else ["*"]

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        app.main.navigation.jump("mail")
        app.main.list_actions.show_state(STATES[verb])
        await settle(pilot)
        for key in (*keys, KEYS[verb]):
            meddler.meddle()
            await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        question = app.screen.question
        number = re.search(r"(\d+|this) (?:\w+ )?message", question.title)
        assert number is not None, question.title
        asked = 1 if number[1] == "this" else int(number[1])
        meddler.meddle()
        watch = Watch(location)
        app.main.lines.said.clear()
        await pilot.press(*(str(asked) if app.screen.query("#number") else "y"))
        if app.screen.query("#number"):
            await pilot.press("enter")
        await until(pilot, lambda: re.match(rf"\d+ {PAST[verb]}", app.main.lines.said.text))
        sentence = app.main.lines.said.text
        left = re.search(r"(\d+) left alone", sentence)
        check(Said(asked, int(sentence.split(maxsplit=1)[0]), int(left[1]) if left else 0), watch)

    run(make_dashboard(location, clock=SystemClock()), scenario, (120, 30))


def act(view: Inspector, verb: Verb, selection: Selection, *, is_forced: bool = False) -> Outcome:
    """Carry out a verb."""
    if verb == "move":
        return view.move(selection, "print")
    verbs = {"requeue": view.requeue, "delete": view.delete, "bury": view.bury}
    return verbs[verb](selection, force=is_forced)


def check(said: Said, watch: Watch) -> None:
    """Check that what was said is what came to be."""
    changed = watch.changed()
    assert said.asked == said.done + said.left
    assert len(changed) == said.done
    assert set(changed) <= set(watch.before)
