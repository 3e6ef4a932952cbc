"""Makes each flush of a process 5 ms slower: by a preloaded library, or by strace without a compiler."""

from __future__ import annotations

import shutil
from typing import Final

from benchmarks.native import BuildError, build

__all__ = ["FLUSH_MS", "slowed"]

FLUSH_MS: Final = 5


def slowed(command: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command and the variables that run it on a slow disk.

    Raises:
        BuildError: when there is neither a compiler nor strace.
    """
    try:
        return command, {"LD_PRELOAD": str(build("slow_flush")), "SMQ_BENCH_FLUSH_US": str(FLUSH_MS * 1000)}
    except BuildError:
        strace = shutil.which("strace")
        if strace is None:
            raise
    inject = f"inject=fsync,fdatasync:delay_enter={FLUSH_MS * 1000}"
    return [strace, "-f", "-qqq", "-o", "/dev/null", "--trace=fsync,fdatasync", "-e", inject, *command], {}
