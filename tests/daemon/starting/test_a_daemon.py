"""Real daemons: handlers in worker processes, their outcomes, and how a daemon starts and ends."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def run_burst(folder: Path, *arguments: str, code: str = "") -> Daemon:
    """Run a daemon until its topics are drained, and see that it ends well."""
    with Daemon(folder, *arguments, "--burst", code=code) as daemon:
        assert daemon.end() == 0, daemon.lines
    return daemon


def test_a_burst_drains_its_topics_and_ends(tmp_path: Path, queue: Queue) -> None:
    queue.enqueue_many("t", [*range(500)])
    queue.enqueue("other", 1)

    run_burst(
        tmp_path,
        *("--handler", "t=handlers:note", "--processes", "2"),
        code="def note(message):\n    open('seen', 'a').write(f'{message.payload}\\n')",
    )

    assert sorted(map(int, (tmp_path / "seen").read_text().split())) == [*range(500)]
    assert (queue.size("t"), queue.size("other")) == (0, 1)


def test_each_outcome_of_a_handler_becomes_what_it_says(tmp_path: Path, queue: Queue, path: Path) -> None:
    ids = {what: queue.enqueue("t", what, max_attempts=1) for what in ("ack", "fail", "bury")}
    ids["retry"] = queue.enqueue("t", "retry")
    code = """
        from smq_core.handler import Bury, Retry
        async def handle(message):
            if message.payload == "fail": raise ValueError("broken")
            if message.payload == "bury": raise Bury("refused")
            if message.payload == "retry": raise Retry(delay=3600, why="later")
    """
    run_burst(tmp_path, "--handler", "t=handlers:handle", code=code)

    with Inspector(path) as inspector:
        found = {what: inspector.get(one) for what, one in ids.items() if what != "ack"}
        assert {what: (message.state, message.error_kind) for what, message in found.items()} == {
            "fail": ("dead", "ValueError: broken"),
            "bury": ("dead", "refused"),
            "retry": ("delayed", "later"),
        }
        assert inspector.topic("t").gone == 1


def test_commands_are_handlers_too(tmp_path: Path, queue: Queue, path: Path) -> None:
    queue.enqueue("mail.in", {"to": "ann"})
    kept = queue.enqueue("kept", "x")
    bad = queue.enqueue("bad", "x")

    with Inspector(path) as inspector:
        inspector.set_policy("kept", keep=3600.0)

    run_burst(
        tmp_path,
        "--exec",
        "mail.*=sh -c 'cat > got-$SMQ_ID'",
        "--exec",
        "bad=sh -c 'echo it is bad; exit 65'",
        "--exec",
        "kept=sh -c 'echo it is good'",
    )

    assert json.loads((tmp_path / "got-1").read_text()) == {"to": "ann"}
    with Inspector(path) as inspector:
        assert "it is bad" in (inspector.get(bad).last_error or "")
        assert inspector.get(kept).output == "it is good"


def test_a_long_handler_keeps_its_lease(tmp_path: Path, queue: Queue, path: Path) -> None:
    queue.enqueue("t", 1)
    with Inspector(path) as inspector:
        inspector.set_policy("t", keep=3600.0)
    code = """
        import threading
        def handle(message):
            threading.Event().wait(2.5)
            open("seen", "a").write("once ")
    """
    run_burst(tmp_path, "--handler", "t=handlers:handle", "--lease", "1s", code=code)

    assert (tmp_path / "seen").read_text() == "once "
    with Inspector(path) as inspector:
        message = inspector.get(1)
        assert (message.state, message.deliveries) == ("done", 1)


def test_a_handler_that_uses_up_all_memory_bit_by_bit_is_told_of(
    tmp_path: Path, queue: Queue, path: Path
) -> None:
    full = queue.enqueue("t", "full", max_attempts=1)
    others = queue.enqueue_many("t", ["x"] * 20)
    (tmp_path / "smq.toml").write_text(
        'memory_limit = "512MiB"\n[[handler]]\ntopic = "t"\nrun = "handlers:handle"\n'
    )
    code = """
        def handle(message):
            kept = []
            while message.payload == "full": kept.append(bytearray(4096))
    """
    run_burst(tmp_path, "--config", "smq.toml", code=code)

    with Inspector(path) as inspector:
        assert inspector.get(full).error_kind == "MemoryError"
        assert inspector.topic("t").gone == len(others)


def test_what_a_worker_process_says_cannot_end_the_daemon(tmp_path: Path, queue: Queue) -> None:
    """The handler writes into the socket to its supervisor what is no frame."""
    queue.enqueue("t", "babble")
    code = """
        import os, socket, stat
        def handle(message):
            if message.attempts > 1: return
            for fd in map(int, os.listdir("/proc/self/fd")):
                try:
                    if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, b"\\x02\\0\\0\\0\\xc1\\xc1")
                except OSError: pass
            message.stopping.wait()
    """
    daemon = run_burst(tmp_path, "--handler", "t=handlers:handle", "--threads", "1", code=code)

    assert [line["action"] for line in daemon.lines].count("worker_died") == 1
    assert queue.size("t") == 0


def test_as_many_coroutines_wait_at_once_as_there_are_threads(tmp_path: Path, queue: Queue) -> None:
    """None of them ends before all have begun."""
    queue.enqueue_many("t", [1] * 300)
    code = """
        import asyncio
        begun, all_have_begun = [], asyncio.Event()
        async def handle(message):
            begun.append(message.id)
            if len(begun) == 300: all_have_begun.set()
            await all_have_begun.wait()
    """
    run_burst(tmp_path, "--handler", "t=handlers:handle", "--threads", "300", code=code)

    assert queue.size("t") == 0


def test_a_limit_holds_over_all_processes(tmp_path: Path, queue: Queue) -> None:
    queue.enqueue_many("t", [1] * 40)
    (tmp_path / "smq.toml").write_text(
        'processes = 2\nthreads = 4\n[[handler]]\ntopic = "t"\nrun = "handlers:handle"\nlimit = 2\n'
    )
    code = """
        import fcntl, threading
        def handle(message):
            for number in range(2):  # two locks for at most two at once: a third finds none
                with open(f"lock{number}", "a") as file:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    threading.Event().wait(0.002)
                    return
            open("too-many", "w").close()
    """
    run_burst(tmp_path, "--config", "smq.toml", code=code)

    assert not (tmp_path / "too-many").exists()


def test_a_handler_that_cannot_be_imported_is_said_before_anything_is_leased(
    tmp_path: Path, queue: Queue, path: Path
) -> None:
    one = queue.enqueue("t", 1)

    with Daemon(tmp_path, "--handler", "t=nowhere:handle") as daemon:
        daemon.wait_for("handler_not_importable", "No module named 'nowhere'")
        assert daemon.end() == 1

    with Inspector(path) as inspector:
        assert inspector.get(one).deliveries == 0


def test_what_stands_behind_a_long_handler_goes_to_others_that_are_free(tmp_path: Path, queue: Queue) -> None:
    """The long one waits for a file that the last of the short ones makes."""
    queue.enqueue_many("t", ["short"] * 300)
    queue.enqueue_many("t", ["long", *["short"] * 300])
    code = """
        import pathlib, threading
        def handle(message):
            if message.payload == "long":
                while len(pathlib.Path("seen").read_text().split()) < 600: threading.Event().wait(0.01)
            open("seen", "a").write(f"{message.id}\\n")
    """
    run_burst(tmp_path, "--handler", "t=handlers:handle", "--processes", "2", "--threads", "1", code=code)

    assert (tmp_path / "seen").read_text().split()[-1] == "301"


def test_a_daemon_lets_go_of_what_stands_behind_a_long_handler(tmp_path: Path, queue: Queue) -> None:
    """The first daemon's only thread waits until the second one has done all the rest."""
    queue.enqueue_many("t", ["short"] * 300)
    queue.enqueue_many("t", ["long", *["short"] * 300])
    code = """
        import pathlib, threading
        def handle(message):
            if message.payload == "long":
                print("begun", flush=True)
                while len(pathlib.Path("seen").read_text().split()) < 600: threading.Event().wait(0.01)
            open("seen", "a").write(f"{message.id}\\n")
    """
    arguments = ("--handler", "t=handlers:handle", "--threads", "1", "--burst")
    with Daemon(tmp_path, *arguments, code=code) as first:
        first.wait_for("output", "begun")
        with Daemon(tmp_path, *arguments) as second:
            assert first.end() == 0
            assert second.end() == 0


