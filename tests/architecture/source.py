"""Reads the project's own Python files for the tests of this folder. It judges nothing."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("smq_core", "smq_daemon", "smq_tui")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "examples")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFile:
    """A Python file, read and parsed."""

    path: str
    """Relative to the project, with forward slashes."""
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Report where a node stands, as editors understand it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def parsed(text: str, path: str = "example.py") -> SourceFile:
    """Make a file of a text, so that a rule can be tried on an example."""
    return SourceFile(path, text, ast.parse(text))


@cache
def source_files(*folders: str) -> tuple[SourceFile, ...]:
    """Read every Python file below the named folders, those that do not exist left out."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(
        parsed(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in paths
    )


def functions(file: SourceFile) -> Iterator[Function]:
    """List every function and method, nested ones too."""
    return (node for node in ast.walk(file.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def docstring_node(node: ast.AST) -> ast.Constant | None:
    """Find the constant that is a module's, class's or function's docstring."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str()) as constant), *_]:
            return constant
        case _:
            return None


def calls(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """List calls with the full dotted name of what is called, imports and their aliases resolved."""
    known = _imported_names(file.tree)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            yield node, _dotted(node.func, known)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                (alias.asname or alias.name.partition(".")[0]): (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            known |= {(alias.asname or alias.name): f"{node.module}.{alias.name}" for alias in node.names}
    return known


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return known.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value, known)}.{attr}"
        case _:
            return "?"
