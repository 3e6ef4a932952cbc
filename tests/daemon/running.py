"""Runs real daemons for tests: starts one in a folder, reads its log, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Self

LOG_LINE_S = 30.0


class Daemon:
    """One smq-daemon process and what it has said so far."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        code: str = "",
        named: Path | None = None,
        under: tuple[str, ...] = (),
    ) -> None:
        """Start it in a folder, with a module `handlers` made of `code`.

        `named` is the shell's name for the folder, `under` a command that runs another.
        """
        if code:
            (folder / "handlers.py").write_text(textwrap.dedent(code))
        command = [
            sys.executable,
            "-P",  # as the installed script does, which does not look for modules in the folder it is run in
            "-m",
            "smq_daemon",
            "--db",
            "queue.sqlite3",
            "--log-format",
            "json",
        ]
        self.process = subprocess.Popen(
            [*under, *command, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE if "--check" in arguments else None,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PWD": str(named or folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.lines: list[dict[str, object]] = []
        self.printed: list[str] = []
        """What a check said."""

    def __enter__(self) -> Self:
        """Return the daemon itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it and everything it started, whatever became of the test."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def wait_for(self, action: str, text: str = "") -> dict[str, object]:
        """Read the log until a line of an action holds a text; fail when it ends before."""
        return self.wait_for_each((action, text))

    def wait_for_each(self, *awaited: tuple[str, str]) -> dict[str, object]:
        """Read the log until each action and text had a line, in whatever order; return the last."""
        assert self.process.stderr is not None
        missing = list(awaited)
        guard = threading.Timer(LOG_LINE_S, self.process.kill)
        guard.start()
        try:
            for line in self.process.stderr:
                entry = _entry(line)
                self.lines.append(entry)
                missing = [
                    one for one in missing if entry["action"] != one[0] or one[1] not in str(entry["text"])
                ]
                if not missing:
                    return entry
        finally:
            guard.cancel()
            guard.join()
        raise AssertionError(f"the log ended without {missing}: {self.lines[-5:]}")

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self.end()

    def end(self) -> int:
        """Read the log to its end and return the exit code."""
        assert self.process.stderr is not None
        if self.process.stdout is not None:
            self.printed += self.process.stdout.read().splitlines()
        for line in self.process.stderr:
            self.lines.append(_entry(line))
        return self.process.wait()

    def workers(self) -> list[int]:
        """Return the process ids of its worker processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text(encoding="ascii").split()]


def _entry(line: str) -> dict[str, object]:
    entry: dict[str, object] = json.loads(line) if line.startswith("{") else {"action": "raw", "text": line}
    return entry
