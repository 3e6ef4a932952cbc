"""The processes of the demonstration.

It starts them, restarts the careless one when it died, and ends them all.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from smq_core import Backoff, Inspector, Queue
from smq_tui.demo.texts import TOPICS, make_payload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random
    from typing import Self

__all__ = ["DemoShop"]

_HANDLERS: Final = {"orders": "order", "mail": "mail", "thumbnails": "thumbnail", "search-index": "index"}
_DAEMON: Final = "from smq_daemon import main; main()"
"""What `smq-daemon` runs, found without a search path."""
_BACKLOG: Final = 160
"""Messages of each topic that wait when it begins."""
_TERM_S: Final = 5.0
_RESTART_S: Final = 12.0
"""How long a careless consumer stays dead: long enough to see the leases that it left."""


class DemoShop:
    """Two producers, a daemon and a careless consumer on one database in its own folder."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.location = str(folder / "shop.sqlite3")
        self._folder = folder
        self._random = random
        self._processes: list[subprocess.Popen[bytes]] = []
        self._careless: subprocess.Popen[bytes] | None = None
        self._end = threading.Event()
        self._watch = threading.Thread(target=self._restart_careless, name="demo-shop", daemon=True)

    def __enter__(self) -> Self:
        """Open the shop."""
        self._fill()
        handlers = [
            part
            for topic, name in _HANDLERS.items()
            for part in ("--handler", f"{topic}=smq_tui.demo.handlers:{name}")
        ]
        daemon = [sys.executable, "-c", _DAEMON, "--db", self.location, *handlers]
        self._start([*daemon, "--threads", "3", "--processes", "2", "--lease", "10s"], "daemon.log")
        for seed in (1_000, 500_000):
            self._start(
                [sys.executable, "-m", "smq_tui.demo.producer", self.location, str(seed)],
                f"producer-{seed}.log",
            )
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it: nobody is left behind."""
        self._end.set()
        self._watch.join(_TERM_S)
        everybody = [*self._processes, *([self._careless] if self._careless else [])]
        for process in everybody:
            process.terminate()
        for process in everybody:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TERM_S)
        for process in everybody:
            if process.poll() is None:
                process.kill()
                process.wait()

    def log(self, name: str = "daemon.log") -> str:
        """Return what a process wrote."""
        return (self._folder / name).read_text(encoding="utf-8", errors="replace")

    def _fill(self) -> None:
        with Queue(self.location) as queue:
            for topic in TOPICS:
                queue.enqueue_many(
                    topic, [make_payload(topic, number, self._random) for number in range(_BACKLOG)]
                )
        with Inspector(self.location, actor="demo") as inspector:
            for topic in TOPICS:
                inspector.set_policy(topic, max_attempts=3, backoff=Backoff(first=0.5, factor=2.0, cap=3.0))

    def _start(self, command: Sequence[str], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own modules, without a shell
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self._folder
            )
        self._processes.append(process)
        return process

    def _restart_careless(self) -> None:
        command = [sys.executable, "-m", "smq_tui.demo.careless", self.location]
        while not self._end.is_set():
            self._careless = self._start(command, "careless.log")
            self._processes.remove(self._careless)
            while self._careless.poll() is None and not self._end.wait(0.5):
                pass
            self._end.wait(_RESTART_S)
