"""Finds files next to the handlers that have the name of a Python module, so that an error can name them.

Whichever of two modules of one name is imported first hides the other. It imports nothing.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["hidden_file", "hiding_files"]


def hidden_file(folder: Path, module_name: str) -> str:
    """Return a sentence about the file of a folder that a module loaded from elsewhere hides; empty: none."""
    top = module_name.partition(".")[0]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    for candidate in (folder / f"{top}.py", folder / top / "__init__.py"):
        if top in sys.modules and candidate.is_file() and str(candidate) != loaded:
            owner = "Python" if top in sys.stdlib_module_names else "the daemon"
            return f"{candidate} is hidden by a module of the same name that {owner} uses: rename the file"
    return ""


def hiding_files(folder: Path, trace: TracebackType | None) -> str:
    """Return a sentence about the files of a folder that hide modules of Python's; empty: none does."""
    found = {path.name for path in _loaded(trace) if path.parent == folder}
    names = ", ".join(sorted(name for name in found if Path(name).stem in sys.stdlib_module_names))
    return (
        f"{names} in {folder} has the same name as a Python module and hides it: rename it" if names else ""
    )


def _loaded(trace: TracebackType | None) -> Iterator[Path]:
    """Yield the files of top modules that are loaded, and of what was at work in a traceback."""
    modules = [sys.modules[name] for name in sys.stdlib_module_names & sys.modules.keys()]
    names = [getattr(module, "__file__", None) for module in modules]
    names += [frame.f_code.co_filename for frame, _ in traceback.walk_tb(trace)]
    for path in (Path(name) for name in names if name):
        yield path.parent if path.name == "__init__.py" else path
