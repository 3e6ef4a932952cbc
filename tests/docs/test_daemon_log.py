"""The page on the daemon lists the actions of its log: those that there are, and no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.architecture.source import source_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path("docs/daemon.md")
LEVELS = {"debug", "info", "warning", "error", "begin"}
FAILED = {"message_dead", "message_requeue", "output"}
"""What the log itself calls its lines."""


def listed() -> set[str]:
    """Return the actions on the page."""
    text = PAGE.read_text(encoding="utf-8")
    part = text[text.index("The actions are") : text.index("- `--metrics-port N`")]
    return {action for block in re.findall(r"`([^`]+)`", part) for action in block.split()}


def written() -> set[str]:
    """Return the actions of all calls that write a line."""
    found: set[str] = set()
    for source in source_files("smq_core"):
        constants = {
            str(one.target.id): one.value.value
            for one in source.tree.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and isinstance(one.value, ast.Constant)
        }
        calls = (one for one in ast.walk(source.tree) if isinstance(one, ast.Call) and is_journal_call(one))
        found.update(action for call in calls for action in texts(call.args[0], constants))
    return found


def is_journal_call(call: ast.Call) -> bool:
    """Return whether a call writes a log line."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and ast.unparse(function.value).endswith("journal")
    )


def texts(value: ast.expr, constants: Mapping[str, object]) -> Iterator[str]:
    """Yield what an expression may be, of those that stand in such calls."""
    if isinstance(value, ast.IfExp):
        yield from texts(value.body, constants)
        yield from texts(value.orelse, constants)
    elif isinstance(value, ast.Name):
        yield str(constants[value.id])
    else:
        assert isinstance(value, ast.Constant), ast.unparse(value)
        yield str(value.value)


def test_every_action_of_the_daemons_log_is_on_its_page() -> None:
    assert listed() - {"_over"} == written() | FAILED
