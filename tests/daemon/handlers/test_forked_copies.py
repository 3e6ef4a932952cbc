"""What a handler forks off: its signals are those of any program, and its exit status tells how it ended.

Each story is played by a process of its own, which forks as a worker process does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = """
import os, signal, sys, threading
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.execution.own_process import leave_signals_to_supervisor

leave_signals_to_supervisor()
copies = ForkedCopies()
copies.watch()

def fork(work):
    pid = os.fork()
    if pid == 0:
        with copies:
            work()
    return pid

def end_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def fail(error):
    raise error
"""


def play(story: str) -> tuple[str, str]:
    script = BEGIN + textwrap.dedent(story)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        ("None", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('the copy gives up')", 1, "the copy gives up\n"),
        ("os._exit(7)", 7, ""),
        ("fail(KeyboardInterrupt())", -2, "KeyboardInterrupt\n"),
        ("fail(RuntimeError('it failed'))", 1, "RuntimeError: it failed\n"),
    ],
)
def test_a_copy_ends_as_a_program_would(work: str, code: int, said: str) -> None:
    out, error = play(f"print(end_of(fork(lambda: {work})))")

    assert out == f"{code}\n"
    assert error.endswith(said)
    assert bool(error) is bool(said)
    assert "smq_core" not in error


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_that_the_worker_process_leaves_to_the_daemon_ends_a_copy(name: str) -> None:
    out, _ = play(f"""
        ready, write_end = os.pipe()
        pid = fork(lambda: (os.write(write_end, b"x"), threading.Event().wait()))
        os.read(ready, 1)
        os.kill(os.getpid(), signal.{name})
        os.kill(pid, signal.{name})
        print(end_of(pid) == -signal.{name})
    """)

    assert out == "True\n"


def test_a_copy_waits_for_the_threads_it_started() -> None:
    out, _ = play("""
        def work():
            threading.Thread(target=lambda: print("by a thread of the copy", flush=True)).start()
        print(end_of(fork(work)))
    """)

    assert out == "by a thread of the copy\n0\n"


def test_the_process_that_forked_goes_on() -> None:
    out, _ = play("""
        end_of(fork(lambda: None))
        with copies:
            pass
        print(copies.is_copy)
    """)

    assert out == "False\n"


def test_a_copy_does_not_keep_the_input_of_a_command_open(tmp_path: Path) -> None:
    ready, go_on = tmp_path / "ready", tmp_path / "go-on"
    os.mkfifo(ready)
    os.mkfifo(go_on)
    out, error = play(f"""
        from pathlib import Path
        from smq_core.clock import SystemClock
        from smq_core.daemon.containment.inherited import InheritedState
        from smq_core.daemon.execution.command import CommandRun
        from smq_core.daemon.wire.protocol import Delivery

        def run_command():
            words = ["sh", "-c", "echo > {ready}; read line < {go_on}; cat | wc -c"]
            body = "x" * 1_000_000
            delivery = Delivery(7, "t", body, "text", None, 3, None, 1, 1, None, 0, 0, None, 0, 0, 1, 1)
            command = CommandRun(words, delivery, SystemClock(), InheritedState.taken(), copies)
            print(command.run(lambda _: None))

        thread = threading.Thread(target=run_command)
        thread.start()
        Path("{ready}").read_text()
        pid = fork(threading.Event().wait)
        Path("{go_on}").write_text("\\n")
        thread.join()
        os.kill(pid, signal.SIGKILL)
    """)

    assert (out, error) == ("1000000\n", "")
