#!/bin/sh
# dataset 2.0.0: a row with a name that is not a column changes the table: it adds the column, without a word.
#
# That is its purpose for tables of its own, and the default for any table of any database. `ensure=False` on
# each write leaves such names out instead, as silently. Seen: "columns: id word wrod".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dataset==2.0.0 sqlalchemy==2.1.9
cat > "$folder/try.py" <<'PYTHON'
import sqlite3
import sys

import dataset

path = sys.argv[1]
with sqlite3.connect(path) as made:
    made.execute("CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT)")
dataset.connect(f"sqlite:///{path}")["words"].insert({"wrod": "hello"})
columns = [row[1] for row in sqlite3.connect(path).execute("PRAGMA table_info(words)")]
print("columns:", *columns)
sys.exit(columns != ["id", "word", "wrod"])
PYTHON
"$folder/venv/bin/python" "$folder/try.py" "$folder/words.sqlite3"
