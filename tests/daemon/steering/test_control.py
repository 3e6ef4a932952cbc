"""How a daemon is told what to do: signals, rows, changed code, systemd."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.daemon.loading import said
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow


@pytest.mark.fault(
    row="SIGTERM while handlers are running that do not return",
    part="workers",
    promise="the daemon exits with status 0 after the grace period; the handlers' messages are released "
    "without counting an attempt",
    how="the signal is sent once or twice while handlers wait forever",
)
def test_term_releases_uncounted_what_has_not_ended(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
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
    fault.struck(sum(line["action"] == "interrupting" for line in daemon.lines))

    with Inspector(path) as inspector:
        stats = inspector.topic("t")
        assert (stats.ready, stats.processing) == (20, 0)
        assert {message.attempts for message in inspector.browse("t", "ready")} == {0}
        assert inspector.workers() == []
    fault.ran()


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


@pytest.mark.fault(
    row="SIGTERM while handlers are running that do not return",
    part="workers",
    promise="the daemon exits with status 0 after the grace period; the handlers' messages are released "
    "without counting an attempt",
    how="the signal is sent once or twice while handlers wait forever",
)
def test_a_second_term_ends_the_grace_period(tmp_path: Path, queue: Queue, fault: Fault) -> None:
    queue.enqueue("t", 1)
    code = """
        import threading
        def handle(message):
            print("begun", flush=True)
            while True: threading.Event().wait(0.01)
    """
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=code) as daemon:
        daemon.wait_for("output", "begun")
        daemon.process.terminate()
        daemon.wait_for("stopping")
        daemon.process.terminate()
        daemon.wait_for("hurrying")
        fault.struck()
        assert daemon.end() == 0
    with Inspector(tmp_path / "queue.sqlite3") as inspector:
        assert inspector.get(1).attempts == 0
    fault.ran()


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


@pytest.mark.fault(
    row="a reload with broken code or an invalid configuration",
    part="workers",
    promise="the old code and the old configuration stay in effect; the log says why",
    how="SIGHUP with a module that cannot be imported, and with an invalid value",
)
def test_hup_brings_new_code_and_keeps_the_old_where_the_new_is_broken(
    tmp_path: Path, queue: Queue, fault: Fault
) -> None:
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
        fault.struck()
        queue.enqueue("t", 2)
        daemon.wait_for("output", "new")
        assert daemon.stop() == 0
    fault.ran()


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


def test_hup_takes_the_whole_configuration_but_for_what_needs_a_restart(tmp_path: Path, queue: Queue) -> None:
    handler = '[[handler]]\ntopic = "{}"\nrun = "handlers:handle"\n'
    told = tmp_path / "told"
    (tmp_path / "smq.toml").write_text(handler.format("t"))
    code = "def handle(m): print(m.topic, m.payload, flush=True)"
    with Daemon(tmp_path, "--config", "smq.toml", code=code) as daemon:
        daemon.wait_for("ready")
        (tmp_path / "smq.toml").write_text(
            'processes = 2\nthreads = 1\nlease = "90s"\ninbox = "inbox"\nmetrics_port = 0\n'
            + handler.format("u")
            + f'[[alert]]\nname = "waits"\ntopic = "t"\nready_over = 0\ncommand = "tee {told}"\n'
        )
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.wait_for("restart_needed")["text"] == (
            "changed, but takes effect only after a restart: inbox, metrics_port"
        )
        daemon.wait_for("reloaded", "serves u")
        assert len(daemon.workers()) >= 2
        queue.enqueue("u", 2)
        daemon.wait_for("output", "u 2")
        queue.enqueue("t", 1)
        daemon.wait_for("alert_began", "waits: t: 1 message ready")
        assert daemon.stop() == 0
    assert not (tmp_path / "inbox").exists()
    assert queue.size("t") == 1


@pytest.mark.fault(
    row="a reload with broken code or an invalid configuration",
    part="workers",
    promise="the old code and the old configuration stay in effect; the log says why",
    how="SIGHUP with a module that cannot be imported, and with an invalid value",
)
def test_hup_keeps_the_old_configuration_whole_where_its_code_is_refused(
    tmp_path: Path, queue: Queue, fault: Fault
) -> None:
    config = 'grace = "{}"\n[[handler]]\ntopic = "t"\nrun = "{}"\n'
    (tmp_path / "smq.toml").write_text(config.format("0.1s", "handlers:handle"))
    code = """
        import threading
        def handle(message):
            print("begun", flush=True)
            while True: threading.Event().wait(0.01)
    """
    queue.enqueue("t", 1)
    with Daemon(tmp_path, "--config", "smq.toml", code=code) as daemon:
        daemon.wait_for("output", "begun")
        for changed, why in (
            (config.format("1h", "nowhere:handle"), "No module named 'nowhere'"),
            ("threads = 0", "threads is 0"),
        ):
            (tmp_path / "smq.toml").write_text(changed)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("reload_refused", why)
            fault.struck()
        assert daemon.stop() == 0  # the grace of an hour would outlast the test
    assert "have 0.1 s" in next(str(line["text"]) for line in daemon.lines if line["action"] == "stopping")
    fault.ran(2)


@pytest.mark.fault(
    row="a worker process that dies while its code is broken",
    part="workers",
    promise="the failure is reported, and the start is retried at growing intervals; work continues once "
    "the code is fixed",
    how="SIGKILL after the handler module has been replaced with one that cannot be imported",
)
def test_a_process_that_cannot_be_replaced_is_tried_again_until_it_can(
    tmp_path: Path, queue: Queue, fault: Fault
) -> None:
    code = "def handle(m): print('handled', flush=True)"
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=code) as daemon:
        daemon.wait_for("ready")
        (tmp_path / "handlers.py").write_text("print('tried', flush=True)\nimport nowhere\n")
        os.kill(daemon.workers()[0], signal.SIGKILL)
        daemon.wait_for("handler_not_importable", "No module named 'nowhere'")
        fault.struck()
        for _ in range(2):
            daemon.wait_for("output", "tried")
            fault.struck()
        (tmp_path / "handlers.py").write_text(code)
        queue.enqueue("t", 1)
        daemon.wait_for("handler_not_importable_over")
        daemon.wait_for("output", "handled")
        assert daemon.stop() == 0
    assert said(daemon, "handler_not_importable") == 1
    fault.ran()


def test_the_code_of_handlers_that_a_reload_brought_is_watched_too(tmp_path: Path, queue: Queue) -> None:
    config = '[[handler]]\ntopic = "t"\nrun = "{}:handle"\n'
    (tmp_path / "smq.toml").write_text(config.format("handlers"))
    package = tmp_path / "elsewhere"
    package.mkdir()
    (package / "__init__.py").write_text("def handle(m): pass\n")
    arguments = ("--reload", "--config", "smq.toml")
    with Daemon(tmp_path, *arguments, code="def handle(m): pass") as daemon:
        daemon.wait_for("watching")
        (tmp_path / "smq.toml").write_text(config.format("elsewhere"))
        daemon.wait_for("watching", "elsewhere")
        (package / "__init__.py").write_text("def handle(m): print('new', flush=True)\n")
        daemon.wait_for("reloaded")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "new")
