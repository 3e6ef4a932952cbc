"""What a bulk command asks about is what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector
from tests.cli.acting.test_acting import states

if TYPE_CHECKING:
    from smq_core import Queue
    from tests.cli.conftest import Smq

HELD = "1 more is running: --force includes it, but it may then run twice\n"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("command", "past"), [("requeue", "requeued"), ("delete", "deleted"), ("bury", "buried")]
)
def test_a_question_counts_no_live_lease_without_force(
    smq: Smq, location: str, messages: Queue, command: str, past: str
) -> None:
    messages.enqueue_many("mail", ["a", "b", "c"])
    messages.dequeue("mail", limit=2, visibility_timeout=900.0)
    with Inspector(location) as other:
        other.bury([1], force=True)
        other.requeue([1])
    state = ["--topic", "mail", "--state", "processing"]
    dry = smq(command, *state, "--dry-run")
    ran = smq(command, *state, "--yes")
    forced = smq(command, *state, "--force", stdin=b"y\n")

    assert dry == (0, f"would {command} 0 messages of mail in the running state\n", HELD)
    assert ran == (1, f"0 messages {past}\n", HELD)
    assert f"{command} 1 message of mail in the running state? [y/N]" in forced.err
    assert forced.out.startswith(f"1 message {past} (operation ")


@pytest.mark.usefixtures("terminal")
def test_a_question_counts_one_of_those_that_would_hold_the_same_key(
    smq: Smq, location: str, messages: Queue
) -> None:
    for _ in range(3):
        messages.enqueue("mail", "x", key="k")
        messages.bury(*messages.dequeue("mail"))
    ran = smq("requeue", "--state", "dead", stdin=b"y\n")

    assert "requeue 1 message of all topics in the dead state? [y/N]" in ran.err
    assert (ran.code, ran.out) == (0, "1 message requeued (operation 1)\n")
    assert states(location) == ["ready", "dead", "dead"]
