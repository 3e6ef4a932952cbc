"""Numbers of processes are used again: nothing is killed by one unless it is proven to be what was meant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.system.process_identity import (
    LARGEST_PID,
    NO_COMMAND,
    CommandGroup,
    end_group,
    is_alive,
    marked,
    started_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who a process is")

MARK = 0x5EED
END_S = 10.0


class Command:
    """A command as a daemon starts one, by a parent that is not the test: the test proves nothing by that."""

    def __init__(self, script: str, mark: int) -> None:
        self.parent = subprocess.Popen(
            ["/bin/sh", "-c", f"setsid --wait sh -c 'echo $$; {script}' & wait"],
            stdout=subprocess.PIPE,
            env={**os.environ, **(marked(mark) if mark else {})},
        )
        assert self.parent.stdout is not None
        self.leader = int(self.parent.stdout.readline())
        self.group = CommandGroup(self.leader, started_at(self.leader), MARK)

    def lives(self) -> bool:
        """Return whether anything of its group runs."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self.leader and fields[0] != "Z":
                return True
        return False

    def read_line(self) -> str:
        """Wait for what the command prints."""
        assert self.parent.stdout is not None
        return self.parent.stdout.readline().decode().strip()

    def wait(self) -> None:
        """Wait until all that holds its output has ended, and the system is done with it."""
        assert self.parent.stdout is not None
        self.parent.stdout.read()
        self.parent.wait(END_S)
        while self.lives():
            pass  # a process closes its output a moment before it is gone

    def end(self) -> None:
        """End it whatever came of the test."""
        assert self.parent.stdout is not None
        if self.lives():
            os.killpg(self.leader, signal.SIGKILL)
        self.parent.kill()
        self.parent.wait()
        self.parent.stdout.close()


@pytest.fixture
def command(request: pytest.FixtureRequest) -> Iterator[Command]:
    script, mark = getattr(request, "param", ("sleep 1000", MARK))
    made = Command(script, mark)
    yield made
    made.end()


def test_a_command_that_is_proven_is_ended(command: Command) -> None:
    assert end_group(command.group) == "ended"

    command.wait()
    assert not command.lives()


def test_a_group_whose_leader_started_at_another_time_is_left_alone(command: Command) -> None:
    assert end_group(command.group._replace(started=command.group.started - 1)) == "gone"
    assert command.lives()


@pytest.mark.parametrize("command", [("sleep 1000", MARK + 1), ("sleep 1000", 0)], indirect=True)
def test_a_true_number_and_start_time_without_the_mark_is_no_proof(command: Command) -> None:
    """Whoever may write beside the database must not choose what a daemon kills."""
    assert end_group(command.group) == "unproven"
    assert command.lives()


@pytest.mark.parametrize("command", [("sleep 1000 & echo left; exit", MARK)], indirect=True)
def test_what_is_left_of_a_command_whose_first_process_is_gone_is_ended(command: Command) -> None:
    """The number of a group is taken while any process has it; one with the mark says whose it is."""
    command.read_line()
    os.waitid(os.P_PID, command.parent.pid, os.WEXITED | os.WNOWAIT)
    assert started_at(command.leader) == 0
    assert command.lives()

    assert end_group(command.group) == "ended"

    command.wait()
    assert not command.lives()


@pytest.mark.parametrize("command", [("sleep 1000 & echo left; exit", 0)], indirect=True)
def test_a_group_without_leader_and_without_mark_is_left_alone_and_told(command: Command) -> None:
    command.read_line()
    os.waitid(os.P_PID, command.parent.pid, os.WEXITED | os.WNOWAIT)

    assert end_group(command.group) == "unproven"
    assert command.lives()


def test_a_command_whose_number_was_never_noted_is_found_by_its_mark(command: Command) -> None:
    assert command.leader != os.getpgrp()

    # only the command's own group: the shell that stands for the dead worker process carries the mark as well
    assert end_group(command.group._replace(mark=MARK + 2, leader=0)) == "gone"
    assert command.lives()


def test_our_own_child_is_ended_without_a_mark() -> None:
    child = subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)

    assert end_group(CommandGroup(child.pid, started_at(child.pid), MARK)) == "ended"
    assert child.wait(END_S) == -signal.SIGKILL


def test_a_command_is_found_by_its_mark_alone() -> None:
    child = subprocess.Popen(
        ["/bin/sleep", "1000"], start_new_session=True, env={**os.environ, **marked(MARK)}
    )

    assert end_group(CommandGroup(0, 0, MARK)) == "ended"
    assert child.wait(END_S) == -signal.SIGKILL


@pytest.mark.parametrize("leader", [-1, 1, LARGEST_PID + 1, 2**31, -(2**63), 2**63 - 1])
def test_numbers_that_no_command_has_end_nothing(leader: int) -> None:
    assert end_group(CommandGroup(leader, 5, MARK)) == "gone"


def test_no_command_is_nothing_to_end() -> None:
    assert end_group(NO_COMMAND) == "gone"
    assert end_group(CommandGroup(os.getpgrp(), started_at(os.getpgrp()), 0)) == "gone"


def test_where_the_kernel_cannot_signal_a_group_by_handle_the_proven_number_is_used(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)

    assert end_group(command.group) == "ended"
    command.wait()


def test_a_process_is_alive_only_as_the_one_that_started_then() -> None:
    child = subprocess.Popen(["/bin/sleep", "1000"])
    started = started_at(child.pid)

    assert is_alive(child.pid, started)
    assert not is_alive(child.pid, started + 1)
    assert not is_alive(child.pid, 0)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(child.pid, started), "a zombie runs nothing"
    child.wait()
    assert not is_alive(child.pid, started)


def test_a_name_with_brackets_and_spaces_hides_nothing(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "1000"])
    try:
        assert is_alive(child.pid, started_at(child.pid))
    finally:
        child.kill()
        child.wait()
