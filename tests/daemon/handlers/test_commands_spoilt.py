"""Commands beside Python handlers that spoil their process: what such a handler takes away is missed."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.clock import SystemClock
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.containment.inherited import InheritedState
from smq_core.daemon.execution.command import CommandFailed, CommandRun
from smq_core.daemon.wire.protocol import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.system.process_identity import CommandGroup


def command(script: str, inherited: InheritedState | None = None) -> CommandRun:
    delivery = Delivery(7, "t", "", "text", None, 0, None, 1, 1, None, 0, 0, None, 0, 0, 11, 12)
    return CommandRun(
        ["sh", "-c", script], delivery, SystemClock(), inherited or InheritedState.taken(), ForkedCopies()
    )


def take_its_status(group: CommandGroup) -> None:
    """Reap a command as soon as it is known, as `os.waitpid(-1)` of a handler may."""
    if group.leader:
        os.waitpid(group.leader, 0)


@pytest.fixture
def ignored() -> Iterator[None]:
    """Ignore SIGCHLD in C, as a handler that runs in a thread can."""
    ctypes.CDLL(None).signal(int(signal.SIGCHLD), 1)
    yield
    ctypes.CDLL(None).signal(int(signal.SIGCHLD), 0)


@pytest.mark.parametrize("code", [0, 1, 65, 75])
def test_an_exit_status_that_somebody_else_took_is_a_failure(code: int) -> None:
    with pytest.raises(CommandFailed, match=r"exit status of sh was lost: .*\nits output"):
        command(f"echo its output; exit {code}").run(take_its_status)


@pytest.mark.usefixtures("ignored")
def test_an_exit_status_that_the_system_threw_away_is_a_failure_and_the_next_is_kept() -> None:
    with pytest.raises(CommandFailed, match="exit status of sh was lost"):
        command("exit 0").run(lambda _group: None)

    with pytest.raises(CommandFailed, match="sh failed with exit code 3"):
        command("exit 3").run(lambda _group: None)


def test_the_number_of_a_command_whose_status_is_lost_is_sent_no_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signalled: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, _number: signalled.append(group))
    run = command("exit 0")

    def take_and_interrupt(group: CommandGroup) -> None:
        take_its_status(group)
        if group.leader:
            run.kill()

    with pytest.raises(CommandFailed, match="lost"):
        run.run(take_and_interrupt)

    assert signalled == []


def test_a_command_runs_where_its_worker_process_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, folder = InheritedState.taken(), Path.cwd()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("ADDED", "by a handler")
    umask = os.umask(0o777)
    try:
        said = command('pwd; umask; echo "added ${ADDED:-nothing}"; exec true', before).run(lambda _: None)
    finally:
        os.umask(umask)

    assert said.splitlines() == [str(folder), f"{umask:04o}", "added nothing"]


def test_a_folder_that_was_removed_is_no_reason_not_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert command("echo ran", InheritedState.taken()).run(lambda _group: None).endswith("ran")
