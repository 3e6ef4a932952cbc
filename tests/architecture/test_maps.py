"""The docstring of each package is the map of its modules: each has a line there, and nothing else has."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PACKAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = re.compile(r"^(?P<names>[\w.-]+(?:, [\w.-]+)*)(?:  +\S|$)", re.MULTILINE)
"""A line that begins with names: two spaces part one name from its description, several may stand alone."""
IN_CONTRIBUTING = "smq_core"
"""`help(smq_core)` is for callers: a generated table of CONTRIBUTING lists its modules."""

FOLDERS = sorted(
    path.parent
    for package in PACKAGES
    for path in (ROOT / package).rglob("__init__.py")
    if path.parent != ROOT / IN_CONTRIBUTING
)


@pytest.mark.parametrize("folder", [folder.relative_to(ROOT).as_posix() for folder in FOLDERS])
def test_the_map_names_every_module_and_none_that_is_gone(folder: str) -> None:
    documentation = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text("utf-8"))) or ""

    assert unlisted(ROOT / folder, mapped(documentation)) == []
    assert gone(ROOT / folder, mapped(documentation)) == []


def test_a_module_without_a_line_and_a_line_without_a_module_are_seen(tmp_path: Path) -> None:
    for name in ("__init__.py", "lease.py", "settle.py", "survey.py", "wal/__init__.py", "ids.sql"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = mapped(
        "What it is.\n\nlease    leases settle\nlegacy   gone\nsurvey, wal\nids.sql  ids\n\nNothing)."
    )

    assert names == {"lease", "legacy", "survey", "wal", "ids.sql"}
    assert unlisted(tmp_path, names) == ["settle"]
    assert gone(tmp_path, names) == ["legacy"]


def mapped(documentation: str) -> set[str]:
    """Return the names with which lines of a docstring begin, its first line left out."""
    _, _, rest = documentation.partition("\n")
    lines = "\n".join(line.strip() for line in rest.splitlines())
    return {name for entry in ENTRY.finditer(lines) for name in entry["names"].split(", ") if name}


def unlisted(folder: Path, names: set[str]) -> list[str]:
    """List the modules and packages of a folder that are none of the names."""
    modules = {path.stem for path in folder.glob("*.py") if f"{path.stem}.py" not in names}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return sorted((modules | packages) - names - {"__init__"})


def gone(folder: Path, names: set[str]) -> list[str]:
    """List the names that are no module, package or file of a folder."""
    return sorted(
        name
        for name in names
        if not any((folder / place).is_file() for place in (name, f"{name}.py", f"{name}/__init__.py"))
    )
