"""Compiles what stands beside it, once for each text of the source, into a folder that git ignores."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["BuildError", "build"]

CACHE = Path(__file__).resolve().parents[2] / "build" / "benchmarks"
"""Where everything that the harness makes is kept."""


class BuildError(Exception):
    """There is no compiler, or it refused."""


def build(name: str) -> Path:
    """Return the shared object of `name`.c, compiled when it is missing or older than its source.

    Raises:
        BuildError: when it cannot be compiled; the message says why.
    """
    source = Path(__file__).with_name(f"{name}.c")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    built = CACHE / f"{name}-{digest}.so"
    if built.exists():
        return built
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise BuildError("no C compiler was found (Debian: apt install gcc libsqlite3-dev)")
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = built.with_suffix(f".{os.getpid()}")
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", str(source), "-o", str(unfinished), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{source.name} does not compile: {done.stderr.strip().splitlines()[0]}")
    unfinished.rename(built)
    return built
