"""Makes a virtual environment for each peer from the package index, in a folder that git ignores."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.native import CACHE

__all__ = ["InstallError", "environment"]

_TIMEOUT_S = 600


class InstallError(Exception):
    """A peer could not be installed; says why."""


def environment(name: str, requirements: tuple[str, ...], least_python: tuple[int, int]) -> Path:
    """Return the Python of a peer's environment, made when it is missing.

    Raises:
        InstallError: when there is no fitting Python, or its packages do not install.
    """
    folder = CACHE / "peers" / name
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = " ".join(requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run([str(_interpreter(least_python)), "-m", "venv", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _interpreter(least: tuple[int, int]) -> Path:
    """Find a Python that is new enough: the running one, else of the path, else of pyenv."""
    own = Path(sys.executable).resolve()
    if sys.version_info >= least:
        return own
    named = [shutil.which(f"python3.{minor}") for minor in range(least[1], least[1] + 4)]
    kept = sorted(Path.home().glob(f".pyenv/versions/{least[0]}.*/bin/python3"))
    for candidate in (*(Path(one) for one in named if one), *kept):
        if _is_at_least(candidate, least):
            return candidate
    raise InstallError(f"needs Python {least[0]}.{least[1]} or newer, and none was found")


def _is_at_least(candidate: Path, least: tuple[int, int]) -> bool:
    question = f"import sys, ensurepip, venv; sys.exit(sys.version_info < {least})"
    return subprocess.run([str(candidate), "-c", question], capture_output=True, check=False).returncode == 0


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"did not install within {_TIMEOUT_S} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        raise InstallError((lines or ["no reason was given"])[-1].strip())
