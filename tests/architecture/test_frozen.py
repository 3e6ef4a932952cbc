"""A program that PyInstaller freezes has what smq reads and imports by name."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
import sys
from smq_core import Queue
from smq_core.cli.main import run

with Queue(sys.argv[1]) as queue:
    queue.enqueue("mail", "frozen")
sys.exit(run(["peek", "mail", "--db", sys.argv[1]]))
"""


def test_pyinstaller_finds_the_hooks() -> None:
    (point,) = importlib.metadata.entry_points(group="pyinstaller40", name="hook-dirs")
    hook_folders: Callable[[], list[str]] = point.load()

    (folder,) = hook_folders()
    assert {file.name for file in Path(folder).glob("hook-*.py")} == {
        "hook-smq_core.py",
        "hook-smq_core.cli.py",
    }


def test_every_package_with_files_beside_its_modules_has_a_hook() -> None:
    with_files = {
        package
        for package in ("smq_core", "smq_tui")
        for file in (ROOT / package).rglob("*")
        if file.suffix not in {".py", ".pyc", ".typed", ""} and file.is_file()
    }

    assert with_files == {"smq_core"}


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed")
def test_a_frozen_program_sends_and_prints(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    freeze = [sys.executable, "-m", "PyInstaller", "--onefile", "--log-level", "ERROR", "program.py"]
    subprocess.run(freeze, check=True, cwd=tmp_path, timeout=600)

    command = [str(tmp_path / "dist" / "program"), str(tmp_path / "queue.sqlite3")]
    assert "frozen" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
