"""Loads the named statements of this folder or another package; it defines their form and runs none.

A statement stands under a line `-- name: its_name`, then lines of description, then the SQL. Names are unique
over all files.

The driver finds a prepared statement by its text, of which it hashes every byte at each call (0.8 µs for
900): the breaks and the indentation are for readers of the files alone.

eligible_sql  conditions of an operator's action
filter_sql    conditions of a list, from what an operator looks for
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

__all__ = ["Statement", "query", "statements"]


_SPACES: Final = re.compile(r"('[^']*')| ?([(),=]|<=|>=) ?")
"""Spaces beside marks that need none, outside of text in quotes."""


class Statement(NamedTuple):
    """A named statement."""

    name: str
    description: str
    sql: str


def query(name: str) -> str:
    """Return the SQL of a named statement.

    Raises:
        KeyError: when no file has it; modules ask at import, so that a misspelt name is noticed immediately.
    """
    return statements(__name__)[name].sql


@cache
def statements(package: str) -> dict[str, Statement]:
    """Return every statement of a package's .sql files, by name."""
    found: dict[str, Statement] = {}
    for file in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        for one in _statements(file.read_text(encoding="utf-8")):
            if one.name in found:
                raise KeyError(f"{file.name} names {one.name} a second time")
            found[one.name] = one
    return found


def _statements(text: str) -> list[Statement]:
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return [_statement(name, body) for name, body in zip(parts[::2], parts[1::2], strict=True)]


def _statement(name: str, body: str) -> Statement:
    lines = body.splitlines()
    description = [line[3:] for line in lines if line.startswith("-- ")]
    sql = " ".join(line.strip() for line in lines if not line.startswith("--")).strip().rstrip(";")
    return Statement(name, " ".join(description), _SPACES.sub(r"\1\2", sql))
