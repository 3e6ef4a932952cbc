"""`smq pause`, `resume` and `policy`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from smq_core import Queue
    from tests.cli.conftest import Smq


def test_a_paused_topic_yields_nothing_until_it_is_resumed(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("pause", "mail") == (0, "mail is paused\n", "")
    assert messages.dequeue("mail") == []
    assert smq("resume", "mail") == (0, "mail resumed\n", "")
    assert len(messages.dequeue("mail")) == 1
    assert smq("resume", "mail") == (0, "mail is not paused: nothing to resume\n", "")


@pytest.mark.parametrize("until", ["0", "0m"])
def test_a_pause_that_is_over_at_once_is_refused(smq: Smq, messages: Queue, until: str) -> None:
    messages.enqueue("mail", "a")

    ran = smq("pause", "mail", "--until", until)

    assert (ran.code, ran.out) == (65, "")
    assert "a pause must end in the future" in ran.err


def test_a_pause_may_have_an_end(smq: Smq) -> None:
    out = smq("pause", "mail", "--create", "--until", "10m").out
    assert re.fullmatch(r"mail is paused until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", out)
    [topic] = json.loads(smq("topics", "--json").out)
    assert round(topic["paused_until_s"] - topic["paused_since_s"]) == 600


def test_a_policy_is_printed_and_set(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert (
        smq("policy", "mail").out
        == "max attempts: 10\nvisibility timeout: 1m\nback-off: 2s:x2:1h\nkeep: not at all\n"
    )
    ran = smq(
        "policy",
        "mail",
        "--max-attempts",
        "3",
        "--visibility-timeout",
        "90s",
        "--backoff",
        "1s:x3:5m",
        "--keep",
        "1d",
    )
    assert ran.out == "max attempts: 3\nvisibility timeout: 1m30s\nback-off: 1s:x3:5m\nkeep: 1d\n"
    assert json.loads(smq("policy", "mail", "--json").out)["max_attempts"] == 3


def test_an_illegal_policy_changes_nothing(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("policy", "mail", "--backoff", "fast").code == 65
    assert smq("policy", "mail", "--max-attempts", "0").code == 65
    assert smq("policy", "mail", "--keep", "long").code == 2
    assert smq("policy", "mail").out.startswith("max attempts: 10\n")


@pytest.mark.parametrize(
    ("command", "verb"), [(("pause", "mail"), "pause"), (("policy", "mail", "--max-attempts", "7"), "policy")]
)
def test_the_undo_of_a_setting_says_nothing_of_messages(
    smq: Smq, messages: Queue, command: tuple[str, ...], verb: str
) -> None:
    """B11: `smq undo` of a pause said “1 message brought back”."""
    messages.enqueue("mail", 1)
    assert smq(*command).code == 0
    out = smq("undo").out

    assert f"the {verb} of operation 1 by " in out
    assert "was undone for mail" in out
    assert "message" not in out
