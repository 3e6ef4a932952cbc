"""Parts of the daemon call each other's verbs: an object's attributes are set by its own methods."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import SourceFile, parsed, source_files

ALLOWED = {
    "process.returncode": "a subprocess.Popen, whose exit status was taken for it",
    "self._thread.unfinished": "a threading.local, which is a namespace",
}


def test_no_part_of_the_daemon_sets_attributes_of_another() -> None:
    found = [place for file in source_files("smq_core/daemon") for place in foreign_settings(file)]

    assert found == []


@pytest.mark.parametrize(
    "statement",
    [
        "part.is_due = True",
        "self.part.is_due = True",
        "part.count += 1",
        "part.value: int = 1",
        "self.value, part.value = 1, 2",
        "del part.value",
        "part.by_tag[1] = 2",
        "for part.value in (): ...",
        "setattr(part, 'value', 1)",
        "tell(lambda new: setattr(self.part, 'value', new))",
    ],
)
def test_an_attribute_that_is_set_from_outside_is_seen(statement: str) -> None:
    assert len(foreign_settings(parsed(f"def f(self, part):\n    {statement}"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "self.value = self.by_tag[1] = 2",
        "cls.value = 1",
        "import sys\nsys.stdout = None",
        "setattr(self, 'value', 1)",
        "part.set_value(1)",
        "by_tag[1] = part.value",
        "process.returncode = 0",
    ],
)
def test_own_attributes_and_those_of_modules_are_let_pass(text: str) -> None:
    assert foreign_settings(parsed(text)) == []


def foreign_settings(file: SourceFile) -> list[str]:
    """List where an attribute is set, or an item of one, of anything but the object itself or a module."""
    own = {"self", "cls"} | {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    found: list[str] = []
    for node in ast.walk(file.tree):
        owner = _owner(node)
        is_own = owner is None or (isinstance(owner, ast.Name) and owner.id in own)
        if not is_own and ast.unparse(node) not in ALLOWED:
            found.append(f"{file.at(node)} {ast.unparse(node)}")
    return found


def _owner(node: ast.AST) -> ast.expr | None:
    """Return the object of which a node sets an attribute; None: it sets none."""
    match node:
        case ast.Attribute(value=owner, ctx=ast.Store() | ast.Del()):
            return owner
        case ast.Subscript(value=ast.Attribute(value=owner), ctx=ast.Store() | ast.Del()):
            return owner
        case ast.Call(func=ast.Name(id="setattr"), args=[owner, *_]):
            return owner
        case _:
            return None
