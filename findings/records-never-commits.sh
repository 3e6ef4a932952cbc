#!/bin/sh
# records 0.6.0 with SQLAlchemy 2: an INSERT by Database.query returns without an error, and is rolled back.
#
# SQLAlchemy 2 has no autocommit, on which records was built; its own test suite passes, since it reads back on
# the same connection. Seen: "rows seen by another connection: 0".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check records==0.6.0 sqlalchemy==2.1.9
cat > "$folder/try.py" <<'PYTHON'
import sqlite3
import sys

import records

path = sys.argv[1]
with sqlite3.connect(path) as made:
    made.execute("CREATE TABLE words(word TEXT)")
database = records.Database(f"sqlite:///{path}")
database.query("INSERT INTO words VALUES ('hello')")
database.close()
(rows,) = sqlite3.connect(path).execute("SELECT count(*) FROM words").fetchone()
print(f"rows seen by another connection: {rows}")
sys.exit(rows != 0)
PYTHON
"$folder/venv/bin/python" "$folder/try.py" "$folder/words.sqlite3"
