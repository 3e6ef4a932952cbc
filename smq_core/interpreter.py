"""Refuses interpreters in which the queue cannot keep its promises, before a compiled module is loaded."""

from __future__ import annotations

import _thread
import importlib

__all__ = ["refuse_subinterpreter"]


def refuse_subinterpreter() -> None:
    """Allow the main interpreter of a process alone.

    With a GIL of its own, a subinterpreter cannot load apsw and msgspec: Python refuses both, and may crash
    at the second try (3.12). Where the GIL is shared they load, but calls can deadlock (3.11), and a fork by
    another interpreter runs none of the hooks that close our connections before it: messages could be lost.

    Raises:
        ImportError: this is a subinterpreter.
    """
    if not _is_main_interpreter():
        raise ImportError(
            "smq works only in the main interpreter of a process, and this is a subinterpreter: SQLite's "
            "locks belong to the whole process. Use threads or processes instead of subinterpreters; under "
            "mod_wsgi set WSGIApplicationGroup %{GLOBAL}",
            name="smq_core",
        )


def _is_main_interpreter() -> bool:
    """Check with the function that the threading module uses (from 3.12 on), else with the one of 3.11.

    Where a Python has neither, the compiled modules refuse in their own words.
    """
    known = getattr(_thread, "_is_main_interpreter", None)
    if known is not None:
        return bool(known())
    try:
        interpreters = importlib.import_module("_xxsubinterpreters")
    except ImportError:
        return True
    return bool(interpreters.get_current() == interpreters.get_main())
