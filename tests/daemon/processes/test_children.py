"""A daemon's children: whose exit status is whose, and what others left behind.

Each story is played by a process of its own, as it would take the exit status of the tests' own children.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands on orphans")

BEGIN = """
import io, os, signal, subprocess, sys
from smq_core.clock import SystemClock
from smq_core.daemon.processes.children import Children, adopt_orphans, kill_leftovers
from smq_core.daemon.log import Journal

def until_ended():
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)

def leave_behind(*words):
    "Start a process whose parent ends at once; the process's id."
    # The parent holds its Popen to the end: one that is dropped takes the exit status of what has ended.
    begin = "import os, subprocess, sys; child = subprocess.Popen(sys.argv[1:])"
    script = f"{begin}; print(child.pid, flush=True); os._exit(0)"
    pid = int(subprocess.check_output([sys.executable, "-S", "-c", script, *words]))
    return pid

children = Children()
adopt_orphans()
"""


def play(story: str) -> str:
    script = BEGIN + textwrap.dedent(story)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_orphan_that_has_ended_is_reaped() -> None:
    said = play("""
        leave_behind("sh", "-c", "exec >&-; exit 3")
        until_ended()
        children.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            print("no child is left")
    """)

    assert said == "no child is left\n"


def test_the_exit_status_of_an_own_child_is_left_to_who_waits_for_it() -> None:
    said = play("""
        own = children.start(["sh", "-c", "exit 3"])
        until_ended()
        children.reap()
        print(own.wait())
    """)

    assert said == "3\n"


@pytest.mark.parametrize(("script", "error"), [("exit 3", "CalledProcessError"), ("cat", "")])
def test_a_command_that_fails_is_told_though_others_are_reaped(script: str, error: str) -> None:
    said = play(f"""
        try:
            children.run(["sh", "-c", {script!r}], b"data", 60.0)
        except subprocess.SubprocessError as error:
            print(type(error).__name__)
    """)

    assert said == (f"{error}\n" if error else "data")


def test_a_command_that_takes_too_long_is_ended() -> None:
    said = play("""
        try:
            children.run(["sh", "-c", "exec sleep 600"], b"", 0.01)
        except subprocess.TimeoutExpired:
            print("too long")
    """)

    assert said == "too long\n"


def test_what_was_left_behind_is_told_with_its_command_and_own_children_are_not() -> None:
    said = play("""
        own = children.start(["sleep", "601"])
        pid = leave_behind("sh", "-c", "exec >&-; exec sleep 602")
        os.write(1, b"")
        while [one.command for one in children.strays()] != ["sleep 602"]:
            pass
        log = io.StringIO()
        children.tell_strays(Journal(SystemClock(), stream=log))
        print("left_running" in log.getvalue(), f"pid={pid}" in log.getvalue(), "601" in log.getvalue())
        os.kill(pid, signal.SIGKILL)
        own.kill()
        own.wait()
    """)

    assert said == "True True False\n"


def test_what_is_left_of_a_childs_group_is_killed_once_it_has_ended() -> None:
    said = play("""
        leader = children.start(["sh", "-c", "sleep 603 >&- & echo $!"], start_new_session=True, stdout=-1)
        pid = int(leader.stdout.readline())
        until_ended()
        kill_leftovers(leader)
        print(leader.wait(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        kill_leftovers(leader)
    """)

    assert said == "0 -9\n"


def test_a_child_that_runs_keeps_its_group() -> None:
    said = play("""
        leader = children.start(["sh", "-c", "read line; exit 5"], start_new_session=True, stdin=-1)
        kill_leftovers(leader)
        leader.communicate(b"go on\\n")
        print(leader.returncode)
    """)

    assert said == "5\n"


@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_signal_to_one_that_has_just_ended_does_not_hide_what_it_left(number: str) -> None:
    said = play(f"""
        import socket
        from smq_core.daemon.processes import child_process

        def spawn(map_fd, folder, children):
            words = ["sh", "-c", "sleep 604 >&- & echo $!; exit 7"]
            return socket.socket(), children.start(words, start_new_session=True, stdout=subprocess.PIPE)

        lines = []
        child_process.spawn = spawn
        child = child_process.ChildProcess(0, ".", children, lines.append)
        until_ended()
        child.kill(signal.{number})
        code = child.poll()
        child.last_lines()
        print(code, os.waitstatus_to_exitcode(os.waitpid(int(lines[0]), 0)[1]))
        child.close()
    """)

    assert said == "7 -9\n"
