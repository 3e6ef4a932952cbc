"""Hooks that name what PyInstaller cannot find: SQL files, metadata, and modules imported by name.

    hook-smq_core.py      the statements and migrations, and the version that a daemon writes down
    hook-smq_core.cli.py  the commands, each of which is imported when it is called

PyInstaller finds the folder by the entry point `pyinstaller40`; smq itself imports nothing of it.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """Return where the hooks lie."""
    return [str(Path(__file__).parent)]
