"""Every guard of the project, as a change of one file that takes it away.

Guards are the parts of the conditions of the named statements, of the triggers and of what operators select,
and a few steps of the code: see `steps`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.guards.clauses import guards
from tests.guards.steps import SQL, STEPS, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.guards.clauses import Guard

ROOT = Path(__file__).parents[2]
FILTERS = f"{SQL}/queries/filter_sql.py"
LONGEST_NAME = 90
FRAGMENT = re.compile(r"^\(?\w.* (=|<|>|<=|>=|LIKE|IN|IS NOT) (:|'|NULL|\()")
HEAD = re.compile(r"(?:-- name:|CREATE TRIGGER|CREATE TABLE) (\w+)")
DROPPED = re.compile(r"DROP TRIGGER (?:IF EXISTS )?(\w+)")


class Mutant(NamedTuple):
    """The project without one guard."""

    name: str
    """Which: the file, the statement, and the condition or step."""
    file: str
    text: str
    """What the file says without it."""


def all_mutants() -> list[Mutant]:
    """Return every mutant, those of one file together."""
    files = sorted((ROOT / "smq_core").rglob("*.sql"))
    of_sql = (mutant for file in files for mutant in _of_sql(file))
    return [*of_sql, *_of_filters(), *map(_of_step, STEPS)]


def _of_sql(file: Path) -> Iterator[Mutant]:
    sql = file.read_text(encoding="utf-8")
    seen: Counter[str] = Counter()
    superseded = _dropped_after(file)
    for guard in guards(sql):
        if _statement(sql, guard) in superseded:
            continue
        name = f"{file.name} {_statement(sql, guard)}: {_shown(sql, guard)}"
        yield Mutant(_numbered(seen, name), str(file.relative_to(ROOT)), guard.dropped_from(sql))


def _dropped_after(file: Path) -> set[str]:
    """Return the triggers that a later migration takes away: what they guard, nobody has any more."""
    later = (other for other in file.parent.glob("*.sql") if other.name[:4] > file.name[:4])
    if file.parent.name != "migrations":
        return set()
    return {name for other in later for name in DROPPED.findall(other.read_text(encoding="utf-8"))}


def _of_filters() -> Iterator[Mutant]:
    """Drop each of the fixed fragments of which the conditions of operators are composed."""
    text = (ROOT / FILTERS).read_text(encoding="utf-8")
    lines = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    seen: Counter[str] = Counter()
    for part in ast.parse(text).body:
        where = part.name if isinstance(part, ast.FunctionDef) else "fragment"
        for node in ast.walk(part):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and FRAGMENT.search(node.value):
                begin = lines[node.lineno - 1] + node.col_offset
                end = lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
                dropped = f"{text[:begin]}{f'({node.value} OR 1)'!r}{text[end:]}"
                yield Mutant(_numbered(seen, f"filter_sql.py {where}: {node.value}"), FILTERS, dropped)


def _of_step(step: Step) -> Mutant:
    text = (ROOT / step.file).read_text(encoding="utf-8")
    if text.count(step.code) != 1:
        raise LookupError(
            f"{step.file} does not say {step.code!r} once: tell in STEPS what switches {step.name} off"
        )
    return Mutant(f"{Path(step.file).name}: {step.name}", step.file, text.replace(step.code, step.instead))


def _numbered(seen: Counter[str], name: str) -> str:
    """Tell guards of one text apart."""
    seen[name] += 1
    return f"{name} (number {seen[name]})" if seen[name] > 1 else name


def _statement(sql: str, guard: Guard) -> str:
    """Return the name of the statement or trigger that a guard stands in."""
    return str(HEAD.findall(sql, 0, guard.start)[-1])


def _shown(sql: str, guard: Guard) -> str:
    text = " ".join(sql[guard.start : guard.end].split())
    cut = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
    return f"alternative {cut}" if guard.is_alternative else cut
