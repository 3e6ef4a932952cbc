"""What becomes of a daemon whose handlers do odd things while they are imported, and of files beside them."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.supervisor.crashes import STARTS_TRIED
from tests.daemon.loading import said
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Queue
    from tests.matrix import Fault

pytestmark = pytest.mark.slow

HANDLER = "def handle(message): print('handled', message.id, flush=True)\n"
ENDINGS = {
    "exits": ("import sys; print('printed', file=sys.stderr); sys.exit(0)", "sys.exit"),
    "parses arguments": (
        "import argparse; argparse.ArgumentParser('printed').parse_args(['--no-such'])",
        "sys.exit",
    ),
    "ends the process well": ("import os; print('printed'); os._exit(0)", "exit code 0"),
    "ends the process": ("import os; print('printed'); os._exit(7)", "exit code 7"),
    "crashes": ("import ctypes; print('printed'); ctypes.string_at(0)", "SIGSEGV"),
    "aborts": ("import os; print('printed'); os.abort()", "SIGABRT"),
    "is killed": ("import os; print('printed'); os.kill(os.getpid(), 9)", "SIGKILL"),
    "raises what is no Exception": ("class Odd(BaseException): ...\nprint('printed')\nraise Odd", "Odd"),
    "goes into the background": ("import os; print('printed')\nif os.fork(): os._exit(0)", "exit code 0"),
    "closes every descriptor": (
        "import os; print('printed'); os.closerange(3, 1000)",
        "closed descriptors of the worker process",
    ),
    "closes its output and fails": (
        "import sys; print('printed'); sys.stdout.close(); 1 / 0",
        "ZeroDivisionError",
    ),
    "takes its output away and fails": (
        "import sys; print('printed'); sys.stdout = None; 1 / 0",
        "ZeroDivisionError",
    ),
    "leaves a thread and fails": (
        "import threading; print('printed'); threading.Thread(target=threading.Event().wait).start(); 1 / 0",
        "ZeroDivisionError",
    ),
    "never ends": (
        "import threading; print('printed', flush=True); threading.Event().wait()",
        "import_timeout",
    ),
    "never ends in C": (
        "import re; print('printed', flush=True); re.match('(a*)*b', 'a' * 99)",
        "import_timeout",
    ),
}


def configured(folder: Path, code: str, *, processes: int = 1) -> tuple[str, ...]:
    """Write a module and a configuration that allows its import little time."""
    (folder / "handlers.py").write_text(code)
    (folder / "smq.toml").write_text(
        f'processes = {processes}\nimport_timeout = "2s"\n[[handler]]\ntopic = "t"\nrun = "handlers:handle"\n'
    )
    return ("--config", "smq.toml")


@pytest.mark.fault(
    row="handler modules that exit, crash or hang while they are imported",
    part="workers",
    promise="reported once, with the module's output; nothing is leased, and both the daemon and `--check` "
    "exit with status 1",
    how="one module for each kind of failure, with two worker processes",
)
@pytest.mark.parametrize("name", ENDINGS)
def test_a_module_that_ends_its_process_is_told_of_once(
    tmp_path: Path, queue: Queue, name: str, fault: Fault
) -> None:
    code, why = ENDINGS[name]
    arguments = configured(tmp_path, f"{code}\n{HANDLER}", processes=2)
    queue.enqueue("t", 1)

    with Daemon(tmp_path, *arguments, "--burst") as daemon:
        line = daemon.wait_for("handler_not_importable")
        assert daemon.end() == 1
    assert why in str(line["text"])
    assert "printed" in str(line["text"])
    assert "'handlers:handle'" in str(line["text"])
    assert said(daemon, "handler_not_importable") == 1
    assert queue.dequeue("t")[0].message.deliveries == 1

    with Daemon(tmp_path, *arguments, "--check") as check:
        assert check.end() == 1
        (bad,) = [text for text in check.printed if text.startswith("BAD")]
    assert why in bad
    assert "printed" in bad
    fault.ran()
    fault.struck()


def test_a_reload_into_a_module_that_ends_its_process_keeps_the_old_code(
    tmp_path: Path, queue: Queue
) -> None:
    arguments = configured(tmp_path, HANDLER)
    with Daemon(tmp_path, *arguments) as daemon:
        daemon.wait_for("ready")
        for name in ("exits", "ends the process well", "crashes", "closes every descriptor", "never ends"):
            code, why = ENDINGS[name]
            (tmp_path / "handlers.py").write_text(f"{code}\n{HANDLER}")
            daemon.process.send_signal(1)
            assert why in str(daemon.wait_for("reload_refused")["text"])
            queue.enqueue("t", name)
            daemon.wait_for("output", "handled")
        assert daemon.stop() == 0


def test_a_process_that_replaces_another_and_cannot_import_is_told_of_once_until_it_can(
    tmp_path: Path, queue: Queue
) -> None:
    """The module refuses from its second import on, until a file is there."""
    code = """
