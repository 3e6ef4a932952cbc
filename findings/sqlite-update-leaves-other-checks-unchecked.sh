#!/bin/sh
# SQLite 3.54.1 (apsw 3.54.1.0): a row that breaks a CHECK, as a load with ignore_check_constraints leaves it behind.
# Expected: no UPDATE of that row passes until it is mended, as in PostgreSQL, which checks the whole new row.
# Seen: an UPDATE evaluates only the CHECKs that name a column it assigns; all others pass, and the row lives on through
# any number of changes of state, until a statement that assigns the bad column, even to its own value, is refused. A
# queue meets the bad row not where it came in but at one late step. `PRAGMA quick_check` names the table, though not
# the row.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat >look.py <<'END'
import apsw

database = apsw.Connection(":memory:")
database.execute("CREATE TABLE job(id INTEGER PRIMARY KEY, tries INTEGER CHECK (tries >= 0), state TEXT CHECK (state <> ''))")
database.pragma("ignore_check_constraints", True)
database.execute("INSERT INTO job VALUES (1, -1, 'ready')")
database.pragma("ignore_check_constraints", False)

def outcome(statement):
    try:
        database.execute(statement)
    except apsw.ConstraintError as error:
        return str(error)
    return "updated"

statements = ("UPDATE job SET state = 'taken'", "UPDATE job SET state = 'done', tries = tries", "UPDATE job SET tries = 0")
outcomes = [outcome(statement) for statement in statements[:2]]
found = database.execute("PRAGMA quick_check").fetchall()
outcomes.append(outcome(statements[2]))
for statement, result in zip(statements, outcomes):
    print(f"{statement}: {result}")
print("quick_check before the last:", found)
assert outcomes == ["updated", "CHECK constraint failed: tries >= 0", "updated"], "it has changed"
assert found == [("CHECK constraint failed in job",)], "it has changed"
END
venv/bin/python look.py
