"""The inbox of a running daemon outlives whatever is dropped into it, and what becomes of its folder."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import stat
import subprocess
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Inspector, Queue
from tests.daemon.loading import said
from tests.daemon.running import Daemon
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

LONGEST_NAME = 255
SUFFIXES = (b".jsonl", b".jsonl.gz")
NO_NOTICES = ("max_inotify_instances", "max_inotify_watches")


def drop(folder: Path, name: bytes, content: bytes) -> None:
    """Write a file beside the inbox and move it in, long since changed."""
    written = folder.parent / "written"
    written.write_bytes(content)
    os.utime(written, (0, 0))
    written.rename(folder / os.fsdecode(name))


class Fuzz:
    """Drops things of random names into a folder, and counts what is to come in."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.expected = 0
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - a run repeats itself
        self._names: set[bytes] = set()
        self._valid: Final = (self._plain, self._with_a_bad_line, self._compressed, self._empty)
        self._hindering: Final = (
            self._link,
            self._folder_of_that_name,
            self._pipe,
            self._socket,
            self._damaged,
        )

    def drop_some(self, count: int) -> None:
        """Drop so many things, of which most are files that can be taken."""
        for _ in range(count):
            kinds = self._valid if self._chance.random() < 0.7 else self._hindering
            self._chance.choice(kinds)(self._name())

    def _name(self) -> bytes:
        while True:
            suffix = self._chance.choice(SUFFIXES)
            length = self._chance.choice(
                (1, 8, 100, 190, 205, 206, 227, 228, 246, 249)
            ) + self._chance.randrange(8)
            letters = self._chance.choice((range(1, 256), range(128, 256), range(1, 32), range(97, 123)))
            stem = bytes(self._chance.choice(letters) for _ in range(min(length, LONGEST_NAME - len(suffix))))
            name = stem.replace(b"/", b"_") + suffix
            if name not in self._names:
                self._names.add(name)
                return name

    def _lines(self) -> bytes:
        self.expected += 1
        return b'{"topic": "t", "payload": %d}\n' % self.expected

    def _plain(self, name: bytes) -> None:
        drop(self._folder, name, self._lines())

    def _with_a_bad_line(self, name: bytes) -> None:
        drop(self._folder, name, b"\xff\n" + self._lines())

    def _compressed(self, name: bytes) -> None:
        drop(self._folder, name, gzip.compress(self._lines() + self._lines()))

    def _empty(self, name: bytes) -> None:
        drop(self._folder, name, b"")

    def _damaged(self, name: bytes) -> None:
        drop(self._folder, name, gzip.compress(os.urandom(100))[:-8])

    def _path(self, name: bytes) -> Path:
        return self._folder / os.fsdecode(name)

    def _link(self, name: bytes) -> None:
        self._path(name).symlink_to(self._chance.choice(("/nowhere", "/etc/passwd", os.fsdecode(name))))

    def _folder_of_that_name(self, name: bytes) -> None:
        self._path(name).mkdir()

    def _pipe(self, name: bytes) -> None:
        os.mkfifo(self._path(name))

    def _socket(self, name: bytes) -> None:
        os.mknod(self._path(name), stat.S_IFSOCK | 0o600)


