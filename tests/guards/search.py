"""Looks for a test that fails without a guard: first the one that did the last time, then the nearest.

What each statement does is shown by tests of its effects; how it finds its rows, by tests of its cost, which
are asked last. A guard that only they miss is one for speed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.guards.mutants import Mutant
    from tests.guards.trial import Bench

RECORD = Path(__file__).with_name("killers.tsv")
COSTS = ("tests/sqlite/statements/test_queries.py", "tests/sqlite/statements/test_statements_costs.py")
ALONE = "tests/sqlite/statements/test_statements_"
"""Where statements are run alone, in a file for each of the larger files of SQL."""
NEAREST: dict[str, tuple[str, ...]] = {
    "ancestor.sql": (
        f"{ALONE}counts.py",
        "tests/sqlite/database/test_ancestor.py",
        "tests/sqlite/database/test_ancestor_values.py",
    ),
    "browse.sql": (f"{ALONE}others.py", f"{ALONE}operate.py", "tests/conformance/figures/test_browse.py"),
    "counts.sql": (f"{ALONE}others.py", "tests/conformance/figures/test_counts.py"),
    "doctor.sql": (
        f"{ALONE}others.py",
        "tests/sqlite/rows/test_doctor.py",
        "tests/sqlite/rows/test_doctor_repair.py",
    ),
    "doors.sql": (f"{ALONE}others.py",),
    "enqueue.sql": (f"{ALONE}others.py", "tests/conformance/messages/test_enqueue.py"),
    "flaws.sql": (
        f"{ALONE}flaws.py",
        "tests/sqlite/rows/test_anomalies.py",
        "tests/sqlite/rows/test_constraint_violations.py",
    ),
    "imports.sql": (f"{ALONE}others.py", "tests/conformance/messages/test_imports.py"),
    "output.sql": (f"{ALONE}settle.py",),
    "policy.sql": (f"{ALONE}others.py", "tests/conformance/operators/test_governing.py"),
    "survey.sql": ("tests/conformance/figures/test_survey.py", "tests/daemon/dispatch/test_ready_topics.py"),
    "workers.sql": (f"{ALONE}others.py", "tests/conformance/daemons"),
    "0002_plain_inserts.sql": ("tests/sqlite/database/test_migration.py",),
    "0002_plain_inserts_triggers.sql": (
        f"{ALONE}counts.py",
        "tests/sqlite/database/test_plain_inserts.py",
        "tests/sqlite/statements/test_counted_together.py",
        f"{ALONE}costs.py",
    ),
    "ids.sql": ("tests/sqlite/rows/test_doctor_repair.py", "tests/sqlite/database/test_migration.py"),
    "0001_initial_triggers.sql": (
        f"{ALONE}counts.py",
        "tests/conformance/sql/test_sql_contract.py",
        "tests/sqlite/statements/test_counted_together.py",
    ),
    "safe_text.py": ("tests/unit/text/test_safe_text.py",),
    "output.py": ("tests/cli/program/test_printed_text.py",),
    "described.py": ("tests/cli/program/test_printed_text.py",),
    "log.py": ("tests/daemon/steering/test_housekeeping.py",),
    "main.py": ("tests/cli/program/test_printed_text.py",),
    "filter_sql.py": (f"{ALONE}selections.py", "tests/conformance/figures/test_browse.py"),
    "write_lock.py": ("tests/faults/within/test_turns.py",),
    "wal_file.py": ("tests/faults/within/test_durability.py",),
    "imports.py": ("tests/conformance/messages/test_imports.py", "tests/unit/jsonl/test_jsonl_once.py"),
}
"""Where a guard of a file is most likely missed."""
WIDELY = (
    "tests/conformance",
    *(
        f"tests/{name}.py"
        for name in (
            "unit/test_queue",
            "unit/test_inspector",
            "sqlite/statements/test_selected_actions",
            "unit/test_transaction",
            "sqlite/statements/test_pruning",
        )
    ),
    "tests/sqlite/statements/test_set_policy.py",
    "tests/unit/jsonl/test_jsonl_import.py",
    "tests/conformance/daemons",
    "tests/daemon/steering/test_housekeeping.py",
    "tests/cli",
    "tests/simulation/test_simulation.py",
)


class Found(NamedTuple):
    """What became of a mutant."""

    mutant: str
    test: str
    """The test that failed; empty when it survived."""

    @property
    def is_for_speed(self) -> bool:
        """Return whether only the cost tells that the guard is missing."""
        return self.test.startswith(COSTS)


def search(bench: Bench, mutants: Iterable[Mutant], *, is_near: bool = False) -> Iterator[Found]:
    """Return for each mutant which test fails; among the nearest ones only, if so wished."""
    known = recorded()
    for mutant in mutants:
        yield Found(mutant.name, _killer(bench, mutant, known.get(mutant.name), is_near) or "")


def recorded() -> dict[str, str]:
    """Return the test that failed last time, by mutant."""
    if not RECORD.exists():
        return {}
    lines = RECORD.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if "\t" in line)


def record(results: Iterable[Found]) -> None:
    """Keep which tests failed."""
    lines = sorted(f"{found.mutant}\t{found.test}\n" for found in results if found.test)
    RECORD.write_text("".join(lines), encoding="utf-8")


def _killer(bench: Bench, mutant: Mutant, known: str | None, is_near: bool) -> str | None:  # noqa: FBT001 - an answer to a question
    if known and bench.has(known) and (killer := bench.killer(mutant, [known])):
        return killer
    file = mutant.name.partition(" ")[0].rstrip(":")
    own = f"{ALONE}{file.removesuffix('.sql')}.py"
    nearest = (own, *NEAREST.get(file, ()))
    for tests in (*((test,) for test in nearest), () if is_near else WIDELY, COSTS):
        there = [test for test in tests if bench.has(test)]
        if there and (killer := bench.killer(mutant, there)):
            return killer
    return None
