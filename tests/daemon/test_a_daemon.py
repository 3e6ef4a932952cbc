"""Real daemons: handlers in worker processes, their outcomes, and how a daemon starts and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def queue(path: Path) -> Iterator[Queue]:
    with Queue(path) as opened:
        yield opened


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
        from smq_core.daemon.outcomes import Bury, Retry
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
    bad = queue.enqueue("bad", "x")

    run_burst(
        tmp_path,
        "--exec",
        "mail.*=sh -c 'cat > got-$SMQ_ID'",
        "--exec",
        "bad=sh -c 'echo it is bad; exit 65'",
    )

    assert json.loads((tmp_path / "got-1").read_text()) == {"to": "ann"}
    with Inspector(path) as inspector:
        assert "it is bad" in (inspector.get(bad).last_error or "")


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


def test_term_releases_uncounted_what_has_not_ended(tmp_path: Path, queue: Queue, path: Path) -> None:
    queue.enqueue_many("t", [1] * 20)
    (tmp_path / "smq.toml").write_text('grace = "0.2s"\n[[handler]]\ntopic = "t"\nrun = "handlers:handle"\n')
    code = """
        import threading
        def handle(message):
            print("begun", flush=True)
            while True: threading.Event().wait(0.01)
    """
    with Daemon(tmp_path, "--config", "smq.toml", code=code) as daemon:
        daemon.wait_for("output", "begun")
        assert daemon.stop() == 0

    with Inspector(path) as inspector:
        stats = inspector.topic("t")
        assert (stats.ready, stats.processing) == (20, 0)
        assert {message.attempts for message in inspector.browse("t", "ready")} == {0}
        assert inspector.workers() == []


def test_a_handler_that_looks_at_stopping_may_end_in_its_own_way(tmp_path: Path, queue: Queue) -> None:
    queue.enqueue("t", 1)
    code = """
        def handle(message):
            print("begun", flush=True)
            message.stopping.wait()
            open("ended", "w").close()
    """
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=code) as daemon:
        daemon.wait_for("output", "begun")
        assert daemon.stop() == 0

    assert (tmp_path / "ended").exists()
    assert queue.size("t") == 0


def test_quiet_resume_and_stop_are_asked_for_in_the_row(tmp_path: Path, queue: Queue, path: Path) -> None:
    with Daemon(
        tmp_path, "--handler", "t=handlers:show", code="def show(m): print('got', m.payload, flush=True)"
    ) as daemon:
        daemon.wait_for("ready")
        with Inspector(path) as inspector:
            (worker,) = inspector.workers()
            inspector.command_worker(worker.id, "quiet")
            daemon.wait_for("command", "quiet")
            queue.enqueue("t", "first")
            inspector.command_worker(worker.id, "resume")
            daemon.wait_for("command", "resume")
            daemon.wait_for("output", "got first")
            inspector.command_worker(worker.id, "stop")
            assert daemon.end() == 0


def test_hup_brings_new_code_and_keeps_the_old_where_the_new_is_broken(tmp_path: Path, queue: Queue) -> None:
    with Daemon(
        tmp_path, "--handler", "t=handlers:handle", code="def handle(m): print('old', flush=True)"
    ) as daemon:
        daemon.wait_for("ready")
        (tmp_path / "handlers.py").write_text("def handle(m): print('new', flush=True)\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reloaded")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "new")
        (tmp_path / "handlers.py").write_text("import nowhere\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reload_refused", "nowhere")
        queue.enqueue("t", 2)
        daemon.wait_for("output", "new")
        assert daemon.stop() == 0


def test_changed_code_is_noticed(tmp_path: Path, queue: Queue) -> None:
    with Daemon(tmp_path, "--reload", "--handler", "t=handlers:handle", code="def handle(m): pass") as daemon:
        daemon.wait_for("ready")
        daemon.wait_for("watching")
        (tmp_path / "handlers.py").write_text("def handle(m): print('new', flush=True)\n")
        daemon.wait_for("reloaded")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "new")


def test_quit_dumps_the_stacks_and_goes_on(tmp_path: Path, queue: Queue) -> None:
    queue.enqueue("t", 1)
    code = """
        def handle_it(message):
            print("begun", flush=True)
            message.stopping.wait()
    """
    with Daemon(tmp_path, "--handler", "t=handlers:handle_it", code=code) as daemon:
        daemon.wait_for("output", "begun")
        daemon.process.send_signal(signal.SIGQUIT)
        daemon.wait_for("output", "handle_it")
        assert daemon.stop() == 0


def test_systemd_is_told(tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address)
        queue.size("t")
        with Daemon(tmp_path, "--handler", "t=handlers:handle", code="def handle(m): pass") as daemon:
            daemon.wait_for("ready")
            assert daemon.stop() == 0
        sock.settimeout(0)
        told: list[bytes] = []
        while not told or b"STOPPING=1" not in told[-1]:
            told.append(sock.recv(4096))

    assert b"READY=1" in told


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