@pytest.mark.fault(
    row="files of any name and kind in the inbox",
    part="workers",
    promise="each line of each regular file is imported exactly once, no thread terminates, and the inbox "
    "keeps working",
    how="random bytes of all lengths as file names; folders, links, pipes, sockets and damaged files; two "
    "daemons",
)
def test_files_of_any_name_and_kind_are_taken_once(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    rounds, size = scaled(2, 40), scaled(60, 150)
    with Daemon(tmp_path, "--inbox", "inbox") as one, Daemon(tmp_path, "--inbox", "inbox") as other:
        daemons = (one, other)
        # nobody reads the logs meanwhile, and a daemon waits for who reads its log
        readers = [threading.Thread(target=daemon.end) for daemon in daemons]
        for reader in readers:
            reader.start()
        # one for all rounds: what cannot be taken stays, and keeps its name
        fuzz = Fuzz(inbox, 7)
        for number in range(rounds):
            fuzz.drop_some(size)
            drop(inbox, b"last.jsonl", b'{"topic": "last", "payload": 1}\n')
            while queue.size("t") < fuzz.expected or queue.size("last") <= number:
                pass
            fault.struck(size)
        while left_to_take(inbox):
            pass
        for daemon, reader in zip(daemons, readers, strict=True):
            daemon.process.terminate()
            reader.join()
            assert daemon.process.returncode == 0
            text = str(daemon.lines)
            assert "Traceback" not in text
            assert [
                line for line in daemon.lines if line["action"] in {"raw", "thread_failed", "thread_ended"}
            ] == []
    with Inspector(path) as inspector:
        stats = inspector.topic("t")
        found = Counter(message.payload for message in inspector.browse("t", limit=fuzz.expected + 10))
    assert stats.entered == fuzz.expected
    assert found == dict.fromkeys(range(1, fuzz.expected + 1), 1)
    assert said(one, "inbox_taken") + said(other, "inbox_taken") > 0
    fault.ran()


def left_to_take(inbox: Path) -> list[Path]:
    claims = list((inbox / ".taking").iterdir())
    return claims + [one for one in inbox.iterdir() if one.is_file() and not one.is_symlink()]


def removed(inbox: Path) -> None:
    shutil.rmtree(inbox)


def moved_away(inbox: Path) -> None:
    inbox.rename(inbox.with_name("old"))


def without_its_own_folders(inbox: Path) -> None:
    for name in ("done", "rejected", ".taking"):
        shutil.rmtree(inbox / name)


@pytest.mark.fault(
    row="the inbox folder removed and recreated",
    part="workers",
    promise="reported once while the folder is missing; files dropped into the new folder are imported",
    how="the folder or its subfolders are removed or moved while a daemon is running",
)
@pytest.mark.parametrize("change", [removed, moved_away, without_its_own_folders])
def test_an_inbox_whose_folder_is_made_again_goes_on(
    tmp_path: Path, queue: Queue, change: Callable[[Path], None], fault: Fault
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with Daemon(tmp_path, "--inbox", "inbox") as daemon:
        daemon.wait_for("ready")
        for number in range(3):
            drop(inbox, b"a.jsonl", b'{"topic": "t", "payload": 1}\n\xff\n')
            daemon.wait_for("inbox_taken", "a.jsonl")
            assert queue.size("t") == number + 1
            change(inbox)
            if not inbox.exists():
                assert "No such file" in str(daemon.wait_for("inbox_failed")["text"])
                inbox.mkdir()
                daemon.wait_for("inbox_failed_over")
            fault.struck()
            if (tmp_path / "old").exists():
                shutil.rmtree(tmp_path / "old")
        assert daemon.stop() == 0
    fault.ran()


def can_limit_notices() -> bool:
    """Return whether a namespace of users can be made, in which inotify's limits can be set."""
    command = ["unshare", "-Ur", "sh", "-c", f"echo 0 > /proc/sys/user/{NO_NOTICES[0]}"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.fault(
    row="no inotify instances or watches left",
    part="workers",
    promise="reported once; new files, changed code and other processes' commits are still noticed",
    how="limits of zero in a user namespace, for the inbox and for --reload",
)
@pytest.mark.skipif(not can_limit_notices(), reason="no namespaces of users here")
@pytest.mark.parametrize("limit", NO_NOTICES)
def test_without_notices_of_the_system_the_daemon_looks_itself(
    tmp_path: Path, queue: Queue, limit: str, fault: Fault
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "handlers.py").write_text("def handle(message): print('old', flush=True)\n")
    arguments = ("--inbox", "inbox", "--handler", "t=handlers:handle", "--reload")
    under = ("unshare", "-Ur", "sh", "-c", f'echo 0 > /proc/sys/user/{limit}; exec "$@"', "sh")
    with Daemon(tmp_path, *arguments, under=under) as daemon:
        daemon.wait_for("notices_used_up")
        daemon.wait_for("notices_used_up")
        daemon.wait_for("watching")
        drop(inbox, b"a.jsonl", b'{"topic": "t", "payload": 1}\n')
        daemon.wait_for("output", "old")
        (tmp_path / "handlers.py").write_text("def handle(message): print('the new code', flush=True)\n")
        daemon.wait_for("reloaded")
        queue.enqueue("t", 2)
        daemon.wait_for("output", "the new code")
        assert daemon.stop() == 0
    assert said(daemon, "notices_used_up") == 2
    fault.struck()
    fault.ran()


BREAKING = """
import sys
if "smq_daemon" in sys.orig_argv:
    import {module}, smq_core.daemon.threads
    smq_core.daemon.threads.PROVEN_S = 0.5
    real = {module}.{what}
    def broken(*arguments):
        import pathlib
        if not pathlib.Path({mended!r}).exists():
            raise {error}
        return real(*arguments)
    {module}.{what} = broken
"""


@pytest.mark.fault(
    row="a daemon thread that terminates with an error",
    part="workers",
    promise="reported once, shown in the daemon's row, and restarted; messages are processed in the meantime",
    how="an error is raised in each of the daemon's threads until a file is created",
)
@pytest.mark.parametrize(
    "broken",
    [
        (
            "maintenance",
            "smq_core.daemon.maintenance.maintenance_thread",
            "MaintenanceThread.step",
            "RuntimeError('broken')",
        ),
        ("inbox", "smq_core.daemon.inbox.inbox", "Inbox.step", "UnicodeError('broken')"),
        (
            "reload",
            "smq_core.daemon.configuration.reload_watch",
            "CodeWatch._watch_paths",
            "SystemExit('broken')",
        ),
        ("metrics", "http.server", "ThreadingHTTPServer.serve_forever", "MemoryError('broken')"),
    ],
)
def test_a_thread_that_fails_is_shown_and_comes_back(
    queue: Queue,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    broken: tuple[str, str, str, str],
) -> None:
    name, module, what, error = broken
    tmp_path = path.parent
    (tmp_path / "site").mkdir()
    (tmp_path / "inbox").mkdir()
    mended = tmp_path / "mended"
    code = BREAKING.format(module=module, what=what, error=error, mended=str(mended))
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "site")
    arguments = ("--inbox", "inbox", "--reload", "--metrics-port", "0", "--handler", "t=handlers:handle")
    with (
        Daemon(tmp_path, *arguments, code="def handle(m): print('handled', flush=True)") as daemon,
        Inspector(path) as inspector,
    ):
        line = daemon.wait_for("thread_failed")
        assert line["thread"] == name
        assert line["level"] == "error"
        assert error[:8] in str(line["text"])
        fault.struck()
        while f"{name} is failing" not in condition_of(inspector):
            pass
        queue.enqueue("t", 1)
        daemon.wait_for("output", "handled")
        mended.touch()
        daemon.wait_for("thread_failed_over")
        while condition_of(inspector):
            pass
        assert daemon.stop() == 0
    assert said(daemon, "thread_failed") == 1
    fault.ran()


def condition_of(inspector: Inspector) -> str:
    return "".join(str(worker.detail.get("condition", "")) for worker in inspector.workers())
