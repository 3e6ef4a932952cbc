#!/bin/sh
# huey 3.5.4 with SqliteHuey: its consumer is stopped by SIGTERM, as systemd and containers do. Expected: the running
# task is finished, or put back; it has retries=2. Seen: the consumer ends with status 0, the task is cut off, and the
# next consumer finds an empty queue: a task leaves the file when a worker takes it, and retries count exceptions, not
# deaths. SIGINT is the one that waits for the running task. Set KillSignal=SIGINT (or STOPSIGNAL SIGINT), and keep by yourself
# what must not be lost when a worker is killed.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check huey==3.5.4
cat >app.py <<'END'
import time
from huey import SqliteHuey

huey = SqliteHuey(filename="jobs.db")

@huey.task(retries=2)
def job(name):
    with open("log", "a") as log:
        print("begun", name, file=log, flush=True)
        time.sleep(3)
        print("ended", name, file=log, flush=True)
END
cat >look.py <<'END'
import os, signal, subprocess, sys, time
import app

def consume_until(sign):
    consumer = subprocess.Popen([sys.executable, "-m", "huey.bin.huey_consumer", "app.huey"], stderr=subprocess.DEVNULL)
    while not os.path.exists("log"):
        time.sleep(0.1)
    time.sleep(0.5)
    consumer.send_signal(sign)
    return consumer.wait()

seen = {}
for sign in (signal.SIGTERM, signal.SIGINT):
    app.job(sign.name)
    status = consume_until(sign)
    seen[sign.name] = (status, open("log").read().split("\n")[:-1], len(app.huey.pending()))
    os.remove("log")
    print(f"{sign.name}: status {status}, log {seen[sign.name][1]}, left in the queue {seen[sign.name][2]}")
assert seen == {"SIGTERM": (0, ["begun SIGTERM"], 0), "SIGINT": (0, ["begun SIGINT", "ended SIGINT"], 0)}, "it has changed"
END
venv/bin/python look.py
