"""Every guard of the project, as a change of one file that takes it away.

Guards are the parts of the conditions of the named statements and of the triggers, and a few steps of the
code that no statement shows: see `STEPS`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.guards.clauses import guards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.guards.clauses import Guard

ROOT = Path(__file__).parents[2]
SQL = "smq_core/store/sqlite"
COMMANDS = "smq_core/cli"
PRINTER = f"{COMMANDS}/output.py"
JOURNAL = "smq_core/daemon/journal.py"
LONGEST_NAME = 90
HEAD = re.compile(r"(?:-- name:|CREATE TRIGGER) (\w+)")


class Mutant(NamedTuple):
    """The project without one guard."""

    name: str
    """Which: the file, the statement, and the condition or step."""
    file: str
    text: str
    """What the file says without it."""


class Step(NamedTuple):
    """A step of the code that can be switched off."""

    name: str
    file: str
    code: str
    instead: str


STEPS = (
    Step("the flush", f"{SQL}/wal.py", "os.fdatasync(descriptor)", "os.fstat(descriptor)"),
    Step("the turn", f"{SQL}/turn.py", "flock(self._wal.descriptor, LOCK_EX | LOCK_NB)", "del self._left"),
    Step(
        "the safe text of one line of ASCII",
        "smq_core/safe_text.py",
        "return text if text.isprintable() else text.translate(_CELL)",
        "return text",
    ),
    Step(
        "the safe text of all other",
        "smq_core/safe_text.py",
        'return _EMOJI_FORM.sub("", text).translate(table)',
        "return text",
    ),
    Step("the safe text of a printed line", PRINTER, "stdout.write(cell(text)", "stdout.write(str(text)"),
    Step("the safe text of printed lines", PRINTER, "stdout.write(block(text)", "stdout.write(str(text)"),
    Step("the safe text of complaints", PRINTER, "stderr.write(block(text)", "stderr.write(str(text)"),
    Step("the safe text of tables", PRINTER, "[cell(value) for value in row]", "[*row]"),
    Step(
        "the safe text of headers",
        f"{COMMANDS}/described.py",
        "{cell(header)}: {cell(text)}",
        "{header}: {text}",
    ),
    Step("the safe text of a log line", JOURNAL, "{action}: {cell(text)}{tail}", "{action}: {text}{tail}"),
    Step("the safe text of a log record", JOURNAL, '"text": cell(text)', '"text": text'),
    Step("the safe text of a log's fields", JOURNAL, "cell(value) if isinstance", "value if isinstance"),
    Step("the safe text of a check", "smq_core/daemon/main.py", "cell(finding.text)", "finding.text"),
    Step(
        "the import's progress row",
        f"{SQL}/imports.py",
        "db.execute(_BEGIN if progress.id is None else _CONTINUE, values)",
        "del values",
    ),
)


def all_mutants() -> list[Mutant]:
    """Answer every mutant, those of one file together."""
    files = sorted([*(ROOT / SQL / "queries").glob("*.sql"), *(ROOT / SQL / "migrations").glob("*.sql")])
    return [*(mutant for file in files for mutant in _of_sql(file)), *map(_of_step, STEPS)]


def _of_sql(file: Path) -> Iterator[Mutant]:
    sql = file.read_text(encoding="utf-8")
    seen: Counter[str] = Counter()
    for guard in guards(sql):
        name = f"{file.name} {_statement(sql, guard)}: {_shown(sql, guard)}"
        seen[name] += 1
        number = f" (number {seen[name]})" if seen[name] > 1 else ""
        yield Mutant(name + number, str(file.relative_to(ROOT)), guard.dropped_from(sql))


def _of_step(step: Step) -> Mutant:
    text = (ROOT / step.file).read_text(encoding="utf-8")
    if text.count(step.code) != 1:
        raise LookupError(
            f"{step.file} does not say {step.code!r} once: tell in STEPS what switches {step.name} off"
        )
    return Mutant(f"{Path(step.file).name}: {step.name}", step.file, text.replace(step.code, step.instead))


def _statement(sql: str, guard: Guard) -> str:
    """Answer the name of the statement or trigger that a guard stands in."""
    return str(HEAD.findall(sql, 0, guard.start)[-1])


def _shown(sql: str, guard: Guard) -> str:
    text = " ".join(sql[guard.start : guard.end].split())
    cut = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
    return f"alternative {cut}" if guard.is_alternative else cut
