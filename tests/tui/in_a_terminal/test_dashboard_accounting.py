"""What a question says is what is done, in a real terminal, while others change rows between any two keys."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Inspector, Queue, State
from tests.matrix import scaled
from tests.tui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.matrix import Fault

ERROR = "SmtpError: 550 no such mailbox"
SEQUENCE: Final = re.compile(rb"\x1b\[[0-9;?<>]*[a-zA-Z]|\x1b\][^\x07]*\x07")
ASKED: Final = re.compile(r"(?:Requeue|Delete|Bury) (\d+) ")
TOLD: Final = re.compile(r"(\d+) (?:requeued|deleted|buried)(?:; (\d+) left alone)?")


@dataclass(frozen=True)
class Case:
    """A way to change messages."""

    keys: tuple[str, ...]
    """What shows and aims."""
    verb: str
    state: State
    """What is meant."""
    becomes: State


DEAD, READY = (":messages topic:mail state:dead\r", "*"), (":messages topic:mail state:ready\r", "*")
CASES: Final = {
    "requeue a group": Case(("4",), "R", State.DEAD, State.READY),
    "delete a group": Case(("4",), "D", State.DEAD, State.DELETED),
    "requeue all groups": Case(("4", "*"), "R", State.DEAD, State.READY),
    "requeue all that match": Case(DEAD, "R", State.DEAD, State.READY),
    "delete all that match": Case(DEAD, "D", State.DEAD, State.DELETED),
    "bury all that match": Case(READY, "K", State.READY, State.DEAD),
    "delete all that are ready": Case(READY, "D", State.READY, State.DELETED),
}


class Others:
    """What other consumers and operators do meanwhile, and to which messages."""

    def __init__(self, location: str, chosen: random.Random) -> None:
        self.queue, self.inspector = Queue(location, worker="other"), Inspector(location, actor="other")
        self.touched: set[int] = set()
        self._chosen = chosen
        self.queue.enqueue_many("mail", list(range(30)))
        leases = self.queue.dequeue("mail", limit=20, visibility_timeout=3_600.0)
        self._held, failed = leases[:10], leases[10:]
        for lease in failed:
            self.queue.bury(lease, error=ERROR)

    def states(self) -> dict[int, State]:
        """Return the state of every message."""
        return {one.id: one.state for one in self.inspector.browse("mail", limit=1_000)}

    def meddle(self) -> None:
        """Do one thing."""
        states = self.states()
        dead = [one for one, state in states.items() if state is State.DEAD]
        ready = [one for one, state in states.items() if state is State.READY]
        match self._chosen.randrange(6):
            case 0 if self._held:
                lease = self._held.pop(self._chosen.randrange(len(self._held)))
                self.touched.add(lease.message.id)
                self.queue.bury(lease, error=ERROR)
            case 1 if self._held:
                lease = self._held.pop(self._chosen.randrange(len(self._held)))
                self.touched.add(lease.message.id)
                self.queue.release(lease)
            case 2 if len(dead) > 3:
                self._touch(self._chosen.choice(dead), "requeue")
            case 3 if len(dead) > 3:
                self._run_again(self._chosen.choice(dead))
            case 4 if len(ready) > 3:
                self._touch(self._chosen.choice(ready), "delete")
            case _:
                self.touched.add(self.queue.enqueue("mail", "new"))

    def fail(self, number: int) -> None:
        """Let so many more messages come in and fail."""
        self.queue.enqueue_many("mail", list(range(number)))
        for lease in self.queue.dequeue("mail", limit=number):
            self.queue.bury(lease, error=ERROR)

    def close(self) -> None:
        """End."""
        self.queue.close()
        self.inspector.close()

    def _run_again(self, one: int) -> None:
        self.inspector.requeue([one])
        for lease in self.queue.dequeue("mail", limit=1_000):
            self.touched.add(lease.message.id)
            if lease.message.id == one:
                self.queue.bury(lease, error=ERROR)
            else:
                self.queue.release(lease)

    def _touch(self, one: int, verb: str) -> None:
        self.touched.add(one)
        getattr(self.inspector, verb)([one])


@pytest.fixture
def others(location: str, request: pytest.FixtureRequest) -> Iterator[Others]:
    """Give those who change rows meanwhile; the same things each time."""
    made = Others(location, random.Random(request.node.name))  # noqa: S311 - no secret
    yield made
    made.close()


def found(terminal: Terminal, pattern: re.Pattern[str]) -> re.Match[str]:
    """Read until a sentence was painted, and return it.

    Raises:
        AssertionError: when it is not.
    """
    for _ in range(200):
        if match := pattern.search(SEQUENCE.sub(b"", terminal.output).decode(errors="replace")):
            return match
        terminal.read_for(0.1)
    raise AssertionError(f"nothing like {pattern.pattern} was painted")


@pytest.mark.fault(
    row="rows changed by another process between any two keystrokes of a bulk action",
    part="environment",
    promise="the action changes exactly the messages that its confirmation counted, except those that have "
    "changed since, which are reported",
    how="the dashboard runs in a pseudo-terminal, and a second process changes rows before each keystroke",
)
@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_what_a_question_said_is_exactly_what_was_done(
    name: str, others: Others, location: str, tmp_path: Path, fault: Fault
) -> None:
    case = CASES[name]
    with Terminal(location, tmp_path, size=(120, 36)) as terminal:
        terminal.read_until("mail")
        for _ in range(scaled(2, 25)):
            for key in case.keys:
                others.meddle()
                terminal.type(key, "SmtpError" if key == "4" else "")
                terminal.settle()
            others.meddle()
            before = {one for one, state in others.states().items() if state is case.state}
            terminal.output = b""
            terminal.write(case.verb)
            number = int(found(terminal, ASKED)[1])
            assert number == len(before)

            others.touched.clear()
            for letter in str(number):
                for _ in range(2):
                    others.meddle()
                    fault.struck()
                terminal.write(letter)
                terminal.settle()
            states = others.states()
            terminal.output = b""
            terminal.write("\r")
            told = found(terminal, TOLD)

            now = others.states()
            changed = {one for one, state in states.items() if now.get(one) is not state}
            assert changed == before - others.touched, "what nobody touched meanwhile, and nothing else"
            assert {now.get(one) for one in changed} <= {case.becomes}
            assert (int(told[1]), int(told[2] or 0)) == (len(changed), number - len(changed))
            others.fail(12)
            fault.ran()
        assert terminal.leave("\x11") == 0
    assert b"Traceback" not in terminal.output