def test_metrics_and_health_are_served_on_the_loopback_address(tmp_path: Path, queue: Queue) -> None:
    queue.enqueue("t", 1)
    with Daemon(
        tmp_path,
        "--metrics-port",
        "0",
        "--handler",
        "t=handlers:h",
        code="def h(m): print('done', flush=True)",
    ) as daemon:
        port = daemon.wait_for("metrics")["port"]
        daemon.wait_for("output", "done")
        bodies = {}
        for page in ("metrics", "healthz", "readyz"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}") as response:
                bodies[page] = response.read().decode()
        assert daemon.stop() == 0

    assert 'smq_entered_total{topic="t"} 1.0' in bodies["metrics"]
    assert (bodies["healthz"], bodies["readyz"]) == ("ok\n", "ok\n")


def test_a_check_says_what_is_wrong(tmp_path: Path, queue: Queue) -> None:
    queue.size("t")
    with Daemon(tmp_path, "--check", "--handler", "t=json:loads", "--handler", "u=nowhere:handle") as daemon:
        assert daemon.end() == 1
    with Daemon(tmp_path, "--check", "--handler", "t=json:loads") as daemon:
        assert daemon.end() == 0


def test_an_inbox_feeds_the_queue(tmp_path: Path, queue: Queue) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.jsonl").write_text('{"topic": "t", "payload": 1}\n')
    os.utime(inbox / "a.jsonl", (0, 0))
    with Daemon(
        tmp_path,
        "--inbox",
        "inbox",
        "--handler",
        "t=handlers:h",
        code="def h(m): print('got it', flush=True)",
    ) as daemon:
        daemon.wait_for("output", "got it")
        assert daemon.stop() == 0
    assert queue.size("t") == 0
