#!/bin/sh
# SQLite 3.54.1 (apsw 3.54.1.0), a row with 16 MB in one column and small ones beside it. Expected: an UPDATE of a small
# column writes the row's first page. Seen: that holds only where the record keeps its length, since SQLite compares the
# overflow pages and writes those that differ; one byte more or less in a small column, or NULL in the place of a number,
# shifts the 16 MB, and all of them go into the -wal again. An integer that needs as many bytes as before keeps the length;
# 0 and 1 need none, as NULL does.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet apsw==3.54.1.0
cat >look.py <<'END'
import os
import apsw

database = apsw.Connection("t.db")
database.pragma("journal_mode", "wal")
database.pragma("wal_autocheckpoint", 0)
database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, state TEXT, until INTEGER, body BLOB)")
database.execute("INSERT INTO t VALUES (1, 'ready', 1000000, randomblob(16000000))")

def written(statement):
    before = os.path.getsize("t.db-wal")
    database.execute(statement)
    grown = os.path.getsize("t.db-wal") - before
    print(f"{grown:>12,} bytes: {statement}")
    return grown

assert written("UPDATE t SET until = 2000000") < 100_000
assert written("UPDATE t SET state = 'taken'") < 100_000
assert written("UPDATE t SET state = 'processing'") > 16_000_000
assert written("UPDATE t SET until = NULL") > 16_000_000
assert written("UPDATE t SET until = 1") < 100_000
assert written("UPDATE t SET until = 2") > 16_000_000
END
venv/bin/python look.py
