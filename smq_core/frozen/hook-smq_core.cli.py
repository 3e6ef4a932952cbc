"""Takes every command into a frozen program: each is imported by its name when it is called."""

from __future__ import annotations

from PyInstaller.utils.hooks import (  # type: ignore[import-untyped]  # there when a program is frozen
    collect_submodules,
)

__all__ = ["hiddenimports"]

hiddenimports = collect_submodules("smq_core.cli")
