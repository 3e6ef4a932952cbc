"""What an operator's program hands the inspector is taken, or refused with a sentence of ours.

Names of topics that were never used are no mistake; text that cannot be encoded is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smq_core import Inspector, InvalidMessage, Queue
from smq_core.policy import TopicPolicy
from smq_core.store.records import Filter
from smq_core.testing import EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HALF = "caf\udce9"
NOT_NUMBERS = [float("nan"), float("inf"), "1", None, True]


@pytest.fixture
def inspector(location: str) -> Iterator[Inspector]:
    """Give an operator of a queue that holds a message."""
    with Queue(location) as queue, Inspector(location) as opened:
        queue.enqueue("mail", "hello")
        yield opened


OF_TEXT: dict[str, Callable[[Inspector, str], object]] = {
    "topic": lambda inspector, text: inspector.topic(text),
    "policy": lambda inspector, text: inspector.policy(text),
    "set_policy": lambda inspector, text: inspector.set_policy(text, max_attempts=3),
    "pause": lambda inspector, text: inspector.pause(text),
    "resume": lambda inspector, text: inspector.resume(text),
    "drop": lambda inspector, text: inspector.drop(text),
    "purge": lambda inspector, text: inspector.purge(text, "dead"),
    "browse": lambda inspector, text: inspector.browse(text),
    "select": lambda inspector, text: inspector.select(text),
    "error_kinds": lambda inspector, text: inspector.error_kinds(text),
    "samples": lambda inspector, text: inspector.samples(10, 0, text),
    "command_worker": lambda inspector, text: inspector.command_worker(text, "stop"),
}


@pytest.mark.parametrize("call", OF_TEXT)
def test_text_that_cannot_be_encoded_is_refused_and_the_next_call_works(
    inspector: Inspector, call: str
) -> None:
    with pytest.raises(InvalidMessage):
        OF_TEXT[call](inspector, HALF)

    assert [one.topic for one in inspector.topics()] == ["mail"]


@pytest.mark.parametrize(
    "where",
    [Filter(text=HALF), Filter(key=HALF), Filter(worker=HALF), Filter(error=HALF), Filter(error_kind=HALF)],
    ids=["text", "key", "worker", "error", "error kind"],
)
def test_no_message_has_what_cannot_be_encoded(inspector: Inspector, where: Filter) -> None:
    assert inspector.browse(where=where) == []


def test_text_that_cannot_be_encoded_is_refused_in_a_callers_own_statement(location: str) -> None:
    """Its transaction can go on, and be committed."""
    with Queue(location) as queue:
        with queue.transaction() as transaction:
            with pytest.raises(InvalidMessage, match=r"'\\udce9' has a lone surrogate"):
                transaction.execute("SELECT ?", (HALF,))
            transaction.enqueue("mail", "hello")

        assert queue.size("mail") == 1


def test_a_topic_that_was_never_used_can_be_governed(inspector: Inspector) -> None:
    assert inspector.policy("new") == TopicPolicy()
    assert inspector.resume("new").operation is None
    assert inspector.drop("new") is False
    assert inspector.pause("new", "not yet").done == 1
    assert inspector.set_policy("new", max_attempts=3).done == 1

    assert (inspector.topic("new").paused, inspector.policy("new").max_attempts) == (True, 3)
    assert inspector.resume("new").done == 1


@pytest.mark.parametrize("command", ["fly", "", None, 3])
def test_a_command_that_no_daemon_knows_is_refused(inspector: Inspector, command: object) -> None:
    with pytest.raises(InvalidMessage, match="quiet, resume and stop"):
        inspector.command_worker("nobody", cast("str", command))


def test_a_command_to_a_daemon_that_is_not_there_is_told(inspector: Inspector) -> None:
    assert not inspector.command_worker("nobody", "stop")


@pytest.mark.parametrize("number", NOT_NUMBERS, ids=repr)
@pytest.mark.parametrize("name", ["step", "since", "timeout"])
def test_what_is_not_a_number_of_seconds_is_refused(inspector: Inspector, name: str, number: object) -> None:
    seconds = cast("float", number)
    calls: dict[str, Callable[[], object]] = {
        "step": lambda: inspector.samples(seconds, 0),
        "since": lambda: inspector.samples(10, seconds),
        "timeout": lambda: inspector.wait(seconds),
    }
    with pytest.raises(InvalidMessage, match=name):
        calls[name]()


@pytest.mark.parametrize("since", [-1e300, -1, EPOCH_MS, 1e300])
def test_samples_are_asked_for_since_any_time(inspector: Inspector, since: float) -> None:
    assert inspector.samples(10, since) == []
    assert inspector.samples(since, 0) == []


def test_a_wait_whose_time_is_over_does_not_wait(inspector: Inspector) -> None:
    assert not inspector.wait(-1)
