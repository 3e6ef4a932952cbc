"""On the way of each message or call stands no context manager that costs as much as what it guards.

`contextlib.suppress` and generators made to context managers take 0.3 to 1 µs, a `try` nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PACKAGES, SourceFile, functions, parsed, source_files

if TYPE_CHECKING:
    from tests.architecture.source import Function

PER_CALL = {
    "smq_core/daemon/execution/outbox.py": {"done", "_noted"},
    "smq_core/daemon/execution/runner.py": {"_run", "_handle", "_report", "_outcome", "_call", "_settle"},
    "smq_core/daemon/wire/slots.py": {"begin", "end"},
    "smq_core/store/sqlite/connection/connection_pool.py": {"get"},
    "smq_core/store/sqlite/wal/write_lock.py": {"take", "release"},
}


@pytest.mark.parametrize("path", PER_CALL)
def test_no_slow_context_manager_stands_on_the_way_of_each_call(path: str) -> None:
    (file,) = (one for one in source_files(*PACKAGES) if one.path == path)
    found = [function for function in functions(file) if function.name in PER_CALL[path]]

    assert {function.name for function in found} == PER_CALL[path]
    slow = {"suppress"}.union(*map(generators, source_files(*PACKAGES)))
    assert [place for function in found for place in slow_managers(file, function, slow)] == []


@pytest.mark.parametrize("entered", ["contextlib.suppress(OSError)", "self._apart()", "apart(), lock"])
def test_a_slow_context_manager_is_seen(entered: str) -> None:
    text = f"@contextlib.contextmanager\ndef apart(): yield\n_apart = apart\ndef f():\n  with {entered}: ..."
    file = parsed(text)
    (function,) = (one for one in functions(file) if one.name == "f")

    assert generators(file) == {"apart"}
    assert slow_managers(file, function, {"suppress", "apart", "_apart"}) == ["example.py:5"]


def test_locks_and_classes_made_for_it_are_let_pass() -> None:
    file = parsed("def f():\n  with self._lock, self._process.vital('why'): ...")

    assert [place for one in functions(file) for place in slow_managers(file, one, {"suppress"})] == []


def generators(file: SourceFile) -> set[str]:
    """List the functions that are made to context managers."""
    return {
        function.name
        for function in functions(file)
        if any(ast.unparse(one).endswith("contextmanager") for one in function.decorator_list)
    }


def slow_managers(file: SourceFile, function: Function, slow: set[str]) -> list[str]:
    """List where a function enters one of the slow kinds."""
    entered = [
        item.context_expr
        for node in ast.walk(function)
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
    ]
    return [file.at(one) for one in entered if isinstance(one, ast.Call) and _name(one.func) in slow]


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
