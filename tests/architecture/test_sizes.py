"""Files and functions stay small enough to be read at a glance."""

from __future__ import annotations

import ast
import statistics
from typing import TYPE_CHECKING

from tests.architecture.source import FOLDERS, PACKAGES, ROOT, docstring_node, functions, parsed, source_files

if TYPE_CHECKING:
    from tests.architecture.source import Function

LONGEST_FILE = 360
MEDIAN_FILE = 120
LONGEST_FUNCTION = 40
NINTH_DECILE_OF_FUNCTIONS = 25
DEEPEST_NESTING = 4
NAMES_THAT_SAY_NOTHING = {"manager", "utils", "util", "helpers", "helper", "common", "misc", "base_utils"}


def test_no_file_is_over_360_lines() -> None:
    paths = [
        path
        for folder in FOLDERS
        for kind in ("*.py", "*.sql", "*.tcss")
        for path in (ROOT / folder).rglob(kind)
    ]
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths
    }

    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_the_median_file_of_the_packages_is_at_most_120_lines() -> None:
    lengths = [len(file.text.splitlines()) for file in source_files(*PACKAGES)]

    assert statistics.median(lengths) <= MEDIAN_FILE


def test_no_function_is_over_40_lines() -> None:
    """Docstrings do not count, so that nobody saves words to keep a function short."""
    too_long = {
        f"{file.at(function)} {function.name}": length(function)
        for file in source_files(*FOLDERS)
        for function in functions(file)
        if length(function) > LONGEST_FUNCTION
    }

    assert too_long == {}


def test_nine_of_ten_functions_are_at_most_25_lines() -> None:
    lengths = [length(function) for file in source_files(*PACKAGES) for function in functions(file)]

    assert statistics.quantiles(lengths, n=10)[-1] <= NINTH_DECILE_OF_FUNCTIONS


def test_fewer_than_one_function_in_a_hundred_nests_four_blocks() -> None:
    found = [
        (depth(function), file.at(function))
        for file in source_files(*PACKAGES)
        for function in functions(file)
    ]
    too_deep = [place for deep, place in found if deep >= DEEPEST_NESTING]

    assert len(too_deep) < len(found) / 100, too_deep


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [
        file.path
        for file in source_files(*FOLDERS)
        if file.path.split("/")[-1][:-3] in NAMES_THAT_SAY_NOTHING
    ] == []


def test_the_measures_see_what_they_should() -> None:
    example = parsed(
        'def one():\n    """Two\n    lines."""\n    for a in b:\n        if a:\n            return 1\n'
    )
    function = next(functions(example))

    assert (length(function), depth(function)) == (4, 2)


def length(function: Function) -> int:
    """Count a function's lines without its docstring."""
    docstring = docstring_node(function)
    documented = docstring.end_lineno - docstring.lineno + 1 if docstring and docstring.end_lineno else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - documented


def depth(node: ast.AST) -> int:
    """Count how many blocks stand in one another below a node; an elif is no deeper than its if."""
    below = [depth(child) - _is_elif(node, child) for child in ast.iter_child_nodes(node)]
    return max(below, default=0) + isinstance(
        node, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.Match
    )


def _is_elif(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
