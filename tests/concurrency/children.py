"""Runs Python in other processes, which talk by lines: they print, and wait for lines on their input."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Child:
    """Another process."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Wait for the next line that it prints; empty when it ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        """Let it pass its next `input()`."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def rest(self) -> list[str]:
        """Wait for its end; answer the lines that it printed until then."""
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}"
        return output.split()


@contextlib.contextmanager
def child(script: str, *arguments: str) -> Iterator[Child]:
    """Start a process, and end it with the `with`."""
    made = Child(script, *arguments)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        for stream in (made.process.stdin, made.process.stdout):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
