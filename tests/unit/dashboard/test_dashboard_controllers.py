"""A reply goes to the one that asked, and only while it still waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_tui.keys.actions import ACTIONS
from smq_tui.messages import Answered, Progressed, Reply, RequestFailed
from smq_tui.requests import ActionTarget, Freeze, Resume
from smq_tui.screens.main_screen import MainScreen
from smq_tui.screens.operations.long_action import LongAction
from smq_tui.screens.operations.targeting import Targeting
from smq_tui.screens.operations.undo import UndoHistory
from smq_tui.settings.session import DashboardSession
from smq_tui.values import Outcome, Selection, SystemClock, parse_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message
    from textual.notifications import SeverityLevel


class Screen(MainScreen):
    """A main screen that is not shown: what it asks for is answered by hand."""

    def __init__(self) -> None:
        session = DashboardSession(location=parse_location("queue"))
        super().__init__(session, SystemClock(), {}, keymap={}, databases=())
        self.replies: list[Reply] = []

    def post_message(self, message: Message) -> bool:
        """Keep the reply of what is asked for."""
        self.replies += [reply] if isinstance(reply := getattr(message, "reply", None), Reply) else []
        return True

    def say(self, sentence: str, severity: SeverityLevel = "information") -> None:
        """Paint nothing."""

    def show_lines(self) -> None:
        """Paint nothing."""


@pytest.fixture
def screen() -> Screen:
    """Return a screen that nobody sees."""
    return Screen()


def reply_to(heard: list[object]) -> Reply:
    """Make a reply that expects an outcome."""

    def progressed(done: int, total: int | None) -> None:
        heard.append((done, total))

    return Reply.of(Outcome, heard.append, heard.append, progressed)


REQUEST = Resume("mail")
OUTCOME = Outcome(operation=7, done=3)


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        (lambda reply: Answered(REQUEST, OUTCOME, reply=reply), OUTCOME),
        (lambda reply: RequestFailed(REQUEST, "locked", reply), "locked"),
        (lambda reply: Progressed(REQUEST, 5, 9, reply=reply), (5, 9)),
    ],
    ids=["answer", "failure", "progress"],
)
def test_what_comes_back_is_handed_to_the_one_that_asked(
    message: Callable[[Reply], Answered | RequestFailed | Progressed], heard: object
) -> None:
    got: list[object] = []

    message(reply_to(got)).hand_on()

    assert got == [heard]


def test_an_answer_of_another_kind_is_an_error() -> None:
    got: list[object] = []

    with pytest.raises(TypeError, match="str, not Outcome"):
        Answered(REQUEST, "done", reply=reply_to(got)).hand_on()

    assert got == []


def test_every_action_has_one_controller(screen: Screen) -> None:
    assert sorted(screen._actions) == sorted(spec.id for spec in ACTIONS)


def targeting(screen: Screen) -> Targeting:
    """Return what fixes the targets of a screen's actions."""
    long_action = LongAction(screen)
    return Targeting(screen, UndoHistory(screen, screen.lines.said, long_action), long_action)


def test_of_two_counts_that_wait_only_the_later_goes_on(screen: Screen) -> None:
    fixed: list[str] = []
    targets = targeting(screen)
    for name in ("first", "second"):
        targets.count(Freeze(Selection(), name, "delete"), lambda _, name=name: fixed.append(name))  # type: ignore[misc]  # bound at once
    first, second = screen.replies

    for reply in (first, second, second):
        reply.answered(ActionTarget(targets=Selection(), count=1))

    assert fixed == ["second"]


def test_a_chart_that_was_closed_meanwhile_draws_no_samples(screen: Screen) -> None:
    drawn: list[object] = []
    screen.chart.show = lambda *shown: drawn.append(shown)  # type: ignore[method-assign]  # it is not mounted
    screen.throughput._show(10.0)
    (early,) = screen.replies
    screen.throughput.hide()

    early.answered([])
    assert drawn == []

    screen.throughput._show(10.0)
    screen.replies[-1].answered([])
    assert len(drawn) == 1
