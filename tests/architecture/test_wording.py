"""Docstrings say what a function does in the verbs that readers expect."""

from __future__ import annotations

import ast

from tests.architecture.source import FOLDERS, SourceFile, parsed, source_files

UNUSUAL = ("Answer", "Answers", "Say", "Says")


def test_docstrings_begin_with_verbs_that_readers_expect() -> None:
    """They return, describe or report: nobody answers or says."""
    assert [place for file in source_files(*FOLDERS) for place in unusual_docstrings(file)] == []


def test_an_unusual_beginning_is_seen_wherever_it_stands() -> None:
    text = "'Says what.'\nclass A:\n    'Answer it.'\n    def b(self):\n        'Sayings are fine.'"

    assert unusual_docstrings(parsed(text)) == ["example.py:1", "example.py:2"]


def unusual_docstrings(file: SourceFile) -> list[str]:
    """List where a docstring begins with a word for which there is a usual one."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(file.tree) if isinstance(node, kinds)]
    return [
        f"{file.path}:{1 if isinstance(node, ast.Module) else node.lineno}"
        for node in nodes
        if (ast.get_docstring(node) or "").split(" ", 1)[0] in UNUSUAL
    ]
