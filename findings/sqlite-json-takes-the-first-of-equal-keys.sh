#!/bin/sh
# SQLite 3.54.1 (apsw 3.54.1.0), JSON whose object has a key twice, which json_valid() and every parser accept. Expected: SQL and
# the program see the same value. Seen: json_extract() and ->> take the first, Python's json, msgspec and orjson the last; so
# a filter in SQL finds jobs by a value that their worker never sees. json_set() and json_replace() change the first alone:
# the statement succeeds, SQL reads the new value, and the worker still reads the old one. json_remove() takes the first
# away and so brings the second to light. Only json_patch() onto an empty object folds them into one, with the last value.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0 msgspec==0.22.0 orjson==3.13.0
cat >look.py <<'END'
import json
import apsw, msgspec, orjson

twice = '{"to":"first","to":"last"}'
database = apsw.Connection(":memory:")

def sql(expression):
    return database.execute(f"SELECT {expression}", {"twice": twice}).fetchone()[0]

def programs(text):
    return {json.loads(text).get("to"), msgspec.json.decode(text).get("to"), orjson.loads(text).get("to")}

changed = sql("json_set(:twice, '$.to', 'changed')")
seen = {
    "SQL reads": (sql(":twice ->> 'to'"), sql("jsonb(:twice) ->> 'to'")),
    "programs read": programs(twice),
    "after json_set": (changed, programs(changed)),
    "after json_remove": sql("json_remove(:twice, '$.to')"),
    "after json_patch": sql("json_patch('{}', :twice)"),
}
for what, result in seen.items():
    print(f"{what}: {result}")
assert seen == {
    "SQL reads": ("first", "first"),
    "programs read": {"last"},
    "after json_set": ('{"to":"changed","to":"last"}', {"last"}),
    "after json_remove": '{"to":"last"}',
    "after json_patch": '{"to":"last"}',
}, "it has changed"
END
venv/bin/python look.py