import os, pathlib
if pathlib.Path("imported").exists() and not pathlib.Path("mended").exists():
    with open("refused", "a") as file: print("x", file=file)
    os._exit(7)
pathlib.Path("imported").touch()
def handle(message):
    if message.payload == "die": os._exit(9)
    print("handled", message.id, flush=True)
"""
    with Daemon(tmp_path, *configured(tmp_path, code)) as daemon:
        daemon.wait_for("ready")
        queue.enqueue("t", "die", max_attempts=1)
        line = daemon.wait_for("handler_not_importable")
        assert "exit code 7" in str(line["text"])
        while (tmp_path / "refused").read_text().count("x") < 3:
            pass
        (tmp_path / "mended").touch()
        queue.enqueue("t", "live")
        daemon.wait_for("handler_not_importable_over")
        daemon.wait_for("output", "handled")
        assert daemon.stop() == 0
    assert said(daemon, "handler_not_importable") == 1


WAITING = """
import os, pathlib, sys, threading
print("importing", flush=True)
while not pathlib.Path("go").exists(): threading.Event().wait(0.01)
def handle(message): print("handled", message.id, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_worker_process_that_is_killed_before_it_is_ready_says_nothing_of_its_handlers(
    tmp_path: Path, queue: Queue, number: signal.Signals
) -> None:
    """A terminal that goes away, or a system short of memory, strikes it while it starts."""
    queue.enqueue("t", "x")
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=WAITING) as daemon:
        for _ in range(2 if number == signal.SIGKILL else 1):
            daemon.wait_for("output", "importing")
            (worker,) = daemon.workers()
            os.kill(worker, number)
        # the other signals are the supervisor's business: the process lives on
        (tmp_path / "go").touch()
        daemon.wait_for("output", "handled")
        assert daemon.stop() == 0
    assert said(daemon, "handler_not_importable") == 0


def test_a_worker_process_that_is_killed_again_and_again_ends_the_daemon(tmp_path: Path) -> None:
    killing = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=killing) as daemon:
        line = daemon.wait_for("handler_not_importable")
        assert "the worker process exited while importing it: SIGKILL" in str(line["text"])
        assert daemon.end() == 1
    assert said(daemon, "handler_not_importable") == 1
    assert said(daemon, "worker_died") == STARTS_TRIED - 1


EVERYTHING = """
def fine(message): print("fine", message.payload, flush=True)
async def awaited(message): print("fine", message.payload, flush=True)
def failing(message): raise ValueError("\u00fc\u6f22\u5b57 failed: " + message.payload)
async def awaited_failing(message): {"\u00e9": 1}["\u00fc"]["\u6f22"]
def grouped(message): raise ExceptionGroup("group", [ValueError(1), KeyError("x")])
def misspelt(message): undefined_name
def exiting(message): raise SystemExit(3)
def extending(message): message.extend(5); print("fine", message.payload, flush=True)
def looping(message):
    while True: pass
def warning(message):
    import sys
    sys.modules["warnings"].warn("\u00fc", ResourceWarning, source=object())
    print("fine", message.payload, flush=True)
"""
FINE = ("fine", "awaited", "extending", "warning")
FAILING = ("failing", "awaited_failing", "grouped", "misspelt", "exiting", "looping")


