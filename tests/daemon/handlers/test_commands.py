from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core.clock import SystemClock
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.containment.inherited import InheritedState
from smq_core.daemon.execution.command import CommandFailed, CommandRun, environment
from smq_core.daemon.execution.truncation import KEPT
from smq_core.daemon.system.process_identity import NO_COMMAND, CommandGroup
from smq_core.daemon.wire.protocol import Delivery
from smq_core.handler import Bury, HandlerTimeout, Retry

if TYPE_CHECKING:
    from pathlib import Path

HERE = InheritedState.taken()


def delivery(body: str | bytes = "hello", *, key: str | None = None, headers: str | None = None) -> Delivery:
    return Delivery(7, "mail", body, "text", headers, 3, key, 2, 4, None, 0, 0, None, 0, 0, 1, 1)


def run(script: str, message: Delivery | None = None) -> str:
    return CommandRun(["sh", "-c", script], message or delivery(), SystemClock(), HERE, ForkedCopies()).run(
        lambda _group: None
    )


def test_exit_code_0_means_processed() -> None:
    run("exit 0")


@pytest.mark.parametrize(
    ("code", "kind"), [(75, Retry), (65, Bury), (1, CommandFailed), (3, CommandFailed), (127, CommandFailed)]
)
def test_other_exit_codes_say_what_becomes_of_the_message(code: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"exit code {code}"):
        run(f"exit {code}")


def test_the_payload_comes_on_standard_input_and_the_facts_in_the_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"

    run(
        f'cat > {out}; echo " $SMQ_ID $SMQ_TOPIC $SMQ_ATTEMPTS $SMQ_HEADERS" >> {out}',
        delivery("x", headers='{"a":"b"}'),
    )

    assert out.read_text() == 'x 7 mail 2 {"a":"b"}\n'


def test_a_large_payload_passes_while_the_output_is_read() -> None:
    run(f"test $(cat | tee /dev/stderr | wc -c) = {2**20}", delivery("x" * 2**20))


def test_a_command_need_not_read_its_input() -> None:
    run("exec 0<&-; exit 0", delivery("x" * 2**20))


def test_facts_with_a_nul_or_half_a_character_reach_the_command() -> None:
    facts = environment(delivery(key="a\0b\ud800"), {})

    assert facts["SMQ_KEY"] == "a?b?"


def test_the_tail_of_the_output_is_the_error() -> None:
    with pytest.raises(CommandFailed) as caught:
        run("seq 1 20000; echo the last line >&2; exit 1")

    text = str(caught.value)
    assert text.startswith("sh failed with exit code 1\n")
    assert text.endswith("the last line")
    assert len(text) == KEPT


def test_the_tail_of_the_output_is_answered_by_a_command_that_ends_well() -> None:
    assert run("echo one; echo two >&2") == "one\ntwo"
    assert run("seq 1 20000; echo the last line").endswith("20000\nthe last line")


def test_a_signal_that_ended_the_command_is_named() -> None:
    with pytest.raises(CommandFailed, match="killed by SIGKILL"):
        run("kill -9 $$")


def test_a_command_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandFailed, match="cannot run no-such-command"):
        CommandRun(["no-such-command"], delivery(), SystemClock(), HERE, ForkedCopies()).run(
            lambda _group: None
        )


def test_nothing_is_given_to_a_shell(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        CommandRun(
            ["false", f"; touch {tmp_path}/made"], delivery(), SystemClock(), HERE, ForkedCopies()
        ).run(lambda _group: None)

    assert list(tmp_path.iterdir()) == []


def test_a_grandchild_that_keeps_the_pipe_open_holds_nobody_up(tmp_path: Path) -> None:
    """It reads from a pipe that nobody writes, and ends when the test opens and closes that one."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    run(f"cat {fifo} & exit 0")

    os.close(os.open(fifo, os.O_WRONLY))


def test_an_interrupted_command_ends_with_all_that_it_started(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = CommandRun(
        ["sh", "-c", f"echo ready > {fifo}; cat {fifo} | cat"],
        delivery(),
        SystemClock(),
        HERE,
        ForkedCopies(),
    )
    caught: list[BaseException] = []

    def call() -> None:
        try:
            command.run(lambda _group: None)
        except HandlerTimeout as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert fifo.read_text() == "ready\n"
    command.interrupt()
    thread.join()

    assert "timed out and was stopped" in str(caught[0])


def test_headers_are_given_as_they_are_stored() -> None:
    assert json.loads(environment(delivery(headers='{"trace":"1"}'), {})["SMQ_HEADERS"]) == {"trace": "1"}


def test_a_command_whose_run_goes_wrong_here_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message goes back: it must not go on beside the next try."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    groups: list[CommandGroup] = []

    def fail(_pid: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", fail)
    with pytest.raises(OSError, match="Too many"):
        CommandRun(["cat", str(fifo)], delivery(), SystemClock(), HERE, ForkedCopies()).run(groups.append)

    before, running, after = groups
    assert (before.leader, before.mark, after) == (0, running.mark, NO_COMMAND)
    with pytest.raises(ProcessLookupError):
        os.killpg(running.leader, 0)
