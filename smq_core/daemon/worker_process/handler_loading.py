"""Imports what `package.module:function` names, in a worker process.

Whatever the user's code does meanwhile becomes a sentence. It runs no handler.
"""

from __future__ import annotations

import importlib
import inspect
import traceback
from typing import TYPE_CHECKING, Final

from smq_core.daemon.worker_process.shadowed_modules import hidden_file, hiding_files
from smq_core.error_text import ERROR_LIMIT
from smq_core.errors import SmqError
from smq_core.safe_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["HandlerError", "load"]

_FRAMES: Final = 5


class HandlerError(SmqError):
    """A handler that cannot be found, imported or called; told before anything is leased."""


def load(target: str, folder: Path) -> Callable[..., object]:
    """Import what `package.module:function` names; `folder`, where the handlers are, is for hints only.

    Raises:
        HandlerError: with what is wrong, and a traceback where the module itself fails. Nothing else comes
            out, whatever the module raises: SystemExit neither.
    """
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise HandlerError(f"handler {target!r}: expected package.module:function")
    try:
        return _find(module_name, path)
    except (
        BaseException
    ) as error:  # whatever a module raises while it is imported is told as what is wrong with it
        hint = hidden_file(folder, module_name) or hiding_files(folder, error.__traceback__)
        sentence = f"handler {target!r}: {_reason(module_name, folder, error)}"
        # bounded: an exception may quote all that it was given
        raise HandlerError(clean_text(f"{sentence}\n{hint}" if hint else sentence, ERROR_LIMIT)) from error


def _find(module_name: str, path: str) -> Callable[..., object]:
    found: object = importlib.import_module(module_name)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise HandlerError(f"{module_name} has no {path}") from error
    if not callable(found):
        raise HandlerError(f"{path} is a {type(found).__name__}, not a function")
    _check_takes_one(found)
    return found


def _check_takes_one(function: Callable[..., object]) -> None:
    try:
        signature = inspect.signature(function)
    except ValueError:  # some callables written in C tell nothing
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise HandlerError(f"it must accept one argument, the message: {error}") from error


def _reason(module_name: str, folder: Path, error: BaseException) -> str:
    if isinstance(error, HandlerError):
        return str(error)
    # the exception is the user's: asked for its own text, it may fail again
    last_line = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{last_line.partition(': ')[2] or last_line}; modules are searched for in {folder} "
            "and in PYTHONPATH"
        )
    trace = "".join(traceback.format_exception(error, limit=-_FRAMES)).strip()
    if isinstance(error, SystemExit):
        return (
            f"importing {module_name} made the process exit (sys.exit() or the like): put code that only a "
            f'program needs below `if __name__ == "__main__":`\n{trace}'
        )
    return f"importing {module_name} failed:\n{trace}"
