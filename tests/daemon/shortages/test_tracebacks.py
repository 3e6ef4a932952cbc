"""Errors that hold very many others: what is kept of them, and how little is done for it."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.containment import process_exit
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.containment.process_exit import LoggedExit
from smq_core.daemon.containment.tracebacks import MOST_ERRORS, MOST_FRAMES, formatted, summary
from tests.daemon.bench import failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.handler import HandlerMessage
    from tests.daemon.bench import Bench

MANY = 100_000


class CountedError(Exception):
    """Counts how often any is asked for its text."""

    asked = 0

    def __str__(self) -> str:
        """Return the same for each."""
        type(self).asked += 1
        return "counted"


@pytest.fixture(autouse=True)
def _uncounted() -> None:
    CountedError.asked = 0


def flat() -> Exception:
    return ExceptionGroup("many", [CountedError() for _ in range(MANY)])


def nested() -> Exception:
    group: ExceptionGroup[Exception] = ExceptionGroup("many", [CountedError()])
    for _ in range(MANY):
        group = ExceptionGroup("many", [group, CountedError()])
    return group


def wide() -> Exception:
    return ExceptionGroup(
        "many", [ExceptionGroup("some", [CountedError() for _ in range(100)]) for _ in range(1000)]
    )


def chained(*, is_cause: bool) -> Exception:
    first = error = CountedError()
    for _ in range(MANY):
        behind = CountedError()
        if is_cause:
            error.__cause__ = behind
        else:
            error.__context__ = behind
        error = behind
    return ExceptionGroup("many", [first])


def noted() -> Exception:
    error = ExceptionGroup("many", [CountedError()])
    error.__notes__ = [f"note {number}" for number in range(MANY)]
    return error


def deep() -> Exception:
    """Make one that came through a hundred thousand frames, as where the recursion limit was raised."""
    trace: TracebackType | None = None
    frame = sys._getframe()
    for _ in range(MANY):
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
    return ExceptionGroup("many", [CountedError()]).with_traceback(trace)


HUGE: dict[str, Callable[[], Exception]] = {
    "a group": flat,
    "groups in groups": nested,
    "groups of groups": wide,
    "causes": lambda: chained(is_cause=True),
    "contexts": lambda: chained(is_cause=False),
    "notes": noted,
    "frames": deep,
}


@pytest.mark.parametrize("kind", HUGE)
def test_of_very_many_errors_a_part_is_formatted(kind: str) -> None:
    error = HUGE[kind]()

    assert summary(error).startswith("ExceptionGroup: many")
    text = formatted(error)
    assert "ExceptionGroup: many" in text
    assert "CountedError: counted" in text
    assert CountedError.asked <= MOST_ERRORS
    assert text.count("File ") <= MOST_FRAMES
    assert len(text) < 64 * 1024


@pytest.mark.parametrize("kind", HUGE)
def test_a_handler_that_raises_very_many_errors_fails_its_message(bench: Bench, kind: str) -> None:
    def handle(_message: HandlerMessage) -> None:
        error = HUGE[kind]()
        raise error

    bench.give(handle)
    outcome = failed(bench)

    assert outcome.verb == "requeue"
    assert outcome.error.startswith("ExceptionGroup: many")
    assert CountedError.asked <= MOST_ERRORS


def test_the_frames_that_are_shown_of_many_are_the_last_ones() -> None:
    def raise_at(depth: int) -> None:
        if depth:
            raise_at(depth - 1)
        raise flat()

    with pytest.raises(ExceptionGroup) as caught:
        raise_at(50)
    text = formatted(caught.value)

    assert "in flat" not in text
    assert "raise flat()" in text
    assert text.index("raise flat()") < text.index("ExceptionGroup: many")


def test_errors_that_are_few_are_shown_in_full() -> None:
    error = ExceptionGroup("few", [ValueError(number) for number in range(10)])
    error.__cause__ = KeyError("cause")
    text = formatted(error)

    assert [f"ValueError: {number}" in text for number in range(10)] == [True] * 10
    assert "KeyError: 'cause'" in text
    assert "direct cause" in text


def test_errors_that_lead_back_to_themselves_end() -> None:
    one, other = CountedError(), CountedError()
    one.__context__, other.__context__ = other, one

    assert "counted" in formatted(one)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_one_of_many_errors_that_has_no_text_is_named(kind: type[BaseException]) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise kind

    text = formatted(ExceptionGroup("many", [MuteError(), *flat().exceptions]))  # type: ignore[attr-defined]  # a group

    assert "MuteError: <its text is not available>" in text


def test_the_last_words_of_a_process_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(process_exit, "_exit", codes.append)
    give_up: Callable[..., object] = LoggedExit(2, ForkedCopies())
    give_up("why", flat())

    assert codes == [process_exit.EX_SOFTWARE]
    said = capfd.readouterr().err
    assert "ExceptionGroup: many" in said
    assert said.endswith("cannot continue: why\n")
    assert CountedError.asked <= MOST_ERRORS
