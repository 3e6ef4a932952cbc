#!/bin/sh
# DuckDB 2.0.1 (Python), read_json() of JSON lines. Expected: a JSON string comes back as that text. Seen: where all the texts of
# a field look like UUIDs or times with a zone, the column gets that type, and the text is lost: UUIDs come back in lower
# case, an offset of +02:00 is gone. Ids exported with COPY then match no key of where they came from, and whether it
# happens depends on the other lines: one "n/a" among them, and all stay texts. `columns={…}` keeps them. A key that comes
# twice in an object, which other readers take by its last value, ends the whole read with an error.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
cat >look.py <<'END'
import duckdb

def read(*lines, options=""):
    with open("in.jsonl", "w") as file:
        file.writelines(line + "\n" for line in lines)
    try:
        duckdb.sql("SET TimeZone = 'UTC'")
        duckdb.sql(f"COPY (SELECT * FROM read_json('in.jsonl'{options})) TO 'out.jsonl' (FORMAT json)")
    except duckdb.Error as error:
        return type(error).__name__
    return open("out.jsonl").read().splitlines()[0]

identity = '{"id":"5F1E7A6C-9B5D-4C80-A0DE-0D5B2B6F3C11"}'
moment = '{"at":"2026-03-01T10:00:00+02:00"}'
seen = [read(identity), read(identity, '{"id":"n/a"}'), read(identity, options=", columns={id: 'VARCHAR'}"), read(moment), read('{"n":1,"n":2}')]
print(*seen, sep="\n")
assert seen == [identity.lower(), identity, identity, seen[3], "InvalidInputException"], "it has changed"
assert "08:00:00" in seen[3], "it has changed"
END
venv/bin/python look.py
