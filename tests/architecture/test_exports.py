"""What a module offers is written down: __all__ names exactly the public things that it defines."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import PACKAGES, SourceFile, parsed, source_files


def test_all_equals_what_is_there() -> None:
    wrong = {file.path: sorted(exported(file) ^ defined(file)) for file in source_files(*PACKAGES)}

    assert {path: names for path, names in wrong.items() if names} == {}


def test_all_is_sorted_and_names_nothing_twice() -> None:
    """Ruff sorts it; a name that stands in it twice would pass there."""
    twice = [file.path for file in source_files(*PACKAGES) if len(_listed(file)) != len(set(_listed(file)))]

    assert twice == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def a(): ...\ndef _b(): ...\nC = 1\nD: int = 2\nclass E: ...\n_F = 3", {"a", "C", "D", "E"}),
        ("if TYPE_CHECKING:\n    from x import A\ntype_ = 1", {"type_"}),
        ("T = TypeVar('T')\nP = ParamSpec('P')", set()),
        ("A, B = 1, 2\n__all__ = ['A']\n__version__ = '1'", {"A", "B"}),
    ],
)
def test_the_public_names_of_a_module_are_found(text: str, names: set[str]) -> None:
    assert defined(parsed(text)) == names


def test_a_package_offers_what_it_imports_on_purpose() -> None:
    """Only an __init__.py hands on names of other modules of its own package."""
    text = "from smq_core.queue import Queue\nfrom typing import Final\n__all__ = ['Queue']"

    assert defined(parsed(text, "smq_core/__init__.py")) == exported(parsed(text)) == {"Queue"}


def exported(file: SourceFile) -> set[str]:
    """Read the names in a module's __all__."""
    return set(_listed(file))


def defined(file: SourceFile) -> set[str]:
    """Find the names without a leading underscore that a module defines at its top."""
    names = [name for statement in file.tree.body for name in _names(statement, file)]
    return {name for name in names if not name.startswith("_")}


def _listed(file: SourceFile) -> list[str]:
    for statement in file.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=items)):
                return [str(item.value) for item in items if isinstance(item, ast.Constant)]
    return []


def _names(statement: ast.stmt, file: SourceFile) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
            return []
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.ImportFrom(module=str(module), names=aliases) if file.path.endswith("__init__.py"):
            return [
                alias.asname or alias.name
                for alias in aliases
                if module.split(".")[0] == file.path.split("/")[0]
            ]
        case _:
            return []