@pytest.mark.fault(
    row="files in the handlers' folder that have the same names as modules",
    part="workers",
    promise="worker processes start and run handlers of every kind, as if the files did not exist",
    how="for each module of the standard library and of the daemon, a file of the same name that cannot be "
    "imported",
)
@pytest.mark.parametrize("safe_path", ["", "1"])
def test_no_file_beside_the_handlers_is_taken_for_a_module_of_pythons(
    tmp_path: Path, queue: Queue, safe_path: str, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    names = {*sys.stdlib_module_names, "smq_core", "apsw", "msgspec", "typing_extensions", "psutil", "click"}
    for name in names:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('the wrong {name}')\n")
    (tmp_path / "handlers.py").write_text(EVERYTHING)
    tables = [f'[[handler]]\ntopic = "{name}"\nrun = "handlers:{name}"\n' for name in (*FINE, *FAILING)]
    tables[-1] += 'timeout = "0.2s"\n'
    tables.append('[[handler]]\ntopic = "command"\ncommand = ["sh", "-c", "exit 65"]\n')
    (tmp_path / "smq.toml").write_text("\n".join(tables))
    for name in (*FINE, *FAILING, "command"):
        queue.enqueue(name, name, max_attempts=1)
    monkeypatch.setenv("PYTHONSAFEPATH", safe_path)

    with Daemon(tmp_path, "--config", "smq.toml", "--check") as check:
        assert check.end() == 0, check.lines
    with Daemon(tmp_path, "--config", "smq.toml", "--burst") as daemon:
        assert daemon.end() == 0, daemon.lines

    text = str(daemon.lines)
    assert "the wrong" not in text
    assert [name for name in FINE if f"fine {name}" not in text] == []
    assert said(daemon, "message_dead") + said(daemon, "message_requeue") == len(FAILING) + 1
    fault.ran()
    fault.struck(len(names))


def test_a_package_beside_the_handlers_may_be_named_like_one_of_pythons(tmp_path: Path, queue: Queue) -> None:
    for name in ("asyncio", "json", "email", "concurrent"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError\n")
    queue.enqueue("t", 1)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--burst", code=HANDLER) as daemon:
        assert daemon.end() == 0
    assert said(daemon, "output") == 1


def release(folder: Path, number: int) -> Path:
    made = folder / "releases" / str(number)
    made.mkdir(parents=True)
    (made / "handlers.py").write_text(f"def handle(message): print('release', {number}, flush=True)\n")
    return made


def switch(link: Path, target: Path) -> None:
    """Let a link name another folder, as deploys do: by a rename."""
    (link.parent / "next").symlink_to(target)
    (link.parent / "next").rename(link)


@pytest.mark.parametrize("is_configured", [False, True])
def test_a_reload_takes_the_release_that_a_link_has_come_to_name(
    tmp_path: Path, *, is_configured: bool
) -> None:
    """By the shell's name for the folder, or by a configured one (a service manager knows no names)."""
    from smq_core import Queue  # noqa: PLC0415 - its file lies in the first release

    first, second = release(tmp_path, 1), release(tmp_path, 2)
    link = tmp_path / "current"
    switch(link, first)
    arguments = ["--handler", "t=handlers:handle"]
    arguments += ["--folder", str(link)] if is_configured else []
    with (
        Daemon(link, *arguments, named=tmp_path if is_configured else link) as daemon,
        Queue(first / "queue.sqlite3") as queue,
    ):
        daemon.wait_for("ready")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "release 1")

        switch(link, second)
        daemon.process.send_signal(1)
        assert str(second) in str(daemon.wait_for("reloading")["text"])
        daemon.wait_for("reloaded")
        queue.enqueue("t", 2)
        daemon.wait_for("output", "release 2")

        link.unlink()
        daemon.process.send_signal(1)
        assert str(link) in str(daemon.wait_for("reload_refused")["text"])
        queue.enqueue("t", 3)
        daemon.wait_for("output", "release 2")
        assert daemon.stop() == 0
    assert not (second / "queue.sqlite3").exists()


def test_a_daemon_that_knows_no_name_of_its_folder_says_which_one_it_stays_in(tmp_path: Path) -> None:
    first, second = release(tmp_path, 1), release(tmp_path, 2)
    link = tmp_path / "current"
    switch(link, first)
    with Daemon(link, "--handler", "t=handlers:handle", named=second) as daemon:
        daemon.wait_for("ready")
        switch(link, second)
        daemon.process.send_signal(1)
        assert str(first) in str(daemon.wait_for("reloading")["text"])
        assert daemon.stop() == 0


def test_a_process_that_replaces_another_runs_the_release_that_was_loaded(tmp_path: Path) -> None:
    """A link that was switched counts from the next reload on, not from the next crash."""
    from smq_core import Queue  # noqa: PLC0415 - its file lies in the first release

    first, second = release(tmp_path, 1), release(tmp_path, 2)
    (first / "handlers.py").write_text(
        "import os\ndef handle(message):\n if message.payload == 'die': os._exit(9)\n"
        " print('release 1', flush=True)\n"
    )
    link = tmp_path / "current"
    switch(link, first)
    with (
        Daemon(link, "--handler", "t=handlers:handle", named=link) as daemon,
        Queue(first / "queue.sqlite3") as queue,
    ):
        daemon.wait_for("ready")
        switch(link, second)
        queue.enqueue("t", "die", max_attempts=1)
        daemon.wait_for("worker_died")
        queue.enqueue("t", "live")
        daemon.wait_for("output", "release 1")
        assert daemon.stop() == 0
