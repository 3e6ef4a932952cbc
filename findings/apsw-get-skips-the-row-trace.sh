#!/bin/sh
# apsw 3.54.1.0: a connection with a row_trace (rows as dictionaries, say). Expected: each way to read a row passes it.
# Seen: iteration, fetchone() and fetchall() do, while Cursor.get, the short way for one row, gives the raw tuple (and the raw
# value of a row of one column). A row_trace that decodes or decrypts is left out without a word, and `.get["name"]` is a
# TypeError far from the place where the trace was set.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat >look.py <<'END'
import apsw

connection = apsw.Connection(":memory:")
connection.row_trace = lambda cursor, row: {column[0]: value for column, value in zip(cursor.get_description(), row)}
query = "SELECT 7 AS id, 'mail' AS topic"
rows = {
    "for": next(iter(connection.execute(query))),
    "fetchone": connection.execute(query).fetchone(),
    "fetchall": connection.execute(query).fetchall()[0],
    "get": connection.execute(query).get,
}
for way, row in rows.items():
    print(f"{way:>8}: {row}")
traced = {"id": 7, "topic": "mail"}
assert rows == {"for": traced, "fetchone": traced, "fetchall": traced, "get": (7, "mail")}, "it has changed"
END
venv/bin/python look.py
